"""Tables as text: CSV, TSV and their relatives."""

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice, product

from graphmer.errors import CorpusError
from graphmer.transcripts.columns import columns_of, known_roles
from graphmer.transcripts.grid import Record, header_of, rows_below
from graphmer.transcripts.rows import dialogues_of
from graphmer.transcripts.text_file import TextFile
from graphmer.transcripts.transcript import ReadingOptions, ReadingReport, Transcript

_SEPARATORS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}
_QUOTES = ('"', "'", "")
_TRIED = 100
"""Rows by which a layout is detected."""


@dataclass(frozen=True)
class Layout:
    """How a table is written.

    Args:
        separator: of cells.
        quote: around cells, empty for none.
        escaped: whether quotes within cells have a backslash, rather than being doubled.
    """

    separator: str
    quote: str
    escaped: bool

    def records(self, text: str) -> Iterator[Record]:
        """Number of the first line, and cells, of each row.

        Raises:
            csv.Error: if quotes do not match; its arguments are the number of the first line and the problem.
        """
        reader = csv.reader(
            io.StringIO(text),
            delimiter=self.separator,
            quotechar=self.quote or None,
            quoting=csv.QUOTE_MINIMAL if self.quote else csv.QUOTE_NONE,
            doublequote=not self.escaped,
            escapechar="\\" if self.escaped else None,
            skipinitialspace=True,
            strict=True,
        )
        while True:
            number = reader.line_num + 1
            try:
                cells = next(reader, None)
            except csv.Error as error:
                raise csv.Error(number, str(error)) from None
            if cells is None:
                return
            yield number, cells


class TableFormat:
    """Rows of cells with the names of columns above them.

    Separator and quotes are those in which the most rows have as many cells as the header.
    """

    name = "table (CSV, TSV)"

    def matches(self, head: str) -> bool:
        return head[:1] not in "{[<" and _layout(head) is not None

    def read(self, file: TextFile, options: ReadingOptions) -> Transcript:
        report = ReadingReport()
        head, _ = _without_hint(file.head)
        layout = _layout(head)
        if layout is None:
            raise CorpusError(f"{file.path}: no table, since its rows differ in length. Export it again.")
        _require_text(layout, head, options, file)
        text, hint = _without_hint(file.text)
        report.taken["separator"] = _SEPARATORS[layout.separator]
        if layout.quote != '"' or layout.escaped:
            quotes = layout.quote or "none"
            report.taken["quotes"] = f"{quotes} with backslashes" if layout.escaped else quotes
        records = ((number + hint, cells) for number, cells in layout.records(text))
        try:
            names, rows = rows_below(records, options, report, file.path)
        except csv.Error as error:
            number, problem = error.args
            where = f"{file.path}:{number + hint}"
            raise CorpusError(f"{where}: no valid table ({problem}). Correct the row.") from None
        return Transcript(self.name, dialogues_of(rows, names, options, report, file.path), report)


def _without_hint(text: str) -> tuple[str, int]:
    """Text without the line ``sep=;`` that some programs write first, and the number of lines removed."""
    text = text.lstrip("\ufeff")
    first, _, rest = text.partition("\n")
    return (rest, 1) if first.casefold().startswith("sep=") else (text, 0)


def _require_text(layout: Layout, head: str, options: ReadingOptions, file: TextFile) -> None:
    """Refuse a table without a column for the text before all of it is read."""
    records, _ = _begin(layout, head)
    at, _ = header_of(records, options)
    if at is not None:
        names = [" ".join(str(name).split()) for name in records[at]]
        columns_of([name for name in names if name], options.columns, str(file.path))


def _layout(head: str) -> Layout | None:
    """The layout in which the beginning of a file is a table; ``None`` if there is none."""
    head, _ = _without_hint(head)
    best: tuple[tuple[float, ...], Layout] | None = None
    escapes = (False, True) if '\\"' in head or "\\'" in head else (False,)
    for separator, quote, escaped in product(_SEPARATORS, _QUOTES, escapes):
        if separator not in head or (quote != '"' and not _may_have(quote, separator, head)):
            continue
        layout = Layout(separator, quote, escaped)
        score = _score(*_begin(layout, head))
        if score is not None and (best is None or score > best[0]):
            best = score, layout
    return None if best is None else best[1]


def _may_have(quote: str, separator: str, head: str) -> bool:
    """Whether cells may have these quotes, or, if it is empty, quotes that enclose nothing."""
    quote = quote or '"'
    return f"\n{quote}" in head or f"{separator}{quote}" in head


def _score(records: list[list[str]], is_valid: bool) -> tuple[float, ...] | None:
    """Known columns, validity, share of rows as long as the header, columns; ``None`` if it is no table."""
    at, is_known = header_of(records, ReadingOptions())
    if at is None:
        return None
    header, below = records[at], [cells for cells in records[at + 1 :] if any(cells)]
    equal = sum(len(cells) == len(header) for cells in below) / len(below) if below else 0.0
    roles = known_roles(header)
    if not is_known and (len(below) < 2 or equal < 1 or len({*header}) < len(header)):
        return None
    return (len(roles) if is_known else 0, is_valid, equal, len(header))


def _begin(layout: Layout, head: str) -> tuple[list[list[str]], bool]:
    """The first rows, without one that is cut off, and whether they have no faulty quotes."""
    whole, newline, cut = head.rpartition("\n")
    records: list[list[str]] = []
    is_valid = True
    try:
        for _, cells in islice(layout.records(whole + newline if whole else cut), _TRIED):
            records.append([str(cell) for cell in cells])
    except csv.Error as error:
        is_valid = "end of data" in str(error)  # the rest of a text of several lines
    return [cells for cells in records if any(cell.strip() for cell in cells)], is_valid
