from dataclasses import replace

import pytest
import torch

from graphmer.dialogue import LabelSpace
from graphmer.dialogue.missing import Rate
from graphmer.inference import Predictor
from graphmer.inference.information_gain import ExpectedInformationGain
from graphmer.inference.records import what_if_as_json
from tests.inference.test_predictor import trained
from tests.talks import LABELS, ragged, talk

GAINS = ExpectedInformationGain(("audio", "text", "video"), {(("audio", "text"), "video"): (0.25, 40)})


def test_a_set_hides_the_other_modalities_from_the_whole_dialogue():
    parts = trained()
    dialogue = talk("ABAB", ["atv", "a", "", "tv"])
    found = Predictor(parts).what_if(dialogue)
    assert list(found.under) == ["nothing", "a", "t", "v", "at", "av", "tv", "atv"]
    hidden = torch.tensor([[True, True, False]]).expand(4, -1)
    alone = Predictor(parts).predict(dialogue.with_available(hidden))
    torch.testing.assert_close(found.under["at"].probability, alone.probability)
    assert found.under["at"].dialogue.available.tolist()[3] == [False, True, False]


def test_the_whole_set_is_the_prediction_as_it_is():
    parts, dialogue = trained(), talk("ABAB", ["atv", "a", "", "tv"])
    found = Predictor(parts).what_if(dialogue)
    said = Predictor(parts).predict(dialogue)
    torch.testing.assert_close(found.actual.probability, said.probability)
    assert found.actual is found.under["atv"]


def test_hidden_features_change_nothing():
    parts, dialogue = trained(), talk("ABA")
    other = replace(dialogue, features={**dialogue.features, "video": dialogue.features["video"] + 5})
    first, second = (Predictor(parts).what_if(each) for each in (dialogue, other))
    assert torch.equal(first.under["at"].probability, second.under["at"].probability)
    assert not torch.equal(first.under["tv"].probability, second.under["tv"].probability)


def test_a_turn_has_the_subsets_of_what_it_has():
    found = Predictor(trained()).what_if(talk("ABA", ["at", "", "v"]))
    assert found.sets_of(0) == ["nothing", "a", "t", "at"]
    assert found.sets_of(1) == ["nothing"]
    assert found.sets_of(2) == ["nothing", "v"]


def test_many_dialogues_in_small_batches_say_what_each_says_alone():
    predictor = Predictor(trained(decoder="chain"))
    for found, dialogue in zip(predictor.what_if_many(ragged(), nodes=7), ragged(), strict=True):
        alone = predictor.what_if(dialogue)
        assert list(found.under) == list(alone.under)
        for name, said in found.under.items():
            torch.testing.assert_close(said.probability, alone.under[name].probability)
            assert said.emotion == alone.under[name].emotion


def test_a_faulty_dialogue_is_named_after_those_before_it_are_answered():
    faulty = talk("AB", widths={"text": 7}, id="faulty")
    answers = Predictor(trained()).what_if_many([talk("AB"), faulty])
    assert next(answers).actual.dialogue.id == "d"
    with pytest.raises(ValueError, match=r"'faulty': 'text' must have width 5, got 7"):
        next(answers)


def test_a_protocol_hides_before_the_sets_are_formed():
    predictor, dialogue = Predictor(trained()), talk("ABABAB")
    (found,) = predictor.what_if_many([dialogue], missing=Rate(0.6))
    (said,) = predictor.predict_many([dialogue], missing=Rate(0.6))
    assert torch.equal(found.actual.dialogue.available, said.dialogue.available)
    torch.testing.assert_close(found.actual.probability, said.probability)


def test_json_has_every_subset_of_a_turn_and_what_would_help_most():
    found = Predictor(trained(), gain=GAINS).what_if(talk("ABA", ["at", "", "atv"]))
    first, second, third = what_if_as_json(found, LABELS)["turns"]
    assert list(first["what_if"]) == ["nothing", "a", "t", "at"]
    assert first["what_if"]["a"]["emotion"] in LABELS.names
    assert sum(first["what_if"]["t"]["probability"].values()) == pytest.approx(1, abs=1e-3)
    assert first["most_helpful"] == {
        "modality": "video", "entropy_drop_bits": 0.25, "training_turns": 40, "note": ""
    }  # fmt: skip
    assert second["most_helpful"]["note"] == "no training turn has any modality"
    assert third["most_helpful"]["note"] == "nothing is missing"
    assert third["what_if"]["atv"]["emotion"] == third["emotion"]


def test_a_model_without_a_table_says_so():
    assert "train it again" in Predictor(trained()).what_if(talk("A", ["t"])).help[0].note


def test_a_score_is_hypothesised_too_but_nothing_helps():
    found = Predictor(trained(LabelSpace(interval=(-3.0, 3.0)))).what_if(talk("AB").unlabelled())
    assert found.under["a"].probability.shape == (2, 1)
    assert found.help[0].note == "a score has no entropy"
