"""Spans of recordings: which part of which file an utterance is, checked before it is read."""

import math
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Generic, NamedTuple, TypeVar

from graphmer.features.extractor import Clip, Missing
from graphmer.features.recording import Recording
from graphmer.reprs import counted

_TOLERANCE = 0.1
"""Seconds by which a turn may end after its recording without being counted: times are rounded."""
_SHOWN = 5

Opened = TypeVar("Opened", bound=Recording)


class Span(NamedTuple):
    """Part of a recording: hash of the file, begin and end in seconds."""

    sha256: str
    start: float
    end: float

    @classmethod
    def parse(cls, content: str) -> "Span":
        """The span of a content of `SpanReader.content`."""
        sha256, start, end = content.split()
        return cls(sha256, float(start), float(end))


class SpanReader(Generic[Opened]):
    """Turns clips into spans of recordings.

    A content is the hash of a file, with begin and end: where a file lies is no part of it.

    Args:
        path_of: file of a clip; ``None`` if it has none.
        opened: checks and measures a file; raises `ValueError` if it cannot be read.
        shortest: seconds below which a span is too short.
    """

    def __init__(
        self, path_of: Callable[[Clip], Path | None], opened: Callable[[Path], Opened], shortest: float
    ) -> None:
        self._path_of = path_of
        self._open_file = opened
        self.shortest = shortest
        self._opened: dict[Path, Opened | Missing] = {}
        self._recordings: dict[str, Opened] = {}
        self._problems: list[str] = []

    def content(self, clip: Clip) -> str | Missing:
        """Span of a clip as a string, or why it has none."""
        path = self._path_of(clip)
        if path is None:
            return Missing("no recording")
        if clip.start is None or clip.end is None:
            return Missing("no times of begin and end")
        if not 0 <= clip.start < clip.end:
            return Missing("times that are no span")
        recording = self._open(path)
        if isinstance(recording, Missing):
            return recording
        if clip.start >= recording.duration:
            return Missing("outside the recording")
        if min(clip.end, recording.duration) - clip.start < self.shortest:
            return too_short(self.shortest)
        return f"{recording.sha256} {clip.start:.3f} {clip.end:.3f}"

    def recording(self, span: Span) -> Opened:
        """The file that a span is in."""
        return self._recordings[span.sha256]

    def seconds(self, content: str) -> float:
        """Length of the span of a content, within its recording."""
        span = Span.parse(content)
        return min(span.end, self.recording(span).duration) - span.start

    def by_file(self, contents: Sequence[str]) -> dict[Path, list[str]]:
        """The contents of each file."""
        found: dict[Path, list[str]] = {}
        for content in contents:
            found.setdefault(self.recording(Span.parse(content)).path, []).append(content)
        return found

    def notes(self, contents: Iterable[str]) -> list[str]:
        """Files that cannot be read, and the number of turns that end after their recording."""
        late: Counter[Path] = Counter()
        for span in map(Span.parse, contents):
            recording = self.recording(span)
            late[recording.path] += recording.duration + _TOLERANCE < span.end < math.inf
        more = len(self._problems) - _SHOWN
        lines = [*self._problems[:_SHOWN], *([f"{counted(more, 'more file')} cannot be read"] * (more > 0))]
        overhang, files = late.total(), sum(map(bool, late.values()))
        if overhang:
            ends = f"{counted(overhang, 'turn')} in {counted(files, 'recording')}"
            lines.append(f"{ends}: the recording ends before the turn does, which is cut there")
        return lines

    def _open(self, path: Path) -> Opened | Missing:
        if path not in self._opened:
            try:
                found = self._opened[path] = self._open_file(path)
                self._recordings[found.sha256] = found
            except ValueError as error:
                self._opened[path] = Missing("unreadable recording")
                self._problems.append(f"{path.name} cannot be read: {error}")
        return self._opened[path]


def too_short(shortest: float) -> Missing:
    """Why a span of less than `shortest` seconds has no vector."""
    return Missing(f"shorter than {1000 * shortest:.0f} ms")
