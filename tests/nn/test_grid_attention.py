import torch

from graphmer.nn.grid_attention import grid_attention
from graphmer.nn.tokens import Tokens

AVAILABLE = torch.tensor([[1, 1], [0, 1], [1, 1], [1, 0], [1, 1], [0, 1]], dtype=torch.bool)
TOKENS = Tokens.of(AVAILABLE, torch.tensor([0, 0, 0, 1, 1, 2]))


def attended(qkv: torch.Tensor) -> torch.Tensor:
    return grid_attention(qkv, TOKENS, 2, TOKENS.filled[:, None, None, :])


def test_a_sequence_alone_gets_the_same_answers():
    qkv = torch.randn(len(TOKENS.node), 12)
    together = attended(qkv)
    for sequence in range(TOKENS.shape[0]):
        rows = TOKENS.sequence == sequence
        alone = Tokens.of(
            torch.ones(int(rows.sum()), 1, dtype=torch.bool), torch.zeros(int(rows.sum())).long()
        )
        expected = grid_attention(qkv[rows], alone, 2, alone.filled[:, None, None, :])
        torch.testing.assert_close(together[rows], expected)


def test_its_gradient_is_its_derivative_though_cells_are_filled_with_copies():
    assert TOKENS.shape[0] * TOKENS.shape[1] > len(TOKENS.node)
    assert torch.autograd.gradcheck(
        attended, torch.randn(len(TOKENS.node), 12, dtype=torch.double).requires_grad_()
    )


def test_products_in_bfloat16_say_the_same_and_have_the_same_gradient():
    half = torch.randn(len(TOKENS.node), 12).bfloat16().requires_grad_()
    full = half.detach().float().requires_grad_()
    said, expected = attended(half), attended(full)
    assert said.dtype == torch.bfloat16
    torch.testing.assert_close(said.float(), expected, rtol=0.05, atol=0.03)
    weight = torch.randn_like(full[:, :4])
    (said.float() * weight).sum().backward()
    (expected * weight).sum().backward()
    torch.testing.assert_close(half.grad.float(), full.grad, rtol=0.05, atol=0.05)
