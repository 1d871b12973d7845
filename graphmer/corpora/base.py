"""What every corpus offers, whatever files it comes from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

from graphmer.dialogue import Dialogue, LabelSpace
from graphmer.reprs import counted, short_repr


@dataclass(frozen=True)
class Card:
    """Who made a corpus, under which licence, and what it should contain.

    Args:
        name: the corpus, e.g. ``IEMOCAP``.
        licence: name of the licence or terms of use.
        citation: the publication to cite.
        url: where to get it.
        note: traps a user should know.
        counts: expected numbers, e.g. ``{"dialogues": 151}``; checked when the whole corpus is on disk.
        simulated: whether the dialogues come from `graphmer.corpora.simulate`.
    """

    name: str
    licence: str
    citation: str
    url: str = ""
    note: str = ""
    counts: Mapping[str, int] = field(default_factory=dict)
    simulated: bool = False


@runtime_checkable
class Corpus(Protocol):
    """Dialogues with the same modalities and one label space.

    Attributes:
        card: provenance.
        labels: the label space of every dialogue.
        widths: features per modality, ``{modality: D_m}``, in the order of the columns of ``available``.
        dialogues: the dialogues; may be read lazily.
        official: dialogue ids of the parts a corpus comes with (``train``, ``val``, ``test``); may be empty.
        fingerprint: hash over everything that was read, as hexadecimal digits.
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
    """A `Corpus` whose dialogues are all in memory."""

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
