import pytest
import torch

from graphmer.nn.cache import KeyValueCache, MessageCache
from graphmer.nn.experts import LAYERS, Expert, ExpertSettings
from graphmer.nn.tokens import Tokens

AVAILABLE = torch.tensor([[1, 1], [0, 1], [0, 0], [1, 0], [1, 1], [1, 0], [0, 1], [1, 1]], dtype=torch.bool)


def expert(**settings) -> Expert:
    return Expert(ExpertSettings(width=6, heads=2, dropout=0.0, **settings), causal=True)


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
def test_experts_with_a_cache_give_the_outputs_of_the_whole_dialogue(pieces, window, block):
    torch.manual_seed(0)
    network = expert(depth=2, block=block, attention_window=window)
    whole = Tokens.of(AVAILABLE, torch.zeros(8, dtype=torch.long))
    state = by_cell(torch.randn(len(whole.node), 6), whole, 0)
    expected = by_cell(network(torch.stack(list(state.values())), whole), whole, 0)
    cache, found, first = KeyValueCache(window), {}, 0
    for count in pieces:
        plain = Tokens.of(AVAILABLE[first : first + count], torch.zeros(count, dtype=torch.long))
        tokens = cache.extend(plain, torch.arange(first, first + count))
        rows = by_cell(torch.zeros(len(tokens.node), 6), tokens, first)
        mine = torch.stack([state[cell] for cell in rows]) if rows else torch.zeros(0, 6)
        found |= by_cell(network(mine, tokens), tokens, first)
        first += count
        if window is not None:
            cache.evict(first - window)
    assert found.keys() == expected.keys()
    for cell, row in found.items():
        torch.testing.assert_close(row, expected[cell], rtol=1e-5, atol=1e-5)


def test_evicted_and_truncated_turns_are_gone():
    cache = KeyValueCache(3)
    network = expert(depth=1, attention_window=3)
    for turn in range(5):
        plain = Tokens.of(torch.ones(1, 2, dtype=torch.bool), torch.zeros(1, dtype=torch.long))
        network(torch.randn(2, 6), cache.extend(plain, torch.tensor([turn])))
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
