"""Hardness of each training utterance under each condition, in three views and as one number."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
import torch
from pydantic import Field
from torch import Tensor

from graphmer.checksums import read_arrays, write_arrays
from graphmer.curriculum.teacher import Teacher
from graphmer.curriculum.views import change_share, condition_number, measured, ranks
from graphmer.dialogue import LabelSpace
from graphmer.errors import CheckpointError
from graphmer.graph.dataset import GraphDataset
from graphmer.settings import Settings
from graphmer.typing import Available

VIEWS = ("direct", "indirect", "change", "value")


class HardnessSettings(Settings):
    """How the views make one hardness.

    ``h = sigmoid(beta (direct n_dir + indirect n_ind + change n_change - tau))``, where each ``n`` is the
    rank of the view over the training part, in [0, 1].

    Differences from the released code: ranks over the training part instead of extremes over a padded batch,
    so that an utterance has one hardness whatever it is batched with, and ``tau`` centres it: with 0.5, ``h``
    lies in [0.12, 0.88] instead of [0.5, 0.98].
    """

    direct: Annotated[float, Field(ge=0)] = 0.6
    """Weight of the reconstruction error of what is missing; HARDY-MER's."""
    indirect: Annotated[float, Field(ge=0)] = 0.4
    """Weight of the consistency of the modalities; HARDY-MER's."""
    change: Annotated[float, Field(ge=0)] = 0.0
    """Weight of the share of emotion changes around the utterance; not in HARDY-MER, and not for scores."""
    consistency: Literal["infonce", "entropy"] = "infonce"
    """`infonce`: pointwise information by contrast. `entropy`: HARDY-MER's difference of entropies."""
    sign: Literal[-1, 1] = -1
    """-1: utterances whose modalities disagree are hard. 1: those that agree, as in the released code."""
    beta: Annotated[float, Field(gt=0)] = 4.0
    """Steepness; HARDY-MER's."""
    tau: float = 0.5
    """Weighted rank of hardness one half; 0 in the released code."""


@dataclass(frozen=True, eq=False)
class Hardness:
    """The hardness of the training utterances of a fold, row by row in the order of their dialogues.

    Conditions are sets of modalities, numbered by `condition_number`; number 0, nothing available, has none.

    Attributes:
        dialogues: id of each row's dialogue.
        utterances: id of each row.
        direct: reconstruction error of what the condition masks, ``[N, 2 ** M]``; zero where it masks
            nothing.
        indirect: consistency of the modalities, ``[N]``; NaN where an utterance has no two of them.
        change: share of emotion changes around the utterance, ``[N]``; NaN where no turn is eligible.
        value: the combination, in (0, 1), ``[N, 2 ** M]``.
    """

    dialogues: tuple[str, ...]
    utterances: tuple[str, ...]
    direct: Tensor
    indirect: Tensor
    change: Tensor
    value: Tensor

    @classmethod
    def measure(
        cls,
        teacher: Teacher,
        train: GraphDataset,
        labels: LabelSpace,
        weights: HardnessSettings,
        *,
        device: torch.device,
    ) -> "Hardness":
        """Measure every utterance of the training part that the teacher was fitted to.

        Each dialogue is read complete; the conditions mask the input of the decoder, which equals masking the
        teacher's. The result does not depend on batches.

        Args:
            teacher: fitted to the same training part.
            train: the training part, standardised.
            labels: for emotion changes.
            weights: how the views are combined.
            device: where to compute.
        """
        direct, indirect = measured(teacher, train, device)
        change = torch.cat([change_share(dialogue, labels) for dialogue in train.dialogues])
        return cls(
            tuple(dialogue.id for dialogue in train.dialogues for _ in dialogue.utterance_ids),
            tuple(name for dialogue in train.dialogues for name in dialogue.utterance_ids),
            direct,
            indirect,
            change,
            combined(direct, indirect, change, weights),
        )

    def under(self, available: Available, rows: Tensor) -> Tensor:
        """Hardness of some rows, each under the condition of what is available of it, ``[R]``.

        Shapes:
            available ``[R, M]``; rows long ``[R]``.
        """
        return self.value[rows, condition_number(available)]

    def save(self, path: Path) -> None:
        """Write an ``.npz`` file with its checksum, whole or not at all."""
        names = {
            "dialogues": np.array(self.dialogues, dtype=np.str_),
            "utterances": np.array(self.utterances, dtype=np.str_),
        }
        write_arrays(path, names | {name: getattr(self, name).numpy() for name in VIEWS})

    @classmethod
    def load(cls, path: Path) -> "Hardness":
        """Read what `save` wrote.

        Raises:
            CheckpointError: if the file is missing, damaged, or holds something else.
        """
        try:
            stored = read_arrays(path)
            views = {name: torch.from_numpy(stored[name]) for name in VIEWS}
            dialogues, utterances = stored["dialogues"].tolist(), stored["utterances"].tolist()
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise CheckpointError(
                f"{path}: cannot be read as hardness ({error}). Delete it to measure it again."
            ) from error
        return cls(tuple(dialogues), tuple(utterances), **views)


def combined(direct: Tensor, indirect: Tensor, change: Tensor, weights: HardnessSettings) -> Tensor:
    """One number for each utterance and condition, ``[N, K]``; see `HardnessSettings`.

    Where a view is undefined for an utterance, its rank is a half; where a condition masks nothing, the
    direct view counts as zero.

    Shapes:
        direct ``[N, K]``; indirect, change ``[N]``.
    """
    rebuilt = torch.stack([ranks(column.where(column > 0, torch.nan), empty=0.0) for column in direct.T], 1)
    steady = weights.indirect * ranks(weights.sign * indirect) + weights.change * ranks(change)
    return torch.sigmoid(weights.beta * (weights.direct * rebuilt + steady[:, None] - weights.tau))
