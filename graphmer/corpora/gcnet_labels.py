"""Label pickles in the layout of GCNet: utterances, labels, speakers, sentences, split."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from graphmer.corpora.cards import SCORE_INTERVAL, polarity
from graphmer.corpora.problems import Findings, did_you_mean
from graphmer.corpora.unpickle import load_pickle
from graphmer.dialogue import Emotion, LabelSpace
from graphmer.errors import CorpusError

FOUR = ("happy", "sad", "neutral", "angry")
"""Classes 0 to 3 of the 4-way task; happy includes excited."""

SIX = (*FOUR, "excited", "frustrated")
"""Classes 0 to 5 of the 6-way task."""

IEMOCAP_DIALOGUE = re.compile(r"Ses0(\d)[FM]_")
"""Beginning of the id of a dialogue of IEMOCAP, with the number of its session."""

_PARTS = {6: ("train", "test"), 7: ("train", "val", "test")}
_FIELDS = ("utterance ids", "labels", "speakers", "sentences")


@dataclass(frozen=True)
class Row:
    """One utterance of a label pickle.

    Args:
        id: id of the utterance, also the name of its feature files.
        label: label in the file: a class number, a score, or ``None`` for a context turn.
        speaker: ``F``, ``M`` or the empty string.
        text: transcript; may be empty.
    """

    id: str
    label: int | float | None
    speaker: str
    text: str


@dataclass(frozen=True)
class LabelFile:
    """Contents of a label pickle: rows of each dialogue, and the official split."""

    path: Path
    dialogues: Mapping[str, tuple[Row, ...]]
    parts: Mapping[str, str]

    def rows(self) -> Iterator[Row]:
        for rows in self.dialogues.values():
            yield from rows

    def labels(self) -> LabelSpace:
        """Label space: integers are classes (6-way if any exceeds 3), other numbers scores in [-3, 3]."""
        numbers = [row.label for row in self.rows() if row.label is not None]
        if any(isinstance(number, float) for number in numbers):
            return LabelSpace(interval=SCORE_INTERVAL)
        names = FOUR if all(0 <= number < len(FOUR) for number in numbers) else SIX
        return LabelSpace(names, polarity=polarity(names))


def emotion(label: int | float | None, labels: LabelSpace) -> Emotion:
    """Class name of a number, or the score; an invalid number becomes a text that validation refuses."""
    if label is None or label != label:
        return None
    if labels.is_score:
        return float(label)
    return labels.names[int(label)] if 0 <= label < len(labels.names) else f"class {label}"


def read_labels(path: Path, findings: Findings) -> LabelFile:
    """Read a label pickle of tuples or lists, sets or lists of ids, lists or arrays of sentences.

    Raises:
        CorpusError: if the file is missing, or has another layout.
    """
    if not path.is_file():
        others = sorted(other.name for other in path.parent.glob("*.pkl"))
        raise CorpusError(f"{path}: no such label file. {did_you_mean(path.name, others)}")
    fields = load_pickle(path)
    _check_layout(path, fields)
    ids, labels, speakers, sentences = fields[:4]
    dialogues = {}
    for id in ids:
        columns = [list(field.get(id, ())) for field in (ids, labels, speakers, sentences)]
        lengths = [len(column) for column in columns]
        if len(set(lengths)) > 1:
            described = ", ".join(f"{n} {name}" for n, name in zip(lengths, _FIELDS, strict=True))
            findings.error(
                f"lists of a dialogue must be equally long; got {described}",
                str(id),
                "Correct the label file.",
            )
            continue
        dialogues[str(id)] = tuple(
            Row(str(uid), _number(label), str(speaker), str(text))
            for uid, label, speaker, text in zip(*columns, strict=True)
        )
    return LabelFile(path, dialogues, _parts(path, fields, ids, findings))


def with_context(labelled: LabelFile, context: LabelFile, findings: Findings) -> LabelFile:
    """All turns of `context` in its order; turns that are not in `labelled` become unlabelled."""
    merged = {}
    for id, rows in labelled.dialogues.items():
        known = {row.id: row for row in rows}
        turns = context.dialogues.get(id, ())
        for absent in sorted(known.keys() - {row.id for row in turns}):
            findings.error(
                f"not in the context file {context.path.name}",
                absent,
                "The context must contain every labelled turn.",
            )
        merged[id] = tuple(known.get(row.id, Row(row.id, None, row.speaker, row.text)) for row in turns)
    return LabelFile(labelled.path, merged, labelled.parts)


def _number(label: Any) -> int | float:
    return int(label) if isinstance(label, int | np.integer) else float(label)


def _check_layout(path: Path, fields: Any) -> None:
    if not isinstance(fields, tuple | list) or len(fields) not in _PARTS:
        size = len(fields) if isinstance(fields, Sequence) else type(fields).__name__
        raise CorpusError(
            f"{path}: a label file must have 6 fields (IEMOCAP) or 7 (CMU-MOSI, CMU-MOSEI), got {size}. "
            "Files of DialogueGCN, COSMIC or MMSA have another layout."
        )
    for name, field in zip(_FIELDS, fields[:4], strict=True):
        if not isinstance(field, Mapping):
            raise CorpusError(
                f"{path}: field {name!r} must be a dict by dialogue, got {type(field).__name__}. "
                "This is another layout."
            )
    for id, values in fields[1].items():
        if not all(isinstance(value, int | float | np.integer | np.floating) for value in values):
            raise CorpusError(
                f"{path}: labels of dialogue {id!r} must be numbers, got {list(values)[:3]}. This is another "
                "layout: DialogueGCN's files have speakers before labels."
            )


def _parts(path: Path, fields: Any, ids: Mapping[str, Any], findings: Findings) -> dict[str, str]:
    parts: dict[str, str] = {}
    for name, members in zip(_PARTS[len(fields)], fields[4:], strict=True):
        for id in sorted(str(member) for member in members):
            if id not in ids:
                findings.error(
                    f"part {name!r} names a dialogue that {path.name} does not contain",
                    id,
                    "Remove it from the part.",
                )
            elif id in parts:
                findings.error(
                    f"dialogue is in two parts, {parts[id]!r} and {name!r}", id, "Remove it from one."
                )
            else:
                parts[id] = name
    return parts
