import math

import pytest
import torch

from graphmer.graph import GraphBuilder
from graphmer.nn.calibration import Calibration
from graphmer.nn.change_head import ChangeHead
from tests.models import model_settings
from tests.talks import LABELS, WIDTHS, batched, ragged, talk


def tiny(**settings):
    torch.manual_seed(0)
    return model_settings(WIDTHS, 4, width=8, depth=1, change=True, **settings).build().eval()


def graphs(dialogues=None):
    return batched(ragged() if dialogues is None else dialogues, GraphBuilder({}, LABELS))


def test_the_head_is_its_equation():
    torch.manual_seed(0)
    head = ChangeHead(3, 0.5).eval().requires_grad_(False)
    now, earlier = torch.randn(5, 3), torch.randn(5, 3)
    first, last = head.score[0], head.score[3]
    for t, p, found in zip(now, earlier, head(now, earlier), strict=True):
        relation = [*t, *p, *(a * b for a, b in zip(t, p, strict=True))]
        relation += [abs(a - b) for a, b in zip(t, p, strict=True)]
        hidden = [sum(w * x for w, x in zip(row, relation, strict=True)) for row in first.weight]
        hidden = [x + b for x, b in zip(hidden, first.bias, strict=True)]
        gelu = [x * 0.5 * (1 + math.erf(x / math.sqrt(2))) for x in map(float, hidden)]
        expected = sum(float(w) * x for w, x in zip(last.weight[0], gelu, strict=True)) + float(last.bias)
        assert float(found) == pytest.approx(expected, abs=1e-5)


def test_a_turn_is_compared_with_the_previous_one_of_its_speaker():
    model, batch = tiny(), graphs([talk("ABA", id="d"), talk("AA", id="e")])
    output = model(batch)
    said = model.decide(output, batch).change
    assert torch.isnan(said).tolist() == [True, True, False, True, False]
    h = output.state
    torch.testing.assert_close(said[2:3], model.change_head(h[2:3], h[0:1]).sigmoid())
    torch.testing.assert_close(said[4:5], model.change_head(h[4:5], h[3:4]).sigmoid())


@pytest.mark.parametrize("decoder", ["none", "chain"])
def test_turns_that_may_not_be_compared_with_are_skipped(decoder):
    model, batch = tiny(decoder=decoder), graphs([talk("AABA")])
    output = model(batch)
    said = model.decide(output, batch, torch.tensor([True, False, True, True]))
    assert torch.isnan(said.change).tolist() == [True, False, True, False]
    h = output.state
    torch.testing.assert_close(said.change[3:], model.change_head(h[3:], h[:1]).sigmoid())
    assert torch.isnan(said.derived_change).tolist() == [True, False, True, False]


def test_the_derived_change_is_there_beside_the_head():
    plain = model_settings(WIDTHS, 4, width=8, depth=1).build().eval()
    model, batch = tiny(), graphs()
    plain.load_state_dict(model.state_dict(), strict=False)
    derived = plain.decide(plain(batch), batch)
    said = model.decide(model(batch), batch)
    torch.testing.assert_close(said.derived_change, derived.change, equal_nan=True)
    assert not torch.allclose(said.change.nan_to_num(), derived.change.nan_to_num())


def test_temperatures_divide_logits_and_the_threshold_decides():
    model, batch = tiny(), graphs()
    output = model(batch)
    before = model.decide(output, batch)
    model.calibrate(Calibration(emotion=3.0, change=2.0, threshold=0.4))
    after = model.decide(output, batch)
    torch.testing.assert_close(after.probability, (output.logits / 3).softmax(1))
    torch.testing.assert_close(model.probabilities(output, batch), after.probability)
    assert torch.equal(after.emotion, before.emotion)
    torch.testing.assert_close(after.change, (before.change.logit() / 2).sigmoid(), equal_nan=True)
    assert after.changed.tolist() == [bool(p >= 0.4) for p in after.change]
    assert before.changed.tolist() == [bool(p >= 0.5) for p in before.change]
