"""``graphmer features``."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from graphmer.cli.options import Address, Aliases, Device, Engine
from graphmer.cli.reading import Cache, print_reports, reads_transcripts
from graphmer.errors import ConfigError

if TYPE_CHECKING:
    from pydantic import JsonValue
    from rich.console import Console

    from graphmer.config.schema import Config
    from graphmer.corpora.base import Corpus
    from graphmer.features import Extractor
    from graphmer.transcripts import ReadingOptions

    ExtractorSettings = Mapping[str, JsonValue]
    MakeExtractor = Callable[[str, str, str, ExtractorSettings], Extractor]

LabelKey = Annotated[
    str | None, typer.Option("--label", help="Key of the label, in corpora of ConvoKit: one of `meta`.")
]
Classes = Annotated[
    str | None,
    typer.Option(metavar="NAME,NAME", help="The only classes; turns of others are unlabelled context."),
]
Precision = Annotated[
    Literal["auto", "float32", "bfloat16"],
    typer.Option(help="Number format of the encoder; auto: bfloat16 where the device multiplies in it."),
]
_CHANNELS = "of the channels of the network's input, scaled to 0 to 1: one for each or for all."
Mean = Annotated[str, typer.Option("--video-mean", metavar="X,X,X", help=f"Mean {_CHANNELS}")]
Std = Annotated[str, typer.Option("--video-std", metavar="X,X,X", help=f"Standard deviation {_CHANNELS}")]


@reads_transcripts
def features(
    source: Annotated[
        Path,
        typer.Argument(metavar="IN", help="A transcript, a folder of them, or a corpus: MELD, RECCON, ..."),
    ],
    out: Annotated[Path, typer.Argument(metavar="OUT", help="New folder in graphmer's own format.")],
    reading: "ReadingOptions",
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
    video: Annotated[
        Path | None, typer.Option(help="Features of the faces in videos: a network as an ONNX file.")
    ] = None,
    detector: Annotated[
        str, typer.Option("--video-detector", help="Detector of faces: haar, or an ONNX file of YuNet.")
    ] = "haar",
    rate: Annotated[
        float, typer.Option("--video-rate", help="Frames a second of the video that are looked at.")
    ] = 4.0,
    mean: Mean = "0.485,0.456,0.406",
    std: Std = "0.229,0.224,0.225",
    colour: Annotated[
        Literal["rgb", "bgr"], typer.Option("--video-colour", help="Order of the network's channels.")
    ] = "rgb",
    name: Annotated[str | None, typer.Option(help="Name of the corpus; that of OUT by default.")] = None,
    label: LabelKey = None,
    classes: Classes = None,
    alias: Aliases = None,
    word_errors: Annotated[
        float,
        typer.Option(
            help="Word error rate of the test part, or of everything where no file is one; from 0 to 1.",
            min=0,
            max=1,
        ),
    ] = 0.0,
    cache: Cache = None,
    device: Device = "cpu",
    engine: Engine = "local",
    address: Address = None,
) -> None:
    """Turn labelled transcripts into a corpus with features.

    The recordings of a dialogue lie beside its transcript, call.wav and call.mp4 beside call.vtt; or each
    turn has a clip named by its id, such as MELD's dia0_utt0.mp4. Files whose names have the word train, dev
    or test are that part of the official split. What is extracted is cached: an interrupted extraction goes
    on where it stopped.

    \b
    examples:
      graphmer features MELD/ data/meld_text --text minilm
      graphmer features calls/ data/calls --text ./my-encoder
      graphmer features calls/ data/calls --audio egemaps
      graphmer features calls/ data/calls --video enet_b0_8_best_vgaf.onnx
      graphmer features calls/ data/calls --engine ray --address auto
      graphmer features IEMOCAP/ data/iemocap2 --classes happy,sad
      graphmer features MELD/ data/meld_errors --word-errors 0.2
      graphmer features tune --help
    """  # noqa: D301
    from graphmer.cli.corpora import parse_aliases, show_corpus
    from graphmer.cli.options import make_fabric
    from graphmer.cli.terminal import terminal
    from graphmer.corpora.dataset import write_dataset
    from graphmer.experiment.classes import with_classes
    from graphmer.experiment.word_errors import damaged_transcripts
    from graphmer.experiment.words import corpus_of, read_transcripts
    from graphmer.features import default_folder
    from graphmer.storage import require_new

    require_new(out)
    console = terminal(markup=False, highlight=False)
    transcripts = read_transcripts(source, replace(reading, label=label))
    chosen = tuple(filter(None, map(str.strip, (classes or "").split(","))))
    transcripts = with_classes(transcripts, chosen, parse_aliases(alias or []))
    if word_errors:
        transcripts = damaged_transcripts(transcripts, word_errors)
    print_reports(console, transcripts)
    place = str(make_fabric(device, "32-true").device)
    wanted: list[tuple[str, str, dict[str, JsonValue]]] = [("text", text, {"precision": precision})]
    if audio is not None:
        wanted.append(("audio", audio, {"layer": layer}))
    if video is not None:
        settings: dict[str, JsonValue] = {"detector": detector, "rate": rate, "colour": colour}
        settings |= {"mean": _numbers("--video-mean", mean), "std": _numbers("--video-std", std)}
        wanted.append(("video", str(video), settings))
    with _engine(engine, address, console) as make:
        extractors = [make(modality, model, place, chosen) for modality, model, chosen in wanted]
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


@contextmanager
def _engine(engine: str, address: str | None, console: "Console") -> "Iterator[MakeExtractor]":
    """Context manager that yields the maker of extractors for an engine."""
    from graphmer.experiment.extractors import make_extractor

    if engine == "local":
        yield make_extractor
        return
    from graphmer.cluster import ExtractorPlace, RayExtractor, connected

    def make(modality: str, model: str, device: str, settings: "ExtractorSettings") -> "Extractor":
        place = ExtractorPlace.of(modality, model, device, settings)
        return RayExtractor(make_extractor(modality, model, device, settings), place)

    with connected(address) as resources:
        console.print(resources)
        yield make


def _numbers(option: str, text: str) -> "list[JsonValue]":
    """Numbers separated by commas."""
    try:
        return [float(number) for number in text.split(",")]
    except ValueError:
        raise ConfigError(f"{option}: must be numbers separated by commas; got {text!r}.") from None


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
