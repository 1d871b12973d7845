import pytest
import torch
from torch_geometric.data import Batch

from graphmer.dialogue import FixedSet
from graphmer.graph import GraphBuilder, TemporalWindow
from graphmer.graph.dataset import GraphDataset
from graphmer.nn.losses import distillation_loss
from graphmer.nn.messages import MessagePassingSettings
from graphmer.nn.targets import TrainingTargets
from graphmer.systems.experts import mixing_loss
from graphmer.training.distillation import teacher_logits
from tests.models import model_settings
from tests.talks import LABELS, WIDTHS, ragged

BUILD = GraphBuilder({"context": TemporalWindow(past=1, future=1)}, LABELS)
TRAIN = GraphDataset(ragged(), BUILD)


def model():
    torch.manual_seed(0)
    messages = MessagePassingSettings(width=8)
    return model_settings(
        WIDTHS, 4, BUILD.relations, width=8, depth=1, dropout=0.5, message_passing=messages
    ).build()


def text_only():
    return Batch.from_data_list(TRAIN.masked(FixedSet(("text",)), 0))


def test_the_teacher_sees_all_that_was_recorded_without_dropout_and_without_gradient():
    teacher = model().train()
    told = teacher_logits(teacher, text_only())
    assert teacher.training
    assert not told.requires_grad
    torch.testing.assert_close(told, teacher.eval()(Batch.from_data_list(TRAIN.graphs)).logits)


def test_the_student_still_sees_what_it_saw():
    batch = text_only()
    before = batch.available.clone()
    teacher_logits(model(), batch)
    assert torch.equal(batch.available, before)


def test_the_loss_is_least_where_the_student_says_the_same():
    told = torch.tensor([[2.0, 0.0, -1.0]])
    weight = torch.ones(1)
    same = distillation_loss(told.clone().requires_grad_(), told, weight)
    entropy = -(told.softmax(1) * told.log_softmax(1)).sum()
    torch.testing.assert_close(same, entropy)
    assert distillation_loss(told.flip(1), told, weight) > same
    student = (told + 0.7).requires_grad_()  # a constant on all logits says the same
    distillation_loss(student, told, weight).backward()
    assert student.grad.abs().max() < 1e-6


def test_hard_utterances_learn_more_and_others_nothing():
    told, output = torch.tensor([[3.0, 0.0], [0.0, 3.0]]), torch.zeros(2, 2, requires_grad=True)
    distillation_loss(output, told, torch.tensor([0.0, 0.4])).backward()
    assert output.grad[0].tolist() == [0, 0]
    assert output.grad[1, 1] < 0 < output.grad[1, 0]


def test_scores_are_learnt_by_their_squared_error():
    loss = distillation_loss(
        torch.tensor([[1.0], [0.0]]), torch.tensor([[3.0], [0.5]]), torch.tensor([1.0, 3.0])
    )
    assert loss.item() == pytest.approx((4 + 3 * 0.25) / 4)


def test_no_weight_is_no_loss():
    assert distillation_loss(torch.randn(3, 4), torch.randn(3, 4), torch.zeros(3)).item() == 0


def test_the_objective_adds_it_with_its_weight():
    batch, student = text_only(), model().eval()
    soft, hardness = teacher_logits(model(), batch), torch.linspace(0.1, 0.9, batch.num_nodes)
    targets = TrainingTargets(hardness=hardness, teacher_logits=soft, distillation_weight=2.0)
    plain = mixing_loss(student, batch, TrainingTargets())
    taught = mixing_loss(student, batch, targets)
    expected = distillation_loss(student(batch).logits, soft, hardness)
    torch.testing.assert_close(taught.parts["distillation"], expected.detach())
    torch.testing.assert_close(taught.total, plain.total + 2 * expected)


def test_the_teacher_hears_no_supports_of_its_own():
    teacher, batch = model(), text_only()
    plain = teacher_logits(teacher, batch)
    teacher.retrieval_memory = lambda graph: pytest.fail("looked for supports")
    assert torch.equal(teacher_logits(teacher, batch), plain)
