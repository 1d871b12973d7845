"""``graphmer features``."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from graphmer.cli.options import Device

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
MergeGap = Annotated[
    float, typer.Option(help="Longest pause in seconds between subtitles that are one turn; -1: none are.")
]
Precision = Annotated[
    Literal["auto", "float32", "bfloat16"],
    typer.Option(help="Number format of the encoder; auto: bfloat16 where the device multiplies in it."),
]
Cache = Annotated[
    Path | None, typer.Option(help="Folder of extracted features; ~/.cache/graphmer/features by default.")
]


def features(
    source: Annotated[
        Path, typer.Argument(metavar="IN", help="A transcript, or a folder of them: MELD's CSV, ...")
    ],
    out: Annotated[Path, typer.Argument(metavar="OUT", help="New folder in graphmer's own format.")],
    text: Annotated[
        str, typer.Option(help="Encoder of the words: minilm, a folder, or an id of the Hugging Face hub.")
    ] = "minilm",
    precision: Precision = "auto",
    name: Annotated[str | None, typer.Option(help="Name of the corpus; that of OUT by default.")] = None,
    speakers: Unnamed = "refuse",
    roster: Roster = None,
    merge_gap: MergeGap = 2.0,
    cache: Cache = None,
    device: Device = "cpu",
) -> None:
    """Turn labelled transcripts into a corpus with features.

    Files whose names have the word train, dev or test are that part of the official split. What is extracted
    is cached: an interrupted extraction goes on where it stopped.

    \b
    examples:
      graphmer features MELD/ data/meld_text --text minilm
      graphmer features calls/ data/calls --text ./my-encoder
    """  # noqa: D301
    from graphmer.cli.corpora import show_corpus
    from graphmer.cli.options import make_fabric
    from graphmer.cli.terminal import terminal
    from graphmer.corpora.dataset import write_dataset
    from graphmer.errors import CorpusError
    from graphmer.experiment.words import corpus_of, make_extractor, read_transcripts
    from graphmer.features import default_folder

    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise CorpusError(f"{out}: must not exist or be an empty folder. Remove it or choose another name.")
    console = terminal(markup=False, highlight=False)
    transcripts = read_transcripts(source, reading_options(speakers, roster, merge_gap))
    for path, transcript in transcripts.items():
        for line in (transcript.summary, *transcript.report.lines()):
            console.print(f"{path.name}: {line}", soft_wrap=True)
    extractor = make_extractor(
        "text", text, str(make_fabric(device, "32-true").device), {"precision": precision}
    )
    console.print(f"text features of {extractor.provenance}", soft_wrap=True)
    with bar(console) as progress:
        corpus, done = corpus_of(
            transcripts, [extractor], name or out.name, cache or default_folder(), progress
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

    if config.features is None:
        return None
    console = terminal(markup=False, highlight=False)
    with bar(console) as progress:
        return transcribed_corpus(config, device, progress, partial(console.print, soft_wrap=True))


def reading_options(speakers: str, roster: str | None, merge_gap: float) -> "ReadingOptions":
    """Options of reading from those of the command line."""
    from graphmer.transcripts import ReadingOptions

    names = tuple(filter(None, map(str.strip, (roster or "").split(","))))
    return ReadingOptions(speakers, names, None if merge_gap < 0 else merge_gap)  # type: ignore[arg-type]


@contextmanager
def bar(console: "Console") -> Iterator[Callable[[int, int], None]]:
    """Progress bar of an extraction with its rate and the time left."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("features"), BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[rate]}"))
    with Progress(*columns, TimeRemainingColumn(), console=console) as shown:
        task = shown.add_task("features", total=None, rate="")
        first: list[int] = []

        def progress(done: int, total: int) -> None:
            first.append(done)
            elapsed = shown.tasks[0].elapsed or 0
            rate = f"{(done - first[0]) / elapsed:.0f}/s" if elapsed and done > first[0] else ""
            shown.update(task, completed=done, total=total, rate=rate)

        yield progress
