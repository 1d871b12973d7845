"""Pickles of MMSA: frames of words, sound and pictures of single utterances, by part.

::

    {"train": {"raw_text": [N], "text": (N, T, D), "audio": (N, T, D), "vision": (N, T, D),
               "id": ["video$_$clip"], "regression_labels": [N], "audio_lengths": [N], ...},
     "valid": ..., "test": ...}

The pickle of a single sample has these fields without parts and without N.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from numbers import Real
from pathlib import Path
from typing import Any

import numpy as np

from graphmer.characters import repaired
from graphmer.corpora.assemble import Assembly, NanPolicy, ZerosPolicy
from graphmer.corpora.base import Card, InMemoryCorpus
from graphmer.corpora.cards import CH_SIMS, CMU_MOSEI, CMU_MOSI, SCORE_INTERVAL, polarity
from graphmer.corpora.mmsa_frames import MODALITIES, Frames, array_of, rows_of
from graphmer.corpora.pooling import Pooling
from graphmer.corpora.problems import Findings, did_you_mean
from graphmer.dialogue import Dialogue, Emotion, LabelSpace, Utterance
from graphmer.errors import CorpusError

_PARTS = {"train": "train", "valid": "val", "test": "test"}
_SEPARATOR = "$_$"
_CLASSES = ("negative", "neutral", "positive")
"""Classes 0 to 2 of `classification_labels`."""


def is_mmsa(content: Any) -> bool:
    """Whether a pickle has parts with the fields of MMSA, or the fields of one sample."""
    return bool(_parts(content)) or _is_sample(content)


def _parts(content: Any) -> dict[str, Mapping[str, Any]]:
    if not isinstance(content, Mapping) or not content.keys() <= _PARTS.keys():
        return {}
    fields = {"id", "audio"}
    if not all(isinstance(part, Mapping) and fields <= part.keys() for part in content.values()):
        return {}
    return dict(content)


def _is_sample(content: Any) -> bool:
    return isinstance(content, Mapping) and "raw_text" in content and bool(MODALITIES.keys() & content.keys())


@dataclass(frozen=True)
class _Clip:
    """Place of an utterance in a part."""

    part: str
    row: int
    video: str
    order: tuple[int, str]
    id: str


def read_mmsa(
    content: Any,
    path: Path,
    findings: Findings,
    *,
    label: str | None = None,
    nan: NanPolicy = "missing",
    zeros: ZerosPolicy = "keep",
    pooling: Pooling = "mean",
) -> InMemoryCorpus:
    """Corpus of a pickle of MMSA.

    Clips of a video are its dialogue, ordered by number, with one speaker: the file names none. Frames are
    pooled; padding and what is beyond the lengths in the file is no frame. As in MMSA, minus infinity in
    ``audio`` is zero.

    Args:
        content: of the pickle.
        path: of the file.
        findings: collector of problems.
        label: name of the label, ``regression_labels`` if omitted.
        nan: meaning of a vector with NaN or infinity.
        zeros: meaning of a vector of zeros.
        pooling: reduction of the frames.

    Raises:
        CorpusError: if the pickle has another layout.
    """
    parts = _parts(content)
    if not parts and not _is_sample(content):
        raise CorpusError(f"{path}: no layout of MMSA. Name another file or format.")
    name = label or "regression_labels"
    is_sample = not parts
    tables = {"": _sample(content)} if is_sample else parts
    labels, targets = _labels(tables, name, path, required=not is_sample)
    frames = {part: Frames(part, table, findings, pooling, path) for part, table in tables.items()}
    assembly = Assembly(labels, _widths(frames.values(), path), findings, nan, zeros=zeros)
    videos: dict[str, list[_Clip]] = defaultdict(list)
    for clip in _clips(tables, path, findings):
        videos[clip.video].append(clip)
    dialogues: list[Dialogue] = []
    split: dict[str, str] = {}
    for id, clips in _dialogues(videos, findings):
        turns = [
            _turn(clip, tables[clip.part], frames[clip.part], targets[clip.part], labels, assembly)
            for clip in sorted(clips, key=lambda clip: clip.order)
        ]
        dialogue = assembly.dialogue(id, turns, f"{path.name}: {id}")
        if dialogue is not None:
            dialogues.append(dialogue)
            split |= {} if is_sample else {id: _PARTS[clips[0].part]}
    return assembly.corpus(_card(tables, sum(map(len, dialogues))), labels, dialogues, split)


def _sample(content: Mapping[str, Any]) -> dict[str, Any]:
    """A single sample as a part of one row."""
    table: dict[str, Any] = {key: [value] for key, value in content.items()}
    for field in (*MODALITIES, "text_bert"):
        if field in table:
            array = array_of(content[field])
            table[field] = array[None] if array.ndim == 2 else array
    id = content.get("id")
    table["id"] = [id if isinstance(id, str) and _SEPARATOR in id else f"sample{_SEPARATOR}0"]
    return table


def _labels(
    tables: Mapping[str, Mapping[str, Any]], name: str, path: Path, *, required: bool
) -> tuple[LabelSpace, dict[str, list[Any]]]:
    """Label space and the entries of each part."""
    targets: dict[str, list[Any]] = {}
    for part, table in tables.items():
        if name not in table and required:
            known = [key for key in table if "label" in str(key) or key == "annotations"]
            raise CorpusError(f"{path}: {part}: no label {name!r}. {did_you_mean(name, known)}")
        targets[part] = [
            entry.item() if isinstance(entry, np.ndarray | np.generic) and entry.size == 1 else entry
            for entry in rows_of(table.get(name, []))
        ]
    if name.startswith("regression"):
        return LabelSpace(interval=(-1.0, 1.0) if _is_sims(tables) else SCORE_INTERVAL), targets
    if name == "classification_labels":
        return LabelSpace(_CLASSES, polarity=polarity(_CLASSES)), targets
    names = tuple(
        sorted({str(entry) for entries in targets.values() for entry in entries if entry is not None})
    )
    if not 0 < len(names) <= 100:
        raise CorpusError(
            f"{path}: {name!r} must have 1 to 100 classes; got {len(names)}. Choose another label."
        )
    return LabelSpace(names, polarity=polarity(names)), targets


def _is_sims(tables: Mapping[str, Mapping[str, Any]]) -> bool:
    return any("regression_labels_T" in table for table in tables.values())


def _widths(parts: Any, path: Path) -> dict[str, int]:
    widths: dict[str, int] = {}
    for frames in parts:
        for field, modality in MODALITIES.items():
            if field in frames.arrays:
                widths.setdefault(modality, frames.arrays[field].shape[2])
    if not widths:
        raise CorpusError(f"{path}: has none of the features {', '.join(MODALITIES)}. Name another file.")
    return widths


def _clips(tables: Mapping[str, Mapping[str, Any]], path: Path, findings: Findings) -> Iterator[_Clip]:
    for part, table in tables.items():
        for row, id in enumerate(rows_of(table["id"])):
            video, separator, clip = id.rpartition(_SEPARATOR) if isinstance(id, str) else ("", "", "")
            if not separator or not video:
                findings.error(
                    f"an id must be a text such as 'video{_SEPARATOR}3'",
                    f"{path.name}: {part}[{row}]",
                    "Correct it.",
                )
                continue
            is_number = clip.isascii() and clip.isdigit() and len(clip) < 18
            yield _Clip(part, row, video, (int(clip), "") if is_number else (10**18, clip), id)


def _dialogues(videos: Mapping[str, list[_Clip]], findings: Findings) -> Iterator[tuple[str, list[_Clip]]]:
    """Clips of each video; those of a video that is in several parts are a dialogue for each part."""
    for video, clips in videos.items():
        parts = list(dict.fromkeys(clip.part for clip in clips))
        if len(parts) > 1:
            findings.warning("video in several parts", video, "Its clips are a dialogue for each part.")
        for part in parts:
            id = video if len(parts) == 1 else f"{part}/{video}"
            yield id, [clip for clip in clips if clip.part == part]


def _turn(
    clip: _Clip,
    table: Mapping[str, Any],
    frames: Frames,
    targets: Sequence[Any],
    labels: LabelSpace,
    assembly: Assembly,
) -> Utterance:
    pooled = {
        modality: frames.vector(field, clip.row, clip.id)
        for field, modality in MODALITIES.items()
        if field in frames.arrays
    }
    vectors = {m: assembly.vector(vector, m, clip.id) for m, vector in pooled.items() if vector is not None}
    texts = rows_of(table.get("raw_text", []))
    text = texts[clip.row] if clip.row < len(texts) else None
    target = targets[clip.row] if clip.row < len(targets) else None
    return Utterance(
        speaker=clip.video,
        features={modality: vector for modality, vector in vectors.items() if vector is not None},
        emotion=assembly.emotion(_emotion(target, labels), clip.id),
        id=clip.id,
        text=repaired(text) or None if isinstance(text, str) else None,
    )


def _emotion(target: Any, labels: LabelSpace) -> Emotion:
    if not isinstance(target, Real):
        return target if isinstance(target, str) else None
    number = float(target)
    if labels.is_score or number != number:
        return number if number == number else None
    is_class = number in range(len(_CLASSES)) and labels.names == _CLASSES
    return _CLASSES[int(number)] if is_class else str(target)


def _card(tables: Mapping[str, Mapping[str, Any]], utterances: int) -> Card:
    if _is_sims(tables):
        return CH_SIMS
    card = CMU_MOSI if utterances <= CMU_MOSI.counts["utterances"] else CMU_MOSEI
    return replace(card, counts={})
