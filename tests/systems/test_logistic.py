import numpy as np
import pytest
import torch
from graphmer.baselines.logistic import UtteranceLogistic
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from graphmer.dialogue import Dialogue, LabelSpace, Utterance

CLASSES = LabelSpace(("happy", "sad", "angry"))
SCORE = LabelSpace(interval=(-3.0, 3.0))
WIDTHS = {"audio": 2, "text": 3}


def dialogue(name, seed, *, length=30, score=False, hidden=()):
    """Audio tells class 0 from the others, text tells class 2 from the others; one turn has no label."""
    generator = torch.Generator().manual_seed(seed)
    turns = []
    for position in range(length):
        number = int(torch.randint(3, (1,), generator=generator))
        audio = torch.randn(2, generator=generator) + 4 * (number == 0)
        text = torch.randn(3, generator=generator) + 4 * (number == 2)
        features = {"audio": audio, "text": text}
        emotion = number - 1.0 if score else CLASSES.names[number]
        kept = {modality: vector for modality, vector in features.items() if modality not in hidden}
        turns.append(Utterance("Ann", kept, None if position == 0 else emotion))
    return Dialogue.from_utterances(name, turns, widths=WIDTHS)


def test_more_modalities_are_better_and_context_is_not_used():
    baseline = UtteranceLogistic(CLASSES).fit([dialogue("d0", 0), dialogue("d1", 1)], [dialogue("d2", 2)])
    test = dialogue("d3", 3, length=100)
    target = CLASSES.encode(test.emotion)[1:]
    accuracy = {}
    for name, mask in {"a": [True, False], "t": [False, True], "at": [True, True]}.items():
        output = baseline.predict(test.with_available(torch.tensor(mask).expand(100, 2)))
        accuracy[name] = float((output.argmax(dim=1)[1:] == target).float().mean())
    assert accuracy["at"] > 0.9 > max(accuracy["a"], accuracy["t"]) > 0.5


def test_outputs_are_probabilities_of_every_class():
    baseline = UtteranceLogistic(CLASSES).fit([dialogue("d0", 0)], [dialogue("d1", 1)])
    output = baseline.predict(dialogue("d2", 2))
    assert output.shape == (30, 3)
    assert output.dtype == torch.float32
    torch.testing.assert_close(output.sum(dim=1), torch.ones(30))


def test_the_classifier_of_a_set_is_the_pipeline_with_the_best_validation_accuracy():
    train, validation = dialogue("d0", 0), dialogue("d1", 1)
    test = dialogue("d2", 2)
    text = {name: d.features["text"].numpy() for name, d in (("train", train), ("val", validation))}
    target = {name: CLASSES.encode(d.emotion).numpy() for name, d in (("train", train), ("val", validation))}
    candidates = []
    for penalty in (1000.0, 100.0, 10.0, 1.0):
        pipeline = make_pipeline(StandardScaler(), LogisticRegression(C=1 / penalty, max_iter=1000))
        pipeline.fit(text["train"][1:], target["train"][1:])
        candidates.append((pipeline.score(text["val"][1:], target["val"][1:]), pipeline))
    best = max(candidates, key=lambda candidate: candidate[0])[1]
    only_text = test.with_available(torch.tensor([False, True]).expand(30, 2))
    output = UtteranceLogistic(CLASSES).fit([train], [validation]).predict(only_text)
    np.testing.assert_allclose(output, best.predict_proba(test.features["text"].numpy()), atol=5e-3)


def test_features_of_an_unavailable_modality_change_nothing():
    baseline = UtteranceLogistic(CLASSES).fit([dialogue("d0", 0)], [dialogue("d1", 1)])
    test = dialogue("d2", 2).with_available(torch.tensor([False, True]).expand(30, 2))
    before = baseline.predict(test)
    test.features["audio"].fill_(float("nan"))
    torch.testing.assert_close(baseline.predict(test), before, rtol=0, atol=0)


def test_an_utterance_with_nothing_available_gets_the_training_distribution():
    train = dialogue("d0", 0)
    output = (
        UtteranceLogistic(CLASSES)
        .fit([train], [dialogue("d1", 1)])
        .predict(dialogue("d2", 2, hidden=("audio", "text")))
    )
    counts = torch.bincount(CLASSES.encode(train.emotion)[1:], minlength=3)
    torch.testing.assert_close(output, (counts / 29).expand(30, 3))


def test_a_set_without_training_utterances_falls_back_to_a_part_of_it():
    train = [dialogue("d0", 0, hidden=("text",))]
    baseline = UtteranceLogistic(CLASSES).fit(train, [dialogue("d1", 1)])
    test = dialogue("d2", 2)
    only_audio = test.with_available(torch.tensor([True, False]).expand(30, 2))
    torch.testing.assert_close(baseline.predict(test), baseline.predict(only_audio), rtol=0, atol=0)


def test_a_class_that_training_never_showed_has_no_probability():
    train = dialogue("d0", 0)
    emotions = tuple(None if emotion == "angry" else emotion for emotion in train.emotion)
    shown = Dialogue(**{**vars(train), "emotion": emotions})
    output = UtteranceLogistic(CLASSES).fit([shown], [dialogue("d1", 1)]).predict(dialogue("d2", 2))
    assert output[:, 2].tolist() == [0.0] * 30


def test_scores_are_predicted_by_ridge_regression():
    train, validation = dialogue("d0", 0, length=80, score=True), dialogue("d1", 1, score=True)
    baseline = UtteranceLogistic(SCORE).fit([train], [validation])
    test = dialogue("d2", 2, score=True)
    output = baseline.predict(test)
    assert output.shape == (30, 1)
    target = SCORE.encode(test.emotion)[1:]
    assert float((output[1:, 0] - target).abs().mean()) < 0.5 * float((target - target.mean()).abs().mean())
    nothing = baseline.predict(dialogue("d3", 3, hidden=("audio", "text")))
    torch.testing.assert_close(nothing, SCORE.encode(train.emotion)[1:].mean().expand(30, 1))


def test_fitting_twice_gives_the_same_and_refitting_starts_anew():
    test, validation = dialogue("d2", 2), dialogue("d1", 1)
    once = UtteranceLogistic(CLASSES).fit([dialogue("d0", 0)], [validation])
    again = UtteranceLogistic(CLASSES).fit([dialogue("d5", 5)], [validation])
    again.fit([dialogue("d0", 0)], [validation])
    torch.testing.assert_close(once.predict(test), again.predict(test), rtol=0, atol=0)


def test_predicting_before_fitting_is_refused():
    with pytest.raises(ValueError, match="call `fit` first"):
        UtteranceLogistic(CLASSES).predict(dialogue("d0", 0))


def test_fitting_needs_dialogues_on_both_sides():
    with pytest.raises(ValueError, match="got 1 and 0"):
        UtteranceLogistic(CLASSES).fit([dialogue("d0", 0)], [])


def test_fitting_needs_a_modality_with_labelled_utterances():
    hidden = dialogue("d0", 0, hidden=("audio", "text"))
    with pytest.raises(ValueError, match="there is no such modality"):
        UtteranceLogistic(CLASSES).fit([hidden], [dialogue("d1", 1)])


def test_other_modalities_are_refused():
    baseline = UtteranceLogistic(CLASSES).fit([dialogue("d0", 0)], [dialogue("d1", 1)])
    other = Dialogue.from_utterances("odd", [Utterance("Ann", {"video": [1.0]})])
    with pytest.raises(ValueError, match=r"'odd' must have .*\('audio', 'text'\), in this order"):
        baseline.predict(other)
