"""Columns of times in seconds."""

import datetime as dt
import re
from collections.abc import Sequence
from dataclasses import replace

from graphmer.errors import CorpusError
from graphmer.reprs import shown
from graphmer.transcripts.chat_dates import STAMP, dated
from graphmer.transcripts.columns import unit_of
from graphmer.transcripts.row import Row
from graphmer.transcripts.times import Time, read_time, unit
from graphmer.transcripts.transcript import ReadingOptions, ReadingReport

_PHONE = re.compile(STAMP)
_DATES = 1e8
"""Seconds from which numbers count from 1970: three years, or a day in 1973."""


def times_of(
    rows: Sequence[Row], columns: dict[str, str], options: ReadingOptions, report: ReadingReport
) -> tuple[list[float | None], list[float | None]]:
    """Starts and ends in seconds, by the columns of these roles, or of starts and durations.

    The unit is the one that the columns name, else seconds or milliseconds by the length of turns.

    Args:
        rows: of a file.
        columns: by role; a column that was guessed and has no time at all is removed.
        options: of the user.
        report: gets the unit.

    Raises:
        CorpusError: if a cell is no time, or a turn ends before it starts; the message names the row.
    """
    rows = _with_dates(rows, columns, options, report)
    read: dict[str, list[Time | None]] = {}
    for role in ("start", "end", "duration"):
        guessed = role not in options.columns
        if role == "duration" and ("end" in columns or "start" not in columns):
            columns.pop(role, None)  # says nothing new
        times = _time_column(rows, columns.get(role), report, guessed=guessed)
        if times is None and role in columns:
            report.notes.append(f"column {columns.pop(role)!r} has no times and is not read")
        read[role] = times or [None] * len(rows)
    durations = read.pop("duration")
    if "duration" in columns:
        factor = (unit_of(columns["duration"]) or 1.0) / (unit_of(columns["start"]) or 1.0)
        pairs = zip(read["start"], durations, strict=True)
        read["end"] = [_end(start, duration, factor) for start, duration in pairs]
    named = next((found for role in read if (found := unit_of(columns.get(role, ""))) is not None), None)
    seconds = unit(read["start"], read["end"]) if named is None else named
    everything = [time for times in read.values() for time in times if time is not None]
    if any(time.kind == "number" for time in everything):
        comma = ", decimal comma" if any(time.comma for time in everything) else ""
        report.taken["times"] = ("seconds" if seconds == 1 else "milliseconds") + comma
    read = {role: [_dated(time, seconds) for time in times] for role, times in read.items()}
    everything = [time for times in read.values() for time in times if time is not None]
    dates = [time.value for time in everything if time.kind == "date"]
    first = min(dates, default=0.0)
    if dates:
        report.notes.append("times are dates: seconds after the first of the file")
    starts, ends = (
        [None if time is None else _seconds(time, seconds, first) for time in read[role]]
        for role in ("start", "end")
    )
    for row, start, end in zip(rows, starts, ends, strict=True):
        if start is not None and end is not None and end < start:
            raise CorpusError(f"{row.where}: the turn ends before it starts. Correct its times.")
    return starts, ends


def _with_dates(
    rows: Sequence[Row], columns: dict[str, str], options: ReadingOptions, report: ReadingReport
) -> Sequence[Row]:
    """Rows whose times of day have the date of another column."""
    start = columns.get("start", "")
    days = next((name for name in (rows[0].cells if rows else ()) if name.strip().casefold() == "date"), None)
    if "start" in options.columns or start.strip().casefold() != "time" or days is None:
        return rows
    found = [_at(row.cells.get(days), row.cells.get(start)) for row in rows]
    if any(cell is None for cell in found):
        return rows
    columns.pop("end", None)
    report.taken["date"] = f"column {days!r}"
    return [replace(row, cells={**row.cells, start: cell}) for row, cell in zip(rows, found, strict=True)]


def _at(day: object, clock: object) -> object:
    """A date and a time of day together; ``None`` if they are none."""
    if isinstance(day, dt.date) and isinstance(clock, dt.time):
        return dt.datetime.combine(day, clock)
    is_written = isinstance(day, str) and isinstance(clock, str) and day.strip() and ":" in clock
    return f"{day} {clock}" if is_written else None


def _end(start: Time | None, duration: Time | None, factor: float) -> Time | None:
    """End of a turn by its duration, in the unit of its start."""
    if start is None or duration is None:
        return None
    length = duration.value * (factor if duration.kind == "number" else 1.0)
    return Time(round(start.value + length, 6), start.kind, start.comma)


def _dated(time: Time | None, unit: float) -> Time | None:
    """A number that is too large for a recording as a date."""
    if time is None or time.kind != "number" or time.value * unit < _DATES:
        return time
    return Time(time.value * unit, "date")


def _seconds(time: Time, unit: float, first: float) -> float:
    if time.kind == "date":
        return round(time.value - first, 6)
    return time.value if time.kind == "seconds" else round(time.value * unit, 6)


def _time_column(
    rows: Sequence[Row], column: str | None, report: ReadingReport, *, guessed: bool
) -> list[Time | None] | None:
    """Times of a column; ``None`` if it is absent, or guessed and without any time."""
    if column is None:
        return None
    found: list[Time | None] = []
    faulty: Row | None = None
    mixed: dict[bool, Row] = {}
    for row in rows:
        try:
            found.append(read_time(row.cells.get(column)))
        except (ValueError, OverflowError):
            faulty = faulty or row
            continue
        if found[-1] is not None and found[-1].comma is not None:
            mixed.setdefault(found[-1].comma, row)
    if faulty is not None and not any(found):
        dates = _of_phones([row.cells.get(column) for row in rows], report, f"{faulty.where}: {column}")
        if dates is not None:
            return dates
    if guessed and not any(found):
        return None
    if faulty is not None:
        raise CorpusError(
            f"{faulty.where}: {column}: must be a time such as 976.1 or 00:16:16,059; got "
            f"{shown(faulty.cells.get(column))}. Correct it or leave it empty."
        )
    if len(mixed) == 2:
        raise CorpusError(f"{mixed[True].where}: {column}: has a decimal comma, other rows a point. Use one.")
    return found


def _of_phones(cells: Sequence[object], report: ReadingReport, where: str) -> list[Time | None] | None:
    """Dates such as ``6/13/23 9:41 PM``, in the order of all; ``None`` if a cell is another text."""
    texts = [str(cell).strip() if cell is not None else "" for cell in cells]
    stamps = [text for text in texts if text]
    if not all(_PHONE.fullmatch(stamp) for stamp in stamps):
        return None
    times = iter(dated(stamps, report, where))
    return [Time(next(times), "date") if text else None for text in texts]
