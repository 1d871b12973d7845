"""Attention within sequences of any lengths, side by side on a grid for the kernel."""

from typing import Any, NamedTuple

import torch
from torch import Tensor

from graphmer.nn.attention import attend
from graphmer.nn.tokens import Tokens


def grid_attention(qkv: Tensor, tokens: Tokens, heads: int, mask: Tensor) -> Tensor:
    """Attention of each token to those of its sequence.

    Cells of the grid without a token hold a copy of any other; they are masked as keys and never read as
    answers, so that nothing has to be set to zero. One gathering puts queries, keys and values of each head
    side by side as products want them.

    Args:
        qkv: queries, keys and values side by side.
        tokens: the tokens they belong to.
        heads: ``H``.
        mask: of the ``[S, L]`` grid, see `attention_mask`; false or minus infinity for cells without a token.

    Shapes:
        qkv ``[T, 3 * D]``; mask ``[S, 1 or H, 1 or L, L]``; returns ``[T, D]``.
    """
    sequences, longest = tokens.shape
    width = qkv.shape[1] // (3 * heads)
    places = tokens.once(("places", heads), lambda: _Places.of(tokens, heads))
    grid: Tensor = _ToGrid.apply(qkv, places, width)  # type: ignore[no-untyped-call]
    query, key, value = grid.view(3, sequences, heads, longest, width).unbind()
    heard = attend(query, key, value, mask)
    said: Tensor = _FromGrid.apply(heard.reshape(-1, width), places.answer)  # type: ignore[no-untyped-call]
    return said.view(len(qkv), heads * width)


class _Places(NamedTuple):
    """How rows of tokens and cells of the grid correspond.

    Attributes:
        row: what each cell ``[3, S, H, L]`` of queries, keys and values holds of the rows ``[T, 3, H]``.
        cell: where these rows are among those cells.
        answer: where the answer to each token and head ``[T, H]`` is in the cells ``[S, H, L]``.
    """

    row: Tensor
    cell: Tensor
    answer: Tensor

    @classmethod
    def of(cls, tokens: Tokens, heads: int) -> "_Places":
        sequences, longest = tokens.shape
        device = tokens.node.device
        head, part = torch.arange(heads, device=device), torch.arange(3, device=device)
        token = tokens.token.view(sequences, 1, longest)
        row = (token * 3 + part[:, None, None, None]) * heads + head[:, None]
        answer = (tokens.sequence[:, None] * heads + head) * longest + tokens.rank[:, None]
        cell = answer[:, None, :] + part[:, None] * (sequences * heads * longest)
        return cls(row.flatten(), cell.flatten(), answer.flatten())


class _ToGrid(torch.autograd.Function):
    """Rows ``[T, 3 * H * d]`` as cells ``[3 * S * H * L, d]``; no gradient comes from empty cells."""

    @staticmethod
    def forward(ctx: Any, rows: Tensor, places: _Places, width: int) -> Tensor:
        ctx.cell, ctx.shape = places.cell, rows.shape
        return rows.reshape(-1, width).index_select(0, places.row)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None, None]:
        return gradient.index_select(0, ctx.cell).view(ctx.shape), None, None


class _FromGrid(torch.autograd.Function):
    """Answers of cells ``[S * H * L, d]`` as those of tokens; empty cells get a gradient of zero."""

    @staticmethod
    def forward(ctx: Any, cells: Tensor, answer: Tensor) -> Tensor:
        ctx.answer, ctx.count = answer, len(cells)
        return cells.index_select(0, answer)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        cells = gradient.new_zeros(ctx.count, gradient.shape[1])
        return cells.index_copy_(0, ctx.answer, gradient), None
