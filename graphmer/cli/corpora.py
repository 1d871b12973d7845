"""Reading and printing of corpora that are named on the command line."""

from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal

from rich.console import Console
from rich.table import Column, Table

from graphmer.corpora.arrays import read_arrays
from graphmer.corpora.assemble import NanPolicy, ZerosPolicy
from graphmer.corpora.bare import read_bare
from graphmer.corpora.base import Corpus
from graphmer.corpora.dataset import read_dataset, write_dataset
from graphmer.corpora.gcnet import read_gcnet
from graphmer.corpora.header import HEADER, read_header
from graphmer.corpora.merbench import label_files, read_merbench
from graphmer.corpora.objects import STANDARD_INPUT
from graphmer.corpora.parquet.files import PARQUET, is_columnar, turn_files
from graphmer.corpora.parquet.read import common_header, read_parquet
from graphmer.corpora.parquet.write import write_parquet
from graphmer.corpora.pickles import is_pickle, read_pickled
from graphmer.corpora.pooling import Pooling
from graphmer.corpora.problems import Findings, Problem
from graphmer.errors import ConfigError
from graphmer.experiment.word_corpora import has_words, is_transcript, read_words
from graphmer.transcripts import ReadingOptions

Kind = Literal["arrays", "dataset", "dialogues", "gcnet", "merbench", "parquet", "pickle", "words"]
"""How a corpus is stored."""

_OPTIONS: Mapping[str, tuple[Kind, ...]] = {
    "--label": ("arrays", "gcnet", "merbench", "pickle", "words"),
    "--modality": ("arrays", "gcnet", "merbench"),
    "--texts": ("arrays",),
    "--context": ("gcnet",),
    "--alias": ("arrays", "dataset", "dialogues", "parquet"),
}
"""Kinds of corpora to which an option applies."""


def reader(
    source: Path,
    label: str | None,
    modality: list[str],
    texts: Path | None,
    context: str | None,
    nan: NanPolicy,
    zeros: ZerosPolicy = "keep",
    pooling: Pooling | None = None,
    aliases: list[str] | None = None,
) -> Callable[[Findings], Corpus]:
    """Reader of the format of `source`, with its arguments bound.

    Raises:
        ConfigError: if an option does not apply to the format, or a required option is missing.
    """
    kind = kind_of(source)
    given = {
        "--label": label is not None,
        "--modality": bool(modality),
        "--texts": texts is not None,
        "--context": context is not None,
        "--alias": bool(aliases),
    }
    for option, kinds in _OPTIONS.items():
        if given[option] and kind not in kinds:
            raise ConfigError(f"{option} does not apply to {source}. Omit it.")
    names = parse_aliases(aliases or [])
    vectors: dict[str, Any] = {"nan": nan, "zeros": zeros}
    if kind in ("dataset", "dialogues"):
        read = read_dataset if kind == "dataset" else read_bare
        frames: Pooling = pooling or "error"
        return lambda findings: read(source, pooling=frames, aliases=names, findings=findings, **vectors)
    if kind == "words":
        options = ReadingOptions(label=label)
        return lambda findings: read_words(source, options, source.stem, findings)
    if kind == "parquet":
        return lambda findings: read_parquet(source, aliases=names, findings=findings, **vectors)
    vectors["pooling"] = pooling or ("error" if kind == "arrays" else "mean")
    if kind == "pickle":
        return lambda findings: read_pickled(source, label=label, findings=findings, **vectors)
    chosen = _parse_modalities(modality)
    folders = {name: "+".join(parts) for name, parts in chosen.items()}
    if kind == "merbench" and chosen:
        return lambda findings: read_merbench(source, folders, label, findings=findings, **vectors)
    if label is None or not chosen:
        raise ConfigError(
            f"{source}: has no {HEADER}, so --label and at least one --modality are required. "
            "Add e.g. `--label label4 --modality text=text_minilm`."
        )
    if kind == "arrays":
        return lambda findings: read_arrays(
            source, label, chosen, texts=texts, aliases=names, findings=findings, **vectors
        )
    return lambda findings: read_gcnet(source, label, folders, context=context, findings=findings, **vectors)


def kind_of(source: Path) -> Kind:
    """How a corpus is stored, by what is in the file or folder."""
    if source == STANDARD_INPUT:
        return "dialogues"
    if source.suffix == ".npz":
        return "arrays"
    if source.is_file() and is_columnar(source):
        return "parquet"
    if source.is_file():
        return "pickle" if is_pickle(source) else "words" if is_transcript(source) else "dialogues"
    if (source / HEADER).is_file():
        return "dataset"
    if is_columnar(source):
        return "parquet"
    if not source.is_dir() or any(source.glob("*.pkl")):
        return "gcnet"
    return "merbench" if label_files(source) else "words" if has_words(source) else "gcnet"


