"""Predictions of one dialogue and of each of its turns."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import KW_ONLY, dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from graphmer.dialogue import Dialogue, Emotion, LabelSpace
from graphmer.graph import DialogueGraph
from graphmer.inference.causes import NEUTRAL, Causes
from graphmer.inference.information_gain import modalities_of
from graphmer.inference.notebook import dialogue_html
from graphmer.inference.turn_record import Cause, TurnRecord, turn_frame
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
        return turn_frame(turn_records(self, self.labels), simulated=self.simulated)


def turn_records(prediction: DialoguePrediction, labels: LabelSpace) -> Iterator[TurnRecord]:
    """The turns of a prediction in their order."""
    dialogue = prediction.dialogue
    last: dict[int, int] = {}
    for turn, speaker in enumerate(dialogue.speaker.tolist()):
        previous = last.get(speaker)
        last[speaker] = turn
        probability = prediction.probability[turn]
        emotion, before = prediction.emotion[turn], None if previous is None else prediction.emotion[previous]
        change, called = float(prediction.change[turn]), prediction.change_called
        read = modalities_of(dialogue, turn)
        yield TurnRecord(
            dialogue=dialogue.id,
            turn=turn,
            id=dialogue.utterance_ids[turn],
            speaker=dialogue.speakers[speaker],
            available=read,
            emotion=emotion,
            probability=dict(zip(labels.names, probability.tolist(), strict=True)) if labels.names else {},
            previous=before,
            change=None if math.isnan(change) else change,
            change_called=None if called is None or math.isnan(change) else bool(called[turn]),
            router=_router(prediction, turn, read),
            causes=_causes(prediction, turn, changed=before not in (None, emotion)),
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


def _router(prediction: DialoguePrediction, turn: int, read: tuple[str, ...]) -> dict[str, dict[str, float]]:
    if prediction.router is None:
        return {}
    modalities = prediction.dialogue.modalities
    weights = dict(zip(modalities, prediction.router[turn].tolist(), strict=True))
    return {m: dict(zip(modalities, weights[m], strict=True)) for m in read}


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
        )


def _called(probability: Tensor, threshold: float) -> Causes:
    return Causes("probability", probability, probability >= threshold)
