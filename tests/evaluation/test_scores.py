import sys
from dataclasses import replace

import numpy as np
import pytest
import torch

from graphmer.dialogue import LabelSpace
from graphmer.errors import CheckpointError
from graphmer.evaluation.calibration import calibration_error
from graphmer.evaluation.metrics import classification, regression
from graphmer.evaluation.predictions import Predictions
from graphmer.evaluation.scores import Scores

CLASSES = LabelSpace(("happy", "sad", "angry"), polarity={"happy": 1, "sad": -1})
SCORE = LabelSpace(interval=(-3.0, 3.0))
META = {"title": "system", "simulated": True, "selection": "validation", "fingerprint": "0f"}
CONDITIONS = ("a", "t", "at", "rate:0.5")


def fold_predictions(labels, fold, condition, seed):
    """Eight utterances in two dialogues; targets depend on the fold only, outputs on everything."""
    targets = torch.Generator().manual_seed(fold)
    outputs = torch.Generator().manual_seed(1000 * seed + 100 * fold + len(condition) + ord(condition[0]))
    classes = torch.randint(3, (8,), generator=targets)
    classes[3] = -1
    score = torch.where(classes < 0, torch.nan, classes - 1.0)
    return Predictions(
        condition=condition,
        dialogue_ids=(f"fold{fold}-x", f"fold{fold}-y"),
        dialogue=torch.tensor([0, 0, 0, 0, 0, 1, 1, 1]),
        utterance_ids=tuple(f"u{number}" for number in range(8)),
        target=score if labels.is_score else classes,
        output=torch.rand(8, labels.outputs, generator=outputs) - 0.5,
        available=torch.tensor([["a" in condition, "t" in condition]]).expand(8, 2),
    )


def grid(labels=CLASSES, *, first_seed=0):
    return {
        (seed, f"fold {fold}", condition): fold_predictions(labels, fold, condition, seed)
        for seed in (first_seed, first_seed + 1)
        for fold in range(3)
        for condition in CONDITIONS
    }


def scores_of(predictions, labels=CLASSES, **meta):
    modalities = ("audio", "text")
    return Scores.from_predictions(predictions, labels=labels, modalities=modalities, meta={**META, **meta})


def find(rows, condition, metric):
    (row,) = (row for row in rows if (row.condition, row.metric) == (condition, metric))
    return row


@pytest.mark.parametrize(("labels", "metric"), [(CLASSES, "ua"), (SCORE, "mae"), (SCORE, "pearson")])
def test_a_row_is_the_mean_over_seeds_of_the_metric_over_all_folds_together(labels, metric):
    predictions = grid(labels)
    row = find(scores_of(predictions, labels).summary(), "at", metric)
    values = []
    for seed in (0, 1):
        folds = [predictions[seed, f"fold {fold}", "at"] for fold in range(3)]
        whole = Predictions.concatenate(folds).labelled()
        both = whole.target, whole.predicted
        values.append((regression(*both) if labels.is_score else classification(*both, 3))[metric])
    assert row.mean == pytest.approx(np.mean(values))
    assert row.seed_spread == pytest.approx(np.std(values, ddof=1))
    assert row.low < row.mean < row.high
    assert (row.utterances, row.dialogues) == (21, 6)


def test_the_fold_spread_is_that_of_the_per_fold_rows():
    scores = scores_of(grid())
    folds = [row for row in scores.per_fold() if (row.condition, row.metric) == ("t", "wa")]
    assert [row.fold for row in folds] == ["fold 0", "fold 1", "fold 2"]
    assert [(row.utterances, row.dialogues) for row in folds] == [(7, 2)] * 3
    spread = np.std([row.mean for row in folds], ddof=1)
    assert find(scores.summary(), "t", "wa").fold_spread == pytest.approx(spread)


def test_seeds_and_conditions_may_list_dialogues_in_any_order():
    predictions = grid()
    part = predictions[1, "fold 2", "t"]
    predictions[1, "fold 2", "t"] = replace(
        part, dialogue_ids=part.dialogue_ids[::-1], dialogue=1 - part.dialogue
    )
    np.testing.assert_array_equal(scores_of(predictions).counts, scores_of(grid()).counts)


def test_an_average_is_paired_within_seeds_and_resamples():
    scores = scores_of(grid())
    single = scores.summary()
    mean = find(scores.average(("a", "t"), name="partial"), "partial", "wa")
    assert mean.mean == pytest.approx((find(single, "a", "wa").mean + find(single, "t", "wa").mean) / 2)
    alone = find(scores.average(("a",)), "mean", "wa")
    assert (alone.low, alone.high) == (find(single, "a", "wa").low, find(single, "a", "wa").high)


def test_sets_are_in_the_usual_order_and_exclude_rates():
    scores = scores_of(dict(reversed(grid().items())))
    assert scores.conditions[0] == "rate:0.5"
    assert scores.sets == ("a", "t", "at")
    assert scores.partial_sets == ("a", "t")


