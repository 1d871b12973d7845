"""Shards of a source of dialogues: whole batches, which are predicted on their own."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple, Protocol, TypeVar

from graphmer.corpora.assemble import ZerosPolicy
from graphmer.corpora.pooling import Pooling
from graphmer.corpora.problems import Findings
from graphmer.dialogue import Dialogue
from graphmer.errors import CorpusError

Piece = TypeVar("Piece")


class Counted(NamedTuple):
    """A dialogue of a source, or a blank line.

    Attributes:
        begin: place of its first byte, or of its first row.
        end: place after its last byte or row.
        id: of its dialogue; ``None`` for a blank line.
        turns: of its dialogue.
    """

    begin: int
    end: int
    id: str | None
    turns: int


@dataclass(frozen=True)
class Shard:
    """Consecutive dialogues of a source that are predicted together.

    Attributes:
        number: place among the shards, from 0.
        begin: place of the first byte or row.
        end: place after the last byte or row.
        line: number of the first line or dialogue, from 1.
        turns: of its dialogues.
    """

    number: int
    begin: int
    end: int
    line: int
    turns: int


class Source(Protocol[Piece]):
    """Dialogues that several machines read by their places."""

    def pieces(self) -> list[Piece]:
        """Parts whose dialogues are counted by one task each."""

    def count(self, piece: Piece) -> list[Counted]:
        """The dialogues that begin within a part.

        Raises:
            CorpusError: if the part is damaged.
        """

    def dialogues(self, counted: Iterable[list[Counted]]) -> Iterable[Counted]:
        """All dialogues from those of the parts, in their order."""

    def read(
        self,
        shard: Shard,
        widths: Mapping[str, int],
        findings: Findings,
        *,
        zeros: ZerosPolicy,
        pooling: Pooling,
    ) -> list[Dialogue]:
        """The dialogues of a shard, as they are read without shards.

        Raises:
            CorpusError: if one is invalid; the message names its place, field and value.
        """


def plan_shards(lines: Iterable[Counted], *, nodes: int, turns: int) -> list[Shard]:
    """Shards that end where a batch ends, so that each is predicted in the batches of the whole source.

    Args:
        lines: dialogues in their order.
        nodes: utterances from which on a batch is complete; see `Predictor.predict_many`.
        turns: from which on a shard is complete.

    Raises:
        CorpusError: if two dialogues have one id.
    """
    shards: list[Shard] = []
    ids: set[str] = set()
    first: tuple[int, int] | None = None
    of_batch = of_shard = end = 0
    for number, line in enumerate(lines, start=1):
        if line.id is None:
            continue
        if line.id in ids:
            raise CorpusError(f"Dialogue {number}: the id {line.id!r} occurs twice. Ids must be unique.")
        ids.add(line.id)
        first, end = first or (line.begin, number), line.end
        of_batch, of_shard = of_batch + line.turns, of_shard + line.turns
        if of_batch >= nodes:
            of_batch = 0
            if of_shard >= turns:
                shards.append(Shard(len(shards), first[0], end, first[1], of_shard))
                first, of_shard = None, 0
    if first is not None:
        shards.append(Shard(len(shards), first[0], end, first[1], of_shard))
    return shards
