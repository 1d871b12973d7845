"""Features of the earlier turns of a dialogue that goes on."""

import torch
from torch import Tensor


class FeatureMemory:
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

    def forget(self, before: int) -> None:
        """Forget the turns before one that no later turn will hear."""
        self._keep(max(0, before - self._first), len(self))

    def rewind(self, turn: int) -> None:
        """Forget a turn and all after it, to read them again."""
        self._keep(0, max(0, turn - self._first))

    def _keep(self, begin: int, end: int) -> None:
        if self._rows is not None and (begin > 0 or end < len(self)):
            self._rows, self._speaker = self._rows[begin:end], self._speaker[begin:end]
            self._first += begin
