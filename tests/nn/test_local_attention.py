import math

import pytest
import torch

from graphmer.nn.experts import LAYERS, Expert, ExpertSettings
from graphmer.nn.local_attention import SMALLEST_BLOCK, local_attention
from graphmer.nn.tokens import Tokens

LENGTHS = torch.tensor([53, 1, 0, 17, 40])


def settings(**changes) -> ExpertSettings:
    return ExpertSettings(**{"width": 6, "depth": 2, "heads": 2, "dropout": 0.0, **changes})


def ragged(share: float, seed: int = 0) -> Tokens:
    """Dialogues of many and of few turns, each modality there for a share of them."""
    batch = torch.arange(len(LENGTHS)).repeat_interleave(LENGTHS)
    available = torch.rand(len(batch), 3, generator=torch.Generator().manual_seed(seed)) < share
    return Tokens.of(available, batch)


def naive(
    qkv: torch.Tensor, tokens: Tokens, heads: int, context: int, slopes: torch.Tensor | None, causal: bool
) -> torch.Tensor:
    """Every token against every other, and a mask of the pairs that are near in turns."""
    query, key, value = (part.unflatten(1, (heads, -1)).transpose(0, 1) for part in qkv.chunk(3, dim=1))
    ahead = tokens.node[:, None] - tokens.node[None]
    near = (ahead <= context) & (ahead >= (0 if causal else -context))
    hidden = (tokens.sequence[:, None] != tokens.sequence[None]) | ~near
    score = query @ key.transpose(1, 2) / math.sqrt(query.shape[2])
    if slopes is not None:
        score = score - torch.stack([slope * ahead.abs() for slope in slopes])
    score = score.masked_fill(hidden, -torch.inf)
    return (score.softmax(dim=2) @ value).transpose(0, 1).flatten(1)


@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("context", [0, 1, 3, 7, SMALLEST_BLOCK, 20, 52, 1000])
@pytest.mark.parametrize("share", [0.1, 0.7, 1.0])
@pytest.mark.parametrize("slopes", [None, torch.tensor([0.5, 0.01])])
def test_it_is_masked_attention_with_equal_gradients(slopes, share, context, causal):
    tokens = ragged(share)
    generator = torch.Generator().manual_seed(1)
    qkv = torch.randn(len(tokens.node), 36, generator=generator, requires_grad=True)
    pull = torch.randn(len(tokens.node), 12, generator=generator)
    found, expected = (
        local_attention(qkv, tokens, 2, context, slopes, causal=causal),
        naive(qkv, tokens, 2, context, slopes, causal),
    )
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-5)
    gradients = [torch.autograd.grad((said * pull).sum(), qkv)[0] for said in (found, expected)]
    torch.testing.assert_close(*gradients, rtol=1e-5, atol=1e-5)


def test_distance_is_counted_in_turns_and_not_in_what_is_there():
    tokens = Tokens.of(
        torch.tensor([[1], [0], [0], [1], [1]], dtype=torch.bool), torch.zeros(5, dtype=torch.long)
    )
    values = torch.tensor([[0.0], [1.0], [2.0]])
    qkv = torch.cat([torch.zeros(3, 2), values], dim=1)
    said = local_attention(qkv, tokens, 1, 2, None, causal=False)
    assert said.squeeze(1).tolist() == [0.0, 1.5, 1.5]


@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("block", LAYERS)
def test_a_stack_of_layers_reads_as_far_as_its_windows_add_up(block, causal):
    torch.manual_seed(0)
    network = Expert(settings(block=block, attention_window=3), causal=causal).eval()
    tokens = Tokens.of(torch.ones(30, 1, dtype=torch.bool), torch.zeros(30, dtype=torch.long))
    state = torch.randn(30, 6, requires_grad=True)
    network(state, tokens)[15].sum().backward()
    heard = torch.nonzero(state.grad.abs().sum(dim=1)).squeeze(1).tolist()
    assert heard == list(range(9, 16 if causal else 22))


@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("alibi", [False, True])
@pytest.mark.parametrize("block", LAYERS)
def test_a_window_as_long_as_the_dialogue_changes_nothing(block, alibi, causal):
    tokens = ragged(0.7)
    state = torch.randn(len(tokens.node), 6)
    said = []
    for window in (None, 52):
        torch.manual_seed(0)
        expert = Expert(settings(block=block, attention_window=window, alibi=alibi), causal=causal)
        said.append(expert(state, tokens))
    torch.testing.assert_close(*said, rtol=1e-5, atol=1e-5)


def test_what_is_computed_grows_linearly_with_the_dialogue():
    """Sizes of all that is kept for the backward pass, which no clock has to measure."""

    def kept(turns: int) -> int:
        sizes = []
        tokens = Tokens.of(torch.ones(turns, 1, dtype=torch.bool), torch.zeros(turns, dtype=torch.long))
        network = Expert(settings(width=4, depth=1, heads=1, attention_window=20))
        with torch.autograd.graph.saved_tensors_hooks(lambda x: sizes.append(x.numel()) or x, lambda x: x):
            network(torch.randn(turns, 4), tokens)
        return sum(sizes)

    assert kept(8000) <= 8.1 * kept(1000)


def test_no_tokens_give_no_states():
    tokens = Tokens.of(torch.zeros(2, 1, dtype=torch.bool), torch.tensor([0, 0]))
    network = Expert(settings(width=4, depth=1, attention_window=3))
    assert network(torch.zeros(0, 4), tokens).shape == (0, 4)


def test_with_a_window_of_zero_each_turn_is_read_on_its_own():
    torch.manual_seed(0)
    network = Expert(settings(width=4, block="preln", attention_window=0)).eval()
    state = torch.randn(5, 4)
    together = network(state, Tokens.of(torch.ones(5, 1, dtype=torch.bool), torch.zeros(5, dtype=torch.long)))
    alone = network(state, Tokens.of(torch.ones(5, 1, dtype=torch.bool), torch.arange(5)))
    torch.testing.assert_close(together, alone)


def test_a_negative_window_is_refused():
    with pytest.raises(ValueError, match="attention_window\n  Input should be greater than or equal to 0"):
        settings(attention_window=-1)
