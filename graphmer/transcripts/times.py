"""Times in the cells of tables: seconds, milliseconds, clock times and dates."""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta, timezone
from statistics import median
from typing import Literal

_CLOCK = re.compile(r"(?:(\d{1,4}):)?(\d{1,4}):(\d{1,2}(?:[.,]\d{1,9})?)")
_NUMBER = re.compile(r"([-+]?\d{1,15}(?:[.,]\d{1,15})?)\s*(s|ms)?", re.ASCII)
_ABSENT = frozenset({"", "nan", "na", "n/a", "null", "none", "-"})

_LONG = 100
"""Median length of a turn from which whole numbers are milliseconds."""

_LATE = 1e11
"""Times from which numbers are milliseconds since 1970."""

Kind = Literal["number", "seconds", "date"]


@dataclass(frozen=True)
class Time:
    """A time as it is in a cell.

    Args:
        value: in seconds unless it is a number.
        kind: a number, whose unit is open; seconds; a date, in seconds since 1970.
        comma: whether a number is written with a decimal comma, ``None`` without decimals.
    """

    value: float
    kind: Kind = "seconds"
    comma: bool | None = None


def read_time(cell: object) -> Time | None:
    """Time in a cell; ``None`` if it is empty.

    Raises:
        ValueError: if it is no time.

    Example:
        >>> read_time("00:16:16,059").value, read_time("1,5").comma, read_time("")
        (976.059, True, None)
    """
    if cell is None:
        return None
    if isinstance(cell, time):
        cell = timedelta(
            hours=cell.hour, minutes=cell.minute, seconds=cell.second, microseconds=cell.microsecond
        )
    if isinstance(cell, timedelta):
        return Time(cell.total_seconds())
    if isinstance(cell, datetime):
        return Time(_timestamp(cell), "date")
    if isinstance(cell, int | float) and not isinstance(cell, bool):
        if not math.isfinite(cell) or abs(cell) > 1e15:
            raise ValueError("must be finite")
        return Time(float(cell), "number", None if float(cell).is_integer() else False)
    if not isinstance(cell, str):
        raise ValueError("must be a number or text")
    return _written(cell.strip())


def unit(starts: Sequence[Time | None], ends: Sequence[Time | None]) -> float:
    """Seconds of the unit of the numbers in two columns, by the length of turns."""
    numbers = [time for time in (*starts, *ends) if time is not None and time.kind == "number"]
    if any(time.comma is not None for time in numbers):
        return 1.0
    if any(time.value > _LATE for time in numbers):
        return 0.001
    lengths = [
        end.value - start.value
        for start, end in zip(starts, ends, strict=True)
        if start is not None and end is not None and start.kind == end.kind == "number"
    ]
    return 0.001 if lengths and median(lengths) >= _LONG else 1.0


def _written(text: str) -> Time | None:
    if text.casefold() in _ABSENT:
        return None
    clock = _CLOCK.fullmatch(text)
    if clock is not None:
        hours, minutes, seconds = int(clock[1] or 0), int(clock[2]), float(clock[3].replace(",", "."))
        return Time(round(hours * 3600 + minutes * 60 + seconds, 6))
    number = _NUMBER.fullmatch(text)
    if number is not None:
        value = float(number[1].replace(",", "."))
        if number[2]:
            return Time(value if number[2] == "s" else value / 1000)
        comma = "," in number[1]
        return Time(value, "number", comma if comma or "." in number[1] else None)
    return Time(_timestamp(datetime.fromisoformat(_iso(text))), "date")


def _iso(text: str) -> str:
    """A date as `datetime.fromisoformat` of any version of Python reads it."""
    text = re.sub(r"\s*(?:[zZ]|UTC|GMT)$", "+00:00", text)
    text = re.sub(r"\s*([-+]\d\d):?(\d\d)$", r"\1:\2", text) if ":" in text[:-6] else text
    return re.sub(r"(?<=:\d\d)[.,](\d{1,9})", lambda found: f".{found[1][:6]:0<6}", text)


def _timestamp(date: datetime) -> float:
    return (date if date.tzinfo else date.replace(tzinfo=timezone.utc)).timestamp()
