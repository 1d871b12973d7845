"""Expected information gain of missing modalities, measured on the training part."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import torch
from torch import Tensor

from graphmer.checksums import read_json, write_json
from graphmer.dialogue import Dialogue, LabelSpace
from graphmer.dialogue.missing import MissingProtocol
from graphmer.dialogue.random import uniforms
from graphmer.errors import CheckpointError
from graphmer.evaluation.evaluate import outputs
from graphmer.graph.dataset import GraphDataset
from graphmer.nn.model import EmotionModel
from graphmer.typing import Available

_FORMAT = "graphmer expected gains"
FILE = "what_if.json"
"""Name of the table in the folder of a model."""

SAMPLES = 4
"""How often each training turn is read, each time under another mask."""

ModalitySet = tuple[str, ...]
"""Modalities in the model's order; empty for none at all."""


def modalities_of(dialogue: Dialogue, turn: int | None = None) -> ModalitySet:
    """Modalities of a turn, or, without a turn, those that occur anywhere in the dialogue."""
    present = dialogue.available.any(dim=0) if turn is None else dialogue.available[turn]
    return tuple(m for m, has in zip(dialogue.modalities, present.tolist(), strict=True) if has)


def subsets(modalities: Sequence[str]) -> list[ModalitySet]:
    """Every set of modalities, the empty one first, the complete one last.

    Example:
        >>> subsets(("audio", "text"))
        [(), ('audio',), ('text',), ('audio', 'text')]
    """
    return [chosen for size in range(len(modalities) + 1) for chosen in combinations(modalities, size)]


@dataclass(frozen=True)
class Only(MissingProtocol):
    """Protocol under which every turn keeps what it has of a set, which may be empty.

    Args:
        modalities: the set.
    """

    modalities: ModalitySet

    @property
    def name(self) -> str:
        return f"only:{'+'.join(self.modalities)}"

    def keep(self, dialogue: Dialogue, seed: int) -> Available:
        column = torch.tensor([modality in self.modalities for modality in dialogue.modalities])
        return column.expand(len(dialogue), -1).clone()


@dataclass(frozen=True)
class RandomAvailability(MissingProtocol):
    """Protocol under which every turn keeps each modality with probability one half, maybe none."""

    @property
    def name(self) -> str:
        return "coins"

    def keep(self, dialogue: Dialogue, seed: int) -> Available:
        samples = uniforms("coins", seed, dialogue.id, dialogue.utterance_ids, len(dialogue.modalities))
        return torch.from_numpy(samples < 0.5)


@dataclass(frozen=True)
class Help:
    """The missing modality of the largest expected information gain for a turn.

    Attributes:
        modality: its name; ``None`` where there is no such modality or it was never measured.
        entropy_drop: expected decrease of the entropy of the emotion, in bits; ``None`` as above.
        turns: number of training samples behind each of the two means of the estimate.
        note: why there is no modality; empty where there is one.
    """

    modality: str | None
    entropy_drop: float | None
    turns: int
    note: str = ""


