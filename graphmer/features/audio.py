"""What all extractors of audio have in common: finding, checking and reading the spans of recordings."""

import math
from collections.abc import Iterator, Sequence

import numpy as np

from graphmer.features.extractor import Missing
from graphmer.features.models import package_version
from graphmer.features.recording import Recording, Signal, open_recording, read_spans
from graphmer.features.spans import Span, SpanReader, too_short

RATE = 16_000
"""Sampling rate of the signals that are analysed, in Hz."""

SILENCE = -60
"""Peak below which a signal is silence, in dB of full scale."""


class AudioReader(SpanReader[Recording]):
    """Turns clips into spans of recordings, and spans into signals.

    Args:
        shortest: seconds below which a signal is too short.

    Raises:
        ConfigError: if PyAV is not installed.
    """

    def __init__(self, shortest: float) -> None:
        package_version("av", "audio")
        super().__init__(lambda clip: clip.audio, open_recording, shortest)

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


def checked(signal: Signal | None, shortest: float) -> Signal | Missing:
    """The signal, or why nothing can be extracted from it.

    Args:
        signal: mono at `RATE`; ``None`` if it could not be decoded.
        shortest: seconds below which it is too short.
    """
    if signal is None:
        return Missing("recording that cannot be decoded")
    if len(signal) < round(shortest * RATE):
        return too_short(shortest) if len(signal) else Missing("outside the recording")
    if np.abs(signal).max() < 10 ** (SILENCE / 20):
        return Missing("silence")
    return signal
