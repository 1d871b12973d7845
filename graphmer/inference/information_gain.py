"""Expected information gain of missing modalities, measured on the training part."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from torch import Tensor

from graphmer.checksums import read_json, write_json
from graphmer.dialogue import LabelSpace
from graphmer.errors import CheckpointError
from graphmer.evaluation.evaluate import outputs
from graphmer.graph.dataset import GraphDataset
from graphmer.inference.modality_sets import ModalitySet, RandomAvailability, entropy_bits, subsets
from graphmer.inference.reveal import Reveal, Reveals, measure_reveals
from graphmer.nn.model import EmotionModel

_FORMAT = "graphmer expected gains"
FILE = "what_if.json"
"""Name of the table in the folder of a model."""

SAMPLES = 4
"""How often each training turn is read, each time under another mask."""


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
        reveals: expected gain given the entropy of a turn; empty where it was not measured.
    """

    def __init__(
        self,
        modalities: Sequence[str],
        drops: Mapping[tuple[ModalitySet, str], tuple[float, int]],
        reveals: Reveals | None = None,
    ) -> None:
        self.modalities = tuple(modalities)
        self.drops = dict(drops)
        self.reveals = dict(reveals or {})

    @classmethod
    def measure(
        cls,
        model: EmotionModel,
        part: GraphDataset,
        labels: LabelSpace,
        *,
        held_out: GraphDataset,
        nodes: int,
        device: torch.device,
    ) -> "ExpectedInformationGain":
        """Predict the training part `SAMPLES` times, each time under another mask, and `measure_reveals`.

        Args:
            model: on `device`; left in evaluation mode.
            part: the training dialogues.
            labels: classes, not a score.
            held_out: dialogues that the model was not trained on.
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
        reveals = measure_reveals(model, held_out, labels, nodes=nodes, device=device)
        return cls(model.modalities, _drops(*samples, model.modalities), reveals)

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
        reveals = [
            {"available": list(has), "missing": missing, **asdict(reveal)}
            for (has, missing), reveal in self.reveals.items()
        ]
        content = {"format": _FORMAT, "modalities": self.modalities, "gains": rows, "reveals": reveals}
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
            reveals = {
                (tuple(row["available"]), row["missing"]): Reveal(
                    float(row["slope"]), float(row["curvature"]), row["turns"]
                )
                for row in content.get("reveals", [])
            }
            return cls(content["modalities"], drops, reveals)
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise CheckpointError(
                f"{path}: cannot be read as expected gains ({error}). Train again, or remove it."
            ) from None


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
