import pytest
import torch

from graphmer.nn.cache import KeyValueCache, MessageCache
from graphmer.nn.experts import LAYERS, Expert
from graphmer.nn.tokens import Tokens

AVAILABLE = torch.tensor([[1, 1], [0, 1], [0, 0], [1, 0], [1, 1], [1, 0], [0, 1], [1, 1]], dtype=torch.bool)


def by_target(rows: torch.Tensor, tokens: Tokens, first: int) -> dict[tuple[int, int], torch.Tensor]:
    """Row of each (turn, modality)."""
    parts = zip(tokens.split(tokens.node), tokens.split(rows), strict=True)
    return {
        (int(node) + first, m): row
        for m, (nodes, part) in enumerate(parts)
        for node, row in zip(nodes, part, strict=True)
    }


@pytest.mark.parametrize("block", LAYERS)
@pytest.mark.parametrize("context", [1, 2, None])
@pytest.mark.parametrize("pieces", [[1] * 8, [3, 5], [2, 1, 4, 1]])
def test_experts_that_remember_say_what_they_say_of_the_whole(pieces, context, block):
    torch.manual_seed(0)
    network = Expert(6, 2, 2, 0.0, block=block, causal=True, attention_window=context)
    whole = Tokens.of(AVAILABLE, torch.zeros(8, dtype=torch.long))
    state = by_target(torch.randn(len(whole.node), 6), whole, 0)
    expected = by_target(network(torch.stack(list(state.values())), whole), whole, 0)
    memory, found, first = KeyValueCache(context), {}, 0
    for count in pieces:
        plain = Tokens.of(AVAILABLE[first : first + count], torch.zeros(count, dtype=torch.long))
        tokens = memory.with_new(plain, torch.arange(first, first + count))
        rows = by_target(torch.zeros(len(tokens.node), 6), tokens, first)
        mine = torch.stack([state[cell] for cell in rows]) if rows else torch.zeros(0, 6)
        found |= by_target(network(mine, tokens), tokens, first)
        first += count
        if context is not None:
            memory.evict(first - context)
    assert found.keys() == expected.keys()
    for cell, row in found.items():
        torch.testing.assert_close(row, expected[cell], rtol=1e-5, atol=1e-5)


def test_what_is_forgotten_and_what_is_rewound_is_gone():
    memory = KeyValueCache(3)
    network = Expert(6, 1, 2, 0.0, causal=True, attention_window=3)
    for turn in range(5):
        plain = Tokens.of(torch.ones(1, 2, dtype=torch.bool), torch.zeros(1, dtype=torch.long))
        network(torch.randn(2, 6), memory.with_new(plain, torch.tensor([turn])))
    assert len(memory) == 10
    memory.evict(2)
    assert len(memory) == 6
    memory.truncate(4)
    assert len(memory) == 4


def test_messages_come_after_those_of_earlier_turns_in_every_layer():
    earlier = [torch.full((2, 3), float(turn)) for turn in range(4)]
    memory = MessageCache(earlier)
    new = [torch.full((1, 3), 10.0), torch.full((1, 3), 11.0)]
    assert [memory.extend(rows)[:, 0].tolist() for rows in new] == [[0, 1, 2, 3, 10], [0, 1, 2, 3, 11]]
    assert memory.said.tolist() == [[[10.0] * 3, [11.0] * 3]]
    assert MessageCache([]).extend(new[0]).tolist() == new[0].tolist()
