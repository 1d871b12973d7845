"""What all extractors of audio have in common: finding, checking and reading the spans of recordings."""

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from graphmer.features.extractor import Clip, Missing
from graphmer.features.models import package_version
from graphmer.features.recording import Recording, Signal, open_recording, read_spans
from graphmer.reprs import counted

RATE = 16_000
"""Sampling rate of the signals that are analysed, in Hz."""

SILENCE = -60
"""Peak below which a signal is silence, in dB of full scale."""

_TOLERANCE = 0.1
"""Seconds by which a turn may end after its recording without being counted: times are rounded."""
_SHOWN = 5


class Span(NamedTuple):
    """Part of a recording: hash of the file, begin and end in seconds."""

    sha256: str
    start: float
    end: float

    @classmethod
    def parse(cls, content: str) -> "Span":
        """The span of a content of `AudioReader.content`."""
        sha256, start, end = content.split()
        return cls(sha256, float(start), float(end))


class AudioReader:
    """Turns clips into spans of recordings, and spans into signals.

    A content is the hash of a file, with begin and end: where a file lies is no part of it.

    Args:
        shortest: seconds below which a signal is too short.

    Raises:
        ConfigError: if PyAV is not installed.
    """

    def __init__(self, shortest: float) -> None:
        package_version("av", "audio")
        self.shortest = shortest
        self._opened: dict[Path, Recording | Missing] = {}
        self._recordings: dict[str, Recording] = {}
        self._problems: list[str] = []

    def content(self, clip: Clip) -> str | Missing:
        """Span of a clip as a string, or why it has none."""
        if clip.audio is None:
            return Missing("no recording")
        if clip.start is None or clip.end is None:
            return Missing("no times of begin and end")
        if not 0 <= clip.start < clip.end:
            return Missing("times that are no span")
        recording = self._open(clip.audio)
        if isinstance(recording, Missing):
            return recording
        if clip.start >= recording.duration:
            return Missing("outside the recording")
        if min(clip.end, recording.duration) - clip.start < self.shortest:
            return _too_short(self.shortest)
        return f"{recording.sha256} {clip.start:.3f} {clip.end:.3f}"

    def seconds(self, content: str) -> float:
        """Length of the signal of a content."""
        span = Span.parse(content)
        return min(span.end, self._recordings[span.sha256].duration) - span.start

    def by_file(self, contents: Sequence[str]) -> dict[Path, list[str]]:
        """The contents of each file."""
        found: dict[Path, list[str]] = {}
        for content in contents:
            found.setdefault(self._recordings[Span.parse(content).sha256].path, []).append(content)
        return found

    def signals(self, contents: Sequence[str], longest: float = math.inf) -> Iterator[Signal | Missing]:
        """Mono signals of contents at `RATE`, in their order.

        Args:
            contents: any.
            longest: seconds after which a signal is cut.
        """
        found: dict[str, Signal | Missing] = {}
        for path, some in self.by_file(contents).items():
            spans = [Span.parse(content) for content in some]
            bounded = [(span.start, min(span.end, span.start + longest)) for span in spans]
            read = read_spans(path, bounded, RATE)
            found |= {
                content: checked(signal, self.shortest) for content, signal in zip(some, read, strict=True)
            }
        return (found[content] for content in contents)

    def notes(self, contents: Iterable[str]) -> list[str]:
        """Files that cannot be read, and the number of turns that end after their recording."""
        late: Counter[Path] = Counter()
        for span in map(Span.parse, contents):
            recording = self._recordings[span.sha256]
            late[recording.path] += recording.duration + _TOLERANCE < span.end < math.inf
        more = len(self._problems) - _SHOWN
        lines = [*self._problems[:_SHOWN], *([f"{counted(more, 'more file')} cannot be read"] * (more > 0))]
        overhang, files = late.total(), sum(map(bool, late.values()))
        if overhang:
            ends = f"{counted(overhang, 'turn')} in {counted(files, 'recording')}"
            lines.append(f"{ends}: the recording ends before the turn does, which is cut there")
        return lines

    def _open(self, path: Path) -> Recording | Missing:
        if path not in self._opened:
            try:
                found = self._opened[path] = open_recording(path)
                self._recordings[found.sha256] = found
            except ValueError as error:
                self._opened[path] = Missing("unreadable recording")
                self._problems.append(f"{path.name} cannot be read: {error}")
        return self._opened[path]


def checked(signal: Signal | None, shortest: float) -> Signal | Missing:
    """The signal, or why nothing can be extracted from it.

    Args:
        signal: mono at `RATE`; ``None`` if it could not be decoded.
        shortest: seconds below which it is too short.
    """
    if signal is None:
        return Missing("recording that cannot be decoded")
    if len(signal) < round(shortest * RATE):
        return _too_short(shortest) if len(signal) else Missing("outside the recording")
    if np.abs(signal).max() < 10 ** (SILENCE / 20):
        return Missing("silence")
    return signal


def _too_short(shortest: float) -> Missing:
    return Missing(f"shorter than {1000 * shortest:.0f} ms")
