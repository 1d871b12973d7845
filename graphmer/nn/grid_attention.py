"""Attention within sequences of different lengths, padded to a grid inside one function."""

from typing import NamedTuple

import torch
from torch import Tensor

from graphmer.nn.attention import attend, by_products
from graphmer.nn.gather import gather_cells, gather_rows
from graphmer.nn.tokens import Tokens


def grid_attention(qkv: Tensor, tokens: Tokens, heads: int, mask: Tensor) -> Tensor:
    """Attention of each token to the tokens of its sequence.

    Cells of the grid without a token hold a copy of another token; they are masked as keys and never read as
    outputs, so that nothing has to be set to zero.

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
    """Layout of torch's kernel: one grid each for queries, keys and values, so no gradient is joined."""
    sequences, longest = tokens.shape
    width = qkv.shape[1] // 3
    grids = [gather_cells(rows, tokens.token, tokens.slot) for rows in qkv.chunk(3, dim=1)]
    query, key, value = (
        grid.view(sequences, longest, heads, width // heads).transpose(1, 2) for grid in grids
    )
    attended = attend(query, key, value, mask).transpose(1, 2)
    return gather_rows(attended.reshape(sequences * longest, width), tokens.slot)


def _heads_apart(qkv: Tensor, tokens: Tokens, heads: int, mask: Tensor) -> Tensor:
    """Layout of the matrix products, which would copy any other; one gather for all three parts."""
    sequences, longest = tokens.shape
    width = qkv.shape[1] // (3 * heads)
    places = tokens.once(("places", heads), lambda: _Places.of(tokens, heads))
    grid = gather_cells(qkv.reshape(-1, width), places.row, places.cell)
    query, key, value = grid.view(3, sequences, heads, longest, width).unbind()
    attended = attend(query, key, value, mask)
    return gather_rows(attended.reshape(-1, width), places.output).view(qkv.shape[0], heads * width)


class _Places(NamedTuple):
    """Correspondence of rows of tokens and cells of the grid.

    Attributes:
        row: row of ``[T, 3, H]`` in each cell ``[3, S, H, L]`` of queries, keys and values.
        cell: cell of each of these rows.
        output: cell ``[S, H, L]`` of the output of each token and head ``[T, H]``.
    """

    row: Tensor
    cell: Tensor
    output: Tensor

    @classmethod
    def of(cls, tokens: Tokens, heads: int) -> "_Places":
        sequences, longest = tokens.shape
        device = tokens.node.device
        head, part = torch.arange(heads, device=device), torch.arange(3, device=device)
        token = tokens.token.view(sequences, 1, longest)
        row = (token * 3 + part[:, None, None, None]) * heads + head[:, None]
        output = (tokens.sequence[:, None] * heads + head) * longest + tokens.rank[:, None]
        cell = output[:, None, :] + part[:, None] * (sequences * heads * longest)
        return cls(row.flatten(), cell.flatten(), output.flatten())
