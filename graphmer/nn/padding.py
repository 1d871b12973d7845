"""Dialogues padded to the length of the longest, for operations on whole dialogues."""

import torch
from torch import Tensor
from torch_geometric.utils import to_dense_batch


def padded(rows: Tensor, dialogue: Tensor) -> tuple[Tensor, Tensor]:
    """Rows of the turns as one row of turns for each dialogue, and which cells hold a turn.

    ``grid[inside]`` are the rows again.

    Args:
        rows: of the turns.
        dialogue: dialogue of each turn, ascending.

    Returns:
        The grid, zero behind the end of a dialogue, and the mask of its turns.

    Shapes:
        rows ``[N, ...]``; dialogue ``[N]``; returns ``[B, L, ...]`` and ``[B, L]``.
    """
    number = torch.unique_consecutive(dialogue, return_inverse=True)[1]
    grid, inside = to_dense_batch(rows, number)
    return grid, inside
