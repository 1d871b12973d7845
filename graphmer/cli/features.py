"""``graphmer features``."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from graphmer.cli.options import Aliases, Device
from graphmer.cli.reading import Columns, MergeSpeakers, Rttm, SplitWords, with_files

if TYPE_CHECKING:
    from rich.console import Console

    from graphmer.config.schema import Config
    from graphmer.corpora.base import Corpus
    from graphmer.transcripts import ReadingOptions

Unnamed = Annotated[
    Literal["refuse", "one", "alternate", "unknown", "continue"],
    typer.Option("--speakers", help="Speakers of turns without a name; by default such a file is refused."),
]
Roster = Annotated[
    str | None, typer.Option(metavar="NAME,NAME", help="The only names of speakers in the transcript.")
]
LabelKey = Annotated[
    str | None, typer.Option("--label", help="Key of the label, in corpora of ConvoKit: one of `meta`.")
]
Classes = Annotated[
    str | None,
    typer.Option(metavar="NAME,NAME", help="The only classes; turns of others are unlabelled context."),
]
MergeGap = Annotated[
    float, typer.Option(help="Longest pause in seconds between subtitles that are one turn; -1: none are.")
]
Precision = Annotated[
    Literal["auto", "float32", "bfloat16"],
    typer.Option(help="Number format of the encoder; auto: bfloat16 where the device multiplies in it."),
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


def features(
    source: Annotated[
        Path,
        typer.Argument(metavar="IN", help="A transcript, a folder of them, or a corpus: MELD, RECCON, ..."),
    ],
    out: Annotated[Path, typer.Argument(metavar="OUT", help="New folder in graphmer's own format.")],
    text: Annotated[
        str, typer.Option(help="Encoder of the words: minilm, a folder, or an id of the Hugging Face hub.")
    ] = "minilm",
    precision: Precision = "auto",
    audio: Annotated[
        str | None,
        typer.Option(
            help="Features of recordings: egemaps, opensmile (research only), or a folder or id of WavLM, "
            "wav2vec 2.0 or HuBERT."
        ),
    ] = None,
    layer: Annotated[
        int, typer.Option("--audio-layer", help="Layer of the speech network, whose frames are averaged.")
    ] = -1,
    name: Annotated[str | None, typer.Option(help="Name of the corpus; that of OUT by default.")] = None,
    speakers: Unnamed = "refuse",
    roster: Roster = None,
    merge_gap: MergeGap = 2.0,
    merge_speakers: MergeSpeakers = None,
    columns: Columns = None,
    rttm: Rttm = None,
    split_words: SplitWords = False,
    tier: Tiers = None,
    annotators: AnnotatorsOption = "refuse",
    label: LabelKey = None,
    classes: Classes = None,
    alias: Aliases = None,
    cache: Cache = None,
    device: Device = "cpu",
) -> None:
    """Turn labelled transcripts into a corpus with features.

    The recording of a dialogue lies beside its transcript, call.wav beside call.vtt; or each turn has a clip
    named by its id, such as MELD's dia0_utt0.mp4. Files whose names have the word train, dev or test are that
    part of the official split. What is extracted is cached: an interrupted extraction goes on where it
    stopped.

    \b
    examples:
      graphmer features MELD/ data/meld_text --text minilm
      graphmer features calls/ data/calls --text ./my-encoder
      graphmer features calls/ data/calls --audio egemaps
      graphmer features IEMOCAP/ data/iemocap2 --classes happy,sad
      graphmer features tune --help
    """  # noqa: D301
    from graphmer.cli.corpora import parse_aliases, show_corpus
    from graphmer.cli.options import make_fabric
    from graphmer.cli.terminal import terminal
    from graphmer.corpora.dataset import write_dataset
    from graphmer.errors import CorpusError
    from graphmer.experiment.classes import with_classes
    from graphmer.experiment.words import corpus_of, make_extractor, read_transcripts
    from graphmer.features import default_folder

    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise CorpusError(f"{out}: must not exist or be an empty folder. Remove it or choose another name.")
    console = terminal(markup=False, highlight=False)
    options = with_files(
        reading_options(speakers, roster, merge_gap, label, tier, annotators),
        columns,
        rttm,
        merge_speakers,
        split_words,
    )
    transcripts = read_transcripts(source, options)
    chosen = tuple(filter(None, map(str.strip, (classes or "").split(","))))
    transcripts = with_classes(transcripts, chosen, parse_aliases(alias or []))
    for path, transcript in transcripts.items():
        for line in (transcript.summary, *transcript.report.lines()):
            console.print(f"{path.name}: {line}", soft_wrap=True)
    place = str(make_fabric(device, "32-true").device)
    extractors = [make_extractor("text", text, place, {"precision": precision})]
    if audio is not None:
        extractors.append(make_extractor("audio", audio, place, {"layer": layer}))
    for extractor in extractors:
        console.print(f"{extractor.modality} features of {extractor.provenance}", soft_wrap=True)
    with bar(console) as progress:
        corpus, done = corpus_of(
            transcripts, extractors, name or out.name, cache or default_folder(), progress
        )
    for line in done.lines():
        console.print(line, soft_wrap=True)
    described = {modality: str(each) for modality, each in corpus.card.extractors.items()}
    write_dataset(corpus, out, extractors=described)
    show_corpus(console, corpus, described)


def extracted(config: "Config", device: str) -> "Corpus | None":
    """Corpus whose features a configuration extracts, under a progress bar; ``None`` if it has no `features`.

    Args:
        config: a checked configuration.
        device: on which extractors compute.
    """
    from graphmer.cli.terminal import terminal
    from graphmer.experiment.transcribed import transcribed_corpus

    if config.features is None or config.data.simulates:
        return None
    console = terminal(markup=False, highlight=False)
    with bar(console) as progress:
        return transcribed_corpus(config, device, progress, partial(console.print, soft_wrap=True))


def reading_options(
    speakers: str,
    roster: str | None,
    merge_gap: float,
    label: str | None = None,
    tiers: list[str] | None = None,
    annotators: str = "refuse",
) -> "ReadingOptions":
    """Options of reading from those of the command line."""
    from graphmer.transcripts import ReadingOptions

    names = tuple(filter(None, map(str.strip, (roster or "").split(","))))
    return ReadingOptions(
        speakers,  # type: ignore[arg-type]
        names,
        None if merge_gap < 0 else merge_gap,
        label,
        tiers=tuple(tiers or ()),
        annotators=annotators,  # type: ignore[arg-type]
    )


@contextmanager
def bar(console: "Console", label: str = "features") -> Iterator[Callable[[int, int], None]]:
    """Progress bar with the rate and the time left."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn(label), BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[rate]}"))
    with Progress(*columns, TimeRemainingColumn(), console=console) as shown:
        first: list[int] = []

        def progress(done: int, total: int) -> None:
            if not shown.tasks:  # not before there is something to extract
                shown.add_task(label, total=total, rate="")
            (task,) = shown.tasks
            if total != task.total:  # another extractor begins
                shown.reset(task.id, total=total)
                first.clear()
            first.append(done)
            elapsed = task.elapsed or 0
            rate = f"{(done - first[0]) / elapsed:.0f}/s" if elapsed and done > first[0] else ""
            shown.update(task.id, completed=done, total=total, rate=rate)

        yield progress
