"""Options of reading transcripts that name files or columns, and tables of what was read."""

import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from graphmer.errors import ConfigError

if TYPE_CHECKING:
    from rich.table import Table

    from graphmer.transcripts import ReadingOptions, Transcript

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


def with_files(
    options: "ReadingOptions",
    columns: str | None,
    rttm: Path | None,
    merge_speakers: Path | None,
    split_words: bool,
) -> "ReadingOptions":
    """Options of reading with the columns and the files that the command line names.

    Raises:
        ConfigError: if the columns have another form, or a file is invalid.
    """
    from graphmer.transcripts import read_diarization, read_merged_speakers

    return replace(
        options,
        columns=_parse_columns(columns),
        rttm={} if rttm is None else read_diarization(rttm),
        merge_speakers={} if merge_speakers is None else read_merged_speakers(merge_speakers),
        split_words=split_words,
    )


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
