import math

import pytest
import torch

from graphmer.dialogue import FixedSet, LabelSpace
from graphmer.graph import GraphBuilder
from graphmer.nn.losses import emotion_loss
from graphmer.nn.settings import ModelSettings
from graphmer.training.objective import (
    change_loss,
    mixing_objective,
    reconstruction_loss,
    unimodal_objective,
)
from tests.talks import LABELS, WIDTHS, batched, ragged, talk

NAN = float("nan")


def test_the_loss_of_classes_is_cross_entropy_over_the_labelled():
    logits = torch.tensor([[1.0, 2.0, 0.5], [0.0, -1.0, 3.0], [2.0, 2.0, 2.0], [0.1, 0.2, 0.3]])
    target = torch.tensor([1, -1, 0, 2])
    total = 0.0
    for n in (0, 2, 3):
        powers = [math.exp(value) for value in logits[n].tolist()]
        total -= math.log(powers[int(target[n])] / sum(powers))
    assert emotion_loss(logits, target).item() == pytest.approx(total / 3, rel=1e-6)


def test_the_loss_of_a_score_is_the_squared_error_over_the_labelled():
    output = torch.tensor([[1.0], [5.0], [-2.0]])
    assert emotion_loss(output, torch.tensor([0.5, NAN, 1.0])).item() == pytest.approx((0.25 + 9) / 2)


@pytest.mark.parametrize(
    ("width", "target"),
    [(3, torch.tensor([-1, -1])), (1, torch.tensor([NAN, NAN])), (3, torch.empty(0).long())],
)
def test_where_nothing_is_labelled_loss_and_gradient_are_zero(width, target):
    output = torch.randn(len(target), width, requires_grad=True)
    loss = emotion_loss(output, target)
    loss.backward()
    assert loss.item() == 0
    assert not output.grad.any()


def test_reconstruction_counts_what_is_recorded_and_hidden():
    features = {"a": torch.zeros(4, 2), "b": torch.zeros(4, 3)}
    rebuilt = {"a": torch.tensor([[1.0, 2], [9, 9], [3, 0], [9, 9]]), "b": torch.full((4, 3), 2.0)}
    present = torch.tensor([[1, 1], [0, 1], [1, 0], [1, 1]], dtype=torch.bool)
    available = torch.tensor([[0, 1], [0, 0], [0, 0], [1, 1]], dtype=torch.bool)
    hidden = {("a", 0): (1 + 4) / 2, ("a", 2): 9 / 2, ("b", 1): 4}
    loss = reconstruction_loss(rebuilt, features, available, present)
    assert loss.item() == pytest.approx(sum(hidden.values()) / 3)


def test_errors_where_nothing_is_hidden_cost_exactly_nothing():
    """Neither what is seen nor what was never recorded, which may hold anything."""
    features = {"a": torch.tensor([[1.0, 2.0], [NAN, NAN], [5.0, 6.0]])}
    rebuilt = torch.tensor([[9.0, 9.0], [9.0, 9.0], [5.0, 6.0]], requires_grad=True)
    present = torch.tensor([[True], [False], [True]])
    available = torch.tensor([[True], [False], [False]])
    loss = reconstruction_loss({"a": rebuilt}, features, available, present)
    loss.backward()
    assert loss.item() == 0
    assert not rebuilt.grad.any()


def test_with_nothing_hidden_reconstruction_is_zero():
    there = torch.ones(2, 1, dtype=torch.bool)
    assert reconstruction_loss({"a": torch.ones(2, 3)}, {"a": torch.zeros(2, 3)}, there, there).item() == 0


def tiny(**settings):
    torch.manual_seed(0)
    return ModelSettings(WIDTHS, 4, width=8, depth=1, **settings).build().eval()


