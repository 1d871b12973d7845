"""What a causal model remembers of the earlier turns of a dialogue, so that it need not read them again.

In a causal model nothing that was computed of a turn changes when later turns come. Keys and values of the
experts, the states of message passing and the features that are averaged can therefore be kept, and new turns
be read on their own: the result is that of reading the whole dialogue.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace

import torch
from torch import Tensor, nn
from torch.nn.functional import scaled_dot_product_attention

from graphmer.nn.alibi import attention_mask
from graphmer.nn.tokens import Tokens


class KeyValueCache:
    """Keys and values of each attention layer for the tokens read so far.

    Args:
        context: turns that the experts hear back; ``None`` for all.
    """

    def __init__(self, context: int | None) -> None:
        self.context = context
        self._turn = torch.empty(0, dtype=torch.long)
        self._modality = torch.empty(0, dtype=torch.long)
        self._near = torch.empty(0, 0, dtype=torch.bool)
        self._distance = torch.empty(0, 0, dtype=torch.long)
        self._kept: dict[nn.Module, Tensor] = {}

    def __len__(self) -> int:
        return len(self._turn)

    def with_new(self, tokens: Tokens, position: Tensor) -> Tokens:
        """Tokens of new turns, which hear what is remembered and will be remembered.

        Shapes:
            position ``[N]``, numbers of the turns; all later than what is remembered.
        """
        counts = torch.tensor(tokens.counts, device=position.device)
        modality = torch.arange(len(counts), device=position.device).repeat_interleave(counts)
        turn = position[tokens.node]
        self._turn = torch.cat([self._turn.to(turn.device), turn])
        self._modality = torch.cat([self._modality.to(turn.device), modality])
        self._distance = turn[:, None] - self._turn
        self._near = (modality[:, None] == self._modality) & (self._distance >= 0)
        if self.context is not None:
            self._near &= self._distance <= self.context
        return replace(tokens, memory=self)

    def mask(self, slopes: Tensor | None) -> Tensor:
        """What the new tokens hear of the remembered ones and of one another, for `attend`.

        Shapes:
            slopes ``[H]``, how much less each head hears per turn of distance, ``None`` for not at all;
            returns ``[1 or H, T, K]``.
        """
        return attention_mask(self._near, self._distance, slopes)

    def attend(self, layer: nn.Module, qkv: Tensor, heads: int, mask: Tensor) -> Tensor:
        """Attention of the new tokens to the remembered ones and to one another.

        Shapes:
            qkv ``[T, 3 * D]``, queries, keys and values side by side; returns ``[T, D]``.
        """
        width = qkv.shape[1] // 3
        new = qkv[:, width:]
        known = torch.cat([self._kept[layer], new]) if layer in self._kept else new
        self._kept[layer] = known
        query = qkv[:, :width].view(1, len(qkv), heads, width // heads).transpose(1, 2)
        key, value = known.view(1, len(known), 2, heads, width // heads).permute(2, 0, 3, 1, 4)
        heard = scaled_dot_product_attention(query, key, value, attn_mask=mask)
        return heard.transpose(1, 2).reshape(len(qkv), width)

    def evict(self, before: int) -> None:
        """Forget the turns before one that no later turn will hear."""
        if len(self) and int(self._turn.min()) < before:
            self._keep(lambda turn: turn >= before)

    def truncate(self, turn: int) -> None:
        """Forget a turn and all after it, to read them again."""
        if len(self) and int(self._turn.max()) >= turn:
            self._keep(lambda turns: turns < turn)

    def _keep(self, chosen: Callable[[Tensor], Tensor]) -> None:
        kept = chosen(self._turn)
        self._turn, self._modality = self._turn[kept], self._modality[kept]
        # shorter where an interruption kept the latest turns from this layer
        self._kept = {layer: rows[kept[: len(rows)]] for layer, rows in self._kept.items()}


class MessageCache:
    """What ``K`` earlier turns say in each layer of message passing, and the new ones after them.

    Args:
        earlier: normed states of each earlier turn, ``[depth, D]``.
    """

    def __init__(self, earlier: Sequence[Tensor]) -> None:
        self._earlier = torch.stack(list(earlier), dim=1) if earlier else None
        self._said: list[Tensor] = []

    def __len__(self) -> int:
        return 0 if self._earlier is None else self._earlier.shape[1]

    def extend(self, said: Tensor) -> Tensor:
        """The earlier turns and the ``N`` new ones, ``[K + N, D]``, layer by layer in their order."""
        layer = len(self._said)
        self._said.append(said)
        return said if self._earlier is None else torch.cat([self._earlier[layer], said])

    @property
    def said(self) -> Tensor:
        """What the new turns said, ``[N, depth, D]``."""
        return torch.stack(self._said, dim=1)


class FeatureCache:
    """Rows of features of the turns read so far, and who spoke them; the latest ones, without a gap."""

    def __init__(self) -> None:
        self._first = 0
        self._rows: Tensor | None = None
        self._speaker = torch.empty(0, dtype=torch.long)

    def __len__(self) -> int:
        return len(self._speaker)

    def with_new(self, rows: Tensor, speaker: Tensor) -> tuple[Tensor, Tensor]:
        """What is remembered with new turns after it, all of which is remembered then.

        Shapes:
            rows ``[N, F]``; speaker long ``[N]``; returns ``[K + N, F]`` and ``[K + N]``.
        """
        self._rows = rows if self._rows is None else torch.cat([self._rows, rows])
        self._speaker = torch.cat([self._speaker.to(speaker.device), speaker])
        return self._rows, self._speaker

    def evict(self, before: int) -> None:
        """Forget the turns before one that no later turn will hear."""
        self._keep(max(0, before - self._first), len(self))

    def truncate(self, turn: int) -> None:
        """Forget a turn and all after it, to read them again."""
        self._keep(0, max(0, turn - self._first))

    def _keep(self, begin: int, end: int) -> None:
        if self._rows is not None and (begin > 0 or end < len(self)):
            self._rows, self._speaker = self._rows[begin:end], self._speaker[begin:end]
            self._first += begin
