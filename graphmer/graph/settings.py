"""Settings of edge rules and of the graph."""

from typing import Annotated, Any, Literal

from pydantic import Field

from graphmer.graph.edges import RULES, EdgeRule
from graphmer.settings import Settings

Turns = Annotated[int, Field(ge=0, le=1_000_000)] | None
"""Number of turns; null for all."""


class RuleSettings(Settings):
    """Settings of an edge rule."""

    rule: Literal["window", "same_speaker", "adjacent"]
    """`window`: turns before and after the target. `same_speaker`: turns of the same speaker. `adjacent`: the
    directly preceding and the directly following turn."""
    past: Turns = None
    """Source turns before the target; null for all. Not for `adjacent`."""
    future: Turns = None
    """Source turns after the target; null for all. Not for `adjacent`."""

    def build(self) -> EdgeRule:
        """Edge rule with these settings."""
        window: dict[str, Any] = {"past": self.past, "future": self.future}
        return RULES[self.rule](**({} if self.rule == "adjacent" else window))


class GraphSettings(Settings):
    """Edges of the dialogue graph, for systems with a graph."""

    rules: dict[str, RuleSettings]
    """Edge rules by the name that their relations use."""
