"""Settings of edge rules and of the graph."""

from typing import Annotated, Any, Literal

from pydantic import Field

from graphmer.graph.edges import RULES, EdgeRule
from graphmer.settings import Settings

Turns = Annotated[int, Field(ge=0)] | None
"""Number of turns; null for all."""


class RuleSettings(Settings):
    """One edge rule."""

    rule: Literal["window", "same_speaker", "adjacent"]
    """`window`: turns around the target. `same_speaker`: turns of its own speaker. `adjacent`: one on either
    side."""
    past: Turns = None
    """Source turns before the target; null for all. Not for `adjacent`."""
    future: Turns = None
    """Source turns after the target; null for all. Not for `adjacent`."""

    def build(self) -> EdgeRule:
        """The edge rule."""
        window: dict[str, Any] = {"past": self.past, "future": self.future}
        return RULES[self.rule](**({} if self.rule == "adjacent" else window))


class GraphSettings(Settings):
    """Edges between the turns, for systems that read a graph."""

    rules: dict[str, RuleSettings]
    """Edge rules by the name that their relations get."""
