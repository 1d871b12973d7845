"""``graphmer data``: convert and check corpora."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from graphmer.cli.commands import add
from graphmer.cli.get import get
from graphmer.cli.options import Aliases, Pooling, Zeros
from graphmer.cli.reading import reads_transcripts

if TYPE_CHECKING:
    from graphmer.transcripts import ReadingOptions

Source = Annotated[
    Path,
    typer.Argument(
        help="A folder with dataset.yaml, a file of dialogues (- is standard input), an .npz of arrays, a "
        "folder in the layout of GCNet or MERBench, Parquet or a folder of it, a pickle, labelled words, or, "
        "to check, any transcript."
    ),
]
Label = Annotated[
    str | None,
    typer.Option(
        help="Array of labels (.npz), file name of the labels (GCNet, MERBench), or name of the label (MMSA, "
        "ConvoKit)."
    ),
]
Modalities = Annotated[
    list[str] | None,
    typer.Option(
        "--modality", help="NAME=ARRAY[+ARRAY...] (.npz) or NAME=FOLDER (GCNet, MERBench); repeatable."
    ),
]
Texts = Annotated[Path | None, typer.Option(help="JSONL with the transcripts of an .npz.")]
Context = Annotated[
    str | None, typer.Option(help="Second label pickle; its additional utterances are unlabelled context.")
]
Nan = Annotated[Literal["missing", "error"], typer.Option(help="Treatment of vectors with NaN or infinity.")]


def convert(
    source: Source,
    out: Annotated[
        Path, typer.Argument(help="New folder in graphmer's own format, or a file that ends with .parquet.")
    ],
    form: Annotated[
        Literal["graphmer", "parquet"] | None,
        typer.Option(
            "--format",
            help="parquet writes a folder of shards. By default by the ending of OUT, else graphmer.",
        ),
    ] = None,
    label: Label = None,
    modality: Modalities = None,
    texts: Texts = None,
    context: Context = None,
    nan: Nan = "missing",
    zeros: Zeros = None,
    pooling: Pooling = None,
    alias: Aliases = None,
) -> None:
    """Convert a corpus to graphmer's own format or to Parquet; nothing is written if it has errors.

    \b
    examples:
      graphmer data convert meld.npz data/meld --label label --modality text=bert
      graphmer data convert data/calls data/calls.parquet
      graphmer data convert data/calls data/calls_parquet --format parquet
    """  # noqa: D301
    from graphmer.cli.corpora import extractors, reader, show_corpus, show_problems, writer
    from graphmer.cli.terminal import terminal
    from graphmer.corpora.problems import examine

    write = writer(out, form)
    read = reader(source, label, modality or [], texts, context, nan, zeros or "keep", pooling, alias)
    corpus, problems = examine(read)
    console = terminal(markup=False, highlight=False)
    show_problems(console, problems)
    if corpus is None or any(problem.severity == "error" for problem in problems):
        raise typer.Exit(2)
    write(corpus, out, extractors=extractors(source, modality or []))
    show_corpus(console, corpus, extractors(out, []))


@reads_transcripts
def check(
    source: Source,
    reading: "ReadingOptions",
    label: Label = None,
    modality: Modalities = None,
    texts: Texts = None,
    context: Context = None,
    nan: Nan = "missing",
    zeros: Zeros = None,
    pooling: Pooling = None,
    alias: Aliases = None,
) -> None:
    """List the problems and the contents of a corpus; the exit code is 2 if it has errors.

    Of a transcript, list what was taken for a speaker, merged, left out and counted.

    \b
    examples:
      graphmer data check data/calls
      graphmer data check call.vtt
      graphmer data check interviews.xlsx --columns speaker=Who,text=What
    """  # noqa: D301
    from graphmer.cli.corpora import extractors, kind_of, reader, show_corpus, show_problems
    from graphmer.cli.terminal import terminal
    from graphmer.corpora.problems import examine
    from graphmer.experiment.word_corpora import is_published

    kind = kind_of(source)
    if kind == "words" and not is_published(source):
        _check_transcript(source, reading)
        return
    corpus, problems = examine(
        reader(source, label, modality or [], texts, context, nan, zeros or "keep", pooling, alias),
        for_training=kind != "dialogues",  # which may be for prediction
    )
    console = terminal(markup=False, highlight=False)
    show_problems(console, problems)
    if corpus is not None:
        show_corpus(console, corpus, extractors(source, modality or []))
    if any(problem.severity == "error" for problem in problems):
        raise typer.Exit(2)


def _check_transcript(path: Path, options: "ReadingOptions") -> None:
    from graphmer.cli.reading import transcript_table
    from graphmer.cli.terminal import terminal
    from graphmer.transcripts import read_transcript

    console = terminal(markup=False, highlight=False)
    console.print(transcript_table(path.name, read_transcript(path, options)))


app = typer.Typer(help="Convert and check corpora.", no_args_is_help=True)
add(app, get, convert, check)