def writer(out: Path, form: Literal["graphmer", "parquet"] | None) -> Callable[..., None]:
    """Writer of a format, by the ending of `out` where it is not given.

    Raises:
        ConfigError: if both contradict each other.
    """
    one_file = out.suffix.lower() == PARQUET
    if one_file and form == "graphmer":
        raise ConfigError(
            f"--format graphmer writes a folder; got {out}. Leave out the ending, or the option."
        )
    return write_parquet if one_file or form == "parquet" else write_dataset


def parse_aliases(options: list[str]) -> dict[str, str]:
    """Classes by alias of ``ALIAS=CLASS``.

    Raises:
        ConfigError: if one has another form.
    """
    chosen: dict[str, str] = {}
    for option in options:
        alias, equals, name = option.partition("=")
        if not (alias and equals and name) or alias in chosen:
            raise ConfigError(
                f"--alias must be ALIAS=CLASS with each alias once; got {option!r}. "
                "Write e.g. `--alias Angry=anger`."
            )
        chosen[alias] = name
    return chosen


def _parse_modalities(options: list[str]) -> dict[str, list[str]]:
    chosen: dict[str, list[str]] = {}
    for option in options:
        name, equals, value = option.partition("=")
        if not (name and equals and value) or name in chosen:
            raise ConfigError(
                f"--modality must be NAME=VALUE with each name once; got {option!r}. "
                "Write e.g. `--modality audio=audio_egemaps+audio_prosody`."
            )
        chosen[name] = value.split("+")
    return chosen


def extractors(source: Path, modality: list[str]) -> dict[str, str]:
    """Extractor of each modality, from the header of the corpus or the names of the arrays."""
    if is_columnar(source):
        header = common_header(turn_files(source))
        return {} if header is None else {name: part.extractor for name, part in header.modalities.items()}
    if (source / HEADER).is_file():
        return {name: part.extractor for name, part in read_header(source).modalities.items()}
    return {
        name: f"{'+'.join(parts)} of {source.name}" for name, parts in _parse_modalities(modality).items()
    }


def show_problems(console: Console, problems: tuple[Problem, ...]) -> None:
    """Print the problems of a corpus as a table."""
    if not problems:
        console.print("No problems found.")
        return
    table = Table(*map(_column, ("severity", "problem", "count", "where", "action")), title="Problems")
    table.caption = "Items with an error are not counted below."
    for problem in problems:
        table.add_row(problem.severity, problem.what, str(len(problem.where)), problem.places, problem.action)
    console.print(table)


def show_corpus(console: Console, corpus: Corpus, extractors: dict[str, str]) -> None:
    """Print the card of a corpus: sizes, labels, modalities and their availability."""
    utterances = sum(len(dialogue) for dialogue in corpus.dialogues)
    emotions = [e for dialogue in corpus.dialogues for e in dialogue.emotion if e is not None]
    card = Table(_column(""), _column(""), title=corpus.card.name, show_header=False)
    card.add_row("licence", corpus.card.licence or "not given")
    card.add_row("citation", corpus.card.citation or "none")
    card.add_row("dialogues", str(len(corpus.dialogues)))
    card.add_row("utterances", str(utterances))
    card.add_row("labelled", str(len(emotions)))
    counts = Counter(emotions)
    for name in corpus.labels.names:
        card.add_row(f"  {name}", str(counts[name]))
    if corpus.labels.is_score and emotions:
        card.add_row("  score", str(corpus.labels.interval))
    causes = sum(len(dialogue.causes) for dialogue in corpus.dialogues)
    if causes:
        card.add_row("turns with causes", str(causes))
    for part, ids in corpus.official.items():
        card.add_row(f"dialogues in {part}", str(len(ids)))
    card.add_row("fingerprint", corpus.fingerprint)
    console.print(card)
    headers = ("modality", "width", "available", "share", "extractor")
    table = Table(*map(_column, headers), title="Modalities")
    for column, (name, width) in enumerate(corpus.widths.items()):
        available = sum(int(dialogue.available[:, column].sum()) for dialogue in corpus.dialogues)
        share = f"{available / utterances:.2%}" if utterances else "-"
        table.add_row(name, str(width), str(available), share, extractors.get(name, ""))
    console.print(table)


def _column(header: str) -> Column:
    """Column that wraps long paths instead of truncating them."""
    return Column(header, overflow="fold")
