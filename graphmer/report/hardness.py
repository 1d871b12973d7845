"""Histograms of the hardness of training utterances."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from graphmer.checksums import read_arrays
from graphmer.errors import CheckpointError

FILE = "hardness.npz"
"""Name of the hardness file in the folder of a model that was trained with a curriculum."""

BINS = 20
"""Number of bins between 0 (easy) and 1 (hard)."""


def hardness_counts(
    path: Path, sets: Mapping[str, Sequence[str]], modalities: Sequence[str]
) -> dict[str, Any] | None:
    """Histogram of the hardness of the training utterances, for every set of modalities.

    Args:
        path: NPZ file with ``value``, the hardness in (0, 1) by utterance and set ``[N, 2 ** M]``. A set is
            numbered by the sum of ``2 ** m`` over its modalities m.
        sets: modalities of each set by the name of the set; the empty set has no hardness.
        modalities: names of all modalities, in the order of the columns of ``available``.

    Returns:
        ``{name of the set: counts}``, each with `BINS` counts; ``None`` if the file does not exist.

    Raises:
        CheckpointError: if the file is damaged or has another content.
    """
    if not path.is_file():
        return None
    try:
        value = read_arrays(path)["value"]
        if value.ndim != 2 or value.shape[1] != 2 ** len(modalities):
            raise ValueError(f"`value` must be [N, {2 ** len(modalities)}], got {value.shape}")
    except (OSError, ValueError, KeyError) as error:
        raise CheckpointError(
            f"{path}: cannot be read as hardness ({error}). Restore it, or delete it to report without it."
        ) from None
    numbers = {
        name: sum(2 ** modalities.index(modality) for modality in chosen) for name, chosen in sets.items()
    }
    return {
        name: np.histogram(value[:, number], bins=BINS, range=(0, 1))[0].tolist()
        for name, number in numbers.items()
        if number
    }
