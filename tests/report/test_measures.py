import json
from dataclasses import replace

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
        keyed = {key: with_change(predictions, seed=key[0]) for key, predictions in keyed.items()}
    scores = Scores.from_predictions(keyed, labels=EMOTIONS, modalities=("audio", "text"), meta=META)
    change_scores = ChangeScores.from_predictions(keyed, EMOTIONS) if changes else None
    return scores, change_scores, measures(scores, change_scores, best or {})


def test_every_metric_has_the_mean_and_the_interval_of_the_tables():
    scores, changes, values = found()
    (row,) = (row for row in scores.summary() if (row.condition, row.metric) == ("at", "weighted_f1"))
    assert values["rows"]["at"]["weighted_f1"]["mean"] == pytest.approx(row.mean, abs=1e-5)
    assert values["rows"]["at"]["weighted_f1"]["low"] == pytest.approx(row.low, abs=1e-5)
    mcc = changes.summary()["t"]["mcc"]
    assert values["rows"]["t"]["change_mcc"]["mean"] == pytest.approx(mcc.mean, abs=1e-5)
    assert {metric["key"] for metric in values["metrics"]} == set(values["rows"]["at"])


def test_a_system_that_predicts_changes_directly_has_direct_metrics():
    _, _, without = found()
    assert not any("direct" in metric["key"] for metric in without["metrics"])
    _, changes, values = found(direct=True)
    keys = {f"change_{key}" for key in (*DIRECT_METRICS, "direct_calibration_error")}
    assert {metric["key"] for metric in values["metrics"]} == keys | {m["key"] for m in without["metrics"]}
    row, summary = values["rows"]["a"], changes.summary()["a"]
    assert row["change_disagreement"]["mean"] == pytest.approx(summary["disagreement"].mean, abs=1e-5)
    assert row["change_disagreement"]["low"] < row["change_disagreement"]["high"]
    error = row["change_direct_calibration_error"]
    assert error["mean"] == pytest.approx(summary["direct_calibration_error"].mean, abs=1e-5)
    assert error["low"] is None
    assert (without["change"]["direct"], values["change"]["direct"]) == (False, True)


def test_sets_their_mean_and_rates_are_listed_separately():
    _, _, values = found()
    assert values["sets"] == ["a", "t", "at", PARTIAL]
    assert values["rates"] == [{"condition": "rate:0.5", "rate": 0.5}]
    assert list(values["rows"]) == ["a", "t", "at", PARTIAL, "rate:0.5", "burst:4"]


def test_the_best_possible_accuracy_is_averaged_over_the_partial_sets():
    _, _, values = found({"a": 0.6, "t": 0.8, "at": 0.9})
    assert values["best"][PARTIAL] == pytest.approx(0.7)


def test_without_change_scores_the_values_are_still_json():
    _, _, values = found(changes=False)
    assert values["change"] is None
    assert values["rows"][PARTIAL]["wa"]["mean"] is not None
    json.dumps(values, allow_nan=False)


@pytest.mark.parametrize(("missing", "kind"), [((0, 0, 0.3), "drop:0.3"), ((0, 0.5, 0.3), "rate:0.5")])
def test_dropped_turns_are_the_rates_where_no_rate_hides_anything(missing, kind):
    keyed = {(1, "1", name): random_speech(0, condition=name) for name in ("a", "rate:0.5", "drop:0.3")}
    scores = Scores.from_predictions(keyed, labels=EMOTIONS, modalities=("audio", "text"), meta=META)
    values = measures(replace(scores, missing=missing), None, {})
    assert [rate["condition"] for rate in values["rates"]] == [kind]
