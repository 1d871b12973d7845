"""Options of reading transcripts, which several commands have, and what was read."""

import functools
import inspect
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from graphmer.errors import ConfigError

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from graphmer.transcripts import ReadingOptions, Transcript

Unnamed = Annotated[
    Literal["refuse", "one", "alternate", "unknown", "continue"],
    typer.Option("--speakers", help="Speakers of turns without a name; by default such a file is refused."),
]
Roster = Annotated[
    str | None, typer.Option(metavar="NAME,NAME", help="The only names of speakers in the transcript.")
]
MergeGap = Annotated[
    float, typer.Option(help="Longest pause in seconds between subtitles that are one turn; -1: none are.")
]
Tiers = Annotated[
    list[str] | None,
    typer.Option(
        "--tier", help="Tier of utterances (ELAN, Praat), or its type; repeatable. The top tiers by default."
    ),
]
AnnotatorsOption = Annotated[
    Literal["majority", "refuse"],
    typer.Option(
        "--annotators", help="Label of a turn whose annotators disagree: that of most of them, or an error."
    ),
]
Cache = Annotated[
    Path | None, typer.Option(help="Folder of extracted features; ~/.cache/graphmer/features by default.")
]
Columns = Annotated[
    str | None,
    typer.Option(
        metavar="ROLE=COLUMN,...",
        help="Columns of a table, or keys of JSON, whose names are not known: speaker, text, start, end, "
        "dialogue, turn, label.",
    ),
]
Rttm = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="Who speaks when (RTTM), for turns without the name of a speaker."),
]
MergeSpeakers = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE", help="Names of one person: YAML with lines such as `Ann: [ann, Ann (Host)]`."
    ),
]
SplitWords = Annotated[
    bool, typer.Option("--split-words", help="Split segments of Whisper where the speaker of words changes.")
]


def reading_options(
    speakers: Unnamed = "refuse",
    roster: Roster = None,
    merge_gap: MergeGap = 2.0,
    merge_speakers: MergeSpeakers = None,
    columns: Columns = None,
    rttm: Rttm = None,
    split_words: SplitWords = False,
    tier: Tiers = None,
    annotators: AnnotatorsOption = "refuse",
) -> "ReadingOptions":
    """Options of reading from those of the command line.

    Raises:
        ConfigError: if the columns have another form, or a file is invalid.
    """
    from graphmer.transcripts import ReadingOptions, read_diarization, read_merged_speakers

    return ReadingOptions(
        speakers,
        tuple(filter(None, map(str.strip, (roster or "").split(",")))),
        None if merge_gap < 0 else merge_gap,
        merge_speakers={} if merge_speakers is None else read_merged_speakers(merge_speakers),
        columns=_parse_columns(columns),
        rttm={} if rttm is None else read_diarization(rttm),
        split_words=split_words,
        tiers=tuple(tier or ()),
        annotators=annotators,
    )


def reads_transcripts(command: Callable[..., None]) -> Callable[..., None]:
    """Decorator of a command whose parameter `reading` is made of the options of `reading_options`.

    Args:
        command: a function with the parameter ``reading``, and any others.
    """
    options = inspect.signature(reading_options).parameters
    signature = inspect.signature(command)
    own = {name: each for name, each in signature.parameters.items() if name != "reading"}

    @functools.wraps(command)
    def run(**given: Any) -> None:
        chosen = {name: given.pop(name) for name in options}
        command(**given, reading=reading_options(**chosen))

    parameters = [*own.values(), *options.values()]
    run.__signature__ = signature.replace(parameters=parameters)  # type: ignore[attr-defined]
    run.__annotations__ = {each.name: each.annotation for each in parameters}
    return run


def print_reports(console: "Console", transcripts: "Mapping[Path, Transcript]") -> None:
    """Print what was read from each transcript, and how."""
    for path, transcript in transcripts.items():
        for line in transcript.lines():
            console.print(f"{path.name}: {line}", soft_wrap=True)


def _parse_columns(text: str | None) -> dict[str, str]:
    """Columns by role of ``speaker=Who,text=What``; a name may have commas and equals signs."""
    from graphmer.transcripts.columns import ROLES

    found: dict[str, str] = {}
    for part in re.split(r",(?=\w+=)", text or ""):
        role, _, column = part.partition("=")
        if text is not None and (role.strip() not in ROLES or not column.strip() or role.strip() in found):
            raise ConfigError(
                f"--columns: must be ROLE=COLUMN with each role once, of {', '.join(ROLES)}; got {part!r}. "
                "Write e.g. --columns speaker=Who,text=What."
            )
        if text is not None:
            found[role.strip()] = column.strip()
    return found


def transcript_table(name: str, transcript: "Transcript") -> "Table":
    """Table of what was taken from a transcript, merged, left out and counted.

    Args:
        name: of the file.
        transcript: as it was read.
    """
    from rich.table import Column, Table

    report = transcript.report
    turns = [turn for dialogue in transcript.dialogues for turn in dialogue.turns]
    table = Table(
        "",
        Column("what", overflow="fold"),
        Column("count", justify="right"),
        title=f"{name}: {transcript.format}",
    )
    for role, what in report.taken.items():
        table.add_row("taken", f"{role}: {what}", "")
    for speaker, number in report.speakers.most_common():
        table.add_row("speaker", speaker, str(number))
    counts = {
        "dialogues": len(transcript.dialogues),
        "turns": len(turns),
        "turns with times": sum(turn.start is not None for turn in turns),
        "turns with a label": sum(turn.emotion is not None for turn in turns),
        "turns without text": report.without_text,
        "turns without the name of a speaker": report.unnamed,
        "turns with mis-decoded characters repaired": report.repaired,
    }
    for what, number in counts.items():
        table.add_row("counted", what, str(number))
    table.add_row("merged", "cues into the turn before", str(report.merged))
    for kind, number in report.left_out.items():
        if number:
            table.add_row("left out", kind, str(number))
    for note in report.remarks:
        table.add_row("note", note, "")
    return table
