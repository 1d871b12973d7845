"""Predictions of one dialogue."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from graphmer.dialogue import Dialogue, Emotion
from graphmer.graph import DialogueGraph
from graphmer.nn.chain import ChainCache
from graphmer.nn.network import NetworkOutput
from graphmer.training.model_file import TrainedModel


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
    """

    dialogue: Dialogue
    emotion: tuple[Emotion, ...]
    probability: Tensor
    change: Tensor
    router: Tensor | None
    change_called: Tensor | None = None


def predictions(
    trained: TrainedModel,
    dialogues: Sequence[Dialogue],
    batch: DialogueGraph,
    output: NetworkOutput,
    cache: ChainCache | None = None,
) -> Iterator[DialoguePrediction]:
    """Predictions of each dialogue of a batch from the output of the network.

    Args:
        trained: the model.
        dialogues: input of the network.
        batch: their graphs.
        output: of the network for them.
        cache: state of a causal decoder at earlier turns; its NaN rows are filled in.
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
        )
