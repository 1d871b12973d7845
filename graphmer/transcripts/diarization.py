"""Who speaks when, by RTTM (Rich Transcription Time Marked) files of diarization systems."""

import math
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from pathlib import Path

from graphmer.errors import CorpusError
from graphmer.transcripts.text_file import TextFile

_ABSENT = "<NA>"
_SPEAKER = "SPEAKER"
_TYPES = frozenset(
    {"SEGMENT", "NOSCORE", "NO_RT_METADATA", "LEXEME", "NON-LEX", "NON-SPEECH", "FILLER", "EDIT"}
    | {"SU", "IP", "CB", "A/P", "SPKR-INFO"}
)
"""Types of lines that are not read."""


@dataclass(frozen=True)
class Segment:
    """Time in which a person speaks.

    Args:
        speaker: name, or ``None`` if the file gives none.
        start: in seconds.
        end: in seconds.
    """

    speaker: str | None
    start: float
    end: float


@dataclass(frozen=True)
class Diarization:
    """Segments of one recording, sorted by start."""

    segments: Sequence[Segment]
    _starts: Sequence[float] = field(init=False, repr=False)
    _ends: Sequence[float] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        ordered = sorted(self.segments, key=lambda segment: (segment.start, segment.end))
        object.__setattr__(self, "segments", ordered)
        object.__setattr__(self, "_starts", [segment.start for segment in ordered])
        object.__setattr__(self, "_ends", list(accumulate((segment.end for segment in ordered), max)))

    def overlaps(self, start: float, end: float) -> Counter[str]:
        """Seconds that each speaker has within a time, the first to start first."""
        found: Counter[str] = Counter()
        last = bisect_left(self._starts, max(end, math.nextafter(start, math.inf)))
        first = last
        while first > 0 and self._ends[first - 1] > start:
            first -= 1
        for segment in self.segments[first:last]:
            if segment.speaker is not None and segment.end > start:
                seconds = min(end, segment.end) - max(start, segment.start)
                found[segment.speaker] += max(seconds, 1e-6)  # type: ignore[assignment]
        return found


def is_rttm(head: str) -> bool:
    """Whether a file begins with a line of RTTM."""
    line = next((line for line in head.split("\n") if line.strip() and not line.startswith(";;")), "")
    fields = line.split()
    return len(fields) in (9, 10) and (fields[0] == _SPEAKER or fields[0] in _TYPES)


def segments_of(file: TextFile, left_out: Counter[str]) -> dict[str, list[Segment]]:
    """Segments by recording.

    Args:
        file: RTTM.
        left_out: counts lines of other types.

    Raises:
        CorpusError: if a line is invalid, or no line has a speaker; the message names file and line.
    """
    found: dict[str, list[Segment]] = defaultdict(list)
    for number, line in enumerate(file.text.split("\n"), start=1):
        fields = line.split()
        if not fields or line.startswith(";;"):
            continue
        if fields[0] != _SPEAKER:
            if fields[0] not in _TYPES:
                raise CorpusError(
                    f"{file.path}:{number}: a line of RTTM must begin with its type; got {fields[0][:40]!r}. "
                    "Begin it with SPEAKER, or remove it."
                )
            left_out[f"{fields[0]} line"] += 1
            continue
        if len(fields) not in (9, 10):
            raise CorpusError(
                f"{file.path}:{number}: a line of RTTM must have ten fields; got {len(fields)}. Names have "
                "no blanks; unknown fields are <NA>."
            )
        start, seconds = (_number(fields[at], f"{file.path}:{number}") for at in (3, 4))
        name = None if fields[7] == _ABSENT else fields[7]
        found[fields[1]].append(Segment(name, start, round(start + seconds, 6)))
    if not found:
        raise CorpusError(f"{file.path}: has no SPEAKER line. Name an RTTM file with speakers.")
    return dict(found)


def read_diarization(path: str | Path) -> dict[str, Diarization]:
    """Read an RTTM file as the companion of transcripts.

    Args:
        path: file.

    Returns:
        The diarization of each recording, by its name in the file.

    Raises:
        CorpusError: if it is no RTTM or invalid.
    """
    file = TextFile.opened(Path(path))
    if not is_rttm(file.head.lstrip("\ufeff\n\t ")):
        raise CorpusError(f"{path}: no RTTM. Its lines are `SPEAKER file 1 start duration <NA> <NA> name`.")
    return {name: Diarization(segments) for name, segments in segments_of(file, Counter()).items()}


def chosen(diarizations: Mapping[str, Diarization], name: str, where: str) -> Diarization:
    """The diarization of a recording: the one of its name, or the only one.

    Raises:
        CorpusError: if there are several, none of that name.
    """
    if name in diarizations:
        return diarizations[name]
    if len(diarizations) == 1:
        return next(iter(diarizations.values()))
    names = ", ".join(list(diarizations)[:8])
    raise CorpusError(
        f"{where}: the RTTM has several recordings ({names}), none called {name!r}. Name the transcript like "
        "its recording."
    )


def _number(text: str, where: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 <= value < 1e9:
        raise CorpusError(f"{where}: start and duration must be seconds >= 0; got {text[:40]!r}. Correct it.")
    return value
