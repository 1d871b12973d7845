import math
from dataclasses import replace

import pytest
import torch
from torch.nn.functional import binary_cross_entropy_with_logits as bce

from graphmer.dialogue import FixedSet, LabelSpace
from graphmer.graph import GraphBuilder
from graphmer.nn.losses import emotion_loss
from graphmer.nn.targets import TrainingTargets
from graphmer.systems.experts import mixing_loss, unimodal_loss
from graphmer.systems.objectives import CauseTargets, cause_loss, change_loss
from tests.models import make
from tests.talks import LABELS, WIDTHS, batched, ragged, talk

NOTHING = TrainingTargets()


def tiny(**settings):
    return make(WIDTHS, 4, width=8, depth=1, **settings).eval()


def test_the_first_stage_adds_the_losses_of_the_experts():
    model, batch = tiny(), batched(ragged(), GraphBuilder({}, LABELS))
    terms = unimodal_loss(model, batch, NOTHING)
    output = model.network.unimodal(batch)
    expected = {m: emotion_loss(output.logits[m], batch.emotion[output.node[m]]) for m in WIDTHS}
    assert list(terms.parts) == list(WIDTHS)
    for modality, part in expected.items():
        torch.testing.assert_close(terms.parts[modality], part.detach())
    torch.testing.assert_close(terms.total, sum(expected.values()))
    assert not any(part.requires_grad for part in terms.parts.values())


def test_the_second_stage_weighs_reconstruction():
    model, build = tiny(reconstruction=0.25), GraphBuilder({}, LABELS)
    batch = batched([FixedSet(("text",)).apply(dialogue, 0) for dialogue in ragged()], build)
    batch.present = batched(ragged(), build).available
    terms = mixing_loss(model, batch, NOTHING)
    assert terms.parts["reconstruction"] > 0
    torch.testing.assert_close(
        terms.total.detach(), terms.parts["emotion"] + 0.25 * terms.parts["reconstruction"]
    )
    assert list(mixing_loss(tiny(), batch, NOTHING).parts) == ["emotion"]


def test_a_decoder_adds_the_likelihood_of_its_chains_to_the_cross_entropy():
    model, batch = tiny(decoder="chain"), batched(ragged(), GraphBuilder({}, LABELS))
    torch.nn.init.normal_(model.decoder.transition)
    terms = mixing_loss(model, batch, NOTHING)
    logits = model(batch).logits
    chain = model.decoder.loss(logits, batch.emotion, batch.speaker, batch.batch)
    assert list(terms.parts) == ["emotion", "chain"]
    torch.testing.assert_close(terms.parts["emotion"], emotion_loss(logits, batch.emotion).detach())
    torch.testing.assert_close(terms.parts["chain"], chain.detach())
    torch.testing.assert_close(terms.total, emotion_loss(logits, batch.emotion) + chain)


def test_the_change_loss_is_cross_entropy_over_annotated_turns_with_an_annotated_predecessor():
    model = tiny(change=True)
    batch = batched([talk("AABA", id="d"), talk("AA", id="e"), talk("B", id="f")], GraphBuilder({}, LABELS))
    batch.emotion = torch.tensor([0, -1, 2, 1, 3, 3, 0])
    output = model(batch)
    total = 0.0
    for turn, earlier, changed in ((3, 0, True), (5, 4, False)):
        h = output.state
        p = float(model.change_head(h[turn : turn + 1], h[earlier : earlier + 1]).sigmoid().detach())
        total -= math.log(p if changed else 1 - p)
    assert change_loss(model, output, batch).item() == pytest.approx(total / 2, rel=1e-5)
    terms = mixing_loss(model, batch, NOTHING)
    assert list(terms.parts) == ["emotion", "change"]
    torch.testing.assert_close(terms.total.detach(), terms.parts["emotion"] + terms.parts["change"])


def test_a_decoder_moves_nothing_without_annotations():
    model = tiny(decoder="chain", change=True)
    batch = batched([dialogue.unlabelled() for dialogue in ragged()], GraphBuilder({}, LABELS))
    terms = mixing_loss(model, batch, NOTHING)
    terms.total.backward()
    assert terms.total.item() == 0
    assert not any(p.grad is not None and p.grad.any() for p in model.parameters())


@pytest.mark.parametrize("loss", [unimodal_loss, mixing_loss])
@pytest.mark.parametrize("labels", [LABELS, LabelSpace(interval=(-3.0, 3.0))])
def test_a_batch_without_annotations_moves_nothing(loss, labels):
    model = make(WIDTHS, labels.outputs, width=8, depth=1, reconstruction=1.0)
    batch = batched([dialogue.unlabelled() for dialogue in ragged()], GraphBuilder({}, labels))
    terms = loss(model, batch, NOTHING)
    terms.total.backward()
    assert terms.total.item() == 0
    assert not any(p.grad is not None and p.grad.any() for p in model.parameters())


def test_the_cause_loss_is_cross_entropy_over_the_pairs_of_turns_whose_causes_are_annotated():
    model = tiny(cause=True)
    first = replace(talk("ABA", id="d"), causes={1: (), 2: (0, 2)})
    batch = batched([first, talk("AB", id="e")], GraphBuilder({}, LABELS))
    output = model(batch)
    logits = model.cause_logits(output, batch, torch.tensor([1, 2]))
    pairs = torch.cat([logits[0, :2], logits[1, :3]])
    caused = torch.tensor([0.0, 0.0, 1.0, 0.0, 1.0])
    torch.testing.assert_close(cause_loss(model, output, batch), bce(pairs, caused))
    assert list(mixing_loss(model, batch, NOTHING).parts) == ["emotion", "cause"]


def test_causes_after_their_turn_or_out_of_the_window_are_left_out():
    dialogue = replace(talk("ABAB"), causes={1: (1, 3), 3: (0, 2)})
    targets = CauseTargets.of(batched([dialogue], GraphBuilder({}, LABELS)), window=1)
    assert targets.turns.tolist() == [1, 3]
    assert targets.caused.tolist() == [[True, False], [False, True]]


def test_the_cause_loss_is_zero_without_annotated_causes():
    model = tiny(cause=True)
    batch = batched([talk("AB")], GraphBuilder({}, LABELS))
    loss = cause_loss(model, model(batch), batch)
    loss.backward()
    assert float(loss.detach()) == 0
    assert all(float(each.grad.abs().sum()) == 0 for each in model.cause_head.parameters())
