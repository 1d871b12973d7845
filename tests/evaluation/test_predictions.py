from dataclasses import replace

import numpy as np
import pytest
import torch

from graphmer.errors import CheckpointError
from graphmer.evaluation.predictions import Predictions


def three_utterances(**changes):
    plain = Predictions(
        condition="at",
        dialogue_ids=("d0", "d1"),
        dialogue=torch.tensor([0, 0, 1]),
        utterance_ids=("u0", "u1", "u2"),
        target=torch.tensor([1, -1, 0]),
        output=torch.tensor([[0.2, 0.8], [0.6, 0.4], [0.3, 0.7]]),
        available=torch.tensor([[True, True], [True, False], [False, False]]),
        speaker=torch.tensor([0, 1, 0]),
        change=torch.tensor([float("nan"), float("nan"), 0.25]),
        changed=torch.tensor([False, False, True]),
    )
    return replace(plain, **changes)


def test_the_most_probable_class_is_predicted():
    assert three_utterances().predicted.tolist() == [1, 0, 1]


def test_the_prediction_of_a_score_is_the_output():
    score = torch.tensor([[0.5], [-1.0], [2.0]])
    predictions = three_utterances(target=torch.tensor([0.0, float("nan"), 1.0]), output=score)
    assert predictions.predicted.tolist() == [0.5, -1.0, 2.0]
    assert predictions.labelled().utterance_ids == ("u0", "u2")


def test_labelled_drops_unlabelled_utterances_and_dialogues_without_labels():
    labelled = three_utterances(target=torch.tensor([-1, -1, 0])).labelled()
    assert labelled.dialogue_ids == ("d1",)
    assert labelled.dialogue.tolist() == [0]
    assert labelled.utterance_ids == ("u2",)
    assert labelled.output.shape == (1, 2)
    assert labelled.available.tolist() == [[False, False]]
    assert labelled.speaker.tolist() == [0]
    assert (labelled.change.tolist(), labelled.changed.tolist()) == ([0.25], [True])


def test_labelled_may_be_empty():
    assert len(three_utterances(target=torch.tensor([-1, -1, -1])).labelled()) == 0


def test_concatenation_joins_folds_and_keeps_each_utterance_in_its_dialogue():
    other = three_utterances(dialogue_ids=("d3", "d0"), utterance_ids=("u5", "u6", "u7"))
    joined = Predictions.concatenate([three_utterances(), other])
    assert joined.dialogue_ids == ("d0", "d1", "d3")
    assert joined.keys[3:] == [("d3", "u5"), ("d3", "u6"), ("d0", "u7")]
    assert joined.speaker.tolist() == [0, 1, 0, 0, 1, 0]
    assert joined.changed.tolist() == [False, False, True] * 2
    assert len(joined) == 6


def test_concatenation_refuses_an_utterance_that_occurs_twice():
    with pytest.raises(ValueError, match=r"must be predicted once; .*'d0', 'u0'"):
        Predictions.concatenate([three_utterances(), three_utterances()])


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"condition": "a"}, "same condition"),
        ({"output": torch.rand(3, 4)}, "same number of outputs"),
        ({"available": torch.ones(3, 3, dtype=torch.bool)}, "same number of modalities"),
        ({"target": torch.zeros(3)}, "same kind of target"),
        ({"speaker": None}, "same optional columns"),
        ({"change": None, "changed": None}, "same optional columns"),
    ],
)
def test_concatenation_refuses_incompatible_predictions(changes, what):
    other = three_utterances(utterance_ids=("u5", "u6", "u7"), **changes)
    with pytest.raises(ValueError, match=what):
        Predictions.concatenate([three_utterances(), other])


def test_concatenation_of_nothing_is_refused():
    with pytest.raises(ValueError, match="at least one"):
        Predictions.concatenate([])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"target": torch.zeros(2, dtype=torch.long)}, "`target` must have 1 dimension.* 3 utterance ids"),
        ({"output": torch.zeros(3)}, "`output` must have 2 dimension"),
        ({"speaker": torch.zeros(2, dtype=torch.long)}, "`speaker` must have 1 dimension"),
        ({"change": torch.zeros(3, 1)}, "`change` must have 1 dimension"),
        ({"dialogue": torch.tensor([0, 1, 2])}, "within the 2 dialogue ids; got 0 to 2"),
        ({"output": torch.full((3, 2), float("nan"))}, "must be finite; .* 3 utterances .* 'u0'"),
    ],
)
def test_malformed_predictions_are_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        three_utterances(**changes)


def test_saving_and_loading_is_exact(tmp_path):
    path = tmp_path / "test-at.npz"
    before = three_utterances(utterance_ids=("ä|1", "u1", "u2"))
    before.save(path)
    after = Predictions.load(path)
    assert (after.condition, after.dialogue_ids, after.utterance_ids) == (
        "at",
        ("d0", "d1"),
        ("ä|1", "u1", "u2"),
    )
    for name in ("dialogue", "target", "output", "available", "speaker", "change", "changed"):
        stored = getattr(after, name)
        assert stored.dtype == getattr(before, name).dtype
        assert np.array_equal(stored, getattr(before, name), equal_nan=name == "change")


def test_speakers_and_changes_are_optional(tmp_path):
    before = three_utterances(speaker=None, change=None, changed=None)
    before.save(tmp_path / "test-at.npz")
    assert Predictions.load(tmp_path / "test-at.npz").speaker is None
    assert Predictions.load(tmp_path / "test-at.npz").change is None
    assert before.labelled().speaker is None
    assert Predictions.concatenate([before]).speaker is None


def test_loading_a_missing_or_foreign_file_names_it(tmp_path):
    with pytest.raises(CheckpointError, match=r"absent\.npz: cannot be read as predictions"):
        Predictions.load(tmp_path / "absent.npz")
    (tmp_path / "text.npz").write_text("no archive")
    with pytest.raises(CheckpointError, match=r"text\.npz"):
        Predictions.load(tmp_path / "text.npz")
    np.savez(tmp_path / "other.npz", something=np.zeros(1))
    with pytest.raises(CheckpointError, match="condition"):
        Predictions.load(tmp_path / "other.npz")
