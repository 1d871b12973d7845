"""Attention within sequences of any lengths, side by side on a grid for the kernel."""

from typing import Any, NamedTuple

import torch
from torch import Tensor

from graphmer.nn.attention import attend, by_products
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
    along = _heads_apart if by_products(qkv) else _heads_side_by_side
    return along(qkv, tokens, heads, mask)


def _heads_side_by_side(qkv: Tensor, tokens: Tokens, heads: int, mask: Tensor) -> Tensor:
    """As torch's kernel wants them; each part on a grid of its own, so that no gradient is put together."""
    sequences, longest = tokens.shape
    width = qkv.shape[1] // 3
    grids = [_gathered(rows, tokens.token, tokens.slot) for rows in qkv.chunk(3, dim=1)]
    query, key, value = (
        grid.view(sequences, longest, heads, width // heads).transpose(1, 2) for grid in grids
    )
    heard = attend(query, key, value, mask).transpose(1, 2)
    return _answers(heard.reshape(sequences * longest, width), tokens.slot)


def _heads_apart(qkv: Tensor, tokens: Tokens, heads: int, mask: Tensor) -> Tensor:
    """As products want them, which would copy anything else; all parts in one gathering."""
    sequences, longest = tokens.shape
    width = qkv.shape[1] // (3 * heads)
    places = tokens.once(("places", heads), lambda: _Places.of(tokens, heads))
    grid = _gathered(qkv.reshape(-1, width), places.row, places.cell)
    query, key, value = grid.view(3, sequences, heads, longest, width).unbind()
    heard = attend(query, key, value, mask)
    return _answers(heard.reshape(-1, width), places.answer).view(len(qkv), heads * width)


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


def _gathered(rows: Tensor, row: Tensor, cell: Tensor) -> Tensor:
    """Rows of tokens as those of cells.

    Args:
        rows: of tokens.
        row: which one each cell holds.
        cell: where each of them is.
    """
    cells: Tensor = _Gathered.apply(rows, row, cell)  # type: ignore[no-untyped-call]
    return cells


def _answers(cells: Tensor, cell: Tensor) -> Tensor:
    """Rows of the cells that hold tokens, in the order of the tokens."""
    rows: Tensor = _Answers.apply(cells, cell)  # type: ignore[no-untyped-call]
    return rows


class _Gathered(torch.autograd.Function):
    """Nothing flows back from empty cells."""

    @staticmethod
    def forward(ctx: Any, rows: Tensor, row: Tensor, cell: Tensor) -> Tensor:
        ctx.cell = cell
        return rows.index_select(0, row)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None, None]:
        return gradient.index_select(0, ctx.cell), None, None


class _Answers(torch.autograd.Function):
    """Empty cells get a gradient of zero."""

    @staticmethod
    def forward(ctx: Any, cells: Tensor, cell: Tensor) -> Tensor:
        ctx.cell, ctx.count = cell, len(cells)
        return cells.index_select(0, cell)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        cells = gradient.new_zeros(ctx.count, gradient.shape[1])
        return cells.index_copy_(0, ctx.cell, gradient), None
