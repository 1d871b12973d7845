"""One turn of a prediction as plain values, and turns as rows of a table."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from graphmer.dialogue import Emotion
from graphmer.frames import data_frame
from graphmer.inference.causes import Measure

if TYPE_CHECKING:
    from pandas import DataFrame


CAUSE_COLUMNS = ("causes", "cause_scores")
"""Columns of the causes of a turn in a table."""

RELIABILITY = "reliability_"
"""Begins the names of the columns of the reliability of each modality in a table."""


@dataclass(frozen=True)
class Cause:
    """Turn that speaks for the emotion or the change at a turn, which may be that turn itself.

    Attributes:
        turn: place in the dialogue, from 0.
        id: the utterance's id.
        score: see `measure`.
        measure: what the score is.
    """

    turn: int
    id: str
    score: float
    measure: Measure


@dataclass(frozen=True)
class TurnRecord:
    """One turn of a prediction.

    A change of emotion is given in two ways. `changed` follows from the emotions and always agrees with the
    pair (previous, emotion). `change` is the model's probability of a change, and `change_called` its
    decision at the threshold fitted on validation. The two may disagree, because the most probable emotions
    may be equal where a change is probable.

    Attributes:
        dialogue: id of the dialogue.
        turn: place in it, from 0.
        id: the utterance's id.
        speaker: name of the speaker.
        available: modalities that the model read.
        emotion: most probable emotion, or the score.
        probability: of each emotion by name; empty for a score.
        previous: what was predicted for the same speaker's previous turn; ``None`` on the first one.
        change: probability that the emotion differs from the previous one; ``None`` on a first turn and for
            scores.
        change_called: whether `change` reaches the model's threshold; ``None`` where `change` is, and for a
            model that has neither a change head nor a decoder.
        router: weight of each expert for each modality that was read; empty for a network without a router.
        causes: turns that speak for the change at this turn, or for its emotion, the strongest first; empty
            where there is neither, ``None`` where causes were not predicted.
        reliability: probability that the features of each modality that was read are not damaged; ``None``
            for a model that does not estimate it.
    """

    dialogue: str
    turn: int
    id: str
    speaker: str
    available: tuple[str, ...]
    emotion: Emotion
    probability: dict[str, float]
    previous: Emotion
    change: float | None
    change_called: bool | None
    router: dict[str, dict[str, float]]
    causes: tuple[Cause, ...] | None = None
    reliability: dict[str, float] | None = None

    @property
    def changed(self) -> bool | None:
        """Whether the predicted emotion differs from the speaker's previous one; ``None`` on a first turn."""
        return None if self.previous is None else self.emotion != self.previous


def turn_as_row(record: TurnRecord, modalities: Sequence[str] = ()) -> dict[str, Any]:
    """One turn as a row of a table: a column for each emotion's probability, modalities joined by ``+``.

    Args:
        record: the turn.
        modalities: whose reliability has a column, empty where the modality is missing, if the model
            estimates it.
    """
    return {
        "dialogue": record.dialogue,
        "turn": record.turn,
        "id": record.id,
        "speaker": record.speaker,
        "emotion": record.emotion,
        "previous": record.previous,
        "changed": record.changed,
        "change_probability": record.change,
        "change_called": record.change_called,
        "available": "+".join(record.available),
        **{f"p_{name}": value for name, value in record.probability.items()},
        **({} if record.causes is None else cause_columns(record.causes)),
        **{
            f"{RELIABILITY}{modality}": record.reliability.get(modality)
            for modality in modalities
            if record.reliability is not None
        },
    }


def cause_columns(causes: Sequence[Cause]) -> dict[str, str]:
    """Ids of the causes and their scores, each joined by ``+``, by the names of their columns."""
    ids, scores = (cause.id for cause in causes), (f"{cause.score:.4f}" for cause in causes)
    return dict(zip(CAUSE_COLUMNS, ("+".join(ids), "+".join(scores)), strict=True))


def turn_frame(
    records: Iterable[TurnRecord], modalities: Sequence[str] = (), *, simulated: bool
) -> "DataFrame":
    """One row a turn, with the columns of ``graphmer predict --format csv``.

    Args:
        records: the turns.
        modalities: as for `turn_as_row`.
        simulated: whether the model was trained on simulated dialogues.

    Raises:
        ImportError: if pandas is not installed.
    """
    rows = (turn_as_row(record, modalities) | {"simulated": simulated} for record in records)
    types = {"changed": "boolean", "change_probability": "float", "change_called": "boolean"}
    return data_frame(rows, types)
