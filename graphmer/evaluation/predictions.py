"""Predictions of a system for every utterance of a test set, under one condition."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from graphmer.checksums import read_arrays, write_arrays
from graphmer.dialogue.labels import annotated
from graphmer.errors import CheckpointError
from graphmer.typing import Available

_OPTIONAL = {
    "speaker": 1,
    "change": 1,
    "changed": 1,
    "cause": 2,
    "caused": 2,
    "reliability": 2,
    "damaged": 2,
}
"""Optional columns, and their number of dimensions."""


@dataclass(frozen=True, eq=False)
class Predictions:
    """Targets and outputs of utterances, with the availability mask of the evaluation.

    Args:
        condition: name of the condition, e.g. ``"at"``.
        dialogue_ids: one id per dialogue, ``B`` in total.
        dialogue: index into `dialogue_ids` of each utterance.
        utterance_ids: one id per utterance, ``N`` in total; unique within a dialogue.
        target: encoded by `LabelSpace.encode`: class numbers with `UNLABELLED`, or scores with NaN.
        output: class probabilities, or one score.
        available: availability mask of the evaluation.
        speaker: speaker number of each utterance within its dialogue; `None` if unknown.
        change: directly predicted probability that the emotion differs from that of the speaker's latest
            earlier labelled turn, NaN if there is no such turn; `None` for a system without such a
            prediction.
        changed: directly predicted change, after thresholding `change`; `None` if `change` is `None`.
        cause: probability that the turn ``k`` turns before causes the emotion, in column ``k``, NaN where
            there is none; `None` for a system without such a prediction.
        caused: predicted causes, after thresholding `cause`; `None` if `cause` is `None`.
        reliability: estimated probability that the features of a modality are not damaged, without meaning
            where it is missing; `None` for a system without such an estimate.
        damaged: whether the condition damages an available modality; `None` if `reliability` is.

    Shapes:
        dialogue, speaker long ``[N]``; target long or float ``[N]``; output float ``[N, C]`` or ``[N, 1]``;
        available bool ``[N, M]``; change float ``[N]``; changed bool ``[N]``; cause float and caused bool
        ``[N, W + 1]``; reliability float and damaged bool ``[N, M]``.

    Raises:
        ValueError: if lengths differ, an utterance occurs twice, a dialogue is unknown, or an output is not
            finite.
    """

    condition: str
    dialogue_ids: tuple[str, ...]
    dialogue: Tensor
    utterance_ids: tuple[str, ...]
    target: Tensor
    output: Tensor
    available: Available
    speaker: Tensor | None = None
    change: Tensor | None = None
    changed: Tensor | None = None
    cause: Tensor | None = None
    caused: Tensor | None = None
    reliability: Tensor | None = None
    damaged: Tensor | None = None

    def __post_init__(self) -> None:
        self._check_shapes()
        if len(self) == 0:
            return
        if int(self.dialogue.min()) < 0 or int(self.dialogue.max()) >= len(self.dialogue_ids):
            raise ValueError(
                f"`dialogue` must hold positions within the {len(self.dialogue_ids)} dialogue ids; "
                f"got {int(self.dialogue.min())} to {int(self.dialogue.max())}."
            )
        finite = torch.isfinite(self.output).all(dim=1)
        if not bool(finite.all()):
            first = self.utterance_ids[int((~finite).nonzero()[0])]
            raise ValueError(
                f"`output` must be finite; that of {int((~finite).sum())} utterances is not, the first is "
                f"{first!r}. The model has diverged: lower the learning rate."
            )
        if len(set(self.keys)) != len(self):
            repeated = [key for key, times in Counter(self.keys).items() if times > 1]
            raise ValueError(
                f"An utterance must be predicted once; {repeated[0]} (dialogue, utterance) occurs twice. "
                "Predict each dialogue in one fold only."
            )

    def _check_shapes(self) -> None:
        length = len(self.utterance_ids)
        rows = {
            "dialogue": (self.dialogue, 1),
            "target": (self.target, 1),
            "output": (self.output, 2),
            "available": (self.available, 2),
            **{name: (row, _OPTIONAL[name]) for name, row in self._optional.items()},
        }
        for name, (tensor, dimensions) in rows.items():
            if tensor.dim() != dimensions or tensor.shape[0] != length:
                raise ValueError(
                    f"`{name}` must have {dimensions} dimension(s) and one row for each of the {length} "
                    f"utterance ids; got shape {tuple(tensor.shape)}."
                )

    @property
    def _optional(self) -> dict[str, Tensor]:
        """Optional columns that are not `None`."""
        return {name: row for name in _OPTIONAL if (row := getattr(self, name)) is not None}

    def __len__(self) -> int:
        return len(self.utterance_ids)

    @property
    def keys(self) -> list[tuple[str, str]]:
        """Dialogue id and utterance id of each utterance; the pairs are unique."""
        dialogues = (self.dialogue_ids[number] for number in self.dialogue.tolist())
        return list(zip(dialogues, self.utterance_ids, strict=True))

    @property
    def is_score(self) -> bool:
        """Whether the target is a score (regression) rather than a class."""
        return self.target.is_floating_point()

    @property
    def predicted(self) -> Tensor:
        """Most probable class, long ``[N]``, or predicted score, float ``[N]``."""
        return self.output[:, 0] if self.is_score else self.output.argmax(dim=1)

    def labelled(self) -> "Predictions":
        """Predictions of the labelled utterances, and of the dialogues that have any."""
        keep = annotated(self.target)
        kept, dialogue = torch.unique(self.dialogue[keep], return_inverse=True)
        return Predictions(
            condition=self.condition,
            dialogue_ids=tuple(self.dialogue_ids[number] for number in kept.tolist()),
            dialogue=dialogue,
            utterance_ids=tuple(self.utterance_ids[n] for n in keep.nonzero()[:, 0].tolist()),
            target=self.target[keep],
            output=self.output[keep],
            available=self.available[keep],
            **{name: row[keep] for name, row in self._optional.items()},
        )

    @classmethod
    def concatenate(cls, parts: Sequence["Predictions"]) -> "Predictions":
        """Concatenate predictions, for example of several folds.

        Raises:
            ValueError: if there are none, conditions or widths differ, or an utterance occurs twice.
        """
        if not parts:
            raise ValueError("Concatenating needs at least one `Predictions`; got none.")
        same: dict[str, set[str]] = {
            "condition": {part.condition for part in parts},
            "number of outputs": {str(part.output.shape[1]) for part in parts},
            "number of modalities": {str(part.available.shape[1]) for part in parts},
            "kind of target": {"score" if part.is_score else "class" for part in parts},
            "optional columns": {" and ".join(part._optional) for part in parts},
        }
        for what, found in same.items():
            if len(found) > 1:
                raise ValueError(
                    f"Only predictions with the same {what} can be concatenated; got {sorted(found)}."
                )
        position: dict[str, int] = {}
        for name in (name for part in parts for name in part.dialogue_ids):
            position.setdefault(name, len(position))
        moved = [
            torch.tensor([position[i] for i in p.dialogue_ids], dtype=torch.long)[p.dialogue] for p in parts
        ]
        known = parts[0]._optional
        return cls(
            condition=parts[0].condition,
            dialogue_ids=tuple(position),
            dialogue=torch.cat(moved),
            utterance_ids=tuple(name for part in parts for name in part.utterance_ids),
            target=torch.cat([part.target for part in parts]),
            output=torch.cat([part.output for part in parts]),
            available=torch.cat([part.available for part in parts]),
            **{name: torch.cat([part._optional[name] for part in parts]) for name in known},
        )

    def save(self, path: str | Path) -> None:
        """Write an ``.npz`` file with its checksum; an existing file is replaced atomically."""
        columns = ("dialogue", "target", "output", "available")
        tensors = {name: getattr(self, name) for name in columns} | self._optional
        names = {
            "condition": np.array(self.condition),
            "dialogue_ids": np.array(self.dialogue_ids, dtype=np.str_),
            "utterance_ids": np.array(self.utterance_ids, dtype=np.str_),
        }
        write_arrays(Path(path), names | {name: row.numpy(force=True) for name, row in tensors.items()})

    @classmethod
    def load(cls, path: str | Path) -> "Predictions":
        """Read a file written by `save`.

        Raises:
            CheckpointError: if the file is missing, damaged, or is not a file of predictions.
        """
        try:
            arrays = read_arrays(Path(path))
            return cls(
                condition=str(arrays["condition"]),
                dialogue_ids=tuple(arrays["dialogue_ids"].tolist()),
                dialogue=torch.from_numpy(arrays["dialogue"]),
                utterance_ids=tuple(arrays["utterance_ids"].tolist()),
                target=torch.from_numpy(arrays["target"]),
                output=torch.from_numpy(arrays["output"]),
                available=torch.from_numpy(arrays["available"]),
                **{name: torch.from_numpy(arrays[name]) for name in _OPTIONAL if name in arrays},
            )
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise CheckpointError(
                f"{path}: cannot be read as predictions ({error}). Restore it, or delete the folder of its "
                "model and continue the run with `graphmer train --resume`."
            ) from error
