from dataclasses import replace

import torch

from graphmer.evaluation.detection import detection
from graphmer.evaluation.predictions import Predictions

TWO = ("audio", "text")


def predictions(condition: str, reliability: list[list[float]], damaged: list[list[bool]]) -> Predictions:
    count = len(reliability)
    return Predictions(
        condition=condition,
        dialogue_ids=("d",),
        dialogue=torch.zeros(count, dtype=torch.long),
        utterance_ids=tuple(f"u{n}" for n in range(count)),
        target=torch.zeros(count, dtype=torch.long),
        output=torch.full((count, 2), 0.5),
        available=torch.ones(count, 2, dtype=torch.bool),
        reliability=torch.tensor(reliability),
        damaged=torch.tensor(damaged),
    )


def test_damaged_turns_are_compared_with_undamaged_ones_of_the_same_modality():
    clean = predictions("at", [[0.9, 0.8], [0.7, 0.6]], [[False, False]] * 2)
    noisy = predictions("noise:1@t", [[0.9, 0.1], [0.9, 0.65]], [[False, True]] * 2)
    assert detection({"at": clean, "noise:1@t": noisy}, TWO) == {"noise:1@t": {"text": 0.75}}
    part = predictions("crosstalk:0.5@a", [[0.1, 0.9], [0.2, 0.9]], [[True, False], [False, False]])
    assert detection({"at": clean, "crosstalk:0.5@a": part}, TWO) == {"crosstalk:0.5@a": {"audio": 1.0}}


def test_missing_modalities_and_models_without_an_estimate_do_not_count():
    clean = predictions("at", [[0.9, 0.8], [0.7, 0.6]], [[False, False]] * 2)
    gone = torch.tensor([[True, True], [True, False]])
    noisy = predictions("noise:1@t", [[0.9, 0.1], [0.9, 0.99]], [[False, True]] * 2)
    found = detection({"at": clean, "noise:1@t": replace(noisy, available=gone)}, TWO)
    assert found == {"noise:1@t": {"text": 1.0}}
    without = replace(clean, reliability=None, damaged=None)
    assert detection({"at": without}, TWO) == {}
