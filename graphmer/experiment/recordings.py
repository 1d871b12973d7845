"""Which recording, and which part of it, belongs to each turn of a transcript."""

import math
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from graphmer.dialogue import Utterance
from graphmer.errors import CorpusError
from graphmer.features import Clip
from graphmer.transcripts import Transcript

VIDEO_ENDINGS = (".mp4", ".mkv", ".webm", ".mov", ".avi")
"""Endings of recordings with pictures; of two with one name, the first in this order is taken."""

ENDINGS = (".wav", ".flac", ".mp3", ".m4a", ".aac", ".ogg", ".opus", *VIDEO_ENDINGS)
"""Endings of recordings with sound, likewise."""

_MELD_CLIPS = {
    "train": "train_splits",
    "dev": "dev_splits_complete",
    "test": "output_repeated_splits_test",
}
"""Folders of MELD's clips by part: its numbers of utterances restart in each."""


def clips_of(
    path: Path, transcript: Transcript, recording: Path | None = None, video: Path | None = None
) -> list[Clip]:
    """What is known of each turn of a transcript, in their order.

    The recordings of a dialogue have the name of its transcript, ``call.wav`` and ``call.mp4`` beside
    ``call.vtt``, and are cut at the times of the turns. Sound is taken from a video only where there is no
    recording of sound alone. Else each turn may have a clip of its own, named by its id, such as MELD's
    ``dia0_utt0.mp4``: in a folder beside the transcript that has its name or the one that MELD gives it, or
    beside the transcript if no other table is there.

    Args:
        path: of the transcript.
        transcript: what it holds.
        recording: of the sound of the dialogue, if it is another file.
        video: of its pictures, if it is another file.

    Raises:
        CorpusError: if a recording is no file, or the transcript has several dialogues.
    """
    turns = [turn for dialogue in transcript.dialogues for turn in dialogue.turns]
    for named in filter(None, (recording, video)):
        if not named.is_file():
            raise CorpusError(f"{named}: no such file. Name the recording of {path.name}.")
        if len(transcript.dialogues) != 1:
            raise CorpusError(
                f"{path}: has {len(transcript.dialogues)} dialogues; one recording belongs to one dialogue. "
                "Leave it out: clips of the turns beside the transcript are found."
            )
    if len(transcript.dialogues) == 1:
        beside = _files(path.parent)
        if video is None and recording is not None and recording.suffix.lower() in VIDEO_ENDINGS:
            video = recording
        recording = recording or _named(path.stem, beside) or video
        video = video or _named(path.stem, beside, VIDEO_ENDINGS)
    if recording is not None:
        return [Clip(turn.text, recording, turn.start, turn.end, video) for turn in turns]
    clips: Mapping[str, Path] = {}
    for folder in _clip_folders(path):
        clips = clips or _files(folder)
    return [_clip(turn, clips) for turn in turns]


def has_recordings(clips: Sequence[Clip], modality: str) -> bool:
    """Whether any turn has a recording of a modality."""
    return any(clip.recording(modality) is not None for clip in clips)


def _clip(turn: Utterance, clips: Mapping[str, Path]) -> Clip:
    found = None if turn.id is None else _named(turn.id, clips)
    if found is None or turn.id is None:
        return Clip(turn.text)
    return Clip(turn.text, found, 0.0, math.inf, _named(turn.id, clips, VIDEO_ENDINGS))


def _files(folder: Path) -> dict[str, Path]:
    """Recordings in a folder by name."""
    found = (path for path in sorted(folder.iterdir()) if path.suffix.lower() in ENDINGS)
    return {path.stem + path.suffix.lower(): path for path in found}


def _named(stem: str, files: Mapping[str, Path], endings: Sequence[str] = ENDINGS) -> Path | None:
    return next((files[stem + ending] for ending in endings if stem + ending in files), None)


def _clip_folders(path: Path) -> list[Path]:
    parent = path.parent
    part = next((word for word in re.split("[^a-z]+", path.stem.lower()) if word in _MELD_CLIPS), "")
    places = [parent / path.stem]
    if part:
        places += [parent / _MELD_CLIPS[part], parent / part / _MELD_CLIPS[part], parent / part]
    if len(list(parent.glob(f"*{path.suffix}"))) == 1:
        places.append(parent)
    return [place for place in places if place.is_dir()]
