"""Text encoders that were tuned to emotions: a folder of cross-fitted networks, and its extractor."""

import hashlib
import json
from collections.abc import Iterable, Sequence
from functools import cached_property
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from graphmer.errors import ConfigError
from graphmer.features.classifier import TextClassifier
from graphmer.features.extractor import Vector
from graphmer.features.models import model_checksum
from graphmer.features.provenance import Provenance
from graphmer.features.text import TextExtractor
from graphmer.features.tuning import TuningSettings
from graphmer.settings import Settings

TUNING = "tuning.json"
"""File that makes a folder one of a tuned encoder."""
FITTED = "fitted.json"
"""File of a network that is complete."""


class Tuning(Settings):
    """What the networks of a folder were tuned on, and how."""

    emotions: tuple[str, ...]
    """Classes in the order of the features."""
    encoder: Provenance
    """The encoder that they began as."""
    settings: TuningSettings
    """How they were trained."""
    data: str
    """Hash of the texts, labels and parts."""
    dialogues: tuple[str, ...]
    """Hashes of the training dialogues, as `dialogue_digest` makes them."""


class FittedNetwork(Settings):
    """Selection of one network, on the part of the training dialogues that it left out."""

    epoch: int
    """The epoch with the highest weighted F1."""
    f1: float
    """Weighted F1."""
    log_loss: float
    """Log loss with the temperature."""
    temperature: float
    """By which its logits are divided."""


def dialogue_digest(texts: Iterable[str | None]) -> str:
    """Short hash of the words of a dialogue, by which it is recognised in another file."""
    return hashlib.sha256(json.dumps(list(texts)).encode()).hexdigest()[:16]


def is_tuned(folder: Path) -> bool:
    """Whether a folder is one of a tuned encoder."""
    return (folder / TUNING).is_file()


def network_folder(folder: Path, number: int) -> Path:
    """Folder of a network, counted from 1."""
    return folder / f"network_{number}"


def read_tuning(folder: Path) -> Tuning:
    """What the networks of a folder were tuned on.

    Raises:
        ConfigError: if it cannot be read.
    """
    return _read(folder / TUNING, Tuning)


def read_fitted(folder: Path, number: int) -> FittedNetwork:
    """Selection of a network.

    Raises:
        ConfigError: if it cannot be read, or the network is not there.
    """
    return _read(network_folder(folder, number) / FITTED, FittedNetwork)


class TunedExtractor(TextExtractor):
    """Log-probabilities of the emotions, ``[C]``: the mean of those of tuned networks.

    Each network is calibrated first (temperature scaling).

    Args:
        folder: that `graphmer features tune` wrote.
        device: on which it computes.
        networks: numbers of the networks, counted from 1; all by default.

    Raises:
        ConfigError: if the folder is not complete or cannot be read.
    """

    def __init__(self, folder: Path, device: str = "cpu", networks: Sequence[int] | None = None) -> None:
        self.tuning = read_tuning(folder)
        self.numbers = tuple(networks or range(1, self.tuning.settings.folds + 1))
        self.fitted = [read_fitted(folder, number) for number in self.numbers]
        super().__init__(str(network_folder(folder, self.numbers[0])), device, "float32")
        self.place = folder.resolve()

    @cached_property
    def provenance(self) -> Provenance:
        return Provenance(
            extractor="tuned text classifier",
            model=str(self.place),
            version=super().provenance.version,
            width=len(self.tuning.emotions),
            settings={"emotions": list(self.tuning.emotions), "networks": list(self.numbers)},
            sha256=hashlib.sha256("".join(map(self._checksum, self.numbers)).encode()).hexdigest(),
        )

    def _checksum(self, number: int) -> str:
        return model_checksum(network_folder(self.place, number))

    def vectors(self, contents: Sequence[str]) -> Sequence[Vector]:
        networks = zip(self._classifiers, self.fitted, strict=True)
        from scipy.special import log_softmax  # slow to import

        rows = [log_softmax(each.logits(contents) / fitted.temperature, axis=1) for each, fitted in networks]
        mean: NDArray[np.float64] = np.stack(rows).mean(axis=0, dtype=np.float64)
        return list(mean.astype(np.float32))

    @cached_property
    def _classifiers(self) -> list[TextClassifier]:
        found = []
        for number in self.numbers:
            folder = network_folder(self.place, number)
            encoder = TextExtractor(str(folder), self.device, "float32").encoder
            classifier = TextClassifier(encoder, len(self.tuning.emotions)).to(self.device)
            classifier.load_head(folder)
            found.append(classifier)
        return found


SettingsOfFile = TypeVar("SettingsOfFile", bound=Settings)


def _read(path: Path, kind: type[SettingsOfFile]) -> SettingsOfFile:
    try:
        return kind.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        raise ConfigError(
            f"{path}: is missing. Run `graphmer features tune` again: it goes on where it stopped."
        ) from None
    except ValidationError as error:
        problem = " ".join(str(error).split())
        raise ConfigError(f"{path}: cannot be read ({problem}). Tune the encoder again.") from None
