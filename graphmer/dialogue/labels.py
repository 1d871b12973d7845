"""Label spaces: emotion classes, or a score."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

from graphmer.typing import UNLABELLED

Emotion = str | float | None
"""Annotation: a class name, a score, or ``None`` for an unlabelled utterance."""


@dataclass(frozen=True)
class LabelSpace:
    """Label space of a corpus: the emotion classes in order, or the interval of a score.

    Args:
        names: class names in the order of the class numbers; empty for a score.
        interval: lowest and highest score, for example (-3, 3) for CMU-MOSI; ``None`` for classes.
        polarity: valence of class names: -1 negative, 0 neutral, 1 positive; may be empty.

    Raises:
        ValueError: if not exactly one of `names` and `interval` is given, a name occurs twice, or `polarity`
            contains an unknown class.

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
        """Number of model outputs: ``C`` for classes, 1 for a score."""
        return 1 if self.is_score else len(self.names)

    def encode(self, emotions: Sequence[Emotion]) -> Tensor:
        """Encode annotations as a target tensor.

        Shapes:
            returns long ``[N]`` with `UNLABELLED` for ``None``, or float ``[N]`` with NaN for ``None``.

        Raises:
            ValueError: if a name is not a class, or a score lies outside the interval.
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
        """Class names or scores of a target tensor ``[N]``; the inverse of `encode`."""
        if self.is_score:
            return [None if value != value else float(value) for value in target.tolist()]
        return [None if number == UNLABELLED else self.names[number] for number in target.tolist()]

    def labelled(self, target: Tensor) -> Tensor:
        """Mask of the labelled entries of an encoded target ``[N]``, bool ``[N]``."""
        return annotated(target)


def annotated(target: Tensor) -> Tensor:
    """Mask of the labelled entries of an encoded target ``[N]`` (classes or scores), bool ``[N]``."""
    return ~torch.isnan(target) if target.is_floating_point() else target != UNLABELLED
