"""Rows of an index: the indexed utterances and their numbers in the FAISS indices."""

from collections.abc import Iterable, Sequence
from typing import Any

import torch
from torch import Tensor

from graphmer.typing import Available

Key = tuple[str, str]
"""Dialogue id and utterance id."""


class Rows:
    """Indexed utterances in order of insertion.

    The row of an utterance is its position; it decreases when an earlier row is removed. The number of an
    utterance identifies it in the FAISS indices. Numbers ascend with the rows and are never used again.

    Args:
        modalities: number of modalities.

    Attributes:
        numbers: numbers of the utterances, long ``[N]``, ascending.
        dialogues: dialogue number of each row, long ``[N]``.
        available: available modalities of each row, bool ``[N, M]``.
    """

    def __init__(self, modalities: int) -> None:
        self.numbers = torch.empty(0, dtype=torch.long)
        self.dialogues = torch.empty(0, dtype=torch.long)
        self.available = torch.empty(0, modalities, dtype=torch.bool)
        self._number: dict[Key, int] = {}
        self._dialogue: dict[str, int] = {}
        self._next = 0

    def __len__(self) -> int:
        return len(self._number)

    @property
    def ids(self) -> tuple[Key, ...]:
        """Dialogue id and utterance id of each row."""
        return tuple(self._number)

    def append(self, keys: Sequence[Key], available: Available) -> Tensor:
        """Append utterances and return their rows, long ``[R]``.

        Raises:
            ValueError: if an utterance is indexed already or occurs twice.
        """
        known = set(self._number)
        for key in keys:
            if key in known:
                raise ValueError(
                    f"Utterance {key[1]!r} of dialogue {key[0]!r} is in the index already; `update` it, or "
                    "give each utterance an id of its own."
                )
            known.add(key)
        numbers = range(self._next, self._next + len(keys))
        begin, self._next = len(self), numbers.stop
        self._number.update(zip(keys, numbers, strict=True))
        dialogues = [self._dialogue.setdefault(dialogue, len(self._dialogue)) for dialogue, _ in keys]
        self.numbers = torch.cat([self.numbers, torch.tensor(numbers, dtype=torch.long)])
        self.dialogues = torch.cat([self.dialogues, torch.tensor(dialogues, dtype=torch.long)])
        self.available = torch.cat([self.available, available])
        return torch.arange(begin, len(self))

    def find(self, dialogue: str, utterances: Iterable[str]) -> Tensor:
        """Rows of utterances of a dialogue, long ``[R]``.

        Raises:
            ValueError: if an utterance is not indexed.
        """
        numbers = []
        for utterance in utterances:
            if (dialogue, utterance) not in self._number:
                raise ValueError(
                    f"Utterance {utterance!r} of dialogue {dialogue!r} is not in the index; `add` it first."
                )
            numbers.append(self._number[dialogue, utterance])
        return self.at(torch.tensor(numbers, dtype=torch.long))

    def at(self, numbers: Tensor) -> Tensor:
        """Rows of numbers; -1 for -1. The other numbers must be in use."""
        return torch.where(numbers < 0, -1, torch.searchsorted(self.numbers, numbers))

    def of_dialogue(self, dialogue: str) -> Tensor:
        """Rows of all indexed utterances of a dialogue, long ``[R]``."""
        return (self.dialogues == self.dialogue_number(dialogue)).nonzero().squeeze(1)

    def dialogue_number(self, dialogue: str) -> int:
        """Number of a dialogue; -1 if none of its utterances was ever indexed."""
        return self._dialogue.get(dialogue, -1)

    def having(self, column: int) -> Tensor:
        """Rows that have the modality of this column, long ``[R]``."""
        return self.available[:, column].nonzero().squeeze(1)

    def remove(self, rows: Tensor) -> None:
        """Remove rows; the later rows move up."""
        removed = set(self.numbers[rows].tolist())
        self._number = {key: number for key, number in self._number.items() if number not in removed}
        kept = torch.ones(len(self.numbers), dtype=torch.bool)
        kept[rows] = False
        self.numbers, self.dialogues = self.numbers[kept], self.dialogues[kept]
        self.available = self.available[kept]

    def to_json(self) -> dict[str, Any]:
        """Rows as JSON values."""
        return {
            "dialogue": [dialogue for dialogue, _ in self._number],
            "utterance": [utterance for _, utterance in self._number],
            "number": self.numbers.tolist(),
            "available": self.available.int().tolist(),
        }

    @classmethod
    def from_json(cls, modalities: int, values: dict[str, Any]) -> "Rows":
        """Rows from the output of `to_json`.

        Raises:
            KeyError, TypeError, ValueError: if the values are not the output of `to_json`.
        """
        rows, numbers = cls(modalities), values["number"]
        keys = list(zip(values["dialogue"], values["utterance"], strict=True))
        available = torch.tensor(values["available"], dtype=torch.bool).reshape(len(keys), modalities)
        rows.append(keys, available)
        rows._number = dict(zip(keys, numbers, strict=True))
        rows.numbers = torch.tensor(numbers, dtype=torch.long)
        rows._next = max(numbers, default=-1) + 1
        return rows
