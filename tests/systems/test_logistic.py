import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from graphmer.dialogue import Dialogue, LabelSpace, Utterance
from graphmer.graph import GraphBuilder
from graphmer.nn.network import Signature
from graphmer.systems.logistic import LogisticNetwork, LogisticSettings, fit_logistic

CLASSES = LabelSpace(("happy", "sad", "angry"))
SCORE = LabelSpace(interval=(-3.0, 3.0))
WIDTHS = {"audio": 2, "text": 3}


def unfitted(labels=CLASSES) -> LogisticNetwork:
    return LogisticNetwork(LogisticSettings(), Signature(widths=WIDTHS, outputs=labels.outputs))


def fitted(train, validation, labels=CLASSES) -> LogisticNetwork:
    network = unfitted(labels)
    fit_logistic(network, train, validation, labels)
    return network


def predict(network, dialogue) -> torch.Tensor:
    """Probabilities of the classes, or scores."""
    logits = network(GraphBuilder({})(dialogue)).logits
    return logits if logits.shape[1] == 1 else logits.softmax(dim=1)


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
    baseline = fitted([dialogue("d0", 0), dialogue("d1", 1)], [dialogue("d2", 2)])
    test = dialogue("d3", 3, length=100)
    target = CLASSES.encode(test.emotion)[1:]
    accuracy = {}
    for name, mask in {"a": [True, False], "t": [False, True], "at": [True, True]}.items():
        output = predict(baseline, test.with_available(torch.tensor(mask).expand(100, 2)))
        accuracy[name] = float((output.argmax(dim=1)[1:] == target).float().mean())
    assert accuracy["at"] > 0.9 > max(accuracy["a"], accuracy["t"]) > 0.5


def test_outputs_are_probabilities_of_every_class():
    baseline = fitted([dialogue("d0", 0)], [dialogue("d1", 1)])
    output = predict(baseline, dialogue("d2", 2))
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
    output = predict(fitted([train], [validation]), only_text)
    np.testing.assert_allclose(output, best.predict_proba(test.features["text"].numpy()), atol=5e-3)


def test_features_of_an_unavailable_modality_change_nothing():
    baseline = fitted([dialogue("d0", 0)], [dialogue("d1", 1)])
    test = dialogue("d2", 2).with_available(torch.tensor([False, True]).expand(30, 2))
    before = predict(baseline, test)
    test.features["audio"].fill_(float("nan"))
    torch.testing.assert_close(predict(baseline, test), before, rtol=0, atol=0)


def test_an_utterance_with_nothing_available_gets_the_training_distribution():
    train = dialogue("d0", 0)
    silent = dialogue("d2", 2, hidden=("audio", "text"))
    output = predict(fitted([train], [dialogue("d1", 1)]), silent)
    counts = torch.bincount(CLASSES.encode(train.emotion)[1:], minlength=3)
    torch.testing.assert_close(output, (counts / 29).expand(30, 3))


def test_a_set_without_training_utterances_falls_back_to_a_part_of_it():
    train = [dialogue("d0", 0, hidden=("text",))]
    baseline = fitted(train, [dialogue("d1", 1)])
    test = dialogue("d2", 2)
    only_audio = test.with_available(torch.tensor([True, False]).expand(30, 2))
    torch.testing.assert_close(predict(baseline, test), predict(baseline, only_audio), rtol=0, atol=0)


def test_a_class_that_training_never_showed_has_no_probability():
    train = dialogue("d0", 0)
    emotions = tuple(None if emotion == "angry" else emotion for emotion in train.emotion)
    shown = Dialogue(**{**vars(train), "emotion": emotions})
    output = predict(fitted([shown], [dialogue("d1", 1)]), dialogue("d2", 2))
    assert output[:, 2].tolist() == [0.0] * 30


def test_scores_are_predicted_by_ridge_regression():
    train, validation = dialogue("d0", 0, length=80, score=True), dialogue("d1", 1, score=True)
    baseline = fitted([train], [validation], SCORE)
    test = dialogue("d2", 2, score=True)
    output = predict(baseline, test)
    assert output.shape == (30, 1)
    target = SCORE.encode(test.emotion)[1:]
    assert float((output[1:, 0] - target).abs().mean()) < 0.5 * float((target - target.mean()).abs().mean())
    nothing = predict(baseline, dialogue("d3", 3, hidden=("audio", "text")))
    torch.testing.assert_close(nothing, SCORE.encode(train.emotion)[1:].mean().expand(30, 1))


def test_fitting_twice_gives_the_same_and_refitting_starts_anew():
    test, validation = dialogue("d2", 2), dialogue("d1", 1)
    once = fitted([dialogue("d0", 0)], [validation])
    again = fitted([dialogue("d5", 5)], [validation])
    fit_logistic(again, [dialogue("d0", 0)], [validation], CLASSES)
    torch.testing.assert_close(predict(once, test), predict(again, test), rtol=0, atol=0)


def test_all_that_was_fitted_is_in_the_state():
    before, after = fitted([dialogue("d0", 0)], [dialogue("d1", 1)]), unfitted()
    after.load_state_dict(before.state_dict())
    assert torch.equal(predict(before, dialogue("d2", 2)), predict(after, dialogue("d2", 2)))
    assert not list(before.parameters())


def test_two_classes_have_the_probabilities_of_scikit_learn():
    labels = LabelSpace(("happy", "other"))
    pair = [
        Dialogue(**{**vars(d), "emotion": tuple("happy" if e == "happy" else "other" for e in d.emotion)})
        for d in (dialogue("d0", 0), dialogue("d1", 1), dialogue("d2", 2))
    ]
    output = predict(fitted(pair[:1], pair[1:2], labels), pair[2])
    correct = output.argmax(dim=1) == labels.encode(pair[2].emotion)
    assert correct.float().mean() > 0.8
    torch.testing.assert_close(output.sum(dim=1), torch.ones(30))


def test_fitting_needs_dialogues_on_both_sides():
    with pytest.raises(ValueError, match="got 1 and 0"):
        fitted([dialogue("d0", 0)], [])


def test_fitting_needs_a_modality_with_labelled_utterances():
    hidden = dialogue("d0", 0, hidden=("audio", "text"))
    with pytest.raises(ValueError, match="there is no such modality"):
        fitted([hidden], [dialogue("d1", 1)])


def test_other_modalities_are_refused():
    other = Dialogue.from_utterances("odd", [Utterance("Ann", {"video": [1.0]})])
    with pytest.raises(ValueError, match=r"'odd' must have .*\('audio', 'text'\), in this order"):
        fitted([other], [other])