class ExpectedInformationGain:
    r"""Expected information gain of each modality ``m`` that a turn with the modalities ``A`` lacks.

    .. math:: \bar H(y_t \mid A_t = A) - \bar H(y_t \mid A_t = A \cup \{m\})

    in bits, as means over the training turns that were recorded with ``A`` and ``m``. The available
    modalities of each turn are sampled `SAMPLES` times by `RandomAvailability`, which varies those of its
    neighbors as well. A definition of this project.

    Args:
        modalities: of the model, in its order.
        drops: decrease in bits and number of samples, by (set, missing modality).
    """

    def __init__(
        self,
        modalities: Sequence[str],
        drops: Mapping[tuple[ModalitySet, str], tuple[float, int]],
    ) -> None:
        self.modalities = tuple(modalities)
        self.drops = dict(drops)

    @classmethod
    def measure(
        cls, model: EmotionModel, part: GraphDataset, labels: LabelSpace, *, nodes: int, device: torch.device
    ) -> "ExpectedInformationGain":
        """Predict the training part `SAMPLES` times, each time under another mask.

        Args:
            model: on `device`; left in evaluation mode.
            part: the training dialogues.
            labels: classes, not a score.
            nodes: most utterances in a batch.
            device: device of the batches.

        Raises:
            ValueError: if the labels are a score, which has no entropy.
        """
        if labels.is_score:
            raise ValueError("Entropy is defined for classes; these labels are a score.")
        entropy, available = [], []
        for sample in range(SAMPLES):
            masked = part.masked(RandomAvailability(), sample)
            found = outputs(model, masked, labels, nodes=nodes, device=device)
            entropy.append(entropy_bits(torch.cat([each.output for each in found])))
            available.append(part.available(RandomAvailability(), sample))
        recorded = torch.cat([dialogue.available for dialogue in part.dialogues])
        samples = (torch.cat(entropy), torch.cat(available), recorded.repeat(SAMPLES, 1))
        return cls(model.modalities, _drops(*samples, model.modalities))

    def best(self, available: Sequence[str]) -> Help:
        """The missing modality of the largest expected gain, for a turn that has `available`."""
        missing = [modality for modality in self.modalities if modality not in available]
        if not missing:
            return Help(None, None, 0, "nothing is missing")
        has = tuple(modality for modality in self.modalities if modality in available)
        known = {modality: self.drops[has, modality] for modality in missing if (has, modality) in self.drops}
        if not known:
            never = f"{' and '.join(has)} and another modality" if has else "any modality"
            return Help(None, None, 0, f"no training turn has {never}")
        modality, (drop, turns) = max(known.items(), key=lambda item: item[1][0])
        if drop <= 0:
            return Help(None, drop, turns, "no missing modality is expected to help")
        return Help(modality, drop, turns)

    def save(self, path: Path) -> None:
        """Write the table as JSON with its checksum, whole or not at all."""
        rows = [
            {"available": list(has), "missing": missing, "entropy_drop_bits": drop, "turns": turns}
            for (has, missing), (drop, turns) in self.drops.items()
        ]
        content = {"format": _FORMAT, "modalities": self.modalities, "gains": rows}
        write_json(path, content, indent=1)

    @classmethod
    def load(cls, path: Path) -> "ExpectedInformationGain":
        """Read what `save` wrote.

        Raises:
            CheckpointError: if the file is damaged or edited, or holds something else.
        """
        try:
            content = read_json(path)
            if content["format"] != _FORMAT:
                raise ValueError(f"format must be {_FORMAT!r}, got {content['format']!r}")
            drops = {
                (tuple(row["available"]), row["missing"]): (float(row["entropy_drop_bits"]), row["turns"])
                for row in content["gains"]
            }
            return cls(content["modalities"], drops)
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise CheckpointError(
                f"{path}: cannot be read as expected gains ({error}). Train again, or remove it."
            ) from None


def entropy_bits(probability: Tensor) -> Tensor:
    """Entropy ``[N]`` in bits of probabilities ``[N, C]``.

    Example:
        >>> entropy_bits(torch.tensor([[0.5, 0.5], [1.0, 0.0]])).tolist()
        [1.0, 0.0]
    """
    return torch.special.entr(probability).sum(dim=1) / torch.log(torch.tensor(2.0))


def _drops(
    entropy: Tensor, available: Tensor, recorded: Tensor, modalities: Sequence[str]
) -> dict[tuple[ModalitySet, str], tuple[float, int]]:
    """Decreases from the entropy of samples ``[T]``, their available and recorded modalities ``[T, M]``."""
    drops = {}
    for has in subsets(modalities):
        for missing in (modality for modality in modalities if modality not in has):
            less, more = (
                torch.tensor([modality in chosen for modality in modalities])
                for chosen in (has, (*has, missing))
            )
            eligible = recorded[:, more].all(dim=1)
            before = entropy[eligible & (available == less).all(dim=1)]
            after = entropy[eligible & (available == more).all(dim=1)]
            if len(before) and len(after):
                drop = float(before.mean() - after.mean())
                drops[has, missing] = (round(drop, 6), min(len(before), len(after)))
    return drops
