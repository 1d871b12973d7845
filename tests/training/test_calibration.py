import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from sklearn.metrics import log_loss, matthews_corrcoef
from torch.nn.functional import cross_entropy

from graphmer.evaluation.metrics import classification
from graphmer.graph import GraphBuilder
from graphmer.nn.calibration import Calibration
from graphmer.training.calibration import fit_calibration
from tests.models import model_settings
from tests.talks import LABELS, WIDTHS, batched, talk

BUILD = GraphBuilder({}, LABELS)


def model(**settings):
    torch.manual_seed(1)
    made = model_settings(WIDTHS, 4, width=8, depth=1, **settings).build().eval()
    torch.nn.init.normal_(made.network.emotion.weight, std=2.0)  # far too sure
    if made.decoder is not None:
        torch.nn.init.normal_(made.decoder.transition, std=2.0)
    return made


def drawn():
    """Dialogues whose emotions are drawn from what the model says, made three times less sure."""
    generator = torch.Generator().manual_seed(0)
    found = []
    for number in range(6):
        dialogue = talk("AABBABBAAB" * 3, id=str(number), seed=number)
        logits = model()(batched([dialogue], BUILD)).logits.detach()
        classes = (logits / 3).softmax(1).multinomial(1, generator=generator)[:, 0]
        found.append(replace(dialogue, emotion=LABELS.decode(classes)))
    return found


DIALOGUES = drawn()


def fit(made, dialogues=DIALOGUES):
    cpu = torch.device("cpu")
    return fit_calibration(made, [BUILD(dialogue) for dialogue in dialogues], nodes=70, device=cpu)


def emotion_loss(made, batch):
    with torch.no_grad():
        return float(cross_entropy(made.probabilities(made(batch), batch).log(), batch.emotion))


@pytest.mark.parametrize("decoder", ["none", "chain"])
def test_no_other_temperature_makes_the_annotations_more_likely(decoder):
    made, batch = model(decoder=decoder), batched(DIALOGUES, BUILD)
    found = fit(made)
    assert made.calibration == found
    assert 1 < found.emotion < 10
    best = emotion_loss(made, batch)
    for factor in (0.5, 0.9, 1.1, 2.0):
        made.calibrate(found.model_copy(update={"emotion": found.emotion * factor}))
        assert emotion_loss(made, batch) > best


def test_emotions_are_what_they_were_without_a_decoder():
    made, batch = model(), batched(DIALOGUES, BUILD)
    before = made.probabilities(made(batch), batch)
    fit(made)
    after = made.probabilities(made(batch), batch)
    assert torch.equal(before.argmax(1), after.argmax(1))
    assert not torch.allclose(before, after)


def changes(made):
    batch = batched(DIALOGUES, BUILD)
    said = made.decide(made(batch), batch)
    eligible = ~torch.isnan(said.change)
    previous = {}
    truth = []
    for dialogue in DIALOGUES:
        for speaker, emotion in zip(dialogue.speaker.tolist(), dialogue.emotion, strict=True):
            if (dialogue.id, speaker) in previous:
                truth.append(emotion != previous[dialogue.id, speaker])
            previous[dialogue.id, speaker] = emotion
    return said.change[eligible].detach().numpy(), said.changed[eligible].numpy(), np.array(truth)


def test_the_change_head_gets_a_temperature_and_a_threshold_of_its_own():
    made = model(change=True)
    with torch.no_grad():  # sure of the little it knows
        for parameter in made.change_head.score[3].parameters():
            parameter.mul_(20)
    found = fit(made)
    probability, changed, truth = changes(made)
    best = log_loss(truth, probability)
    assert matthews_corrcoef(truth, changed) == pytest.approx(
        max(matthews_corrcoef(truth, probability >= p) for p in np.sort(probability)[1:]), abs=1e-6
    )
    for factor in (0.8, 1.25):
        made.calibrate(found.model_copy(update={"change": found.change * factor}))
        assert log_loss(truth, changes(made)[0]) > best


def test_a_decoder_without_a_head_gets_a_threshold():
    made = model(decoder="chain")
    found = fit(made)
    probability, changed, truth = changes(made)
    assert found.change == 1
    assert 0 < found.threshold < 1
    assert matthews_corrcoef(truth, changed) >= matthews_corrcoef(truth, probability >= 0.5)


def test_where_nothing_changes_the_threshold_stays():
    same = [replace(each, emotion=("sad",) * len(each)) for each in DIALOGUES]
    found = fit(model(change=True), same)
    assert found.threshold == Calibration().threshold
    assert math.isfinite(found.change)


def test_where_no_turn_is_eligible_nothing_breaks():
    found = fit(model(change=True, decoder="chain"), [talk("AB", id="short")])
    assert found.threshold == Calibration().threshold


def scores_of(made, dialogues):
    batch = batched(dialogues, BUILD)
    with torch.no_grad():
        predicted = made.probabilities(made(batch), batch).argmax(1)
    return classification(batch.emotion, predicted, 4)


def rare():
    """Dialogues whose second half of the classes the model finds, but never with the largest logit."""
    generator = torch.Generator().manual_seed(0)
    made = model()
    with torch.no_grad():
        made.network.emotion.bias.copy_(torch.tensor([2.0, 2.0, 0.0, 0.0]))
    found = []
    for number in range(12):
        dialogue = talk("AABBABBAAB" * 3, id=str(number), seed=number)
        logits = made(batched([dialogue], BUILD)).logits.detach() - torch.tensor([1.0, 1.0, 0.0, 0.0])
        classes = logits.softmax(1).multinomial(1, generator=generator)[:, 0]
        found.append(replace(dialogue, emotion=LABELS.decode(classes)))
    return made, found


def test_rare_classes_are_found_more_often_with_logit_adjustment():
    made, dialogues = rare()
    before = scores_of(made, dialogues)
    frequency = torch.tensor([0.45, 0.45, 0.05, 0.05])
    graphs = [BUILD(dialogue) for dialogue in dialogues]
    found = fit_calibration(made, graphs, nodes=70, device=torch.device("cpu"), frequency=frequency)
    assert found.bias[0] == found.bias[1] == 0 < found.bias[2]
    after = scores_of(made, dialogues)
    assert after["weighted_f1"] + after["wa"] > before["weighted_f1"] + before["wa"]


def test_equal_frequencies_adjust_nothing():
    made, dialogues = rare()
    graphs = [BUILD(dialogue) for dialogue in dialogues]
    found = fit_calibration(
        made, graphs, nodes=70, device=torch.device("cpu"), frequency=torch.full((4,), 0.25)
    )
    assert not any(found.bias)


@pytest.mark.parametrize("decoder", ["none", "chain"])
def test_a_bias_moves_the_decisions_of_every_decoder(decoder):
    made, batch = model(decoder=decoder), batched(DIALOGUES, BUILD)
    made.calibrate(Calibration(bias=(0.0, 0.0, 0.0, 50.0)))
    decision = made.decide(made(batch), batch)
    assert bool((decision.emotion == 3).all())
    assert bool((decision.probability.argmax(1) == 3).all())


def test_a_bias_leaves_turns_without_any_modality_as_they_are():
    nothing = talk("ABAB", ["", "", "t", ""], id="gaps")
    made, batch = model(), batched([nothing], BUILD)
    before = made.probabilities(made(batch), batch)
    made.calibrate(Calibration(bias=(0.0, 0.0, 0.0, 50.0)))
    after = made.probabilities(made(batch), batch)
    assert torch.equal(after[[0, 1, 3]], before[[0, 1, 3]])
    assert after[2].argmax() == 3
