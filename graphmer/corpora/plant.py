"""Hard utterances planted among others, so that a measure of hardness can be tested against the truth."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray

from graphmer.dialogue import Dialogue

NOISE = 1.0
"""Standard deviation of the noise on a noisy utterance, where features have a mean square of 1."""


@dataclass(frozen=True, eq=False)
class PlantedDialogues:
    """Dialogues, and which of their utterances were made hard.

    Attributes:
        dialogues: with the changed features.
        noisy: ids of utterances with noise on all their features.
        contradicting: ids of utterances of which one modality shows another emotion than the others.
    """

    dialogues: tuple[Dialogue, ...]
    noisy: frozenset[str]
    contradicting: frozenset[str]


def plant_hard(dialogues: Sequence[Dialogue], fraction: float, seed: int = 0) -> PlantedDialogues:
    """Make some utterances hard, half of them noisy, half of them contradictory.

    A contradiction takes the features of one modality, drawn at random, from another utterance of the same
    speaker with another emotion, so that nothing but the emotion is out of place. An utterance whose speaker
    shows one emotion only stays as it was.

    Args:
        dialogues: complete, with speakers named alike in all dialogues; utterance ids are unique.
        fraction: of all utterances, in [0, 1].
        seed: decides which ones, and how.

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
