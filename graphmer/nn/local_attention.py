"""Sliding-window attention: exact, in time and memory linear in the length of a dialogue."""

from torch import Tensor
from torch.nn.functional import pad

from graphmer.nn.alibi import attention_mask
from graphmer.nn.attention import attend
from graphmer.nn.tokens import Tokens

SMALLEST_BLOCK = 16
"""Fewest queries that are computed together; smaller blocks cost more in calls than they save."""


def local_attention(
    qkv: Tensor, tokens: Tokens, heads: int, window: int, slopes: Tensor | None, *, causal: bool
) -> Tensor:
    """Attention of each token to the tokens of its sequence that are at most `window` turns away.

    The tokens of all sequences lie on one axis; a block of ``B`` tokens attends to itself and to as many
    tokens on either side as a window can hold (the sliding chunks of Longformer, Beltagy et al. 2020). A mask
    removes tokens that are too far away, of another sequence or, if `causal`, later. A sequence may skip
    turns, so no token within the window is further away in tokens than in turns: none is lost.

    Differences from Longformer: distance counts turns of the dialogue and not tokens, so that a missing
    modality moves no window; dialogues of any lengths share the blocks, and only the last block is padded.

    Args:
        qkv: queries, keys and values side by side.
        tokens: the tokens they belong to.
        heads: ``H``.
        window: turns before, and after if not `causal`, that a token attends to.
        slopes: ALiBi slopes of the heads; ``None`` for no bias.
        causal: attend to no later token.

    Shapes:
        qkv ``[T, 3 * D]``; slopes ``[H]``; returns ``[T, D]``.
    """
    count = len(qkv)
    width = qkv.shape[1] // 3
    before = min(window, max(tokens.shape[1] - 1, 0))
    after = 0 if causal else before
    block = max(before, SMALLEST_BLOCK)
    blocks = max(1, -(-count // block))
    filling = blocks * block - count

    def windows(rows: Tensor) -> Tensor:
        """Rows ``[T, H * d]`` in the window of each block, ``[K, H, before + B + after, d]``; a view."""
        rows_of_block = pad(rows, (0, 0, before, filling + after)).unfold(0, before + block + after, block)
        return rows_of_block.view(blocks, heads, width // heads, -1).transpose(2, 3)

    def make() -> Tensor:
        place = _places(tokens, window)
        # Padding is far from every token, but all at one place, so that its own rows are not empty.
        nowhere = -window - 1
        keys = pad(place, (before, filling + after), value=nowhere).unfold(0, before + block + after, block)
        distance = pad(place, (0, filling), value=nowhere).view(blocks, block, 1) - keys[:, None, :]
        near = (distance <= window) & (distance >= (0 if causal else -window))
        return attention_mask(near, distance, slopes)

    query, key, value = qkv.chunk(3, dim=1)
    queries = pad(query, (0, 0, 0, filling)).view(blocks, block, heads, width // heads).transpose(1, 2)
    mask = tokens.once((heads, window, causal, slopes is None), make)
    attended = attend(queries, windows(key), windows(value), mask)
    return attended.transpose(1, 2).reshape(-1, width)[:count]


def _places(tokens: Tokens, window: int) -> Tensor:
    """Positions ``[T]`` on one axis: turns apart within a sequence, out of reach between sequences."""
    if not len(tokens.node):
        return tokens.node
    return tokens.node + tokens.sequence * (tokens.node.max() + window + 1)
