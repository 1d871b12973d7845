"""Reading of dialogues to predict that are named on the command line."""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from graphmer.dialogue import Dialogue
    from graphmer.inference import Predictor
    from graphmer.transcripts import ReadingOptions

Encoder = Annotated[
    str | None,
    typer.Option(help="Where the encoder of the model's text features is, if not where it was in training."),
]


def read_dialogues_for(
    predictor: "Predictor",
    path: Path,
    text: str | None,
    cache: Path | None,
    options: "ReadingOptions",
    *,
    zeros: str | None = None,
    pooling: str | None = None,
) -> "Iterable[Dialogue]":
    """Dialogues with features: of a JSON file as they are there, of a transcript as the model was trained.

    Args:
        predictor: the model.
        path: file of dialogues, or a transcript.
        text: place of the encoder of the words, where it is another one than in training.
        cache: folder of extracted features.
        options: of reading a transcript.
        zeros: meaning of a vector of zeros; by default as the training corpus was read.
        pooling: reduction of frame-level features; by default as the training corpus was read.
    """
    from graphmer.cli.terminal import errors
    from graphmer.corpora.dataset import read_dialogues
    from graphmer.corpora.objects import is_json
    from graphmer.experiment.words import featured_dialogues, model_extractors, require_same_extractors
    from graphmer.features import default_folder
    from graphmer.transcripts import read_transcript

    trained = predictor.trained
    if is_json(path):
        require_same_extractors(trained, path)
        forms: dict[str, Any] = {
            "zeros": zeros or trained.facts.get("zeros", "keep"),
            "pooling": pooling or trained.facts.get("pooling", "error"),
        }
        return read_dialogues(path, trained.widths, **forms)
    transcript = read_transcript(path, options)

    def note(line: str) -> None:
        errors.print(f"{path.name}: {line}", soft_wrap=True, markup=False, highlight=False)

    for line in (transcript.summary, *transcript.report.lines()):
        note(line)
    extractors = model_extractors(trained, {} if text is None else {"text": text}, str(predictor.device))
    return featured_dialogues(transcript, extractors, trained.widths, cache or default_folder(), note)
