"""Attention without gradients: sequences of similar lengths together, so that hardly anything is padded."""

from dataclasses import dataclass

import torch
from torch import Tensor

from graphmer.nn.alibi import attention_mask
from graphmer.nn.attention import attend
from graphmer.nn.length_groups import LengthGroup, length_groups
from graphmer.nn.tokens import Tokens


@dataclass(frozen=True)
class _Grid:
    """Sequences side by side.

    Attributes:
        begin: place of its first cell among those of all grids.
        shape: number of sequences, and length of the longest.
        mask: see `attention_mask`; ``None`` where every cell may attend to every other one.
    """

    begin: int
    shape: tuple[int, int]
    mask: Tensor | None

    @property
    def cells(self) -> slice:
        return slice(self.begin, self.begin + self.shape[0] * self.shape[1])


@dataclass(frozen=True)
class _Layout:
    """Grids of all sequences.

    Attributes:
        grids: from the longest sequences to the shortest.
        token: token of each cell ``[K]``; that of another cell where there is none.
        cell: cell of each token ``[T]``.
    """

    grids: tuple[_Grid, ...]
    token: Tensor
    cell: Tensor

    @classmethod
    def of(cls, tokens: Tokens, slopes: Tensor | None, *, causal: bool) -> "_Layout":
        length = torch.bincount(tokens.sequence)
        cell_of_first = torch.empty_like(length)
        grids, token, begin = [], [], 0
        for group in length_groups(length):
            count, longest = group.row.shape
            mask = _mask(group, tokens.node, slopes, causal=causal)
            grids.append(_Grid(begin, (count, longest), mask))
            token.append(group.row.flatten())
            cell_of_first[group.sequence] = begin + longest * torch.arange(count, device=length.device)
            begin += count * longest
        return cls(tuple(grids), torch.cat(token), cell_of_first[tokens.sequence] + tokens.rank)


def grouped_attention(
    qkv: Tensor, tokens: Tokens, heads: int, slopes: Tensor | None, *, causal: bool
) -> Tensor:
    """Attention of each token to the tokens of its sequence, as `grid_attention`, for inference.

    Args:
        qkv: queries, keys and values side by side.
        tokens: the tokens they belong to; at least one.
        heads: ``H``.
        slopes: ALiBi slopes of the heads; ``None`` for no bias.
        causal: attend to no later token.

    Shapes:
        qkv ``[T, 3 * D]``; slopes ``[H]``; returns ``[T, D]``.
    """
    kind = ("groups", slopes is None, causal)
    layout = tokens.once(kind, lambda: _Layout.of(tokens, slopes, causal=causal))
    width = qkv.shape[1] // 3
    cells = qkv.index_select(0, layout.token)
    attended = cells.new_empty(len(cells), width)
    for grid in layout.grids:
        parts = cells[grid.cells].view(*grid.shape, 3, heads, width // heads).permute(2, 0, 3, 1, 4)
        query, key, value = parts.unbind()
        attended[grid.cells] = attend(query, key, value, grid.mask).transpose(1, 2).reshape(-1, width)
    return attended.index_select(0, layout.cell)


def _mask(group: LengthGroup, node: Tensor, slopes: Tensor | None, *, causal: bool) -> Tensor | None:
    visible = group.filled[:, None, :]
    if causal:
        # padding, which follows the tokens of a sequence, attends to them: a row must not be empty
        visible = visible & visible.new_ones(visible.shape[2], visible.shape[2]).tril()
    elif slopes is None and group.full:
        return None
    place = node[group.row]
    distance = None if slopes is None else place[:, :, None] - place[:, None, :]
    return attention_mask(visible, distance, slopes)
