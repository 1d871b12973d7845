import torch
from torch import nn

from graphmer.graph import GraphBuilder
from graphmer.nn.teacher import complement, frozen, recorded
from tests.talks import LABELS, WIDTHS, batched, talk


def graph():
    """Two turns; nothing but text is available, audio of the second was never recorded."""
    made = batched([talk("AB", ["atv", "tv"])], GraphBuilder({}, LABELS))
    made.available = made.present & torch.tensor([False, True, False])
    made["audio"][1] = torch.nan
    return made


def test_the_complement_is_what_was_recorded_but_masked():
    made = graph()
    found = complement(made, tuple(WIDTHS))
    assert torch.equal(found["audio"], torch.stack([made["audio"][0], torch.zeros(3)]))
    assert not found["text"].any()
    assert torch.equal(found["video"], made["video"])


def test_all_that_was_recorded_is_there_masked_or_not():
    made = graph()
    found = recorded(made, tuple(WIDTHS))
    assert torch.equal(found["audio"], torch.stack([made["audio"][0], torch.zeros(3)]))
    assert torch.equal(found["text"], made["text"])
    assert torch.equal(found["video"], made["video"])


def test_a_frozen_teacher_has_no_dropout_and_no_gradient_and_is_left_as_it_was():
    teacher = nn.Sequential(nn.Linear(3, 3), nn.Dropout(0.5)).train()
    inputs = torch.ones(20, 3, requires_grad=True)
    with frozen(teacher):
        output = teacher(inputs)
    assert torch.equal(output, output[:1].expand(20, -1))
    assert not output.requires_grad
    assert all(module.training for module in teacher.modules())
    assert teacher(inputs).requires_grad
