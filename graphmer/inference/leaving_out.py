"""Explanation of a prediction by the predictions without one turn."""

from collections.abc import Mapping
from dataclasses import replace

import torch
from torch import Tensor

from graphmer.dialogue.change import previous_turn
from graphmer.inference.causes import left_out
from graphmer.inference.prediction import DialoguePrediction


def explained(full: DialoguePrediction, without: Mapping[int, DialoguePrediction]) -> DialoguePrediction:
    """The prediction of a dialogue with its `Causes`, see `left_out`.

    Args:
        full: prediction of the complete dialogue, of classes.
        without: predictions without each turn, by the position of the one that was left out.
    """
    emotion = full.labels.encode(full.emotion)
    previous = previous_turn(full.dialogue.speaker, torch.ones_like(emotion, dtype=torch.bool))
    changed = (previous >= 0) & (emotion != emotion[previous])

    def explained_probability(prediction: DialoguePrediction) -> Tensor:
        own = prediction.probability.gather(1, emotion[:, None])[:, 0]
        return torch.where(changed, prediction.change, own)

    found = {turn: explained_probability(each) for turn, each in without.items()}
    return replace(full, causes=left_out(explained_probability(full), found))
