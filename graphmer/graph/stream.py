"""Incoming edges of the next turn in a causal dialogue graph."""

from bisect import bisect_left
from collections.abc import Sequence
from functools import cached_property

from graphmer.graph.builder import GraphBuilder
from graphmer.graph.edges import StreamedRule


class StreamedEdges:
    """Incoming edges of each turn, computed from the preceding turns only.

    The edges equal those of the graph builder on the whole dialogue.

    Args:
        build: causal graph builder whose rules are `StreamedRule`.

    Raises:
        ValueError: if the builder is not causal, or one of its rules is no `StreamedRule`.
    """

    def __init__(self, build: GraphBuilder) -> None:
        if not build.causal:
            raise ValueError("The model uses later turns; a stream needs one trained with `causal: true`.")
        self.rules: dict[str, StreamedRule] = {}
        for name, rule in build.rules.items():
            if not isinstance(rule, StreamedRule):
                raise ValueError(
                    f"The edge rule {name!r} cannot follow a dialogue turn by turn; give it `neighbors` and "
                    "`reach`, as `TemporalWindow` has them."
                )
            self.rules[name] = rule
        self._number = {relation: number for number, relation in enumerate(build.relations)}

    @cached_property
    def reach(self) -> tuple[int | None, int | None]:
        """Largest reach of any rule, in turns and in turns of the same speaker; ``None`` for all turns."""
        turns = [rule.reach[0] for rule in self.rules.values()]
        own = [rule.reach[1] for rule in self.rules.values()]
        return _most(turns), _most(own)

    def incoming(self, turn: int, own: Sequence[int]) -> list[tuple[int, int]]:
        """Source turn and relation number of each incoming edge of a turn.

        Args:
            turn: number of the target turn.
            own: earlier turns of the same speaker, in ascending order.
        """
        return [
            (source, self._number[f"{name}/past/{_speaker_relation(source, own)}"])
            for name, rule in self.rules.items()
            for source in rule.neighbors(turn, own)
        ]


def _speaker_relation(turn: int, own: Sequence[int]) -> str:
    place = bisect_left(own, turn)
    return "intra" if place < len(own) and own[place] == turn else "inter"


def _most(counts: Sequence[int | None]) -> int | None:
    return None if None in counts else max((count for count in counts if count is not None), default=0)
