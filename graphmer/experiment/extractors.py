"""Extractors by modality, and those that a model was trained with."""

from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import get_args

from pydantic import JsonValue, ValidationError

from graphmer.corpora.header import HEADER, Header, read_header
from graphmer.corpora.parquet.files import is_columnar, turn_files
from graphmer.corpora.parquet.read import common_header
from graphmer.errors import CheckpointError
from graphmer.features import (
    Extractor,
    FaceNetworkExtractor,
    FunctionalsExtractor,
    Library,
    Provenance,
    SpeechNetworkExtractor,
    TextExtractor,
)
from graphmer.features.tuned import TunedExtractor, is_tuned
from graphmer.training.model_file import TrainedModel

ExtractorSettings = Mapping[str, JsonValue]
"""Settings of an extractor, as they are in its provenance; those left out are as by default."""


def _text_extractor(model: str, device: str, settings: ExtractorSettings) -> Extractor:
    if is_tuned(Path(model)):
        return TunedExtractor(Path(model), device)
    precision = settings.get("precision", "auto")
    return TextExtractor(model, device, precision)  # type: ignore[arg-type]  # checked by the extractor


def _audio_extractor(model: str, device: str, settings: ExtractorSettings) -> Extractor:
    if model in get_args(Library):
        return FunctionalsExtractor(model)  # type: ignore[arg-type]
    return SpeechNetworkExtractor(model, device, settings.get("layer", -1))  # type: ignore[arg-type]


def _video_extractor(model: str, device: str, settings: ExtractorSettings) -> Extractor:
    names = ("detector", "rate", "mean", "std", "colour")
    chosen = {name: settings[name] for name in names if name in settings}
    return FaceNetworkExtractor(model, **chosen)  # type: ignore[arg-type]  # checked by the extractor


EXTRACTORS: Mapping[str, Callable[[str, str, ExtractorSettings], Extractor]] = {
    "text": _text_extractor,
    "audio": _audio_extractor,
    "video": _video_extractor,
}
"""Makers of extractors by modality, from the name of a model, a device and settings."""


def make_extractor(modality: str, model: str, device: str, settings: ExtractorSettings) -> Extractor:
    """An extractor of a modality.

    Raises:
        ConfigError: if it cannot be loaded.
    """
    return EXTRACTORS[modality](model, device, settings)


def model_extractors(
    trained: TrainedModel, models: Mapping[str, str], device: str, without: Collection[str] = ()
) -> list[Extractor]:
    """The extractors of the corpus that a model was trained on.

    Args:
        trained: model.
        models: place of the extractor's model by modality, where it is another one than in training.
        device: on which they compute.
        without: modalities that the input has not.

    Raises:
        CheckpointError: if the model does not know its extractors, or one here is another one.
    """
    known = {name: each for name, each in model_provenance(trained).items() if name in EXTRACTORS}
    if not known:
        raise CheckpointError(
            "The model does not know the extractors of its features. Train it on a corpus of `graphmer "
            "features`, or give it dialogues with features (JSON)."
        )
    found: list[Extractor] = []
    for modality, stored in known.items():
        if modality in without:
            continue
        model = models.get(modality, stored.model)
        extractor = make_extractor(modality, model, device, {**stored.settings, **_places(stored, model)})
        _require_same(stored, extractor.provenance, modality, extractor.provenance.model)
        found.append(extractor)
    return found


def _places(stored: Provenance, model: str) -> dict[str, str]:
    """Where further files of an extractor are: where they were in training, or beside its model."""
    beside = {setting: Path(model).parent / Path(place).name for setting, place in stored.files.items()}
    return {
        setting: str(beside[setting]) if not Path(place).is_file() and beside[setting].is_file() else place
        for setting, place in stored.files.items()
    }


def model_provenance(trained: TrainedModel) -> dict[str, Provenance]:
    """Extractors of the features that a model was trained on, by modality; empty if unknown.

    Raises:
        CheckpointError: if they cannot be read.
    """
    try:
        stored = dict(trained.facts.get("extractors", {}))
        return {modality: Provenance.model_validate(each) for modality, each in stored.items()}
    except (TypeError, ValueError, ValidationError) as error:
        problem = " ".join(str(error).split())
        raise CheckpointError(f"The model's extractors cannot be read ({problem}). Train it again.") from None


def require_same_extractors(trained: TrainedModel, dialogues: Path) -> None:
    """Refuse a file of a corpus whose vectors are of other extractors than the model's.

    Vectors of a file that is in no corpus have no provenance and are taken as they are.

    Raises:
        CheckpointError: if an extractor differs.
    """
    header = _header(dialogues)
    if header is None:
        return
    stored = model_provenance(trained)
    for modality, found in header.card.extractors.items():
        if modality in stored:
            _require_same(stored[modality], found, modality, str(dialogues))


def _header(dialogues: Path) -> Header | None:
    """Header of the corpus that a file or folder of dialogues is in."""
    if is_columnar(dialogues):
        return common_header(turn_files(dialogues))
    if not (dialogues.parent / HEADER).is_file():
        return None
    header = read_header(dialogues.parent)
    return header if dialogues.name in header.dialogues else None


def _require_same(stored: Provenance, found: Provenance, modality: str, where: str) -> None:
    if stored.digest != found.digest:
        raise CheckpointError(
            f"{where}: {modality} features are of {found}; the model was trained on {stored}. Use that "
            "extractor."
        )
