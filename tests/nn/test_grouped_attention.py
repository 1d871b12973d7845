import pytest
import torch

from graphmer.nn.grouped_attention import grouped_attention
from graphmer.nn.length_groups import SMALLEST_PADDING, length_groups
from tests.nn.test_local_attention import naive, ragged

FAR = 1000
"""A window beyond every dialogue."""


@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("share", [0.1, 0.7, 1.0])
@pytest.mark.parametrize("slopes", [None, torch.tensor([0.5, 0.01])])
def test_it_is_masked_attention(slopes, share, causal):
    tokens = ragged(share)
    qkv = torch.randn(len(tokens.node), 36, generator=torch.Generator().manual_seed(1))
    found = grouped_attention(qkv, tokens, 2, slopes, causal=causal)
    expected = naive(qkv, tokens, 2, FAR, slopes, causal)
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-5)


def test_groups_hold_every_row_once_and_hardly_any_padding():
    length = torch.randint(1, 110, (300,), generator=torch.Generator().manual_seed(0))
    groups = list(length_groups(length))
    rows = torch.cat([group.row[group.filled] for group in groups])
    assert rows.sort().values.equal(torch.arange(int(length.sum())))
    assert torch.cat([group.sequence for group in groups]).sort().values.equal(torch.arange(300))
    for group in groups:
        empty = int((~group.filled).sum())
        assert empty <= max(SMALLEST_PADDING, group.filled.numel() // 8)
    assert len(groups) < 20


def test_sequences_of_one_length_are_one_group_without_padding():
    (group,) = length_groups(torch.full((4,), 3))
    assert group.full
    assert group.row.flatten().equal(torch.arange(12))
