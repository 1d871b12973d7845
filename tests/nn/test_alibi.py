import pytest
import torch

from graphmer.nn.alibi import alibi_slopes, attention_mask
from graphmer.nn.experts import DialogueAttention, ExpertSettings
from graphmer.nn.tokens import Tokens


def test_slopes_are_those_of_the_paper():
    # Press et al. 2022: for 8 heads the sequence that starts at 1/2 and halves
    assert alibi_slopes(8).tolist() == [2.0**-h for h in range(1, 9)]


def test_each_head_hears_less_by_its_slope_and_turn():
    heard = torch.tensor([[True, True, False]])
    mask = attention_mask(heard, torch.tensor([[0, -2, 1]]), torch.tensor([0.5, 0.25]))
    assert mask.tolist() == [[[0.0, -1.0, -torch.inf]], [[0.0, -0.5, -torch.inf]]]


def test_without_slopes_distance_is_of_no_matter():
    heard = torch.tensor([[True, False]])
    assert attention_mask(heard, None, None).equal(heard[None])


@pytest.mark.parametrize("causal", [False, True])
def test_a_turn_far_away_is_heard_less_also_over_turns_without_the_modality(causal):
    available = torch.tensor([[1], [0], [0], [1], [1]], dtype=torch.bool)
    tokens = Tokens.of(available, torch.zeros(5, dtype=torch.long))
    attention = DialogueAttention(ExpertSettings(width=1, heads=1, alibi=True), causal=causal)
    attention.slopes = torch.tensor([0.5])
    with torch.no_grad():
        # no query and no key: what is heard is decided by distance alone; each value is the state
        attention.query_key_value.weight.copy_(torch.tensor([[0.0], [0.0], [1.0]]))
        attention.query_key_value.bias.zero_()
        said = attention(torch.tensor([[1.0], [2.0], [4.0]]), tokens)[:, 0]
    places, values = torch.tensor([0.0, 3.0, 4.0]), torch.tensor([1.0, 2.0, 4.0])
    for turn in range(3):
        share = torch.exp(-0.5 * (places - places[turn]).abs())
        if causal:
            share[turn + 1 :] = 0
        torch.testing.assert_close(said[turn], (share * values).sum() / share.sum())
