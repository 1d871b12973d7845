"""Excel workbooks (``.xlsx``)."""

import re
import warnings
import zipfile
from collections.abc import Iterator
from io import BytesIO
from itertools import islice
from pathlib import Path
from typing import Any

from graphmer.errors import ConfigError, CorpusError
from graphmer.transcripts.grid import Record, header_of, rows_below
from graphmer.transcripts.rows import dialogues_of
from graphmer.transcripts.text_file import LARGEST, TextFile, require_size
from graphmer.transcripts.transcript import ReadingOptions, ReadingReport, Transcript

_OLD = "\xd0\xcf\x11\xe0"
"""First bytes of Microsoft's formats before 2007."""


class ExcelFormat:
    """The first sheet with a table; cells of formulas have their last value.

    Requires ``openpyxl``.
    """

    name = "Excel"

    def matches(self, head: str) -> bool:
        is_office = head.startswith("PK\x03\x04") and re.search(r"\[Content_Types\]|xl/", head) is not None
        return is_office or head.startswith(_OLD)

    def read(self, file: TextFile, options: ReadingOptions) -> Transcript:
        if file.head.startswith(_OLD):
            raise CorpusError(f"{file.path}: old binary Office file. Save it as .xlsx or CSV.")
        report = ReadingReport()
        book = _opened(file.path)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # openpyxl's, of styles and validations
                names, rows = rows_below(_records(book, options, report), options, report, file.path)
        except CorpusError:
            raise
        except Exception as error:  # of the archive, of its XML, of openpyxl
            raise _damaged(file.path, error) from None
        finally:
            book.close()
        return Transcript(self.name, dialogues_of(rows, names, options, report, file.path), report)


def _opened(path: Path) -> Any:
    """Workbook whose parts have a bounded size."""
    try:
        from openpyxl import load_workbook
    except ImportError:
        raise ConfigError(
            'Excel files need openpyxl, which is not installed. Run: pip install "graphmer[transcripts]"'
        ) from None
    require_size(path)
    try:
        with zipfile.ZipFile(path) as archive:
            parts = archive.infolist()
        if not any(part.filename.startswith("xl/") for part in parts):
            raise CorpusError(f"{path}: no Excel workbook. Export the transcript as text.")
        if sum(part.file_size for part in parts) > LARGEST:
            raise CorpusError(f"{path}: has more than {LARGEST // 2**20} MiB unpacked. Split it.")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # openpyxl's, of styles and validations
            return load_workbook(BytesIO(path.read_bytes()), read_only=True, data_only=True)
    except CorpusError:
        raise
    except Exception as error:  # of the archive, of its XML, of openpyxl
        raise _damaged(path, error) from None


def _damaged(path: Path, error: Exception) -> CorpusError:
    problem = " ".join(str(error).split())[:80] or type(error).__name__
    return CorpusError(f"{path}: damaged Excel file ({problem}). Save it again, or as CSV.")


def _records(book: Any, options: ReadingOptions, report: ReadingReport) -> Iterator[Record]:
    """Rows of the first sheet whose columns are known, else of the first with names of columns."""
    sheets = book.worksheets
    headers = [_header(sheet, options) for sheet in sheets]
    chosen = sheets[max(range(len(sheets)), key=lambda at: (headers[at], -at))]
    report.taken["sheet"] = repr(chosen.title)
    others = [repr(sheet.title) for sheet in sheets if sheet is not chosen and _is_filled(sheet)]
    if others:
        report.notes.append(f"sheets that are not read: {', '.join(others)}")
    yield from _rows(chosen)


def _rows(sheet: Any) -> Iterator[Record]:
    sheet.reset_dimensions()  # some programs write wrong ones
    for number, cells in enumerate(sheet.iter_rows(values_only=True), start=1):
        if any(cell is not None for cell in cells):
            yield number, cells


def _header(sheet: Any, options: ReadingOptions) -> tuple[bool, bool]:
    """Whether the columns of a sheet are known, and whether they have names."""
    at, is_known = header_of([cells for _, cells in islice(_rows(sheet), 10)], options)
    return is_known, at is not None


def _is_filled(sheet: Any) -> bool:
    return next(_rows(sheet), None) is not None
