"""What is drawn: a dialogue, its graph, and how the emotions look."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from graphmer.dialogue import Dialogue, Emotion, LabelSpace
from graphmer.dialogue.change import change_targets
from graphmer.dialogue.palette import codes, colours, relation_colours, score_colour
from graphmer.graph import DialogueGraph
from graphmer.report.picture.layout import Lanes
from graphmer.typing import Available

_LONGEST_CODE = 4
"""Letters that fit into a disc; a class with a longer code is drawn with its number."""


@dataclass(frozen=True, eq=False)
class Scene:
    """A dialogue as the model reads it, with its graph.

    Args:
        dialogue: with what a protocol hides hidden.
        recorded: bool ``[N, M]``, what was recorded, before a protocol hid anything.
        graph: of the dialogue.
        relations: names of the edge types, as `GraphBuilder.relations`.
        labels: of the corpus.
    """

    dialogue: Dialogue
    recorded: Available
    graph: DialogueGraph
    relations: tuple[str, ...]
    labels: LabelSpace

    def colour(self, emotion: Emotion) -> str | None:
        """The colour of an emotion; none for a turn that is not annotated."""
        if emotion is None:
            return None
        if self.labels.interval is not None:
            return score_colour(float(emotion), self.labels.interval)
        return self._colours[str(emotion)]

    def code(self, emotion: Emotion) -> str:
        """What stands in a disc: the emotion's code or the score."""
        if emotion is None:
            return ""
        return f"{float(emotion):.1f}" if self.labels.is_score else self._codes[str(emotion)]

    def typical(self, turns: Sequence[int]) -> Emotion:
        """The most frequent emotion of these turns, or their mean score; ``None`` if none is annotated."""
        found = [e for e in (self.dialogue.emotion[turn] for turn in turns) if e is not None]
        if not found:
            return None
        if self.labels.is_score:
            return sum(float(emotion) for emotion in found) / len(found)
        return Counter(found).most_common(1)[0][0]

    @cached_property
    def _colours(self) -> dict[str, str]:
        return dict(zip(self.labels.names, colours(self.labels.names), strict=True))

    @cached_property
    def _codes(self) -> dict[str, str]:
        return {
            name: code if len(code) <= _LONGEST_CODE else str(number)
            for number, (name, code) in enumerate(
                zip(self.labels.names, codes(self.labels.names), strict=True)
            )
        }

    @cached_property
    def lanes(self) -> Lanes:
        """The speakers' lanes."""
        return Lanes.of(self.dialogue)

    @cached_property
    def relation_colours(self) -> list[str]:
        """A colour a relation."""
        return relation_colours(self.relations)

    @cached_property
    def shift(self) -> Tensor:
        """Turns whose speaker's emotion changed, bool ``[N]``; never with scores, as on the page."""
        if self.labels.is_score:
            return torch.zeros(len(self.dialogue), dtype=torch.bool)
        return change_targets(
            self.labels.encode(self.dialogue.emotion), self.dialogue.speaker, self.labels
        ).shift


def line_style(relation: str) -> str:
    """Dashed for edges from later turns, as on the page."""
    return "--" if "/future/" in relation else "-"
