"""Dialogues as JSON: references to vectors in files, and a streaming reader."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import ValidationError

from graphmer.corpora.assemble import Assembly, NanPolicy, ZerosPolicy
from graphmer.corpora.mapped import MappedFiles
from graphmer.corpora.objects import name_of, read_objects
from graphmer.corpora.pooling import Pooling, pool
from graphmer.corpora.problems import Findings, collecting, did_you_mean
from graphmer.corpora.records import (
    REFERENCE,
    CorrectionRecord,
    DialogueRecord,
    UtteranceRecord,
    describe,
)
from graphmer.dialogue import Dialogue, LabelSpace, Utterance
from graphmer.errors import CorpusError
from graphmer.npy import load_npy

_KNOWN = {1: DialogueRecord.model_fields, 3: UtteranceRecord.model_fields}


class VectorFiles:
    """Vectors in ``.npy`` files of one folder; matrices are memory-mapped once, not copied."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.used: set[str] = set()
        self._matrices: dict[str, NDArray[Any]] = {}

    def read(self, reference: str) -> NDArray[Any]:
        """Vector ``[D]`` or frames ``[T, D]`` of a reference.

        Raises:
            ValueError: if the reference is invalid.
        """
        match = REFERENCE.fullmatch(reference)
        if match is None:
            raise ValueError(f"must be 'matrix.npy#row' or 'vector.npy', got {reference!r}")
        file, row = match["file"], match["row"]
        if row is None:
            return self._load(file, memory_map=False)
        if file not in self._matrices:
            self._matrices[file] = self._load(file, memory_map=True)
        matrix = self._matrices[file]
        if matrix.ndim != 2 or int(row) >= len(matrix):
            raise ValueError(f"{file!r} of shape {matrix.shape} has no row {row}")
        return np.asarray(matrix)[int(row)]

    def rows(self, references: Sequence[Any]) -> NDArray[Any] | None:
        """Rows ``[K, D]`` of references to one matrix, read together; ``None`` if they are anything else."""
        first, _, _ = str(references[0]).partition("#")
        begin = f"{first}#"
        places = [
            value[len(begin) :] for value in references if isinstance(value, str) and value.startswith(begin)
        ]
        if len(places) < len(references) or not all(
            place.isdecimal() and len(place) <= 18 for place in places
        ):
            return None
        try:
            self.read(references[0])
        except ValueError:
            return None
        matrix, numbers = self._matrices[first], [int(place) for place in places]
        return np.asarray(matrix)[numbers] if max(numbers) < len(matrix) else None

    def release(self) -> None:
        """Release the memory maps of all matrices."""
        self._matrices.clear()

    def _load(self, file: str, *, memory_map: bool) -> NDArray[Any]:
        if Path(file).is_absolute() or ".." in Path(file).parts:
            raise ValueError(f"{file!r} must be a path inside {str(self.folder)!r}, without '..'")
        path = self.folder / file
        if not path.is_file():
            raise ValueError(f"there is no file {str(path)!r}")
        self.used.add(file)
        try:
            array = load_npy(path, memory_map=memory_map)
        except (ValueError, OSError) as error:
            raise ValueError(f"{str(path)!r} is not a readable .npy ({error})") from None
        if array.dtype.kind not in "fiu":
            raise ValueError(f"{str(path)!r} must hold numbers")
        return array


def read_lines(
    path: Path, assembly: Assembly, files: VectorFiles, mapped: MappedFiles | None = None
) -> Iterator[tuple[Dialogue | None, str | None]]:
    """Iterator over each dialogue of a file (``None`` if it is invalid) and its set in the official split.

    With `mapped`, every vector is read and validated once; afterwards the features stay on disk.
    """
    for where, record in read_records(path, assembly.findings):
        if record is None:
            yield None, None
            continue
        dialogue = build(record, where, assembly, files)
        if mapped is not None and dialogue is not None:
            files.release()
            turns = [turn.features for turn in record.utterances]
            features = mapped.features(assembly.widths, turns, dialogue.available, where)
            dialogue = replace(dialogue, features=features)
        yield dialogue, record.split


def read_records(path: Path, findings: Findings) -> Iterator[tuple[str, DialogueRecord | None]]:
    """Iterator over the place and the record of each dialogue of a file, ``None`` if it is invalid."""
    is_empty = True
    for where, text in read_objects(path):
        is_empty = False
        yield where, _parse(text, where, findings)
    if is_empty:
        findings.warning("no dialogue in it", name_of(path), "Nothing was read.")


