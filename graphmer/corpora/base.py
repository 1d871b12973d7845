"""Common interface of corpora, independent of their file formats."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

from graphmer.dialogue import Dialogue, LabelSpace
from graphmer.features.provenance import Provenance
from graphmer.reprs import counted, short_repr


@dataclass(frozen=True)
class Card:
    """Dataset card: provenance, licence and expected size of a corpus.

    Args:
        name: name of the corpus, e.g. ``IEMOCAP``.
        licence: name of the licence or terms of use, if there is one.
        citation: publication to cite, if there is one.
        url: source of the corpus.
        note: known pitfalls.
        counts: expected numbers, e.g. ``{"dialogues": 151}``; differences are noted by `examine`.
        simulated: whether the dialogues come from `graphmer.corpora.simulate`.
        extractors: provenance of the features by modality, where it is known.
    """

    name: str
    licence: str = ""
    citation: str = ""
    url: str = ""
    note: str = ""
    counts: Mapping[str, int] = field(default_factory=dict)
    simulated: bool = False
    extractors: Mapping[str, Provenance] = field(default_factory=dict)


@runtime_checkable
class Corpus(Protocol):
    """Dialogues with the same modalities and one label space.

    Attributes:
        card: provenance.
        labels: label space of all dialogues.
        widths: features per modality, ``{modality: D_m}``, in the order of the columns of ``available``.
        dialogues: dialogues; may be read lazily.
        official: dialogue ids of the official split (``train``, ``val``, ``test``); may be empty.
        fingerprint: hash of the contents, as hexadecimal digits.
    """

    @property
    def card(self) -> Card: ...

    @property
    def labels(self) -> LabelSpace: ...

    @property
    def widths(self) -> Mapping[str, int]: ...

    @property
    def dialogues(self) -> Sequence[Dialogue]: ...

    @property
    def official(self) -> Mapping[str, tuple[str, ...]]: ...

    @property
    def fingerprint(self) -> str: ...


@dataclass(frozen=True, eq=False)
class InMemoryCorpus:
    """Corpus with all dialogues in memory."""

    card: Card
    labels: LabelSpace
    widths: Mapping[str, int]
    dialogues: Sequence[Dialogue]
    official: Mapping[str, tuple[str, ...]]
    fingerprint: str

    def __repr__(self) -> str:
        turns = sum(map(len, self.dialogues))
        size = counted(len(self.dialogues), "dialogue"), counted(turns, "turn")
        return short_repr(self, self.card.name, *size, *(f"{m} {width}" for m, width in self.widths.items()))
