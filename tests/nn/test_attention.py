import pytest
import torch

from graphmer.nn.attention import attend

HEARD = torch.tensor([[True, True, False], [False, True, False]])
MASKS = {
    "heard": HEARD,
    "added": torch.tensor([[0.0, -1.5, 2.0], [0.5, 0.0, 0.0]]).masked_fill(~HEARD, -torch.inf),
}


def by_hand(query, key, value, mask):
    score = torch.einsum("hqd,hkd->hqk", query, key) / query.shape[-1] ** 0.5
    added = torch.where(mask, 0.0, -torch.inf) if mask.dtype == torch.bool else mask
    return torch.einsum("hqk,hkd->hqd", (score + added).softmax(-1), value)


@pytest.mark.parametrize("mask", MASKS.values(), ids=MASKS)
@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float32, 1e-5), (torch.bfloat16, 0.03)])
def test_both_ways_give_the_formula_and_its_gradient(mask, dtype, tolerance):
    rows = [torch.randn(2, length, 8).to(dtype).requires_grad_() for length in (2, 3, 3)]
    exact = [row.detach().float().requires_grad_() for row in rows]
    said, expected = attend(*rows, mask), by_hand(*exact, mask)
    assert said.dtype == dtype
    torch.testing.assert_close(said.float(), expected, atol=tolerance, rtol=0)
    weight = torch.randn_like(expected)
    (said.float() * weight).sum().backward()
    (expected * weight).sum().backward()
    for row, other in zip(rows, exact, strict=True):
        torch.testing.assert_close(row.grad.float(), other.grad, atol=2 * tolerance, rtol=0)