def test_a_fixed_set_has_its_short_name():
    predictions = {
        (seed, fold, f"fixed:{condition}"): replace(each, condition=f"fixed:{condition}")
        for (seed, fold, condition), each in grid().items()
        if condition == "at"
    }
    assert scores_of(predictions).sets == ("at",)


def test_the_missing_fraction_is_counted_from_the_masks():
    assert scores_of(grid()).missing == (0.5, 0.5, 0.0, 0.0)


def test_a_system_does_not_differ_from_itself():
    scores = scores_of(grid())
    for row in scores.compare(scores):
        assert (row.mean, row.low, row.high) == (0, 0, 0)


def test_a_comparison_is_other_minus_this_whatever_the_order_of_folds_and_seeds():
    first = scores_of(grid())
    second = scores_of(dict(reversed(grid(first_seed=5).items())), title="other")
    forth = find(first.compare(second), "at", "wa")
    back = find(second.compare(first), "at", "wa")
    expected = find(second.summary(), "at", "wa").mean - find(first.summary(), "at", "wa").mean
    assert forth.mean == pytest.approx(expected)
    assert back.mean == pytest.approx(-expected)
    group = find(first.compare(second, groups={"both": ("a", "t")}), "both", "wa")
    singles = [find(first.compare(second), name, "wa").mean for name in ("a", "t")]
    assert group.mean == pytest.approx(np.mean(singles))


def test_the_interval_of_a_constant_difference_has_no_width():
    counts = np.zeros((1, 1, 6, 3, 3), dtype=np.int64)
    counts[0, 0, :, 0, 0] = np.arange(1, 7) * 2
    counts[0, 0, :, 0, 1] = np.arange(7, 1, -1) * 2
    better = counts.copy()
    total = counts.sum(axis=-1)[0, 0, :, 0]
    assert (total == 16).all()
    better[0, 0, :, 0, 0] += 2
    better[0, 0, :, 0, 1] -= 2
    plain = scores_of({key: each for key, each in grid().items() if key[0] == 0 and key[2] == "at"})
    first, second = replace(plain, counts=counts), replace(plain, counts=better)
    row = find(first.compare(second), "at", "wa")
    assert (row.mean, row.low, row.high) == pytest.approx((0.125, 0.125, 0.125))
    assert find(first.summary(), "at", "wa").high - find(first.summary(), "at", "wa").low > 0.1


def test_the_same_seed_gives_the_same_intervals():
    scores = scores_of(grid())
    assert repr(scores.summary(resamples=50, seed=1)) == repr(scores.summary(resamples=50, seed=1))
    assert repr(scores.summary(resamples=50, seed=1)) != repr(scores.summary(resamples=50, seed=2))


@pytest.mark.parametrize("labels", [CLASSES, SCORE])
def test_json_is_lossless(labels, tmp_path):
    before = scores_of(grid(labels), labels)
    before.to_json(tmp_path / "scores.json")
    after = Scores.from_json(tmp_path / "scores.json")
    np.testing.assert_array_equal(after.counts, before.counts)
    assert after.counts.dtype == before.counts.dtype
    for name in ("labels", "modalities", "conditions", "seeds", "folds", "dialogue_ids", "missing", "meta"):
        assert getattr(after, name) == getattr(before, name)


def test_a_file_without_scores_is_named(tmp_path):
    path = tmp_path / "scores.json"
    with pytest.raises(CheckpointError, match=r"scores\.json: cannot be read as scores"):
        Scores.from_json(path)
    path.write_text('{"format": "something"}')
    with pytest.raises(CheckpointError, match="format must be 'graphmer scores', got 'something'"):
        Scores.from_json(path)


def test_a_confusion_matrix_needs_classes():
    assert scores_of(grid()).confusion("a").sum(axis=(1, 2)).tolist() == [21, 21]
    with pytest.raises(ValueError, match="needs classes"):
        scores_of(grid(SCORE), SCORE).confusion("a")


def test_conditions_that_were_not_evaluated_are_refused():
    scores = scores_of(grid())
    with pytest.raises(ValueError, match=r"those evaluated, .*; got \['v'\]"):
        scores.average(["v"])
    with pytest.raises(ValueError, match=r"got \[\]"):
        scores.average([])


def test_a_missing_combination_is_refused():
    predictions = grid()
    del predictions[1, "fold 2", "t"]
    with pytest.raises(ValueError, match=r"1 are not, the first is \(1, 'fold 2', 't'\)"):
        scores_of(predictions)


def test_empty_predictions_are_refused():
    with pytest.raises(ValueError, match="at least one seed, fold and condition"):
        scores_of({})
    each = grid()[0, "fold 0", "a"]
    unlabelled = replace(each, target=torch.full((8,), -1))
    with pytest.raises(ValueError, match="no labelled utterance"):
        scores_of({(0, "fold 0", "a"): unlabelled})


