"""Rows gathered into the cells of a padded grid and back, each with a gather as its backward pass.

The backward pass of `torch.Tensor.index_select` adds row by row, because rows might repeat. Here no cell
holds two rows and no row is in two cells.
"""

from typing import Any

import torch
from torch import Tensor


def gather_cells(rows: Tensor, row: Tensor, cell: Tensor) -> Tensor:
    """Rows gathered into cells; the backward pass ignores cells that no row owns.

    Args:
        rows: ``[T, ...]``.
        row: row of each cell, ``[K]``; any where the cell is empty.
        cell: cell that each row owns, ``[T]``.
    """
    cells: Tensor = _Cells.apply(rows, row, cell)  # type: ignore[no-untyped-call]
    return cells


def gather_rows(cells: Tensor, cell: Tensor) -> Tensor:
    """Rows of the cells that hold one; the backward pass gives all other cells a gradient of zero.

    Args:
        cells: ``[K, ...]``.
        cell: cell of each row, ``[T]``.
    """
    rows: Tensor = _Rows.apply(cells, cell)  # type: ignore[no-untyped-call]
    return rows


class _Cells(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, rows: Tensor, row: Tensor, cell: Tensor) -> Tensor:
        ctx.cell = cell
        return rows.index_select(0, row)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None, None]:
        return gradient.index_select(0, ctx.cell), None, None


class _Rows(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, cells: Tensor, cell: Tensor) -> Tensor:
        ctx.cell, ctx.count = cell, cells.shape[0]
        return cells.index_select(0, cell)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        cells = gradient.new_zeros(ctx.count, *gradient.shape[1:])
        return cells.index_copy_(0, ctx.cell, gradient), None
