"""Packing of a trained model with its card."""

from pathlib import Path

from graphmer.evaluation.predictions import Predictions
from graphmer.experiment.extractors import model_provenance
from graphmer.features import Provenance
from graphmer.inference.pack import write_pack
from graphmer.inference.predictor import model_folder
from graphmer.report.model_card import model_card
from graphmer.training.model_file import TrainedModel, load_model
from graphmer.training.run_folder import RunFolder


def pack(run: Path, path: Path, fold: int | None = None, seed: int | None = None) -> TrainedModel:
    """Write a model of a run as one file, which `graphmer.load` and the commands take in place of the run.

    The models of its extractors are in it where they are folders or files; it names those that are packages
    or on a hub.

    Args:
        run: folder that `graphmer train` made.
        path: of the file.
        fold: which fold's model, counted from 1; the first one there when left out.
        seed: which seed's model; the first one there when left out.

    Returns:
        the packed model.

    Raises:
        CheckpointError: if there is no such run, fold or seed, or a file is damaged.
        OSError: if the file cannot be written.
    """
    RunFolder(run)
    folder = model_folder(run, fold, seed)
    trained = load_model(folder)
    files = sorted((folder / "predictions").glob("*.npz"), key=lambda file: (len(file.stem), file.stem))
    predicted = {each.condition.removeprefix("fixed:"): each for each in map(Predictions.load, files)}
    extractors = {modality: _places(stored) for modality, stored in model_provenance(trained).items()}
    write_pack(path, folder, model_card(trained, predicted, path.name), extractors)
    return trained


def _places(stored: Provenance) -> list[Path]:
    """Folders and files of an extractor's model."""
    places = [Path(place) for place in (stored.model, *stored.files.values())]
    return [place for place in places if place.is_dir() or (place.is_absolute() and place.is_file())]
