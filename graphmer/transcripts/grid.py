"""Rows of cells below a header, as in text tables and in sheets."""

import re
from collections.abc import Iterable, Sequence
from itertools import chain, islice
from pathlib import Path

from graphmer.errors import CorpusError
from graphmer.reprs import counted
from graphmer.transcripts.columns import columns_of, known_roles
from graphmer.transcripts.row import Row
from graphmer.transcripts.transcript import ReadingOptions, ReadingReport

_ABOVE = 10
"""Rows among which the header is looked for."""

_RULE = re.compile(r"\s*(?::?-{3,}:?)?\s*")
"""A cell of the line below the header in Markdown."""

Record = tuple[int, Sequence[object]]
"""Number of a row, or of its line, and its cells."""


def header_of(records: Sequence[Sequence[object]], options: ReadingOptions) -> tuple[int | None, bool]:
    """Number of the row with the names of the columns, and whether they are known.

    It is the first row that names the text and something else, else the first with two names.
    """
    filled = [[name for name in map(_name, cells) if name] for cells in records[:_ABOVE]]
    for at, names in enumerate(filled):
        roles = known_roles(names)
        if ("text" in roles and len(roles) > 1) or set(options.columns.values()) & set(names):
            return at, True
    return next((at for at, names in enumerate(filled) if len(names) > 1), None), False


def rows_below(
    records: Iterable[Record], options: ReadingOptions, report: ReadingReport, path: Path
) -> tuple[list[str], list[Row]]:
    """Names of the columns, and the rows below them.

    Empty rows are left out, and so are empty columns without a name.

    Raises:
        CorpusError: if there is no header, it does not name the text, or a row has another number of
            cells.
    """
    records = iter(records)
    begin = list(islice(records, _ABOVE))
    at, _ = header_of([cells for _, cells in begin], options)
    if at is None:
        raise CorpusError(f"{path}: has no row with the names of columns. Add one, such as speaker, text.")
    if at:
        report.notes.append(f"{counted(at, 'row')} above the header")
    names = _names(begin, at)
    named = [name for name in names if name]
    columns = columns_of(named, options.columns, str(path))
    twice = next((name for name in named if named.count(name) > 1), None)
    if twice is not None:
        raise CorpusError(f"{path}:{begin[at][0]}: two columns are called {twice!r}. Rename one.")
    text = names.index(columns["text"])
    rows, before = [], len(names)
    for number, cells in chain(begin[at + 1 :], records):
        if all(cell is None or (isinstance(cell, str) and not cell.strip()) for cell in cells):
            report.left_out["empty row"] += bool(cells)
            continue
        if all(isinstance(cell, str) and _RULE.fullmatch(cell) for cell in cells):
            continue
        where = f"{path}:{number}"
        if len(cells) <= text or max(before, len(cells)) < len(names) >= before + len(cells) - 1:
            raise CorpusError(
                f"{where}: the row has {counted(len(cells), 'cell')}, the header {len(names)}. Quote texts "
                "of several lines, or fill the row."
            )
        rows.append(Row(where, _cells(names, cells, where)))
        before = len(cells)
    if not rows:
        raise CorpusError(f"{path}: has a header but no rows. Name a table with turns.")
    return named, rows


def _names(begin: list[Record], at: int) -> list[str]:
    """Names in the header, and in the row below it if that divides them; such a row is removed."""
    names = [_name(cell) for cell in begin[at][1]]
    cells = begin[at + 1][1] if at + 1 < len(begin) else ()
    below = [_name(cell) for cell in cells]
    if _is_second(names, below, cells):
        below += [""] * (len(names) - len(below))
        names = [second or first for first, second in zip(names, below, strict=False)]
        del begin[at + 1]
    while names and not names[-1]:
        names.pop()
    return names


def _is_second(names: Sequence[str], below: Sequence[str], cells: Sequence[object]) -> bool:
    """Whether the row below the header divides a name above several columns, as in merged cells."""
    pairs = list(zip(names, below, strict=False))
    is_divided = any(not first and second for first, second in pairs)
    are_texts = all(cell is None or isinstance(cell, str) for cell in cells)
    is_partial = all(not second for first, second in pairs if "text" in known_roles([first]))
    return are_texts and is_divided and is_partial and bool(known_roles([name for name in below if name]))


def _cells(names: Sequence[str], cells: Sequence[object], where: str) -> dict[str, object]:
    found: dict[str, object] = {}
    for column, cell in enumerate(cells):
        is_empty = cell is None or cell == ""
        if column < len(names):
            if names[column]:  # pandas writes an index without a name
                found[names[column]] = cell
        elif not is_empty:
            raise CorpusError(f"{where}: the row has more cells than the header. Quote its separators.")
    return found


def _name(cell: object) -> str:
    return "" if cell is None else " ".join(str(cell).split())
