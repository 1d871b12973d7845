"""Planted hard utterances: a ground truth for measures of hardness."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray

from graphmer.dialogue import Dialogue

NOISE = 1.0
"""Standard deviation of the noise on a noisy utterance; features have a mean square of 1."""


@dataclass(frozen=True, eq=False)
class PlantedDialogues:
    """Dialogues with planted hard utterances.

    Attributes:
        dialogues: dialogues with modified features.
        noisy: ids of utterances with noise on all features.
        contradicting: ids of utterances in which one modality has the features of another emotion.
    """

    dialogues: tuple[Dialogue, ...]
    noisy: frozenset[str]
    contradicting: frozenset[str]


def plant_hard(dialogues: Sequence[Dialogue], fraction: float, seed: int = 0) -> PlantedDialogues:
    """Make a random fraction of the utterances hard: half of them noisy, half of them contradictory.

    In a contradictory utterance, the features of one random modality are replaced by those of another
    utterance of the same speaker with another emotion, so that only the emotion differs. An utterance whose
    speaker has a single emotion is not modified.

    Args:
        dialogues: complete dialogues, with consistent speaker names across dialogues and unique utterance
            ids.
        fraction: fraction of all utterances, in [0, 1].
        seed: seed of the random choices.

    Raises:
        ValueError: if the fraction is not in [0, 1].
    """
    if not 0 <= fraction <= 1:
        raise ValueError(f"`fraction` must be a fraction of the utterances, in [0, 1]; got {fraction}.")
    rng = np.random.default_rng(seed)
    ids = np.array([name for dialogue in dialogues for name in dialogue.utterance_ids])
    emotion = np.array([str(value) for dialogue in dialogues for value in dialogue.emotion])
    speaker = np.array([d.speakers[who] for d in dialogues for who in d.speaker.tolist()])
    tables = {m: torch.cat([d.features[m] for d in dialogues]).numpy() for m in dialogues[0].modalities}
    changed = {modality: table.copy() for modality, table in tables.items()}
    chosen = rng.permutation(len(ids))[: round(fraction * len(ids))]
    noisy, rest = chosen[::2], chosen[1::2]
    for table in changed.values():
        table[noisy] += NOISE * rng.standard_normal((len(noisy), table.shape[1]), dtype=np.float32)
    contradicting = []
    for row in rest.tolist():
        others = np.flatnonzero((speaker == speaker[row]) & (emotion != emotion[row]))
        if len(others):
            modality = list(tables)[rng.integers(len(tables))]
            changed[modality][row] = tables[modality][rng.choice(others)]
            contradicting.append(row)
    return PlantedDialogues(
        _with_features(dialogues, changed),
        frozenset(ids[noisy].tolist()),
        frozenset(ids[contradicting].tolist()),
    )


def _with_features(
    dialogues: Sequence[Dialogue], tables: dict[str, NDArray[np.float32]]
) -> tuple[Dialogue, ...]:
    ends = np.cumsum([len(dialogue) for dialogue in dialogues])
    return tuple(
        replace(
            dialogue,
            features={m: torch.from_numpy(t[end - len(dialogue) : end].copy()) for m, t in tables.items()},
        )
        for dialogue, end in zip(dialogues, ends.tolist(), strict=True)
    )
