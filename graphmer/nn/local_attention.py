"""Attention to the turns near by: exact, in time and memory linear in the length of a dialogue."""

from torch import Tensor
from torch.nn.functional import pad

from graphmer.nn.alibi import attention_mask
from graphmer.nn.attention import attend
from graphmer.nn.tokens import Tokens

SMALLEST_BLOCK = 16
"""Fewest queries that are computed together; smaller blocks cost more in calls than they save."""


def local_attention(
    qkv: Tensor, tokens: Tokens, heads: int, context: int, slopes: Tensor | None, *, causal: bool
) -> Tensor:
    """Attention of each token to those of its sequence that are at most `context` turns away.

    The tokens of all sequences lie on one axis; a block of ``B`` of them looks at itself and at as many
    tokens on either side as a window can hold (the sliding chunks of Longformer, Beltagy et al. 2020). A mask
    takes away what is too far, of another sequence or, if `causal`, later. Since a sequence may skip turns,
    no token within the window is further away in tokens than in turns: nothing is lost.

    Differences from Longformer: distance counts turns of the dialogue and not tokens, so that what is missing
    moves no window; dialogues of any lengths share the blocks, and nothing is padded but the last one.

    Args:
        qkv: queries, keys and values side by side.
        tokens: the tokens they belong to.
        heads: ``H``.
        context: turns before, and after if not `causal`, that are heard.
        slopes: how much less each head hears per turn of distance; ``None`` for not at all.
        causal: hear no later token.

    Shapes:
        qkv ``[T, 3 * D]``; slopes ``[H]``; returns ``[T, D]``.
    """
    count = len(qkv)
    width = qkv.shape[1] // 3
    before = min(context, max(tokens.shape[1] - 1, 0))
    after = 0 if causal else before
    block = max(before, SMALLEST_BLOCK)
    blocks = max(1, -(-count // block))
    filling = blocks * block - count

    def windows(rows: Tensor) -> Tensor:
        """Rows ``[T, H * d]`` as seen by each block, ``[K, H, before + B + after, d]``; a view."""
        seen = pad(rows, (0, 0, before, filling + after)).unfold(0, before + block + after, block)
        return seen.view(blocks, heads, width // heads, -1).transpose(2, 3)

    def make() -> Tensor:
        place = _places(tokens, context)
        # What fills the ends is nowhere near a token, but at one place, so that it has something to hear.
        nowhere = -context - 1
        asked = pad(place, (before, filling + after), value=nowhere).unfold(0, before + block + after, block)
        distance = pad(place, (0, filling), value=nowhere).view(blocks, block, 1) - asked[:, None, :]
        near = (distance <= context) & (distance >= (0 if causal else -context))
        return attention_mask(near, distance, slopes)

    query, key, value = qkv.chunk(3, dim=1)
    asking = pad(query, (0, 0, 0, filling)).view(blocks, block, heads, width // heads).transpose(1, 2)
    mask = tokens.once((heads, context, causal, slopes is None), make)
    heard = attend(asking, windows(key), windows(value), mask)
    return heard.transpose(1, 2).reshape(-1, width)[:count]


def _places(tokens: Tokens, context: int) -> Tensor:
    """Places on a line ``[T]``: as far apart as turns within a sequence, out of reach between sequences."""
    if not len(tokens.node):
        return tokens.node
    return tokens.node + tokens.sequence * (tokens.node.max() + context + 1)
