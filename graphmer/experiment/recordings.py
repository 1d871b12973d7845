"""Which recording, and which part of it, belongs to each turn of a transcript."""

import math
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from graphmer.dialogue import Utterance
from graphmer.errors import CorpusError
from graphmer.features import Clip
from graphmer.transcripts import Transcript

ENDINGS = (".wav", ".flac", ".mp3", ".m4a", ".aac", ".ogg", ".opus", ".mp4", ".mkv", ".webm", ".mov", ".avi")
"""Endings of recordings; of two with one name, the first in this order is taken."""

_MELD_CLIPS = {
    "train": "train_splits",
    "dev": "dev_splits_complete",
    "test": "output_repeated_splits_test",
}
"""Folders of MELD's clips by part: its numbers of utterances restart in each."""


def clips_of(path: Path, transcript: Transcript, recording: Path | None = None) -> list[Clip]:
    """What is known of each turn of a transcript, in their order.

    The recording of a dialogue has the name of its transcript, ``call.wav`` beside ``call.vtt``, and is cut
    at the times of the turns. Else each turn may have a clip of its own, named by its id, such as MELD's
    ``dia0_utt0.mp4``: in a folder beside the transcript that has its name or the one that MELD gives it, or
    beside the transcript if no other table is there.

    Args:
        path: of the transcript.
        transcript: what it holds.
        recording: of the dialogue, if it is another file.

    Raises:
        CorpusError: if the recording is no file, or the transcript has several dialogues.
    """
    turns = [turn for dialogue in transcript.dialogues for turn in dialogue.turns]
    if recording is not None:
        if not recording.is_file():
            raise CorpusError(f"{recording}: no such file. Name the recording of {path.name}.")
        if len(transcript.dialogues) != 1:
            raise CorpusError(
                f"{path}: has {len(transcript.dialogues)} dialogues; one recording belongs to one dialogue. "
                "Leave it out: clips of the turns beside the transcript are found."
            )
    elif len(transcript.dialogues) == 1:
        recording = _named(path.stem, _files(path.parent))
    if recording is not None:
        return [Clip(turn.text, recording, turn.start, turn.end) for turn in turns]
    clips: Mapping[str, Path] = {}
    for folder in _clip_folders(path):
        clips = clips or _files(folder)
    return [_clip(turn, clips) for turn in turns]


def has_recordings(clips: Sequence[Clip]) -> bool:
    """Whether any turn has a recording."""
    return any(clip.audio is not None for clip in clips)


def _clip(turn: Utterance, clips: Mapping[str, Path]) -> Clip:
    found = None if turn.id is None else _named(turn.id, clips)
    return Clip(turn.text) if found is None else Clip(turn.text, found, 0.0, math.inf)


def _files(folder: Path) -> dict[str, Path]:
    """Recordings in a folder by name."""
    found = (path for path in sorted(folder.iterdir()) if path.suffix.lower() in ENDINGS)
    return {path.stem + path.suffix.lower(): path for path in found}


def _named(stem: str, files: Mapping[str, Path]) -> Path | None:
    return next((files[stem + ending] for ending in ENDINGS if stem + ending in files), None)


def _clip_folders(path: Path) -> list[Path]:
    parent = path.parent
    part = next((word for word in re.split("[^a-z]+", path.stem.lower()) if word in _MELD_CLIPS), "")
    places = [parent / path.stem]
    if part:
        places += [parent / _MELD_CLIPS[part], parent / part / _MELD_CLIPS[part], parent / part]
    if len(list(parent.glob(f"*{path.suffix}"))) == 1:
        places.append(parent)
    return [place for place in places if place.is_dir()]
