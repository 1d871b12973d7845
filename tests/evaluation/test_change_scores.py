import json

import numpy as np
import pytest

from graphmer.evaluation.change import change_metrics
from graphmer.evaluation.change_scores import ChangeScores, write_changes
from graphmer.evaluation.change_statistics import HISTORIES, SHIFT_METRICS
from graphmer.evaluation.predictions import Predictions
from tests.evaluation.speech import EMOTIONS, random_speech, with_change


def grid():
    """Two seeds, two folds, two conditions; targets depend on the fold only."""
    found = {}
    for fold in range(2):
        base = random_speech(fold, dialogues=6, prefix=f"fold{fold}-")
        for seed in (0, 1):
            for number, condition in enumerate(("a", "fixed:at")):
                output = base.output.roll(seed + number, dims=0)
                found[seed, f"fold {fold}", condition] = Predictions(
                    **{**vars(base), "condition": condition, "output": output}
                )
    return found


@pytest.mark.parametrize("history", HISTORIES)
def test_a_metric_is_the_mean_over_seeds_of_all_folds_together(history):
    predictions = grid()
    scores = ChangeScores.from_predictions(predictions, EMOTIONS, history=history)
    assert (scores.conditions, scores.seeds) == (("a", "at"), (0, 1))
    assert scores.counts.shape == (2, 2, 12, 6)
    per_seed = [
        change_metrics(
            Predictions.concatenate([predictions[seed, f"fold {fold}", "fixed:at"] for fold in range(2)]),
            EMOTIONS,
            history=history,
        )
        for seed in (0, 1)
    ]
    row = scores.summary()["at"]
    for metric in ("mcc", "f1", "change_error_rate", "pair_match_on_shifts"):
        values = [each[metric] for each in per_seed]
        assert row[metric].mean == pytest.approx(np.mean(values))
        assert row[metric].seed_spread == pytest.approx(np.std(values, ddof=1))


def test_only_metrics_of_additive_counts_have_an_interval():
    row = ChangeScores.from_predictions(grid(), EMOTIONS).summary(resamples=200)["a"]
    for metric, found in row.items():
        assert np.isnan(found.low) == (metric not in SHIFT_METRICS)
    assert row["mcc"].low < row["mcc"].mean < row["mcc"].high
    assert row["f1"].low < row["f1"].mean < row["f1"].high


def test_eligible_turns_and_shifts_are_those_of_one_seed():
    scores = ChangeScores.from_predictions(grid(), EMOTIONS)
    row = scores.summary(resamples=1)["a"]
    assert scores.shifts / scores.eligible == pytest.approx(row["prevalence"].mean)


def test_all_seeds_and_conditions_need_the_same_dialogues():
    predictions = grid()
    predictions[0, "fold 0", "a"] = random_speech(9, condition="a", dialogues=2)
    with pytest.raises(ValueError, match="tested on the same dialogues"):
        ChangeScores.from_predictions(predictions, EMOTIONS)


def test_the_file_marks_the_oracle_and_contains_no_nan(tmp_path):
    changes = [ChangeScores.from_predictions(grid(), EMOTIONS, history=each) for each in HISTORIES]
    write_changes(changes, {"title": "system"}, tmp_path / "change.json")
    content = json.loads((tmp_path / "change.json").read_text())
    assert content["meta"] == {"title": "system"}
    assert [content["histories"][each]["oracle"] for each in HISTORIES] == [False, True]
    stored = content["histories"]["predicted"]
    assert (stored["eligible"], stored["shifts"]) == (changes[0].eligible, changes[0].shifts)
    assert stored["conditions"]["at"]["mcc"]["mean"] == changes[0].summary()["at"]["mcc"].mean
    assert stored["conditions"]["at"]["change_error_rate"]["low"] is None


def test_metrics_of_direct_predictions_have_intervals():
    predictions = {key: with_change(each, seed=len(str(key))) for key, each in grid().items()}
    scores = ChangeScores.from_predictions(predictions, EMOTIONS)
    assert scores.direct
    row = scores.summary(resamples=200)["at"]
    assert row["direct_mcc"].low < row["direct_mcc"].mean < row["direct_mcc"].high
    assert 0 < row["disagreement"].low < row["disagreement"].high < 1
    assert scores.eligible == ChangeScores.from_predictions(grid(), EMOTIONS).eligible
    assert not ChangeScores.from_predictions(grid(), EMOTIONS).direct
