"""Dialogues to draw."""

from collections.abc import Sequence

import torch

from graphmer.dialogue import Dialogue, Emotion, LabelSpace, Utterance
from graphmer.graph import Adjacent, EdgeRule, GraphBuilder, SameSpeaker, TemporalWindow
from graphmer.report.picture import Scene

LABELS = LabelSpace(("happy", "sad", "neutral", "angry"))

RULES: dict[str, EdgeRule] = {
    "own": SameSpeaker(past=1, future=1),
    "near": Adjacent(),
    "context": TemporalWindow(past=20, future=20),
}


def scene(
    turns: int,
    *,
    speakers: Sequence[str] = "AB",
    emotions: Sequence[Emotion] = ("happy", "happy", "sad", None),
    labels: LabelSpace = LABELS,
    rules: dict[str, EdgeRule] | None = None,
    hidden: Sequence[tuple[int, int]] = (),
    unrecorded: Sequence[int] = (),
    id: str = "d",
) -> Scene:
    """Speakers and emotions take turns; two modalities, some of them hidden as (turn, column)."""
    features = {"audio": [0.0], "text": [0.0]}
    talk = [
        Utterance(
            speakers[turn % len(speakers)],
            {} if turn in unrecorded else features,
            emotions[turn % len(emotions)],
        )
        for turn in range(turns)
    ]
    dialogue = Dialogue.from_utterances(id, talk, widths={"audio": 1, "text": 1})
    kept = torch.ones(turns, 2, dtype=torch.bool)
    for turn, column in hidden:
        kept[turn, column] = False
    chosen = dialogue.with_available(kept)
    build = GraphBuilder(RULES if rules is None else rules, labels)
    return Scene(chosen, dialogue.available, build(chosen), build.relations, labels)
