"""Rows of turns as columns of plain values and tensors, checked batch by batch."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from graphmer.corpora.assemble import Assembly
from graphmer.corpora.parquet.files import load_pyarrow
from graphmer.corpora.parquet.schema import PREFIX, Columns
from graphmer.dialogue import Emotion

_NAMES = ("dialogue", "speaker", "id", "text", "reply_to", "split", "session")


@dataclass(frozen=True, eq=False)
class Turns:
    """Consecutive rows; each field has an entry a row.

    Attributes:
        dialogue, turn, speaker, id, text, reply_to, causes, split, session: values of the columns, ``None``
            where there is none.
        emotion: label, decoded.
        start: seconds, NaN where unknown, ``[N]``.
        end: as `start`.
        features: by modality, ``{m: [N, D_m]}``; zeros where it is missing.
        available: modalities with a valid vector, ``[N, M]``.
        place: file and number of each row, for messages.
    """

    dialogue: list[str | None]
    turn: list[int | None]
    speaker: list[str | None]
    id: list[str | None]
    text: list[str | None]
    reply_to: list[str | None]
    causes: list[list[str] | None]
    split: list[str | None]
    session: list[str | None]
    emotion: list[Emotion]
    start: Tensor
    end: Tensor
    features: dict[str, Tensor]
    available: Tensor
    place: list[tuple[str, int]]

    def __len__(self) -> int:
        return len(self.dialogue)

    def where(self, row: int) -> str:
        """File and number of a row, counted from 0."""
        file, number = self.place[row]
        return f"{file}: row {number}"

    def part(self, begin: int, end: int) -> "Turns":
        """Some of the rows."""
        rows = slice(begin, end)
        values = {each.name: getattr(self, each.name) for each in fields(self)}
        values["features"] = {m: matrix[rows] for m, matrix in self.features.items()}
        return Turns(**{name: value if name == "features" else value[rows] for name, value in values.items()})

    @classmethod
    def joined(cls, parts: "Sequence[Turns]") -> "Turns":
        """Rows of several parts."""
        if len(parts) == 1:
            return parts[0]
        values: dict[str, Any] = {}
        for each in fields(cls):
            pieces = [getattr(part, each.name) for part in parts]
            if each.name == "features":
                values["features"] = {m: torch.cat([piece[m] for piece in pieces]) for m in pieces[0]}
            elif isinstance(pieces[0], Tensor):
                values[each.name] = torch.cat(pieces)
            else:
                values[each.name] = [value for piece in pieces for value in piece]
        return cls(**values)


class TurnDecoder:
    """Decoder of the record batches of one file.

    Args:
        columns: of the file.
        assembly: validates vectors and labels, and collects problems.
        name: of the file, for messages.
        part: set of the split of all rows, where the file has no column of it.
    """

    def __init__(self, columns: Columns, assembly: Assembly, name: str, part: str | None) -> None:
        self.columns, self.assembly, self.name, self.part = columns, assembly, name, part

    def turns(self, batch: Any, first: int) -> Turns:
        """Rows of a batch.

        Args:
            batch: record batch with the columns of the file that are read.
            first: number of its first row in the file.
        """
        found: dict[str, Any] = {name: self._names(batch, name) for name in _NAMES}
        count = batch.num_rows
        if "split" not in self.columns.names:
            found["split"] = [self.part] * count
        available = torch.zeros(count, len(self.assembly.widths), dtype=torch.bool)
        features = {}
        for column, (modality, width) in enumerate(self.assembly.widths.items()):
            features[modality] = torch.zeros(count, width)
            if PREFIX + modality in batch.schema.names:
                array = batch.column(PREFIX + modality)
                valid = self._vectors(array, modality, features[modality].numpy(), first)
                available[:, column] = torch.from_numpy(valid)
        return Turns(
            **found,
            turn=batch.column("turn").to_pylist(),
            causes=batch.column("causes").to_pylist() if self._has(batch, "causes") else [None] * count,
            emotion=self._emotions(batch, first),
            start=self._seconds(batch, "start", first),
            end=self._seconds(batch, "end", first),
            features=features,
            available=available,
            place=[(self.name, first + row) for row in range(count)],
        )

    def _has(self, batch: Any, name: str) -> bool:
        return name in batch.schema.names

    def _names(self, batch: Any, name: str) -> list[str | None]:
        if not self._has(batch, name):
            return [None] * int(batch.num_rows)
        array, types = batch.column(name), load_pyarrow().types
        values: list[Any] = array.to_pylist()
        content = array.type.value_type if types.is_dictionary(array.type) else array.type
        if types.is_integer(content):
            return [None if value is None else str(value) for value in values]
        return values

    def _seconds(self, batch: Any, name: str, first: int) -> Tensor:
        if not self._has(batch, name):
            return torch.full((batch.num_rows,), torch.nan)
        values = _numbers(batch.column(name))
        for row in np.flatnonzero(np.abs(values) > 1e12).tolist():  # infinity too
            self.assembly.findings.error(
                f"{name!r} must be seconds within 1e12; got {values[row]:g}",
                f"{self.name}: row {first + row}",
                "Correct the time.",
            )
        return torch.from_numpy(values.astype(np.float32))

    def _emotions(self, batch: Any, first: int) -> list[Emotion]:
        if not self._has(batch, "label"):
            return [None] * int(batch.num_rows)
        values: list[Any] = batch.column("label").to_pylist()
        labels = self.assembly.labels
        known = set(labels.names) if labels is not None else set()
        for row, value in enumerate(values):
            if value is None or value in known:
                continue
            where = f"{self.name}: row {first + row}"
            values[row] = self._class(value, where) if known and isinstance(value, int) else value
            if isinstance(value, float) and value != value:
                values[row] = None
            if values[row] is not None:
                values[row] = self.assembly.emotion(values[row], where)
        return values

    def _class(self, number: int, where: str) -> Emotion:
        """Name of a class number, where -1 is none."""
        labels = self.assembly.labels
        names = self.columns.classes or (labels.names if labels is not None else ())
        if number == -1:
            return None
        if not 0 <= number < len(names):
            self.assembly.findings.error(
                f"class number {number} must be one of {len(names)} classes, or -1 for none",
                where,
                "Correct it or leave it unlabelled (null).",
            )
            return None
        return names[number]

    def _vectors(self, array: Any, modality: str, out: NDArray[np.float32], first: int) -> NDArray[np.bool_]:
        """Fill in the vectors ``[N, D]`` of a column, and say which rows have a valid one ``[N]``."""
        fits, lengths = fill_rows(array, out)
        for row in np.flatnonzero(~fits & (lengths >= 0)).tolist():
            self._report(modality, f"must have {out.shape[1]} values, got {lengths[row]}", first + row)
        with np.errstate(over="ignore", invalid="ignore"):
            suspect = ~np.isfinite(out.sum(axis=1))
        for row in np.flatnonzero(suspect).tolist():
            if not np.isfinite(out[row]).all():
                self._not_finite(modality, first + row)
                fits[row], out[row] = False, 0
        if self.assembly.zeros == "missing":
            for row in np.flatnonzero(fits & ~out.any(axis=1)).tolist():
                where = f"{self.name}: row {first + row}"
                self.assembly.findings.warning(f"{modality!r} is all zeros", where, "Treated as missing.")
                fits[row] = False
        return fits

    def _report(self, modality: str, what: str, row: int) -> None:
        remedy = "Extract it again with the extractor of the others, or remove it (missing is allowed)."
        self.assembly.findings.error(f"{modality!r} {what}", f"{self.name}: row {row}", remedy)

    def _not_finite(self, modality: str, row: int) -> None:
        what, where = f"{modality!r} holds NaN or infinity", f"{self.name}: row {row}"
        if self.assembly.nan == "missing":
            self.assembly.findings.warning(what, where, "Treated as missing.")
        else:
            remedy = "Repair the vectors, or treat them as missing (nan='missing')."
            self.assembly.findings.error(what, where, remedy)


def fill_rows(array: Any, out: NDArray[np.float32]) -> tuple[NDArray[np.bool_], NDArray[np.int64]]:
    """Fill in the rows ``[N, D]`` of an array of lists.

    Returns:
        which rows were filled in ``[N]``: those with a list of the width; and the length of each list, -1
        where there is none.
    """
    arrow = load_pyarrow()
    lengths = arrow.compute.fill_null(arrow.compute.list_value_length(array), -1)
    lengths = lengths.to_numpy(zero_copy_only=False).astype(np.int64)
    fits: NDArray[np.bool_] = lengths == out.shape[1]
    if not fits.any():
        return fits, lengths
    rows = array if (fits | (lengths < 0)).all() else array.filter(arrow.array(fits))
    with np.errstate(over="ignore", invalid="ignore"):
        out[fits] = _numbers(rows.flatten()).astype(np.float32, copy=False).reshape(-1, out.shape[1])
    return fits, lengths


def _numbers(array: Any) -> NDArray[Any]:
    """Numbers of an array, NaN where it is null."""
    if array.null_count:
        array = array.cast(load_pyarrow().float64(), safe=False)
    found: NDArray[Any] = array.to_numpy(zero_copy_only=False)
    return found
