"""Extraction of features by tasks on a Ray cluster."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path

import torch
from pydantic import JsonValue

from graphmer.cluster.tasks import results
from graphmer.experiment.extractors import make_extractor
from graphmer.features import Clip, Extractor, Missing, Provenance
from graphmer.features.extractor import Vector
from graphmer.features.tuned import Tuning


@dataclass(frozen=True)
class ExtractorPlace:
    """What `make_extractor` makes an extractor from, in any process.

    Args:
        modality: of the features.
        model: name, folder or id.
        device: on which it computes.
        settings: as JSON.
    """

    modality: str
    model: str
    device: str
    settings: str

    @classmethod
    def of(
        cls, modality: str, model: str, device: str, settings: Mapping[str, JsonValue]
    ) -> "ExtractorPlace":
        """Arguments as those of `make_extractor`; paths become absolute, as processes have other folders."""
        known = {
            name: _absolute(value) if isinstance(value, str) else value for name, value in settings.items()
        }
        return cls(modality, _absolute(model), device, json.dumps(known))

    def make(self) -> Extractor:
        """The extractor.

        Raises:
            ConfigError: if it cannot be loaded.
        """
        return make_extractor(self.modality, self.model, self.device, json.loads(self.settings))


def _absolute(name: str) -> str:
    """The absolute path of a file or folder that is there; any other name as it is."""
    return str(Path(name).absolute()) if Path(name).exists() else name


Batch = tuple[Sequence[str], Sequence[Clip]]
"""Contents of a batch, and a clip of each."""


class RayExtractor:
    """An extractor whose batches are tasks of one core each; vectors are those of the extractor itself.

    A connection to the cluster must be there; see `connected`. Recordings and the folder of a model must be
    on storage that all nodes have.

    Args:
        extractor: of this process.
        place: what other processes make the same extractor from.
    """

    def __init__(self, extractor: Extractor, place: ExtractorPlace) -> None:
        self.extractor = extractor
        self.place = place
        self._clips: dict[str, Clip] = {}
        self._found: Iterator[Sequence[Vector | Missing]] = iter(())

    @property
    def modality(self) -> str:
        """Name of the modality."""
        return self.extractor.modality

    @property
    def provenance(self) -> Provenance:
        """Name, version, width, settings and weights."""
        return self.extractor.provenance

    @property
    def tuning(self) -> Tuning | None:
        """What the extractor was fitted on, if it was."""
        tuning: Tuning | None = getattr(self.extractor, "tuning", None)
        return tuning

    def content(self, clip: Clip) -> str | Missing:
        """What the extractor reads of a clip, or why it cannot read it."""
        content = self.extractor.content(clip)
        if isinstance(content, str):
            self._clips.setdefault(content, clip)
        return content

    def batches(self, contents: Sequence[str]) -> list[Sequence[str]]:
        """The batches of the extractor, all of which are given to the cluster."""
        batches: list[Sequence[str]] = [list(batch) for batch in self.extractor.batches(contents)]
        given: list[Batch] = [(batch, [self._clips[content] for content in batch]) for batch in batches]
        gpus = int(self.place.device.startswith("cuda"))
        self._found = results(partial(_vectors, self.place), given, gpus=gpus)
        return batches

    def vectors(self, contents: Sequence[str]) -> Sequence[Vector | Missing]:
        """Vectors of the next one of the `batches`."""
        return next(self._found)

    def notes(self, contents: Sequence[str]) -> Sequence[str]:
        """What else a user should know of the vectors."""
        return self.extractor.notes(contents)


@lru_cache(maxsize=2)
def _made(place: ExtractorPlace) -> Extractor:
    """The extractor, which a worker process keeps from one batch to the next."""
    torch.set_num_threads(1)
    return place.make()


def _vectors(place: ExtractorPlace, batch: Batch) -> Sequence[Vector | Missing]:
    extractor = _made(place)
    contents, clips = batch
    for clip in clips:
        extractor.content(clip)  # opens its recording in this process
    return extractor.vectors(contents)
