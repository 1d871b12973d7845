"""Reading and printing of corpora that are named on the command line."""

from collections import Counter
from collections.abc import Callable
from pathlib import Path

from rich.console import Console
from rich.table import Column, Table

from graphmer.corpora.arrays import read_arrays
from graphmer.corpora.assemble import NanPolicy, ZerosPolicy
from graphmer.corpora.bare import read_bare
from graphmer.corpora.base import Corpus
from graphmer.corpora.dataset import read_dataset
from graphmer.corpora.gcnet import read_gcnet
from graphmer.corpora.header import HEADER, read_header
from graphmer.corpora.objects import STANDARD_INPUT
from graphmer.corpora.pooling import Pooling
from graphmer.corpora.problems import Findings, Problem
from graphmer.errors import ConfigError


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
    arrays, dataset = source.suffix == ".npz", (source / HEADER).is_file()
    bare = is_bare(source)
    gcnet = not (arrays or dataset or bare)
    unused = {
        "--label": (dataset or bare) and label is not None,
        "--modality": (dataset or bare) and bool(modality),
        "--texts": not arrays and texts is not None,
        "--context": not gcnet and context is not None,
        "--alias": gcnet and bool(aliases),
    }
    for option, given in unused.items():
        if given:
            raise ConfigError(f"{option} does not apply to {source}. Omit it.")
    names = _parse_aliases(aliases or [])
    if dataset or bare:
        read = read_dataset if dataset else read_bare
        return lambda findings: read(
            source, nan=nan, zeros=zeros, pooling=pooling or "error", aliases=names, findings=findings
        )
    chosen = _parse_modalities(modality)
    if label is None or not chosen:
        raise ConfigError(
            f"{source}: has no {HEADER}, so --label and at least one --modality are required. "
            "Add e.g. `--label label4 --modality text=text_minilm`."
        )
    if arrays:
        return lambda findings: read_arrays(
            source,
            label,
            chosen,
            texts=texts,
            nan=nan,
            zeros=zeros,
            pooling=pooling or "error",
            aliases=names,
            findings=findings,
        )
    folders = {name: "+".join(parts) for name, parts in chosen.items()}
    return lambda findings: read_gcnet(
        source,
        label,
        folders,
        context=context,
        nan=nan,
        zeros=zeros,
        pooling=pooling or "mean",
        findings=findings,
    )


def is_bare(source: Path) -> bool:
    """Whether a source is a file of dialogues, or standard input."""
    return source == STANDARD_INPUT or (source.suffix != ".npz" and source.is_file())


def _parse_aliases(options: list[str]) -> dict[str, str]:
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
    """Extractor of each modality, from the header of the folder or the names of the arrays."""
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
