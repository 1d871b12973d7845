import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from sklearn.metrics import f1_score, precision_score, recall_score

from graphmer.evaluation.cause_scores import CauseScores, cause_values
from graphmer.evaluation.causes import CAUSE_RULES, cause_counts, cause_metrics, predicted_counts, rule_counts
from graphmer.evaluation.predictions import Predictions
from tests.talks import LABELS, talk

DIALOGUES = [
    replace(talk("ABBA", id="d"), causes={0: (), 3: (0, 3)}),
    replace(talk("AB", id="e"), causes={1: (0,)}),
    talk("AB", id="without annotation"),
]


def predictions(called, condition="t"):
    """Predictions of all dialogues whose causes are {(dialogue, turn): distances}."""
    lengths = [len(dialogue) for dialogue in DIALOGUES]
    caused = torch.zeros(sum(lengths), 4, dtype=torch.bool)
    for (dialogue, turn), distances in called.items():
        caused[sum(lengths[:dialogue]) + turn, list(distances)] = True
    return Predictions(
        condition=condition,
        dialogue_ids=tuple(dialogue.id for dialogue in DIALOGUES),
        dialogue=torch.arange(3).repeat_interleave(torch.tensor(lengths)),
        utterance_ids=tuple(id for dialogue in DIALOGUES for id in dialogue.utterance_ids),
        target=torch.cat([LABELS.encode(dialogue.emotion) for dialogue in DIALOGUES]),
        output=torch.full((sum(lengths), 4), 0.25),
        available=torch.ones(sum(lengths), 3, dtype=torch.bool),
        cause=caused.float(),
        caused=caused,
    )


def test_every_turn_up_to_an_annotated_one_is_a_pair():
    assert rule_counts(DIALOGUES, lambda dialogue, turn: set()).sum(axis=1).tolist() == [1 + 4, 2, 0]


def test_rules_call_the_turn_in_their_place():
    called = {name: call(DIALOGUES[0], 3) for name, call in CAUSE_RULES.items()}
    assert called == {
        "itself": {3},
        "previous turn": {2},
        "last turn of another speaker": {2},
        "itself and previous": {2, 3},
        "itself and last of another": {2, 3},
    }
    assert CAUSE_RULES["previous turn"](DIALOGUES[0], 0) == set()
    assert CAUSE_RULES["last turn of another speaker"](talk("BAA"), 2) == {0}
    assert CAUSE_RULES["last turn of another speaker"](talk("AA"), 1) == set()


def test_metrics_are_those_of_scikit_learn_over_pairs():
    found = predictions({(0, 0): [0], (0, 3): [0, 2], (1, 1): [1], (2, 1): [0]})
    annotated, called = [0, 1, 0, 0, 1, 1, 0], [1, 0, 1, 0, 1, 1, 0]
    metrics = cause_metrics(predicted_counts(found, DIALOGUES).sum(axis=0))
    assert metrics["positive_f1"] == pytest.approx(f1_score(annotated, called))
    assert metrics["negative_f1"] == pytest.approx(f1_score(annotated, called, pos_label=0))
    assert metrics["macro_f1"] == pytest.approx(f1_score(annotated, called, average="macro"))
    assert metrics["precision"] == pytest.approx(precision_score(annotated, called))
    assert metrics["recall"] == pytest.approx(recall_score(annotated, called))


def test_annotated_causes_after_their_turn_are_not_counted():
    dialogue = replace(talk("AB"), causes={0: (1,)})
    assert cause_counts(dialogue, lambda dialogue, turn: {turn}).tolist() == [0, 1, 0, 0]


def test_predictions_without_causes_or_without_a_turn_are_refused():
    plain = replace(predictions({}), cause=None, caused=None)
    with pytest.raises(ValueError, match="without causes"):
        predicted_counts(plain, DIALOGUES)
    with pytest.raises(ValueError, match="'other' was not predicted"):
        predicted_counts(predictions({}), [replace(DIALOGUES[0], id="other")])


def test_scores_have_conditions_rules_and_paired_gains():
    right = {(0, 3): [0, 3], (1, 1): [1]}
    found = {(1, "1", "t"): predictions(right), (1, "1", "drop:0.5"): predictions({}, "drop:0.5")}
    scores = CauseScores.from_predictions(found, DIALOGUES)
    assert (scores.pairs, scores.causes, scores.counts.shape) == (7, 3, (1, 2, 2, 4))
    assert scores.summary()["t"]["positive_f1"].mean == 1
    assert scores.summary()["drop:0.5"]["positive_f1"].mean == 0
    itself = scores.rule_summary()["itself"]["positive_f1"].mean
    gain = scores.gains()["t"]["itself"]
    assert gain.mean == pytest.approx(1 - itself)
    assert gain.low <= gain.mean <= gain.high
    assert json.loads(json.dumps(cause_values(scores)))["rules"]["itself"]["positive_f1"]["mean"] == itself


def test_there_are_no_scores_without_predicted_or_annotated_causes():
    plain = replace(predictions({}), cause=None, caused=None)
    assert CauseScores.from_predictions({(1, "1", "t"): plain}, DIALOGUES) is None
    unknown = [dialogue.unlabelled() for dialogue in DIALOGUES]
    assert CauseScores.from_predictions({(1, "1", "t"): predictions({})}, unknown) is None


def test_predicted_causes_are_stored(tmp_path):
    found = predictions({(0, 3): [0, 3]})
    found.save(tmp_path / "t.npz")
    again = Predictions.load(tmp_path / "t.npz")
    assert torch.equal(again.caused, found.caused)
    assert torch.equal(again.cause, found.cause)
    assert np.array_equal(predicted_counts(again, DIALOGUES), predicted_counts(found, DIALOGUES))
