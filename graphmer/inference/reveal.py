"""Expected information gain of acquiring a modality, given what a turn has and how uncertain it is now."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from graphmer.dialogue import Dialogue, LabelSpace
from graphmer.dialogue.missing import MissingProtocol
from graphmer.dialogue.random import uniforms
from graphmer.evaluation.evaluate import outputs
from graphmer.graph.dataset import GraphDataset
from graphmer.inference.modality_sets import ModalitySet, RandomAvailability, entropy_bits
from graphmer.nn.model import EmotionModel
from graphmer.typing import Available

SAMPLES = 8
"""How often each turn is read, each time under another mask."""

SHARE = 0.25
"""Share of the turns of which a modality is revealed at a time, so that most neighbors stay as they are."""

FEWEST = 100
"""Turns from which on the curvature is fitted, too."""


@dataclass(frozen=True)
class Reveal:
    """Expected information gain of one more modality at a turn of entropy ``H``, ``slope H + curvature H^2``.

    Attributes:
        slope, curvature: fitted by least squares to the decrease of the log-loss of annotated held-out turns
            when the modality was revealed. Its mean is the information gain of the emotion; the decrease of
            the entropy is that only of a model that is never too sure of itself.
        turns: number of these turns.
    """

    slope: float
    curvature: float
    turns: int

    def __call__(self, entropy: float) -> float:
        """Expected gain in bits, between 0 and the entropy itself."""
        return min(max(entropy * (self.slope + self.curvature * entropy), 0.0), entropy)

    @classmethod
    def fit(cls, entropy: NDArray[np.float64], gain: NDArray[np.float64]) -> "Reveal":
        """Least squares through the origin.

        Args:
            entropy: of each turn before, in bits.
            gain: decrease of its log-loss, in bits.

        Shapes:
            entropy, gain ``[T]``.
        """
        powers = np.stack([entropy, entropy**2], axis=1)[:, : 1 + (len(entropy) >= FEWEST)]
        found = np.linalg.lstsq(powers, gain, rcond=None)[0].tolist()
        slope, curvature = [*found, 0.0][:2]
        return cls(round(slope, 6), round(curvature, 6), len(entropy))


SMALLEST = 1e-4
"""Probability below which a log-loss is as if at it, so that few turns do not decide a fit."""

Reveals = Mapping[tuple[ModalitySet, str], Reveal]
"""By what a turn has, and the modality to acquire."""


@dataclass(frozen=True)
class _Revealed(MissingProtocol):
    """`RandomAvailability`, with one modality, by its column, revealed at some turns."""

    column: int

    @property
    def name(self) -> str:
        return f"revealed:{self.column}"

    def chosen(self, dialogue: Dialogue, seed: int) -> Tensor:
        """Turns of which it is revealed, bool ``[N]``."""
        samples = uniforms(self.name, seed, dialogue.id, dialogue.utterance_ids, 1)[:, 0]
        return torch.from_numpy(samples < SHARE)

    def keep(self, dialogue: Dialogue, seed: int) -> Available:
        keep = RandomAvailability().keep(dialogue, seed)
        keep[:, self.column] |= self.chosen(dialogue, seed)
        return keep


def measure_reveals(
    model: EmotionModel, part: GraphDataset, labels: LabelSpace, *, nodes: int, device: torch.device
) -> dict[tuple[ModalitySet, str], Reveal]:
    """Reveal modalities of held-out turns and fit how much the log-loss of their emotions falls.

    Args:
        model: on `device`; left in evaluation mode.
        part: dialogues that it was not trained on.
        labels: classes.
        nodes: most utterances in a batch.
        device: device of the batches.
    """
    pairs: dict[tuple[ModalitySet, str], list[tuple[float, float]]] = defaultdict(list)
    target = torch.cat([labels.encode(dialogue.emotion) for dialogue in part.dialogues])
    labelled = labels.labelled(target)

    def predicted(protocol: MissingProtocol, sample: int) -> tuple[Tensor, Tensor]:
        """Entropy, and log-loss of the annotated emotion, in bits; any where there is none."""
        found = outputs(model, part.masked(protocol, sample), labels, nodes=nodes, device=device)
        probability = torch.cat([each.output for each in found])
        own = probability.gather(1, target.clamp_min(0)[:, None])[:, 0]
        return entropy_bits(probability), -own.clamp_min(SMALLEST).log2()

    for sample in range(SAMPLES):
        entropy, before = predicted(RandomAvailability(), sample)
        available = part.available(RandomAvailability(), sample)
        for column, modality in enumerate(model.modalities):
            revealed = _Revealed(column)
            new = part.available(revealed, sample)[:, column] & ~available[:, column] & labelled
            turns = new.nonzero()[:, 0]
            gain = before[turns] - predicted(revealed, sample)[1][turns]
            rows = zip(available[turns].tolist(), entropy[turns].tolist(), gain.tolist(), strict=True)
            for has, uncertain, gained in rows:
                names = tuple(m for m, there in zip(model.modalities, has, strict=True) if there)
                pairs[names, modality].append((uncertain, gained))
    return {key: Reveal.fit(*np.array(pairs[key]).T) for key in sorted(pairs)}
