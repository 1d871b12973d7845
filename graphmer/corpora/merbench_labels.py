"""Labels and names of clips in MERBench's files."""

import csv
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from numbers import Integral
from pathlib import Path
from typing import Any

from graphmer.corpora.base import Card
from graphmer.corpora.cards import (
    CH_SIMS,
    CMU_MOSEI,
    CMU_MOSI,
    IEMOCAP,
    MELD,
    MER2023,
    SCORE_INTERVAL,
    polarity,
)
from graphmer.corpora.gcnet_labels import FOUR, SIX, emotion
from graphmer.corpora.problems import Findings
from graphmer.dialogue import Emotion, LabelSpace
from graphmer.errors import CorpusError

MELD_CLASSES = ("anger", "joy", "sadness", "neutral", "disgust", "fear", "surprise")
"""Classes 0 to 6 of MELD in MERBench."""

MER2023_CLASSES = ("neutral", "angry", "happy", "sad", "worried", "surprise")
"""Classes of MER2023."""

ABSENT = -10.0
"""Value of clips without a score."""

_MOST_CLASSES = 1000
_IEMOCAP = re.compile(r"(?P<dialogue>Ses0(?P<session>\d)[FM]_.+)_(?P<speaker>[FM])\d{3}")
_MELD = re.compile(r"(?P<dialogue>(?:train|val|dev|test)_dia\d+)_utt(?P<number>\d{1,9})")
_SINGLE = re.compile(r"sample_?\d+")
_VIDEO = re.compile(r"(?P<dialogue>.+)_(?P<number>\d{1,15})")


@dataclass(frozen=True)
class Clip:
    """One labelled clip.

    Args:
        name: also that of its feature files.
        part: of the label file, ``whole`` if it has no parts.
        emotion: class number or name.
        score: sentiment or valence; ``None`` if absent.
        dialogue: dialogue that its name says.
        order: position in its dialogue.
        speaker: speaker that its name says.
        session: session of IEMOCAP.
    """

    name: str
    part: str
    emotion: int | str | None
    score: float | None
    dialogue: str
    order: int
    speaker: str
    session: str | None = None


@dataclass(frozen=True)
class Naming:
    """Corpus that the clips are of."""

    card: Card
    labels: LabelSpace
    language: str = "english"

    def emotion(self, clip: Clip) -> Emotion:
        """Annotation of a clip: its class, or its score if the corpus has scores."""
        if self.labels.is_score:
            return clip.score
        return emotion(clip.emotion, self.labels) if isinstance(clip.emotion, int) else clip.emotion


def clips_of(parts: Mapping[str, Any], root: Path) -> list[Clip]:
    """Clips of all parts, in the order of the file.

    Raises:
        CorpusError: if an entry is none of a clip.
    """
    clips: dict[str, Clip] = {}
    for part, entries in parts.items():
        if not isinstance(entries, Mapping):
            raise CorpusError(f"{root}: {part}_corpus must be a dict by name. Write the label file again.")
        for position, (name, entry) in enumerate(entries.items()):
            where = f"{root}: {part}_corpus: {name}"
            if not isinstance(name, str) or not isinstance(entry, Mapping) or "emo" not in entry:
                raise CorpusError(f"{where}: must have 'emo' and 'val'. Write the label file again.")
            if name in clips:
                raise CorpusError(f"{where}: is also in {clips[name].part}_corpus. Remove one of them.")
            value, score = entry["emo"], _score(entry.get("val", ABSENT), where)
            label = int(value) if isinstance(value, Integral) else value
            if not isinstance(label, int | str):
                raise CorpusError(f"{where}: emo: must be a number or a name. Write the label file again.")
            clips[name] = _clip(name, part, label if label != "" else None, score, position)
    if not clips:
        raise CorpusError(f"{root}: the label file has no clip. Write it again.")
    return list(clips.values())


def _clip(name: str, part: str, label: int | str | None, score: float | None, position: int) -> Clip:
    """Clip with what its name says."""
    if found := _IEMOCAP.fullmatch(name):
        return Clip(name, part, label, score, found[1], position, found["speaker"], found["session"])
    if found := _MELD.fullmatch(name):
        return Clip(name, part, label, score, found[1], int(found["number"]), "unknown")
    found = None if _SINGLE.fullmatch(name) else _VIDEO.fullmatch(name)
    if found is None:
        return Clip(name, part, label, score, name, 0, name)
    return Clip(name, part, label, score, found[1], int(found["number"]), found[1])


def _score(value: Any, where: str) -> float | None:
    try:
        score = float(value)
    except (TypeError, ValueError, OverflowError):
        raise CorpusError(f"{where}: val: must be a number. Write the label file again.") from None
    return None if score == ABSENT or score != score else score


def naming_of(clips: Sequence[Clip]) -> Naming:
    """Corpus of the clips, by their names and the type of their labels.

    Raises:
        CorpusError: if numbers of unnamed classes are negative or too large.
    """
    numbers = [clip.emotion for clip in clips if isinstance(clip.emotion, int)]
    if all(_IEMOCAP.fullmatch(clip.name) for clip in clips):
        return Naming(IEMOCAP, _classes(FOUR if max(numbers, default=0) < len(FOUR) else SIX))
    if all(_MELD.fullmatch(clip.name) for clip in clips):
        return Naming(MELD, _classes(MELD_CLASSES))
    names = {clip.emotion for clip in clips if isinstance(clip.emotion, str)}
    if names:
        known = names <= set(MER2023_CLASSES)
        card = MER2023 if known else Card("MERBench")
        return Naming(card, _classes(MER2023_CLASSES if known else tuple(sorted(names))), "chinese")
    scores = [abs(clip.score) for clip in clips if clip.score is not None]
    if not scores:
        highest = max(numbers, default=0)
        if not 0 <= highest < _MOST_CLASSES:
            raise CorpusError(
                f"emo: the highest class number must be from 0 to {_MOST_CLASSES - 1}; got {highest}. "
                "Write the label file again."
            )
        return Naming(Card("MERBench"), _classes(tuple(f"class {number}" for number in range(highest + 1))))
    if max(scores) <= 1:
        return Naming(CH_SIMS, LabelSpace(interval=(-1.0, 1.0)), "chinese")
    is_mosi = len(clips) <= CMU_MOSI.counts["utterances"]
    return Naming(CMU_MOSI if is_mosi else CMU_MOSEI, LabelSpace(interval=SCORE_INTERVAL))


def _classes(names: tuple[str, ...]) -> LabelSpace:
    return LabelSpace(names, polarity=polarity(names))


def read_sentences(root: Path, files: Sequence[str], language: str, findings: Findings) -> dict[str, str]:
    """Sentence of each clip from the first of these tables that is there, in a language if it has it.

    Raises:
        CorpusError: if the table is invalid.
    """
    path = next((root / name for name in files if (root / name).is_file()), None)
    if path is None:
        findings.note("no table of transcripts", root.name, f"Looked for {', '.join(files)}.")
        return {}
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.DictReader(file))
    except (csv.Error, UnicodeDecodeError, OSError) as error:
        raise CorpusError(f"{path}: no valid CSV in UTF-8 ({error}). Correct it.") from None
    columns = list(rows[0]) if rows else []
    language = next((name for name in (language, "chinese", "english") if name in columns), "")
    if rows and ("name" not in columns or not language):
        raise CorpusError(f"{path}: must have the columns name and {language or 'english'}. Correct it.")
    return {row["name"]: row[language] or "" for row in rows if row["name"]}
