import json
from dataclasses import replace

import pytest
import torch

from graphmer.inference import Predictor
from graphmer.inference.causes import Causes, left_out
from graphmer.inference.prediction import DialoguePrediction, turn_records
from graphmer.inference.records import as_json
from tests.inference.test_predictor import trained
from tests.inference.test_records import TWO, said
from tests.talks import LABELS, ragged, talk


def test_the_turns_without_which_the_probability_falls_most_are_the_causes():
    full = torch.tensor([0.5, 0.5, 0.9])
    without = {
        0: torch.tensor([0.5, 0.5, 0.3]),
        1: torch.tensor([0.5, 0.49, 0.8]),
        2: torch.tensor([0.5, 0.5, 0.5]),
    }
    found = left_out(full, without, window=2)
    assert found.measure == "probability_drop"
    torch.testing.assert_close(found.score[2], torch.tensor([0.4, 0.1, 0.6]))
    assert found.score.isnan().tolist() == [[False, True, True], [False, False, True], [False] * 3]
    assert [turn for turn, _ in found.of(2)] == [0, 2]
    assert found.of(0) == found.of(1) == []


def test_a_turn_that_was_not_left_out_makes_no_difference():
    found = left_out(torch.tensor([0.5, 0.6]), {0: torch.tensor([0.5, 0.5])}, window=1)
    assert found.score[1, 0] == 0
    assert [turn for turn, _ in found.of(1)] == [0]


def with_causes(measure="probability") -> DialoguePrediction:
    score = torch.tensor([[0.9, torch.nan], [0.1, 0.8], [0.6, 0.7], [0.9, 0.9]])
    return replace(said(), causes=Causes(measure, score, score >= 0.5))


def test_turns_with_an_emotion_or_a_change_have_their_causes_the_strongest_first():
    records = list(turn_records(with_causes(), TWO))
    assert [[cause.turn for cause in record.causes] for record in records] == [[0], [0], [1, 2], [3, 2]]
    assert [cause.id for cause in records[2].causes] == ["d_1", "d_2"]


def test_a_neutral_turn_without_a_change_has_no_causes():
    labels = replace(TWO, names=("neutral", "cross"))
    emotion = ("neutral", "cross", "neutral", "neutral")
    records = list(turn_records(replace(with_causes(), emotion=emotion, labels=labels), labels))
    assert [len(record.causes) for record in records] == [0, 1, 0, 2]


def test_json_has_the_causes_by_what_their_score_is():
    turns = as_json(with_causes(), TWO)["turns"]
    assert turns[1]["causes"] == [{"turn": 0, "id": "d_0", "probability": 0.8}]
    turns = as_json(with_causes("probability_drop"), TWO)["turns"]
    assert turns[1]["causes"] == [{"turn": 0, "id": "d_0", "probability_drop": 0.8}]
    json.dumps(turns)
    assert "causes" not in as_json(said(), TWO)["turns"][0]


def test_a_table_of_turns_has_causes_and_scores():
    pytest.importorskip("pandas")
    rows = with_causes().to_frame()
    assert rows["causes"].tolist() == ["d_0", "d_0", "d_1+d_2", "d_3+d_2"]
    assert rows["cause_scores"][2] == "0.7000+0.6000"
    assert "causes" not in said().to_frame()


def test_a_model_with_a_cause_head_names_causes():
    model = trained(cause=True)
    model.model.calibrate(model.model.calibration.model_copy(update={"cause_threshold": 0.0}))
    predictor = Predictor(model)
    one, *_ = predictor.predict_many(ragged())
    assert one.causes.measure == "probability"
    assert one.causes.called.sum(dim=1).tolist() == [1, 2, 3, 4, 5, 6]
    alone = predictor.predict(ragged()[0])
    torch.testing.assert_close(alone.causes.score, one.causes.score, equal_nan=True)


def test_leaving_out_is_a_prediction_without_each_turn():
    predictor = Predictor(trained())
    dialogues = [talk("ABA", ["at", "", "v"]), talk("AB", id="e", seed=3)]
    first, second = predictor.leave_out_many(dialogues, nodes=4)
    full = predictor.predict(dialogues[0])
    torch.testing.assert_close(first.probability, full.probability)
    hidden = dialogues[0].with_available(torch.tensor([[False], [True], [True]]))
    without = predictor.predict(hidden)
    for turn in (0, 1):
        number = LABELS.names.index(first.emotion[turn])
        drop = full.probability[turn, number] - without.probability[turn, number]
        torch.testing.assert_close(first.causes.score[turn, turn], drop)
    changed = first.emotion[2] != first.emotion[0]
    number = LABELS.names.index(first.emotion[2])
    own = full.probability[2, number] - without.probability[2, number]
    torch.testing.assert_close(
        first.causes.score[2, 2], full.change[2] - without.change[2] if changed else own
    )
    assert first.causes.score[1, 0] == 0  # it has nothing that could be left out
    assert second.dialogue.id == "e"
    assert second.causes.score.shape == (2, 11)
