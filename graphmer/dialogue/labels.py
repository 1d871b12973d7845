"""What an utterance can be labelled with: one of several emotions, or a score."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

from graphmer.typing import UNLABELLED

Emotion = str | float | None
"""An annotation: an emotion's name, a score, or ``None`` for an utterance nobody annotated."""


@dataclass(frozen=True)
class LabelSpace:
    """The emotions of a corpus in their numbered order, or the interval of its score.

    Args:
        names: class names in the order of their numbers; empty for a score.
        interval: lowest and highest score, for corpora such as CMU-MOSI (-3, 3); ``None`` for classes.
        polarity: valence of a class name, -1 negative, 0 neutral, 1 positive; may be empty.

    Raises:
        ValueError: if neither or both of `names` and `interval` are given, names repeat, or a polarity names
            an unknown class.

    Example:
        >>> space = LabelSpace(("happy", "sad"))
        >>> space.encode(["sad", None, "happy"])
        tensor([ 1, -1,  0])
        >>> LabelSpace(interval=(-3.0, 3.0)).encode([1.5, None])
        tensor([1.5000,    nan])
    """

    names: tuple[str, ...] = ()
    interval: tuple[float, float] | None = None
    polarity: Mapping[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if bool(self.names) == (self.interval is not None):
            raise ValueError("A label space has either class names or a score interval; give exactly one.")
        if len(set(self.names)) != len(self.names):
            raise ValueError(f"Class names must differ from one another; got {self.names}.")
        if self.interval is not None and not self.interval[0] < self.interval[1]:
            raise ValueError(f"A score interval must be (low, high) with low < high; got {self.interval}.")
        unknown = sorted(set(self.polarity) - set(self.names))
        if unknown:
            raise ValueError(f"`polarity` names {unknown}, which are not classes; classes are {self.names}.")

    @property
    def is_score(self) -> bool:
        """Whether the target is a score (regression) rather than a class."""
        return self.interval is not None

    @property
    def outputs(self) -> int:
        """Width of a model's output: ``C`` for classes, 1 for a score."""
        return 1 if self.is_score else len(self.names)

    def encode(self, emotions: Sequence[Emotion]) -> Tensor:
        """Annotations as a tensor.

        Shapes:
            returns long ``[N]`` with `UNLABELLED` for ``None``, or float ``[N]`` with NaN for ``None``.

        Raises:
            ValueError: on a name that is no class, or a score outside the interval.
        """
        if self.is_score:
            return torch.tensor([self._check_score(e) for e in emotions], dtype=torch.float32)
        numbers = {name: number for number, name in enumerate(self.names)}
        unknown = sorted({str(e) for e in emotions if e is not None and e not in numbers})
        if unknown:
            raise ValueError(
                f"Unknown emotion {unknown}; known are {list(self.names)}. Map it or leave it unlabelled."
            )
        return torch.tensor(
            [UNLABELLED if e is None else numbers[str(e)] for e in emotions], dtype=torch.long
        )

    def _check_score(self, emotion: Emotion) -> float:
        if emotion is None:
            return float("nan")
        low, high = self.interval or (0.0, 0.0)
        try:
            score = float(emotion)
        except ValueError:
            raise ValueError(f"A score must be a number in [{low}, {high}]; got {emotion!r}.") from None
        if not low <= score <= high:
            raise ValueError(f"A score must lie in [{low}, {high}]; got {score}.")
        return score

    def decode(self, target: Tensor) -> list[Emotion]:
        """The inverse of `encode`: names (or scores) of a target tensor ``[N]``."""
        if self.is_score:
            return [None if value != value else float(value) for value in target.tolist()]
        return [None if number == UNLABELLED else self.names[number] for number in target.tolist()]

    def labelled(self, target: Tensor) -> Tensor:
        """Which entries of an encoded target ``[N]`` are annotated, as bool ``[N]``."""
        return annotated(target)


def annotated(target: Tensor) -> Tensor:
    """Which entries of an encoded target ``[N]``, classes or scores, are annotated, as bool ``[N]``."""
    return ~torch.isnan(target) if target.is_floating_point() else target != UNLABELLED
