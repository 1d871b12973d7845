"""The corpus that a configuration names."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from itertools import pairwise

from graphmer.config.schema import Config, DataConfig
from graphmer.corpora.base import Corpus
from graphmer.corpora.dataset import read_dataset
from graphmer.corpora.gcnet import read_gcnet
from graphmer.corpora.labelled import labelled_turns
from graphmer.corpora.simulate import SEPARATION, simulate
from graphmer.errors import ConfigError
from graphmer.experiment.transcribed import transcribed_corpus


def _gcnet(data: DataConfig) -> Corpus:
    assert data.root is not None  # the schema has checked both
    assert data.labels is not None
    return read_gcnet(
        data.root,
        data.labels,
        data.features,
        context=data.context,
        nan=data.not_finite,
        zeros=data.zeros,
        pooling=data.pooling_of_format,
    )


def _graphmer(data: DataConfig) -> Corpus:
    assert data.root is not None
    return read_dataset(
        data.root,
        nan=data.not_finite,
        zeros=data.zeros,
        pooling=data.pooling_of_format,
        aliases=data.aliases,
        mapped=data.mapped,
    )


def _simulated(data: DataConfig) -> Corpus:
    simulation = data.simulation
    unknown = [modality for modality in simulation.widths if modality not in SEPARATION]
    if unknown:
        raise ConfigError(
            f"data.simulation.widths: must name some of {', '.join(SEPARATION)}; got {unknown[0]!r}."
        )
    with naming("data.simulation"):
        return simulate(
            simulation.seed,
            widths=simulation.widths,
            separation={modality: SEPARATION[modality] for modality in simulation.widths},
            sessions=_sessions(simulation.dialogues),
        )


def _sessions(dialogues: int) -> tuple[int, ...]:
    """Dialogues of each of five sessions, in the proportions of IEMOCAP."""
    ends = [round(dialogues * end / 151) for end in (0, 28, 58, 90, 120, 151)]
    return tuple(end - begin for begin, end in pairwise(ends))


@contextmanager
def naming(field: str) -> Iterator[None]:
    """Turns the `ValueError` of a class into a `ConfigError` that names the field its argument came from."""
    try:
        yield
    except ValueError as error:
        raise ConfigError(f"{field}: {error}") from None


CORPORA: Mapping[str, Callable[[DataConfig], Corpus]] = {
    "gcnet": _gcnet,
    "graphmer": _graphmer,
    "simulated": _simulated,
}
"""Readers by the name of their format, of what has features already."""


def read_corpus(config: Config, extracted: Corpus | None = None) -> Corpus:
    """The corpus a configuration names, or the simulated one with ``when_absent: simulate``.

    Args:
        config: a checked configuration.
        extracted: its `transcribed_corpus`, if that is done already.

    Raises:
        CorpusError: if the files are not there, or wrong.
        ConfigError: if an extractor of its features cannot be loaded.
    """
    data = config.data
    if data.simulates:
        return _simulated(data)
    corpus: Corpus | None = transcribed_corpus(config) if extracted is None else extracted
    if corpus is None:
        corpus = CORPORA[data.format](data)
    return corpus if data.unlabelled == "context" else labelled_turns(corpus)