def test_the_first_stage_adds_the_losses_of_the_experts():
    model, batch = tiny(), batched(ragged(), GraphBuilder({}, LABELS))
    terms = unimodal_objective(model, batch)
    said = model.unimodal(batch)
    expected = {m: emotion_loss(said.logits[m], batch.emotion[said.node[m]]) for m in WIDTHS}
    assert list(terms.parts) == list(WIDTHS)
    for modality, part in expected.items():
        torch.testing.assert_close(terms.parts[modality], part.detach())
    torch.testing.assert_close(terms.total, sum(expected.values()))
    assert not any(part.requires_grad for part in terms.parts.values())


def test_the_second_stage_weighs_reconstruction():
    model, build = tiny(reconstruct=True), GraphBuilder({}, LABELS)
    batch = batched([FixedSet(("text",)).apply(dialogue, 0) for dialogue in ragged()], build)
    batch.present = batched(ragged(), build).available
    terms = mixing_objective(0.25)(model, batch)
    assert terms.parts["reconstruction"] > 0
    torch.testing.assert_close(
        terms.total.detach(), terms.parts["emotion"] + 0.25 * terms.parts["reconstruction"]
    )
    assert list(mixing_objective()(model, batch).parts) == ["emotion"]


def test_a_decoder_adds_the_likelihood_of_its_chains_to_the_cross_entropy():
    model, batch = tiny(decoder="chain"), batched(ragged(), GraphBuilder({}, LABELS))
    torch.nn.init.normal_(model.decoder.transition)
    terms = mixing_objective()(model, batch)
    logits = model(batch).emotion_logits
    chain = model.decoder.loss(logits, batch.emotion, batch.speaker, batch.batch)
    assert list(terms.parts) == ["emotion", "chain"]
    torch.testing.assert_close(terms.parts["emotion"], emotion_loss(logits, batch.emotion).detach())
    torch.testing.assert_close(terms.parts["chain"], chain.detach())
    torch.testing.assert_close(terms.total, emotion_loss(logits, batch.emotion) + chain)


def test_the_change_loss_is_cross_entropy_over_annotated_turns_with_an_annotated_predecessor():
    model = tiny(change_head=True)
    batch = batched([talk("AABA", id="d"), talk("AA", id="e"), talk("B", id="f")], GraphBuilder({}, LABELS))
    batch.emotion = torch.tensor([0, -1, 2, 1, 3, 3, 0])
    output = model(batch)
    total = 0.0
    for turn, earlier, changed in ((3, 0, True), (5, 4, False)):
        h = output.embedding
        p = float(model.change_head(h[turn : turn + 1], h[earlier : earlier + 1]).sigmoid().detach())
        total -= math.log(p if changed else 1 - p)
    assert change_loss(model, output, batch).item() == pytest.approx(total / 2, rel=1e-5)
    terms = mixing_objective()(model, batch)
    assert list(terms.parts) == ["emotion", "change"]
    torch.testing.assert_close(terms.total.detach(), terms.parts["emotion"] + terms.parts["change"])


def test_a_decoder_moves_nothing_without_annotations():
    model = tiny(decoder="chain", change_head=True)
    batch = batched([dialogue.unlabelled() for dialogue in ragged()], GraphBuilder({}, LABELS))
    terms = mixing_objective()(model, batch)
    terms.total.backward()
    assert terms.total.item() == 0
    assert not any(p.grad is not None and p.grad.any() for p in model.parameters())


@pytest.mark.parametrize("objective", [unimodal_objective, mixing_objective(1.0)])
@pytest.mark.parametrize("labels", [LABELS, LabelSpace(interval=(-3.0, 3.0))])
def test_a_batch_without_annotations_moves_nothing(objective, labels):
    torch.manual_seed(0)
    model = ModelSettings(WIDTHS, labels.outputs, width=8, depth=1, reconstruct=True).build()
    batch = batched([dialogue.unlabelled() for dialogue in ragged()], GraphBuilder({}, labels))
    terms = objective(model, batch)
    terms.total.backward()
    assert terms.total.item() == 0
    assert not any(p.grad is not None and p.grad.any() for p in model.parameters())
