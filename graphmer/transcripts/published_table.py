"""Tables as the makers of a corpus publish them: columns of fixed names, rows with numbers of turns."""

import csv
import io
import re
from collections import defaultdict
from collections.abc import Iterator
from typing import Generic, TypeVar

from graphmer.dialogue import Utterance
from graphmer.errors import CorpusError
from graphmer.transcripts.text_file import TextFile

_TIME = re.compile(r"(\d{1,3}):(\d{1,2}):(\d{1,2})[,.](\d{1,6})")

Key = TypeVar("Key", bound="int | tuple[int, ...]")


def columns_of(head: str, delimiter: str = ",") -> list[str]:
    """Names of the columns in the first line of a file."""
    return next(csv.reader([head.partition("\n")[0]], delimiter=delimiter), [])


def table_rows(file: TextFile, columns: tuple[str, ...]) -> Iterator[tuple[str, dict[str, str]]]:
    """Iterator over the place and the fields of each row.

    Raises:
        CorpusError: if a column is absent, or a row is invalid.
    """
    reader = csv.DictReader(io.StringIO(file.text), strict=True)
    try:
        names = reader.fieldnames or ()
    except csv.Error as error:
        raise CorpusError(f"{file.path}:1: no valid CSV ({error}). Correct the header.") from None
    absent = [column for column in columns if column not in names]
    if absent:
        raise CorpusError(f"{file.path}:1: the column {absent[0]!r} is absent. Add it.")
    is_empty = True
    while True:
        try:
            row = next(reader, None)
        except csv.Error as error:
            where = f"{file.path}:{reader.line_num + 1}"  # the first line of the row
            raise CorpusError(f"{where}: no valid CSV ({error}). Correct the row.") from None
        if row is None:
            break
        is_empty = False
        where = f"{file.path}:{reader.line_num}"
        if None in row or None in row.values():
            raise CorpusError(
                f"{where}: the row has another number of fields than the header. Quote its commas."
            )
        yield where, row
    if is_empty:
        raise CorpusError(f"{file.path}: has a header but no rows. Name a table with utterances.")


class NumberedTurns(Generic[Key]):
    """Turns by the numbers of their dialogue and of themselves, in whatever order they are read."""

    def __init__(self) -> None:
        self._found: dict[Key, dict[int, tuple[str, Utterance]]] = defaultdict(dict)

    def add(self, dialogue: Key, number: int, turn: Utterance, where: str) -> None:
        """Add a turn.

        Raises:
            CorpusError: if its dialogue has a turn of this number.
        """
        turns = self._found[dialogue]
        if number in turns:
            raise CorpusError(
                f"{where}: utterance {number} of dialogue {dialogue} is also in line "
                f"{turns[number][0].rpartition(':')[2]}. Remove one of the rows."
            )
        turns[number] = where, turn

    def dialogues(self) -> Iterator[tuple[Key, tuple[Utterance, ...]]]:
        """Iterator over the dialogues and their turns, both ordered by number."""
        for dialogue, turns in sorted(self._found.items()):
            yield dialogue, tuple(turn for _, (_, turn) in sorted(turns.items()))


def whole_number(row: dict[str, str], column: str, where: str) -> int:
    """Number in a field.

    Raises:
        CorpusError: if it is none.
    """
    value = row[column].strip()
    if re.fullmatch(r"[0-9]{1,9}", value) is None:
        raise CorpusError(
            f"{where}: {column}: must be a whole number below 10^9; got {value[:40]!r}. Correct it."
        )
    return int(value)


def seconds(row: dict[str, str], column: str, where: str) -> float | None:
    """Seconds of a time of day in a field, ``None`` if it is empty.

    Raises:
        CorpusError: if it is no time.
    """
    text = row[column].strip()
    if not text:
        return None
    found = _TIME.fullmatch(text)
    if found is None:
        raise CorpusError(
            f"{where}: {column}: must be like 00:16:16,059; got {text!r}. Correct it or leave it empty."
        )
    hours, minutes, whole = (int(part) for part in found.groups()[:3])
    return hours * 3600 + minutes * 60 + whole + int(found[4].ljust(6, "0")) / 1e6
