import math

import pytest
import torch

from graphmer.nn.experts import LAYERS, DialogueAttention, Expert, ExpertSettings, sinusoidal
from graphmer.nn.tokens import Tokens
from tests.nn import oracle

AVAILABLE = torch.tensor([[1, 1], [0, 1], [1, 1], [1, 0], [1, 1], [0, 1]], dtype=torch.bool)
DIALOGUE = torch.tensor([0, 0, 0, 1, 1, 2])


@pytest.mark.parametrize("causal", [False, True])
def test_attention_is_its_equation(causal):
    """Token by token, head by head, over the tokens of the same sequence."""
    torch.manual_seed(0)
    layer = DialogueAttention(ExpertSettings(width=6, heads=2), causal=causal)
    tokens = Tokens.of(AVAILABLE, DIALOGUE)
    state = torch.randn(len(tokens.node), 6)
    query, key, value = layer.query_key_value(state).detach().split(6, dim=1)
    expected = torch.zeros(len(tokens.node), 6)
    for i in range(len(tokens.node)):
        heard = [
            j
            for j in range(len(tokens.node))
            if tokens.sequence[j] == tokens.sequence[i] and (j <= i or not causal)
        ]
        for head in (slice(0, 3), slice(3, 6)):
            power = [math.exp(float(query[i, head] @ key[j, head]) / math.sqrt(3)) for j in heard]
            for share, j in zip(power, heard, strict=True):
                expected[i, head] += share / sum(power) * value[j, head]
    torch.testing.assert_close(layer(state, tokens), expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("block", LAYERS)
def test_an_expert_is_the_padded_one(block, causal):
    torch.manual_seed(1)
    network = Expert(
        ExpertSettings(width=6, depth=2, heads=2, dropout=0.5, block=block), causal=causal
    ).eval()
    tokens = Tokens.of(AVAILABLE, DIALOGUE)
    state = torch.randn(len(tokens.node), 6)
    grid = torch.zeros(*tokens.shape, 6)
    grid[tokens.filled] = state
    expected = oracle.expert(network, grid, tokens.filled)[tokens.filled]
    torch.testing.assert_close(network(state, tokens), expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("block", LAYERS)
def test_every_parameter_of_an_expert_gets_a_gradient(block):
    network = Expert(ExpertSettings(width=6, depth=2, heads=2, dropout=0.1, block=block))
    tokens = Tokens.of(AVAILABLE, DIALOGUE)
    network(torch.randn(len(tokens.node), 6), tokens).square().sum().backward()
    assert [name for name, p in network.named_parameters() if p.grad is None or not p.grad.any()] == []


def test_a_turn_alone_hears_itself():
    layer = DialogueAttention(ExpertSettings(width=4, heads=1), causal=False)
    state = torch.randn(1, 4)
    tokens = Tokens.of(torch.tensor([[True]]), torch.tensor([0]))
    torch.testing.assert_close(layer(state, tokens), layer.query_key_value(state)[:, 8:])


@pytest.mark.parametrize("block", LAYERS)
def test_no_tokens_give_no_states(block):
    tokens = Tokens.of(torch.zeros(2, 1, dtype=torch.bool), torch.tensor([0, 0]))
    assert Expert(ExpertSettings(width=4, depth=1, heads=2, dropout=0.1, block=block))(
        torch.zeros(0, 4), tokens
    ).shape == (0, 4)


def test_the_turn_code_is_its_formula():
    torch.testing.assert_close(sinusoidal(torch.arange(7), 6), oracle.turn_code(7, 6))


def test_heads_that_do_not_divide_the_width_are_refused():
    with pytest.raises(ValueError, match="`heads` must divide `width`; got 4 heads for width 6"):
        DialogueAttention(ExpertSettings(width=6, heads=4), causal=False)


def test_an_unknown_block_is_refused():
    with pytest.raises(ValueError, match="Input should be 'reference' or 'preln'"):
        Expert(ExpertSettings(width=4, depth=1, heads=2, dropout=0.1, block="post"))
