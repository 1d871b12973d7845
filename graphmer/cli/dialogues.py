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
Sound = Annotated[
    Path | None,
    typer.Option(
        "--audio", help="Recording of the transcript; by default call.wav, .mp3, ... beside call.vtt."
    ),
]
SoundEncoder = Annotated[
    str | None,
    typer.Option(
        "--audio-model", help="Where the model's audio encoder is, if not where it was in training."
    ),
]
Film = Annotated[
    Path | None,
    typer.Option("--video", help="Video of the transcript; by default call.mp4, .mkv, ... beside call.vtt."),
]
FaceNetwork = Annotated[
    str | None,
    typer.Option(
        "--video-model", help="Where the model's network of faces is, if not where it was in training."
    ),
]


def read_dialogues_for(
    predictor: "Predictor",
    path: Path,
    text: str | None,
    cache: Path | None,
    options: "ReadingOptions",
    *,
    audio: Path | None = None,
    audio_model: str | None = None,
    video: Path | None = None,
    video_model: str | None = None,
    zeros: str | None = None,
    pooling: str | None = None,
) -> "Iterable[Dialogue]":
    """Dialogues with features: of JSON or Parquet as stored, of a transcript as the model was trained.

    Args:
        predictor: the model.
        path: file of dialogues, folder of Parquet, or a transcript.
        text: place of the encoder of the words, where it is another one than in training.
        cache: folder of extracted features.
        options: of reading a transcript.
        audio: recording of a transcript, if it is not beside it.
        audio_model: place of the audio encoder, where it is another one than in training.
        video: pictures of a transcript, if they are not beside it.
        video_model: place of the network of faces, where it is another one than in training.
        zeros: meaning of a vector of zeros; by default as the training corpus was read.
        pooling: reduction of frame-level features; by default as the training corpus was read.
    """
    from graphmer.cli.terminal import errors
    from graphmer.corpora.dataset import read_dialogues
    from graphmer.corpora.parquet.files import is_columnar
    from graphmer.corpora.parquet.read import read_parquet_dialogues
    from graphmer.experiment.extraction import featured_dialogues
    from graphmer.experiment.extractors import model_extractors, require_same_extractors
    from graphmer.experiment.recordings import clips_of, has_recordings
    from graphmer.experiment.word_corpora import is_transcript
    from graphmer.features import default_folder
    from graphmer.transcripts import read_transcript

    trained = predictor.trained
    if is_columnar(path) or not is_transcript(path):
        require_same_extractors(trained, path)
        forms: dict[str, Any] = {"zeros": zeros or trained.facts.get("zeros", "keep")}
        if is_columnar(path):
            return read_parquet_dialogues(path, trained.widths, **forms)
        forms["pooling"] = pooling or trained.facts.get("pooling", "error")
        return read_dialogues(path, trained.widths, **forms)
    transcript = read_transcript(path, options)

    def note(line: str) -> None:
        errors.print(f"{path.name}: {line}", soft_wrap=True, markup=False, highlight=False)

    for line in transcript.lines():
        note(line)
    clips, without = clips_of(path, transcript, audio, video), []
    for modality, named in (("audio", audio), ("video", video)):
        if modality not in trained.widths:
            if named is not None:
                note(f"{named.name} is not read: the model was trained without {modality}")
        elif has_recordings(clips, modality):
            what = "recording" if modality == "audio" else "video"
            note(f"{what} {next(filter(None, (clip.recording(modality) for clip in clips)))}")
        else:
            note(f"{modality} missing in all turns: no recording (name it with --{modality})")
            without.append(modality)
    places = {"text": text, "audio": audio_model, "video": video_model}
    given = {modality: place for modality, place in places.items() if place is not None}
    extractors = model_extractors(trained, given, str(predictor.device), without)
    return featured_dialogues(transcript, extractors, trained.widths, cache or default_folder(), note, clips)
