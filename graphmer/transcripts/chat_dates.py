"""Dates and times of exported chats, whose order depends on the phone."""

import re
from collections.abc import Sequence
from datetime import datetime
from itertools import pairwise

from graphmer.errors import CorpusError
from graphmer.transcripts.transcript import ReadingReport

_BLANK = r"[ \u00a0\u202f\u2009]"
_MORNING = ("上午", "오전", "午前", "ص")
_AFTERNOON = ("下午", "오후", "午後", "م")
_HALF = rf"(?:[aApP]\.?{_BLANK}?[mM]\.?|{'|'.join(_MORNING + _AFTERNOON)})"
_NUMBERS = re.compile(r"\d+")
_ORDERS = {"day.month.year": (2, 1, 0), "month/day/year": (2, 0, 1), "year-month-day": (0, 1, 2)}
"""Places of year, month and day."""

STAMP = (
    rf"\d{{1,4}}{_BLANK}?[./-]{_BLANK}?\d{{1,2}}{_BLANK}?[./-]{_BLANK}?\d{{1,4}}\.?"
    rf"(?:[,\u060c]{_BLANK}?|{_BLANK})(?:\w{{1,3}}{_BLANK})?(?:{_HALF}{_BLANK}?)?"
    rf"\d{{1,2}}[:.]\d{{2}}(?:[:.]\d{{2}})?(?:{_BLANK}?{_HALF})?"
)
"""Date and time of a message, without groups; of 12 or 24 hours, with or without seconds."""


def dated(stamps: Sequence[str], report: ReadingReport, where: str) -> list[float]:
    """Seconds since some day of each date and time.

    The order of day, month and year is one under which all are dates. If there are several, it is the one
    under which time runs backwards least often, and the report says so.

    Args:
        stamps: dates and times in the order of the file, see `STAMP`.
        report: of the reading.
        where: the file, for messages.

    Raises:
        CorpusError: if they are dates under no order.
    """
    found: dict[str, list[float]] = {}
    for name, places in _ORDERS.items():
        times = [_seconds(stamp, places) for stamp in stamps]
        known = [time for time in times if time is not None]
        if len(known) == len(times):
            found[name] = known
    if len(found) > 1 and len(_NUMBERS.findall(stamps[0])[0]) < 4:
        found.pop("year-month-day", None)  # a year of two digits comes first only where nothing else can
    if not found:
        raise CorpusError(
            f"{where}: its dates, such as {stamps[0]!r}, are none under any order of day, month and year. "
            "Export the chat again."
        )
    backwards = {name: sum(b < a for a, b in pairwise(times)) for name, times in found.items()}
    best = min(found, key=lambda name: (backwards[name], _unlikely(name, stamps)))
    if len(found) > 1:
        report.notes.append(
            f"dates may be {' or '.join(found)}; read as {best}, under which time runs backwards "
            f"{backwards[best]} times"
        )
    elif backwards[best]:
        report.notes.append(f"time runs backwards {backwards[best]} times; the order of the file is kept")
    return found[best]


def _unlikely(order: str, stamps: Sequence[str]) -> bool:
    """Whether an order is not the usual one: the month first is with slashes and a clock of 12 hours."""
    is_american = "/" in stamps[0] and re.search("[mM]", stamps[0]) is not None
    return is_american != (order == "month/day/year")


def _seconds(stamp: str, places: tuple[int, int, int]) -> float | None:
    """Seconds of a date and time whose year, month and day are at these places; ``None`` if it is none."""
    numbers = _NUMBERS.findall(stamp)
    year, month, day = (numbers[place] for place in places)
    if len(year) not in (2, 4) or max(len(month), len(day)) > 2:
        return None
    hour, minute, second = (int(number) for number in (*numbers[3:], "0")[:3])
    half = _half(stamp)
    if half is not None:
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + half
    try:
        date = datetime(int(year) + 2000 * (len(year) == 2), int(month), int(day), hour, minute, second)
    except ValueError:
        return None
    return (date - datetime(1970, 1, 1)).total_seconds()


def _half(stamp: str) -> int | None:
    """Hours that the half of the day adds; ``None`` for a clock of 24 hours."""
    found = re.search(rf"([aApP])\.?{_BLANK}?[mM]|{'|'.join(_MORNING + _AFTERNOON)}", stamp)
    if found is None:
        return None
    return 12 if (found[1] or "").lower() == "p" or found[0] in _AFTERNOON else 0
