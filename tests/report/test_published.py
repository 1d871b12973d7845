import pytest
import torch

from graphmer.dialogue import LabelSpace
from graphmer.evaluation.predictions import Predictions
from graphmer.evaluation.scores import Scores
from graphmer.report.published import Published, published_table, published_values

LABELS = LabelSpace(("happy", "sad"))


def scores():
    predictions = {}
    for condition, wrong in (("a", 5), ("t", 2)):
        output = torch.eye(2)[torch.arange(20) % 2]
        output[:wrong] = output[:wrong].flip(1)
        predictions[1, "1", condition] = Predictions(
            condition,
            ("d", "e"),
            torch.arange(20) // 10,
            tuple(f"u{n}" for n in range(20)),
            torch.arange(20) % 2,
            output,
            torch.ones(20, 2, dtype=torch.bool),
        )
    meta = {"title": "mine", "simulated": False, "selection": "validation"}
    return Scores.from_predictions(predictions, labels=LABELS, modalities=("audio", "text"), meta=meta)


def test_the_table_has_the_common_conditions():
    paper = Published("a paper", ("wa",), {"t": (91.24,), "at": (95.0,)}, ("It chose on the test set.",))
    table = published_table(scores(), paper)
    assert table.title == "mine compared with a paper"
    assert [row[:2] for row in table.rows] == [("t", "91.2")]
    assert table.rows[0][2].startswith("90.0 ± ")
    assert table.notes[-1] == "It chose on the test set."


def test_the_values_equal_the_table_and_have_bounds_and_caveats():
    paper = Published("a paper", ("wa", "ua"), {"t": (91.24, 90.0), "at": (95.0, 94.0)}, ("It looked.",))
    found = published_values(scores(), paper)
    assert (found["source"], found["metrics"], list(found["rows"])) == ("a paper", ["WA", "UA"], ["t"])
    wa, ua = found["rows"]["t"]
    assert (wa["published"], wa["mean"]) == (91.24, 90.0)
    assert wa["low"] <= 90.0 <= wa["high"]
    assert ua["published"] == 90.0
    assert found["notes"][-1] == "It looked."


def test_a_metric_that_does_not_fit_the_labels_is_refused():
    with pytest.raises(ValueError, match=r"Published metrics must be among .*'wa'.*; got 'mae'"):
        published_table(scores(), Published("a paper", ("mae",), {"t": (1.0,)}, ()))