def read_dialogues(
    path: str | Path,
    widths: Mapping[str, int],
    *,
    labels: LabelSpace | None = None,
    nan: NanPolicy = "missing",
    zeros: ZerosPolicy = "keep",
    pooling: Pooling = "error",
    findings: Findings | None = None,
) -> Iterator[Dialogue]:
    """Iterator over the dialogues of a file; of JSON lines, only one is in memory at a time.

    Warnings, such as vectors that are treated as missing, are logged after the last dialogue.

    Args:
        path: file with one `DialogueRecord` per line, or one document or array of them, plain or gzip; ``-``
            is standard input.
        widths: features per modality, in the order of the columns of ``available``.
        labels: label space to validate annotations; ``None`` for no validation.
        nan: meaning of a vector with NaN or infinity.
        zeros: meaning of a vector of zeros.
        pooling: reduction of frame-level features.
        findings: collector of all problems; if omitted, the first invalid dialogue raises.

    Raises:
        CorpusError: if a line is invalid; the message names file, line, field and value.
    """
    path = Path(path)
    with collecting(findings) as found:
        assembly = Assembly(labels, widths, found, nan, zeros=zeros, pooling=pooling)
        for dialogue, _ in read_lines(path, assembly, VectorFiles(path.parent)):
            if findings is None:
                found.raise_errors()
            if dialogue is not None:
                yield dialogue


def read_turn(text: str, where: str, files: VectorFiles) -> Utterance | CorrectionRecord:
    """Parse a line of a stream: a turn, or a correction of an earlier turn; references are resolved.

    Raises:
        CorpusError: if the line is invalid; the message names position, field and value.
    """
    kind = CorrectionRecord if re.match(r'\s*\{\s*"correct"', text) else UtteranceRecord
    findings = Findings()
    try:
        record = kind.model_validate_json(text)
        features = {m: _one_vector(m, v, files) for m, v in record.features.items()}
    except ValidationError as error:
        for field, what, action in describe(error, {1: kind.model_fields}):
            findings.error(what, f"{where}: {field}" if field else where, action)
        findings.raise_errors()
        raise
    except ValueError as error:
        raise CorpusError(f"{where}: features: {error}") from None
    if isinstance(record, CorrectionRecord):
        return record.model_copy(update={"features": features})
    return Utterance(record.speaker, features, id=record.id, text=record.text)


def _one_vector(modality: str, value: Any, files: VectorFiles) -> Any:
    """Vector of a turn of a stream.

    Raises:
        ValueError: if the reference is invalid, or there is one vector per frame; the message ends with the
            remedy.
    """
    if isinstance(value, str):
        try:
            value = files.read(value)
        except ValueError as error:
            raise ValueError(f"{error}. Correct the reference.") from None
    if isinstance(value, list) and not (value and isinstance(value[0], list)):
        return value
    try:
        array = np.asarray(value)
        return pool(array, "error") if array.ndim == 2 else array
    except ValueError:
        raise ValueError(f"{modality!r} has frames, not one vector. Give one vector per turn.") from None


def _parse(text: bytes, where: str, findings: Findings) -> DialogueRecord | None:
    try:
        return DialogueRecord.model_validate_json(text)
    except ValidationError as error:
        for field, what, action in describe(error, _KNOWN):
            findings.error(what, f"{where}: {field}" if field else where, action)
        return None


def build(record: DialogueRecord, where: str, assembly: Assembly, files: VectorFiles) -> Dialogue | None:
    """Dialogue of a record, or ``None`` if it is invalid."""
    matrices = _matrices(record, assembly, files)
    turns = []
    for position, turn in enumerate(record.utterances):
        turn_where = f"{where}: utterances[{position}]"
        features = {
            modality: _vector(value, modality, f"{turn_where}.features.{modality}", assembly, files)
            for modality, value in turn.features.items()
            if modality not in matrices
        }
        turns.append(
            Utterance(
                speaker=turn.speaker,
                features={modality: vector for modality, vector in features.items() if vector is not None},
                emotion=assembly.emotion(turn.label, f"{turn_where}.label"),
                id=turn.id or f"{record.id}_{position}",
                text=turn.text,
                start=turn.start,
                end=turn.end,
                reply_to=turn.reply_to,
                causes=turn.causes,
            )
        )
    dialogue = assembly.dialogue(record.id, turns, where, record.session)
    if dialogue is None:
        return None
    available = dialogue.available.clone()
    features = dict(dialogue.features)
    for modality, (places, rows) in matrices.items():
        features[modality][places] = torch.from_numpy(rows)
        available[places, list(features).index(modality)] = True
    return replace(dialogue, features=features, available=available)


def _matrices(
    record: DialogueRecord, assembly: Assembly, files: VectorFiles
) -> dict[str, tuple[list[int], NDArray[np.float32]]]:
    """Turns and vectors of the modalities whose vectors are valid rows of one matrix each.

    All others are read one by one, and what is invalid is reported then.
    """
    found = {}
    for modality in assembly.widths:
        given = {
            t: turn.features[modality]
            for t, turn in enumerate(record.utterances)
            if modality in turn.features
        }
        stored = files.rows(list(given.values())) if given else None
        rows = None if stored is None else assembly.matrix(stored, modality)
        if rows is not None:
            found[modality] = list(given), rows
    return found


def _vector(value: Any, modality: str, where: str, assembly: Assembly, files: VectorFiles) -> Any:
    if modality not in assembly.widths:
        assembly.findings.error(
            f"unknown modality {modality!r}", where, did_you_mean(modality, assembly.widths)
        )
        return None
    if isinstance(value, str):
        try:
            value = files.read(value)
        except ValueError as error:
            assembly.findings.error(str(error), where, "Correct the reference, or leave the modality out.")
            return None
    return assembly.vector(value, modality, where)
