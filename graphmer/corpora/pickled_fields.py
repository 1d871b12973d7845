"""Fields of the label and feature pickles of research code: dictionaries by dialogue."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from numbers import Integral, Real
from pathlib import Path
from typing import Any, Literal

import numpy as np

from graphmer.characters import repaired
from graphmer.corpora.assemble import Assembly, NanPolicy, ZerosPolicy
from graphmer.corpora.base import Card, InMemoryCorpus
from graphmer.corpora.feature_folders import usual_width
from graphmer.corpora.gcnet_labels import IEMOCAP_DIALOGUE, emotion
from graphmer.corpora.problems import Findings
from graphmer.dialogue import Dialogue, LabelSpace, Utterance

Kind = Literal["texts", "whole numbers", "numbers", "vectors", "ids", "other"]

Field = Mapping[Any, Any]
"""Entries of the turns of each dialogue, ``{dialogue: [N entries]}``."""


def kind(field: Any) -> Kind:
    """What a field holds: entries of turns by dialogue, or the ids of dialogues."""
    if not isinstance(field, Mapping):
        return "ids" if isinstance(field, set | frozenset | list | tuple | np.ndarray) else "other"
    first = first_entry(field)
    if isinstance(first, str):
        return "texts"
    if isinstance(first, Integral):
        return "whole numbers"
    if isinstance(first, Real):
        return "numbers"
    return "vectors" if isinstance(first, list | tuple | np.ndarray) else "other"


def first_entry(field: Field) -> Any:
    """First entry of the first dialogue that has one."""
    return next((entry for entries in field.values() for entry in _entries(entries)[:1]), None)


def numbers(field: Field) -> Iterator[Any]:
    """Iterator over the finite numbers of a field."""
    for entries in field.values():
        for entry in _entries(entries):
            if isinstance(entry, Integral) or (isinstance(entry, Real) and math.isfinite(entry)):
                yield entry


def kinds(content: Any) -> tuple[Kind, ...]:
    """Kinds of the fields of a pickle; empty if it has no fields."""
    return tuple(map(kind, content)) if isinstance(content, tuple | list) and len(content) <= 20 else ()


def _entries(entries: Any) -> Sequence[Any]:
    """Entries of a list or an array; a single value, or anything else, has none."""
    if isinstance(entries, np.ndarray):
        return list(entries) if entries.ndim else []
    return entries if isinstance(entries, list | tuple) else []


@dataclass(frozen=True)
class PickledCorpus:
    """Fields of a pickle by their meaning.

    Args:
        path: of the file.
        card: provenance.
        labels: label space; the numbers of classes are its positions.
        label: class numbers or scores.
        speaker: letters, numbers, or one-hot vectors.
        features: vectors by modality.
        sentence: words, if the file has them.
        ids: ids of utterances, if the file has them.
        parts: ids of the dialogues of each part of the official split.
    """

    path: Path
    card: Card
    labels: LabelSpace
    label: Field
    speaker: Field
    features: Mapping[str, Field]
    sentence: Field | None
    ids: Field | None
    parts: Mapping[str, Any]

    def corpus(
        self, findings: Findings, nan: NanPolicy = "missing", zeros: ZerosPolicy = "keep"
    ) -> InMemoryCorpus:
        """Build the corpus; dialogues whose fields do not fit are reported and skipped."""
        widths = {
            modality: usual_width(found)
            for modality, field in self.features.items()
            if (found := [vector for vectors in field.values() for vector in _vectors(vectors)])
        }
        assembly = Assembly(self.labels, widths, findings, nan, zeros=zeros)
        dialogues = [self._dialogue(key, assembly) for key in self.label]
        read = [dialogue for dialogue in dialogues if dialogue is not None]
        return assembly.corpus(self.card, self.labels, read, self._parts(findings))

    def _dialogue(self, key: Any, assembly: Assembly) -> Dialogue | None:
        id, where = str(key), f"{self.path.name}: {key}"
        columns: dict[str, Sequence[Any]] = {
            name: _entries(field.get(key)) for name, field in self._fields(assembly.widths)
        }
        lengths = {name: len(column) for name, column in columns.items()}
        if not any(lengths.values()):
            assembly.findings.warning("dialogue without utterances", where, "Left out.")
            return None
        if len(set(lengths.values())) > 1:
            described = ", ".join(f"{count} {name}" for name, count in lengths.items())
            assembly.findings.error(
                f"lists of a dialogue must be equally long; got {described}", where, "Correct the file."
            )
            return None
        turns = [
            self._turn({name: column[position] for name, column in columns.items()}, id, position, assembly)
            for position in range(lengths["labels"])
        ]
        session = IEMOCAP_DIALOGUE.match(id)
        return assembly.dialogue(id, turns, where, session[1] if session else None)

    def _fields(self, modalities: Mapping[str, int]) -> Iterator[tuple[str, Field]]:
        yield "labels", self.label
        yield "speakers", self.speaker
        if self.sentence is not None:
            yield "sentences", self.sentence
        if self.ids is not None:
            yield "utterance ids", self.ids
        for modality in modalities:
            yield modality, self.features[modality]

    def _turn(self, fields: dict[str, Any], dialogue: str, position: int, assembly: Assembly) -> Utterance:
        name = fields.get("utterance ids")
        id = name if isinstance(name, str) and name else f"{dialogue}_{position}"
        where = f"{self.path.name}: {id}"
        vectors = {
            modality: assembly.vector(fields[modality], modality, where) for modality in assembly.widths
        }
        label = fields["labels"]
        if not isinstance(label, Real):
            assembly.findings.error("label must be a number", where, "Correct the file.")
            label = None
        sentence = fields.get("sentences")
        return Utterance(
            speaker=speaker_name(fields["speakers"]),
            features={modality: vector for modality, vector in vectors.items() if vector is not None},
            emotion=assembly.emotion(emotion(_plain(label), self.labels), where),
            id=id,
            text=repaired(sentence) or None if isinstance(sentence, str) else None,
        )

    def _parts(self, findings: Findings) -> dict[str, str]:
        parts: dict[str, str] = {}
        for part, members in self.parts.items():
            for id in sorted({str(member) for member in _members(members)}):
                if id in parts:
                    findings.error(
                        f"dialogue is in two parts, {parts[id]!r} and {part!r}", id, "Correct the file."
                    )
                parts[id] = part
        known = {str(key) for key in self.label}
        for id in sorted(parts.keys() - known):
            findings.warning(f"part {parts[id]!r} names a dialogue that is not in the file", id, "Left out.")
        return {id: part for id, part in parts.items() if id in known}


def _members(members: Any) -> Sequence[Any]:
    return list(members) if isinstance(members, set | frozenset) else _entries(members)


def _plain(label: Any) -> int | float | None:
    if label is None:
        return None
    return int(label) if isinstance(label, Integral) else float(label)


def _vectors(entries: Any) -> Iterator[np.ndarray[Any, Any]]:
    for entry in _entries(entries):
        try:
            array = np.asarray(entry)
        except ValueError:  # is reported when the turn is built
            continue
        if array.ndim:
            yield array[0] if array.ndim == 2 and len(array) else array


def speaker_name(entry: Any) -> str:
    """Name of a speaker: a text, a number, or the position of the one in a one-hot vector.

    Example:
        >>> speaker_name("M"), speaker_name(1), speaker_name([0.0, 0.0, 1.0]), speaker_name([0, 0])
        ('M', '1', 'speaker 2', 'unknown')
    """
    if isinstance(entry, list | tuple | np.ndarray):
        marked = [
            position for position, value in enumerate(_entries(entry)) if isinstance(value, Real) and value
        ]
        return " and ".join(f"speaker {position}" for position in marked) or "unknown"
    return str(entry) or "unknown"


def averaged(fields: Sequence[Field]) -> Field:
    """Mean of the vectors of several fields, such as layers; turns that do not fit are left to the reader."""

    def mean(key: Any) -> Any:
        try:
            return np.mean([np.asarray(field[key], dtype=np.float64) for field in fields], axis=0)
        except (KeyError, ValueError, TypeError, OverflowError):
            return []

    return {key: mean(key) for key in fields[0]}