def test_a_condition_under_another_name_is_refused():
    each = grid()[0, "fold 0", "a"]
    with pytest.raises(ValueError, match="must be of that condition; got 'a'"):
        scores_of({(0, "fold 0", "t"): each})


def test_different_targets_between_seeds_are_refused():
    predictions = grid()
    part = predictions[1, "fold 1", "a"]
    predictions[1, "fold 1", "a"] = replace(part, target=(part.target + 1) % 3)
    with pytest.raises(ValueError, match=r"fold 'fold 1' must be tested on the same .* \(1, 'fold 1', 'a'\)"):
        scores_of(predictions)


def test_a_dialogue_in_two_folds_is_refused():
    each = grid()[0, "fold 0", "a"]
    with pytest.raises(ValueError, match="'fold0-x' is tested in 'again' and an earlier one"):
        scores_of({(0, "once", "a"): each, (0, "again", "a"): each})


def test_systems_with_other_test_data_are_not_compared():
    first = scores_of(grid())
    fewer = scores_of({key: each for key, each in grid().items() if key[1] != "fold 2"})
    with pytest.raises(ValueError, match="got 6 and 4, of which 4 are common"):
        first.compare(fewer)
    with pytest.raises(ValueError, match="same labels"):
        first.compare(scores_of(grid(SCORE), SCORE))
    changed = first.counts.copy()
    changed[:, :, 2] = np.roll(changed[:, :, 2], 1, axis=2)
    with pytest.raises(ValueError, match="1 dialogues differ, the first is 'fold1-x'"):
        first.compare(replace(first, counts=changed))


@pytest.mark.parametrize("missing", ["title", "simulated", "selection"])
def test_provenance_is_required(missing):
    scores = scores_of(grid())
    with pytest.raises(ValueError, match="`meta` must have `title`"):
        replace(scores, meta={name: value for name, value in META.items() if name != missing})


def test_the_shape_of_counts_is_checked():
    scores = scores_of(grid())
    with pytest.raises(ValueError, match=r"= \(2, 4, 6\); got \(1, 4, 6\)"):
        replace(scores, counts=scores.counts[:1])


def test_the_calibration_error_is_that_of_all_folds_together():
    predictions = grid()
    for key, each in predictions.items():
        predictions[key] = replace(each, output=(each.output * 4).softmax(dim=1))
    scores = scores_of(predictions)
    whole = Predictions.concatenate([predictions[1, f"fold {fold}", "t"] for fold in range(3)]).labelled()
    right = (whole.predicted == whole.target).numpy()
    expected = calibration_error(whole.output.max(dim=1).values.numpy(), right)
    assert scores.calibration_error[1][CONDITIONS.index("t")] == pytest.approx(expected)
    assert scores_of(grid(SCORE), SCORE).calibration_error == ()


def test_the_calibration_error_is_kept(tmp_path):
    before = scores_of(grid())
    before.to_json(tmp_path / "scores.json")
    assert Scores.from_json(tmp_path / "scores.json").calibration_error == before.calibration_error


@pytest.mark.parametrize(("labels", "metric"), [(CLASSES, "wa"), (SCORE, "mae")])
def test_a_frame_has_a_row_for_each_seed_fold_condition_and_metric(labels, metric):
    pytest.importorskip("pandas")
    predictions = grid(labels)
    frame = scores_of(predictions, labels).to_frame()
    keys = ["seed", "fold", "condition", "metric"]
    assert list(frame) == [*keys, "value", "utterances", "dialogues", "simulated"]
    assert not frame.duplicated(keys).any()
    assert len(frame) == 2 * 3 * len(CONDITIONS) * frame["metric"].nunique()
    row = frame.set_index(keys).loc[(1, "fold 2", "t", metric)]
    one = predictions[1, "fold 2", "t"].labelled()
    if labels.is_score:
        expected = (one.predicted - one.target).abs().mean().item()
    else:
        expected = (one.predicted == one.target).float().mean().item()
    assert row["value"] == pytest.approx(expected)
    assert (row["utterances"], row["dialogues"], row["simulated"]) == (7, 2, True)


def test_a_frame_agrees_with_the_means_over_seeds_of_each_fold():
    pytest.importorskip("pandas")
    scores = scores_of(grid())
    means = scores.to_frame().groupby(["fold", "condition", "metric"])["value"].mean()
    for row in scores.per_fold():
        assert means[row.fold, row.condition, row.metric] == pytest.approx(row.mean)


def test_a_frame_without_pandas_says_how_to_install_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(ImportError, match=r"pip install \"graphmer\[pandas\]\""):
        scores_of(grid()).to_frame()


def test_the_short_form_says_how_much_was_measured():
    assert repr(scores_of(grid())) == "Scores('system', 2 seeds, 3 folds, 4 conditions, 6 dialogues)"
