"""Caches of a causal network for the earlier turns of a dialogue, so that it need not compute them again.

In a causal network nothing that was computed for a turn changes when later turns come. Keys and values of the
experts, the states of message passing and the features that are averaged can therefore be kept, and new turns
be read on their own: the output is that of the whole dialogue.
"""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor
from torch.nn.functional import scaled_dot_product_attention

from graphmer.nn.alibi import attention_mask
from graphmer.nn.tokens import Tokens


class KeyValueCache:
    """Keys and values of each attention layer for the tokens read so far.

    Args:
        window: turns back that the experts attend to; ``None`` for all.
    """

    def __init__(self, window: int | None) -> None:
        self.window = window
        self._turn = torch.empty(0, dtype=torch.long)
        self._modality = torch.empty(0, dtype=torch.long)
        self._near = torch.empty(0, 0, dtype=torch.bool)
        self._distance = torch.empty(0, 0, dtype=torch.long)
        self._kept: dict[int, Tensor] = {}

    def __len__(self) -> int:
        return len(self._turn)

    def extend(self, tokens: Tokens, position: Tensor) -> None:
        """Add the tokens of new turns, which attend to the cached ones.

        Shapes:
            position ``[N]``, numbers of the turns; all later than the cached ones.
        """
        modality, turn = tokens.modality, position[tokens.node]
        self._turn = torch.cat([self._turn.to(turn.device), turn])
        self._modality = torch.cat([self._modality.to(turn.device), modality])
        self._distance = turn[:, None] - self._turn
        self._near = (modality[:, None] == self._modality) & (self._distance >= 0)
        if self.window is not None:
            self._near &= self._distance <= self.window

    def mask(self, slopes: Tensor | None) -> Tensor:
        """Attention mask of the new tokens over the cached ones and one another, for `attend`.

        Shapes:
            slopes ``[H]``, ALiBi slopes of the heads, ``None`` for no bias; returns ``[1 or H, T, K]``.
        """
        return attention_mask(self._near, self._distance, slopes)

    def attend(self, layer: int, qkv: Tensor, heads: int, mask: Tensor) -> Tensor:
        """Attention of the new tokens to the cached ones and to one another, in a layer of all experts.

        Shapes:
            qkv ``[E, T, 3 * D]``, queries, keys and values side by side; returns ``[E, T, D]``.
        """
        experts, count, width = qkv.shape[0], qkv.shape[1], qkv.shape[2] // 3
        new = qkv[:, :, width:]
        known = torch.cat([self._kept[layer], new], dim=1) if layer in self._kept else new
        self._kept[layer] = known
        query = qkv[:, :, :width].view(experts, count, heads, width // heads).transpose(1, 2)
        key, value = known.view(experts, -1, 2, heads, width // heads).permute(2, 0, 3, 1, 4)
        attended = scaled_dot_product_attention(query, key, value, attn_mask=mask)
        return attended.transpose(1, 2).reshape(experts, count, width)

    def evict(self, before: int) -> None:
        """Remove the turns before one, to which no later turn will attend."""
        if len(self) and int(self._turn.min()) < before:
            self._keep(lambda turn: turn >= before)

    def truncate(self, turn: int) -> None:
        """Remove a turn and all after it, to read them again."""
        if len(self) and int(self._turn.max()) >= turn:
            self._keep(lambda turns: turns < turn)

    def _keep(self, chosen: Callable[[Tensor], Tensor]) -> None:
        kept = chosen(self._turn)
        self._turn, self._modality = self._turn[kept], self._modality[kept]
        # shorter where an interruption kept the latest turns from this layer
        self._kept = {layer: rows[:, kept[: rows.shape[1]]] for layer, rows in self._kept.items()}


class MessageCache:
    """Messages of ``K`` earlier turns in each layer of message passing, followed by those of the new turns.

    Args:
        earlier: normed states of each earlier turn, ``[depth, D]``.
    """

    def __init__(self, earlier: Sequence[Tensor]) -> None:
        self._earlier = torch.stack(list(earlier), dim=1) if earlier else None
        self._new: list[Tensor] = []

    def __len__(self) -> int:
        return 0 if self._earlier is None else self._earlier.shape[1]

    def extend(self, messages: Tensor) -> Tensor:
        """Messages of the earlier and the ``N`` new turns, ``[K + N, D]``; called once a layer, in order."""
        layer = len(self._new)
        self._new.append(messages)
        return messages if self._earlier is None else torch.cat([self._earlier[layer], messages])

    @property
    def new(self) -> Tensor | None:
        """Messages of the new turns, ``[N, depth, D]``; ``None`` without message passing."""
        return torch.stack(self._new, dim=1) if self._new else None


class FeatureCache:
    """Features and speakers of the latest turns, without a gap, and their sums over the whole dialogue.

    The sums of turns that were evicted are kept, so that means over all earlier turns need no more of them.
    """

    def __init__(self) -> None:
        self._first = 0
        self._rows: Tensor | None = None
        self._speaker: list[int] = []
        self._own: list[Tensor] = []
        self._everybody: list[Tensor] = []
        self._own_before: dict[int, Tensor] = {}
        self._everybody_before: Tensor | None = None

    def __len__(self) -> int:
        return len(self._speaker)

    def extend(self, rows: Tensor, speaker: Tensor) -> tuple[Tensor, Tensor]:
        """Cached rows with those of new turns after them; the new ones are cached as well.

        Shapes:
            rows ``[N, F]``; speaker long ``[N]``; returns ``[K + N, F]`` and ``[K + N]``.
        """
        self._rows = rows if self._rows is None else torch.cat([self._rows, rows])
        # double: of many turns, whose differences matter
        for number, row in zip(speaker.tolist(), rows.double(), strict=True):
            own, everybody = self._own_sum(number), self._everybody_sum()
            self._speaker.append(number)
            self._own.append(row if own is None else own + row)
            self._everybody.append(row if everybody is None else everybody + row)
        return self._rows, torch.tensor(self._speaker, device=rows.device)

    def sums(self, count: int) -> tuple[Tensor, Tensor]:
        """Sums up to each of the latest turns, of its speaker's rows and of all rows, float64.

        Shapes:
            returns ``[count, F]`` twice.
        """
        return torch.stack(self._own[-count:]), torch.stack(self._everybody[-count:])

    def evict(self, before: int) -> None:
        """Remove the rows of the turns before one, which no later turn will read."""
        count = min(max(0, before - self._first), len(self))
        if not count or self._rows is None:
            return
        self._own_before.update(zip(self._speaker[:count], self._own[:count], strict=True))
        self._everybody_before = self._everybody[count - 1]
        self._first += count
        self._rows = self._rows[count:]
        del self._speaker[:count], self._own[:count], self._everybody[:count]

    def truncate(self, turn: int) -> None:
        """Remove a turn and all after it, to read them again; one that was not evicted."""
        count = max(0, turn - self._first)
        if self._rows is not None and count < len(self):
            self._rows = self._rows[:count]
            del self._speaker[count:], self._own[count:], self._everybody[count:]

    def _own_sum(self, speaker: int) -> Tensor | None:
        """Sum of a speaker's rows so far."""
        for number, own in zip(reversed(self._speaker), reversed(self._own), strict=True):
            if number == speaker:
                return own
        return self._own_before.get(speaker)

    def _everybody_sum(self) -> Tensor | None:
        return self._everybody[-1] if self._everybody else self._everybody_before


class NetworkCache:
    """All caches of a causal network for one dialogue.

    Args:
        attention_window: turns back that the experts attend to; ``None`` for all.
        averaged_turns: turns back that neighborhood averages read again, 0 for none.

    Attributes:
        tokens: keys and values of the experts.
        features: rows of the neighborhood averages.
        messages: of the turns that the next graph's edges begin at; set before each step.
    """

    def __init__(self, attention_window: int | None, averaged_turns: int) -> None:
        self.attention_window = attention_window
        self.averaged_turns = averaged_turns
        self.tokens = KeyValueCache(attention_window)
        self.features = FeatureCache()
        self.messages = MessageCache([])

    def evict(self, horizon: int) -> None:
        """Remove what turns from `horizon` on will not read."""
        if self.attention_window is not None:
            self.tokens.evict(horizon - self.attention_window)
        self.features.evict(horizon - self.averaged_turns)

    def truncate(self, turn: int) -> None:
        """Remove a turn and all after it, to read them again."""
        self.tokens.truncate(turn)
        self.features.truncate(turn)
