"""Rows with named cells: of tables and of JSON."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, time

from graphmer.errors import CorpusError
from graphmer.reprs import shown


@dataclass(frozen=True)
class Row:
    """A turn as it is in a file.

    Args:
        where: its place, for messages.
        cells: by column.
        dialogue: id of its dialogue, where the structure of the file gives it.
    """

    where: str
    cells: Mapping[str, object]
    dialogue: str | None = None


def text_of(row: Row, column: str) -> str:
    """Text of a cell, empty if it is missing.

    Raises:
        CorpusError: if it is neither text nor a number; the message names row and column.
    """
    cell = row.cells.get(column)
    if cell is None:
        return ""
    if isinstance(cell, Mapping):  # a person with an id and a name
        cell = cell.get("name", cell)
    if isinstance(cell, list):  # parts with and without markup
        cell = "".join(_part(part, row, column) for part in cell)
    if isinstance(cell, str):
        return cell.strip().encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    if isinstance(cell, int | float | date | time):
        return str(cell)
    raise CorpusError(f"{row.where}: {column}: must be text; got {shown(cell)}. Correct it.")


def _part(part: object, row: Row, column: str) -> str:
    text = part.get("text") if isinstance(part, Mapping) else part
    if not isinstance(text, str):
        raise CorpusError(f"{row.where}: {column}: must be text; got {shown(part)}. Correct it.")
    return text
