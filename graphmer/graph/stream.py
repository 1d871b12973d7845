"""The edges of a causal graph that grows turn by turn."""

from bisect import bisect_left
from collections.abc import Sequence

from graphmer.graph.builder import GraphBuilder
from graphmer.graph.edges import StreamedRule


class StreamedEdges:
    """Whom each turn hears, from the turns before it alone.

    Args:
        build: makes the graphs of whole dialogues; these edges are theirs.

    Raises:
        ValueError: if it is not causal, or one of its rules cannot follow a dialogue.
    """

    def __init__(self, build: GraphBuilder) -> None:
        if not build.causal:
            raise ValueError("The model uses later turns; a stream needs one trained with `causal: true`.")
        self.rules: dict[str, StreamedRule] = {}
        for name, rule in build.rules.items():
            if not isinstance(rule, StreamedRule):
                raise ValueError(
                    f"The edge rule {name!r} cannot follow a dialogue turn by turn; give it `heard` and "
                    "`reach`, as `TemporalWindow` has them."
                )
            self.rules[name] = rule
        self._number = {relation: number for number, relation in enumerate(build.relations)}

    @property
    def reach(self) -> tuple[int | None, int | None]:
        """How many of the latest turns, and of the speaker's own, any rule may hear; ``None`` for all."""
        turns = [rule.reach[0] for rule in self.rules.values()]
        own = [rule.reach[1] for rule in self.rules.values()]
        return _most(turns), _most(own)

    def into(self, turn: int, own: Sequence[int]) -> list[tuple[int, int]]:
        """Pairs of an earlier turn and the relation in which a turn hears it.

        Args:
            turn: number of the listening turn.
            own: earlier turns of its speaker, in their order.
        """
        return [
            (earlier, self._number[f"{name}/past/{_party(earlier, own)}"])
            for name, rule in self.rules.items()
            for earlier in rule.heard(turn, own)
        ]


def _party(turn: int, own: Sequence[int]) -> str:
    place = bisect_left(own, turn)
    return "intra" if place < len(own) and own[place] == turn else "inter"


def _most(counts: Sequence[int | None]) -> int | None:
    return None if None in counts else max((count for count in counts if count is not None), default=0)
