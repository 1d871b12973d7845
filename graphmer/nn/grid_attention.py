"""Attention within sequences of any lengths, side by side on a grid for the kernel."""

from typing import Any

import torch
from torch import Tensor

from graphmer.nn.attention import attend
from graphmer.nn.tokens import Tokens


def grid_attention(qkv: Tensor, tokens: Tokens, heads: int, mask: Tensor) -> Tensor:
    """Attention of each token to those of its sequence.

    Cells of the grid without a token hold a copy of any other; they are masked as keys and never read as
    answers, so that nothing has to be set to zero.

    Args:
        qkv: queries, keys and values side by side.
        tokens: the tokens they belong to.
        heads: ``H``.
        mask: of the ``[S, L]`` grid, see `attention_mask`; false or minus infinity for cells without a token.

    Shapes:
        qkv ``[T, 3 * D]``; mask ``[S, 1 or H, 1 or L, L]``; returns ``[T, D]``.
    """
    sequences, longest = tokens.shape
    width = qkv.shape[1] // 3
    # each on a grid of its own, so that no gradient has to be put together on a grid
    grids = (_ToGrid.apply(rows, tokens) for rows in qkv.split(width, dim=1))  # type: ignore[no-untyped-call]
    query, key, value = (
        grid.view(sequences, longest, heads, width // heads).transpose(1, 2) for grid in grids
    )
    heard = attend(query, key, value, mask)
    said: Tensor = _FromGrid.apply(heard.transpose(1, 2).reshape(sequences * longest, width), tokens)  # type: ignore[no-untyped-call]
    return said


class _ToGrid(torch.autograd.Function):
    """Rows of tokens ``[T, X]`` as those of cells ``[S * L, X]``; nothing flows back from empty cells."""

    @staticmethod
    def forward(ctx: Any, rows: Tensor, tokens: Tokens) -> Tensor:
        ctx.slot = tokens.slot
        return rows.index_select(0, tokens.token)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        return gradient.index_select(0, ctx.slot), None


class _FromGrid(torch.autograd.Function):
    """Rows of cells as those of tokens; empty cells get a gradient of zero."""

    @staticmethod
    def forward(ctx: Any, cells: Tensor, tokens: Tokens) -> Tensor:
        ctx.slot, ctx.count = tokens.slot, len(cells)
        return cells.index_select(0, tokens.slot)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        cells = gradient.new_zeros(ctx.count, gradient.shape[1])
        return cells.index_copy_(0, ctx.slot, gradient), None
