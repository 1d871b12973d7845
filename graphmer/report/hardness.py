"""How hard the training utterances of a model are, as counts for a histogram."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np

from graphmer.errors import CheckpointError

FILE = "hardness.npz"
"""Name of the file in the folder of a model that was trained by hardness."""

BINS = 20
"""Bars between 0 (easy) and 1 (hard)."""


def hardness_counts(
    path: Path, sets: Mapping[str, Sequence[str]], modalities: Sequence[str]
) -> dict[str, Any] | None:
    """Training utterances by hardness, under every set of modalities.

    Args:
        path: holds ``value``, hardness in (0, 1) by utterance and set ``[N, 2 ** M]``. The first modality
            counts one in the number of a set, the second two, the third four, and so on.
        sets: modalities by the name of the set; the empty set has no hardness.
        modalities: all of them, in the order of the columns of ``available``.

    Returns:
        ``{name of the set: counts}``, each of `BINS` bars; ``None`` where there is no such file.

    Raises:
        CheckpointError: if the file holds something else.
    """
    if not path.is_file():
        return None
    try:
        with np.load(path, allow_pickle=False) as stored:
            value = stored["value"]
        if value.ndim != 2 or value.shape[1] != 2 ** len(modalities):
            raise ValueError(f"`value` must be [N, {2 ** len(modalities)}], got {value.shape}")
    except (OSError, ValueError, KeyError, BadZipFile) as error:
        raise CheckpointError(f"{path}: cannot be read as hardness ({error}). Train again.") from None
    numbers = {name: sum(2 ** modalities.index(each) for each in chosen) for name, chosen in sets.items()}
    return {
        name: np.histogram(value[:, number], bins=BINS, range=(0, 1))[0].tolist()
        for name, number in numbers.items()
        if number
    }
