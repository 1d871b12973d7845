from copy import deepcopy

import pytest
import torch

from graphmer.nn.cache import KeyValueCache, MessageCache
from graphmer.nn.experts import LAYERS
from graphmer.nn.mixture import ExpertMixture, MixtureSettings
from graphmer.nn.stacked import StackedExperts
from graphmer.nn.tokens import Tokens

WIDTHS = {"audio": 3, "text": 4}
AVAILABLE = torch.tensor([[1, 1], [0, 1], [0, 0], [1, 0], [1, 1], [1, 0], [0, 1], [1, 1]], dtype=torch.bool)


def mixture(**settings) -> ExpertMixture:
    """Two experts, whose layer norms do something."""
    torch.manual_seed(0)
    made = ExpertMixture(MixtureSettings(width=6, heads=2, dropout=0.0, **settings), WIDTHS, causal=True)
    for name, parameter in made.named_parameters():
        if "norm" in name:
            torch.nn.init.normal_(parameter)
    return made.eval()


def by_cell(rows: torch.Tensor, tokens: Tokens, first: int) -> dict[tuple[int, int], torch.Tensor]:
    """Row of each (turn, modality)."""
    parts = zip(tokens.split(tokens.node), tokens.split(rows), strict=True)
    return {
        (int(node) + first, m): row
        for m, (nodes, part) in enumerate(parts)
        for node, row in zip(nodes, part, strict=True)
    }


@pytest.mark.parametrize("block", LAYERS)
@pytest.mark.parametrize("window", [1, 2, None])
@pytest.mark.parametrize("pieces", [[1] * 8, [3, 5], [2, 1, 4, 1]])
@pytest.mark.parametrize("alibi", [False, True])
@torch.no_grad()
def test_experts_with_a_cache_give_the_outputs_of_the_whole_dialogue(pieces, window, block, alibi):
    network = mixture(depth=2, block=block, attention_window=window, alibi=alibi)
    stacked = StackedExperts(network)
    whole = Tokens.of(AVAILABLE, torch.zeros(8, dtype=torch.long))
    state = by_cell(torch.randn(len(whole.node), 6), whole, 0)
    rows = torch.stack(list(state.values()))
    expected = by_cell(torch.stack([expert(rows, whole) for expert in network.experts], dim=1), whole, 0)
    mixed = network(rows, whole, 8)
    cache, found, first, parts = KeyValueCache(window), {}, 0, []
    for count in pieces:
        tokens = Tokens.of(AVAILABLE[first : first + count], torch.zeros(count, dtype=torch.long))
        cache.extend(tokens, torch.arange(first, first + count))
        rows = by_cell(torch.zeros(len(tokens.node), 6), tokens, first)
        mine = torch.stack([state[cell] for cell in rows]) if rows else torch.zeros(0, 6)
        copy = deepcopy(cache)
        found |= by_cell(stacked.outputs(mine, cache).transpose(0, 1), tokens, first)
        parts.append(stacked.mixed(mine, tokens, count, copy))
        first += count
        if window is not None:
            cache.evict(first - window)
    assert found.keys() == expected.keys()
    for cell, row in found.items():
        torch.testing.assert_close(row, expected[cell], rtol=1e-5, atol=1e-5)
    for name in ("embedding", "weight"):
        joined = torch.cat([getattr(part, name) for part in parts])
        torch.testing.assert_close(joined, getattr(mixed, name), rtol=1e-5, atol=1e-5)


def test_evicted_and_truncated_turns_are_gone():
    cache = KeyValueCache(3)
    stacked = StackedExperts(mixture(depth=1, attention_window=3))
    for turn in range(5):
        tokens = Tokens.of(torch.ones(1, 2, dtype=torch.bool), torch.zeros(1, dtype=torch.long))
        cache.extend(tokens, torch.tensor([turn]))
        stacked.outputs(torch.randn(2, 6), cache)
    assert len(cache) == 10
    cache.evict(2)
    assert len(cache) == 6
    cache.truncate(4)
    assert len(cache) == 4


def test_messages_come_after_those_of_earlier_turns_in_every_layer():
    earlier = [torch.full((2, 3), float(turn)) for turn in range(4)]
    cache = MessageCache(earlier)
    new = [torch.full((1, 3), 10.0), torch.full((1, 3), 11.0)]
    assert [cache.extend(rows)[:, 0].tolist() for rows in new] == [[0, 1, 2, 3, 10], [0, 1, 2, 3, 11]]
    assert cache.new.tolist() == [[[10.0] * 3, [11.0] * 3]]
    assert MessageCache([]).extend(new[0]).tolist() == new[0].tolist()
