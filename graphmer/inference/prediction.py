"""Predictions of one dialogue and of each of its turns."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import KW_ONLY, dataclass
from itertools import compress
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from graphmer.dialogue import Dialogue, Emotion, LabelSpace
from graphmer.graph import DialogueGraph
from graphmer.inference.causes import NEUTRAL, Causes
from graphmer.inference.notebook import dialogue_html
from graphmer.inference.turn_record import (
    CAUSE_COLUMNS,
    RELIABILITY,
    Cause,
    TurnRecord,
    cause_columns,
    turn_frame,
)
from graphmer.nn.chain import ChainCache
from graphmer.nn.network import NetworkOutput
from graphmer.reprs import counted, short_repr
from graphmer.training.model_file import TrainedModel

if TYPE_CHECKING:
    from pandas import DataFrame


@dataclass(frozen=True, eq=False)
class DialoguePrediction:
    """Predictions of a model for each turn of one dialogue.

    Attributes:
        dialogue: input of the network: its modalities in its order (encoded, where it reads encoded
            features), without annotations.
        emotion: most probable emotion of each turn, or its score. A model with a decoder decides the turns of
            a speaker as a sequence, so that it need not be the largest of `probability`.
        probability: of each class ``[N, C]``; the score ``[N, 1]`` for a corpus of scores.
        change: probability that the emotion differs from that of the speaker's previous turn, ``[N]``; NaN on
            a first turn and for scores.
        router: weight of (utterance, input modality, expert), ``[N, M, M]``, zero where the input is missing;
            ``None`` for a network without a router.
        change_called: whether `change` reaches the threshold fitted on validation, bool ``[N]``, false on a
            first turn. It may contradict the emotions. ``None`` for a model without change head and decoder,
            whose changes follow from its emotions alone.
        labels: label space of the emotions.
        simulated: whether the model was trained on simulated dialogues.
        causes: turns that speak for each emotion or change; ``None`` for a model without a cause head, unless
            turns were left out.
        reliability: probability that the features of each modality are not damaged, ``[N, M]``, NaN where it
            is missing; ``None`` for a model that does not estimate it.
    """

    dialogue: Dialogue
    emotion: tuple[Emotion, ...]
    probability: Tensor
    change: Tensor
    router: Tensor | None
    change_called: Tensor | None = None
    _: KW_ONLY
    labels: LabelSpace
    simulated: bool = False
    causes: Causes | None = None
    reliability: Tensor | None = None

    def __repr__(self) -> str:
        if self.labels.is_score:
            found = [f"scores {self.probability.min():.2f} to {self.probability.max():.2f}"]
        else:
            counts = {name: self.emotion.count(name) for name in self.labels.names}
            found = [f"{name} {count}" for name, count in counts.items() if count]
        return short_repr(self, self.dialogue.id, counted(len(self.dialogue), "turn"), *found)

    def _repr_html_(self) -> str:
        records = list(turn_records(self, self.labels))
        return dialogue_html(self.dialogue, records, self.labels, simulated=self.simulated)

    def to_frame(self) -> "DataFrame":
        """One row a turn, with the columns of ``graphmer predict --format csv``.

        Raises:
            ImportError: if pandas is not installed.
        """
        records = turn_records(self, self.labels)
        return turn_frame(records, self.dialogue.modalities, simulated=self.simulated)


def turn_records(prediction: DialoguePrediction, labels: LabelSpace) -> Iterator[TurnRecord]:
    """The turns of a prediction in their order."""
    dialogue, modalities = prediction.dialogue, prediction.dialogue.modalities
    columns = turn_columns(prediction, labels)
    probability = prediction.probability.tolist() if labels.names else None
    router = None if prediction.router is None else prediction.router.tolist()
    reliability = None if prediction.reliability is None else prediction.reliability.tolist()
    available = [tuple(compress(modalities, row)) for row in dialogue.available.tolist()]
    for turn, read in enumerate(available):
        weights = {} if router is None else dict(zip(modalities, router[turn], strict=True))
        yield TurnRecord(
            dialogue=dialogue.id,
            turn=turn,
            id=dialogue.utterance_ids[turn],
            speaker=columns["speaker"][turn],
            available=read,
            emotion=prediction.emotion[turn],
            probability={}
            if probability is None
            else dict(zip(labels.names, probability[turn], strict=True)),
            previous=columns["previous"][turn],
            change=columns["change_probability"][turn],
            change_called=columns["change_called"][turn],
            router={m: dict(zip(modalities, weights[m], strict=True)) for m in read} if weights else {},
            causes=_causes(prediction, turn, changed=bool(columns["changed"][turn])),
            reliability=None
            if reliability is None
            else {m: value for m, value in zip(modalities, reliability[turn], strict=True) if m in read},
        )


def _causes(prediction: DialoguePrediction, turn: int, *, changed: bool) -> tuple[Cause, ...] | None:
    """Called causes of a turn that has an emotion or a change."""
    if prediction.causes is None:
        return None
    called = prediction.change_called is not None and bool(prediction.change_called[turn])
    if not (changed or called) and str(prediction.emotion[turn]).lower() in NEUTRAL:
        return ()
    ids, measure = prediction.dialogue.utterance_ids, prediction.causes.measure
    return tuple(Cause(source, ids[source], score, measure) for source, score in prediction.causes.of(turn))


def turn_columns(prediction: DialoguePrediction, labels: LabelSpace) -> dict[str, Sequence[Any]]:
    """Columns of `turn_as_row` for all turns of a prediction, with one value per turn."""
    dialogue, emotion = prediction.dialogue, prediction.emotion
    speaker = dialogue.speaker.tolist()
    last: dict[int, int] = {}
    before: list[int | None] = []
    for turn, number in enumerate(speaker):
        before.append(last.get(number))
        last[number] = turn
    previous = [None if turn is None else emotion[turn] for turn in before]
    change = [None if math.isnan(value) else value for value in prediction.change.tolist()]
    called: list[bool | None] = [None] * len(speaker)
    if prediction.change_called is not None:
        values = prediction.change_called.tolist()
        called = [None if known is None else value for known, value in zip(change, values, strict=True)]
    changed = [None if was is None else now != was for now, was in zip(emotion, previous, strict=True)]
    probability = prediction.probability.T.tolist() if labels.names else []
    causes: dict[str, Sequence[str]] = {}
    if prediction.causes is not None:
        found = [_causes(prediction, turn, changed=bool(value)) or () for turn, value in enumerate(changed)]
        causes = {name: [row[name] for row in map(cause_columns, found)] for name in CAUSE_COLUMNS}
    reliable: dict[str, Sequence[float | None]] = {}
    if prediction.reliability is not None:
        for modality, row in zip(dialogue.modalities, prediction.reliability.T.tolist(), strict=True):
            reliable[RELIABILITY + modality] = [None if math.isnan(value) else value for value in row]
    return {
        "dialogue": [dialogue.id] * len(speaker),
        "turn": range(len(speaker)),
        "id": dialogue.utterance_ids,
        "speaker": [dialogue.speakers[number] for number in speaker],
        "emotion": emotion,
        "previous": previous,
        "changed": changed,
        "change_probability": change,
        "change_called": called,
        "available": ["+".join(compress(dialogue.modalities, row)) for row in dialogue.available.tolist()],
        **{f"p_{name}": values for name, values in zip(labels.names, probability, strict=True)},
        **causes,
        **reliable,
    }


def predictions(
    trained: TrainedModel,
    dialogues: Sequence[Dialogue],
    batch: DialogueGraph,
    output: NetworkOutput,
    cache: ChainCache | None = None,
    causes: Tensor | None = None,
) -> Iterator[DialoguePrediction]:
    """Predictions of each dialogue of a batch from the output of the network.

    Args:
        trained: the model.
        dialogues: input of the network.
        batch: their graphs.
        output: of the network for them.
        cache: state of a causal decoder at earlier turns; its NaN rows are filled in.
        causes: `EmotionModel.causes` of the batch, of a model with a cause head.
    """
    labels, model = trained.labels, trained.model
    called: Tensor | None = None
    with torch.inference_mode():
        if labels.is_score:
            probability = output.logits.float().cpu()
            emotion, change = probability.squeeze(1), torch.full((len(probability),), torch.nan)
        else:
            decision = model.decide(output, batch, cache=cache)
            probability, emotion = decision.probability.cpu(), decision.emotion.cpu()
            change = decision.change.cpu()
            called = decision.changed.cpu() if model.predicts_change else None
    decoded = labels.decode(emotion)
    router = None if output.router is None else output.router.float().cpu()
    reliability = None
    if output.reliability is not None:
        known = output.reliability.float().sigmoid().where(batch.available, torch.nan)
        reliability = known.cpu()
    begin = 0
    for dialogue in dialogues:
        turns = slice(begin, begin + len(dialogue))
        begin += len(dialogue)
        yield DialoguePrediction(
            dialogue,
            tuple(decoded[turns]),
            probability[turns],
            change[turns],
            None if router is None else router[turns],
            None if called is None else called[turns],
            labels=labels,
            simulated=bool(trained.facts.get("simulated", False)),
            causes=None if causes is None else _called(causes[turns], model.calibration.cause_threshold),
            reliability=None if reliability is None else reliability[turns],
        )


def _called(probability: Tensor, threshold: float) -> Causes:
    return Causes("probability", probability, probability >= threshold)
