import json

import pytest

from graphmer.evaluation.change_scores import ChangeScores
from graphmer.evaluation.change_statistics import DIRECT_METRICS
from graphmer.evaluation.scores import Scores
from graphmer.report.measures import measures
from graphmer.report.table import PARTIAL
from tests.evaluation.speech import EMOTIONS, random_speech, with_change

META = {"title": "tiny", "simulated": False, "selection": "validation"}
CONDITIONS = ("a", "t", "at", "rate:0.5", "burst:4")


def found(best=None, *, changes=True, direct=False):
    keyed = {(seed, "1", name): random_speech(0, condition=name) for seed in (1, 2) for name in CONDITIONS}
    if direct:
        keyed = {key: with_change(said, seed=key[0]) for key, said in keyed.items()}
    scores = Scores.from_predictions(keyed, labels=EMOTIONS, modalities=("audio", "text"), meta=META)
    said = ChangeScores.from_predictions(keyed, EMOTIONS) if changes else None
    return scores, said, measures(scores, said, best or {})


def test_every_metric_has_the_mean_and_the_interval_of_the_tables():
    scores, changes, shown = found()
    (row,) = (row for row in scores.summary() if (row.condition, row.metric) == ("at", "weighted_f1"))
    assert shown["rows"]["at"]["weighted_f1"]["mean"] == pytest.approx(row.mean, abs=1e-5)
    assert shown["rows"]["at"]["weighted_f1"]["low"] == pytest.approx(row.low, abs=1e-5)
    mcc = changes.summary()["t"]["mcc"]
    assert shown["rows"]["t"]["change_mcc"]["mean"] == pytest.approx(mcc.mean, abs=1e-5)
    assert {metric["key"] for metric in shown["metrics"]} == set(shown["rows"]["at"])


def test_a_system_that_says_directly_what_changes_has_those_metrics_too():
    _, _, without = found()
    assert not any("direct" in metric["key"] for metric in without["metrics"])
    _, changes, shown = found(direct=True)
    keys = {f"change_{key}" for key in (*DIRECT_METRICS, "direct_calibration_error")}
    assert {metric["key"] for metric in shown["metrics"]} == keys | {m["key"] for m in without["metrics"]}
    row, summary = shown["rows"]["a"], changes.summary()["a"]
    assert row["change_disagreement"]["mean"] == pytest.approx(summary["disagreement"].mean, abs=1e-5)
    assert row["change_disagreement"]["low"] < row["change_disagreement"]["high"]
    error = row["change_direct_calibration_error"]
    assert error["mean"] == pytest.approx(summary["direct_calibration_error"].mean, abs=1e-5)
    assert error["low"] is None
    assert (without["change"]["direct"], shown["change"]["direct"]) == (False, True)


def test_sets_their_mean_and_rates_are_told_apart():
    _, _, shown = found()
    assert shown["sets"] == ["a", "t", "at", PARTIAL]
    assert shown["rates"] == [{"condition": "rate:0.5", "rate": 0.5}]
    assert list(shown["rows"]) == ["a", "t", "at", PARTIAL, "rate:0.5", "burst:4"]


def test_the_best_possible_is_averaged_over_the_partial_sets():
    _, _, shown = found({"a": 0.6, "t": 0.8, "at": 0.9})
    assert shown["best"][PARTIAL] == pytest.approx(0.7)


def test_what_cannot_be_measured_is_null_and_all_of_it_is_json():
    _, _, shown = found(changes=False)
    assert shown["change"] is None
    assert shown["rows"][PARTIAL]["wa"]["mean"] is not None
    json.dumps(shown, allow_nan=False)
