"""Reading of recordings: any file that FFmpeg reads, as mono signals of a given rate."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphmer.checksums import file_checksum

Signal = NDArray[np.float32]
"""Mono signal ``[samples]``, full scale 1."""

DAMAGED = (LookupError, OverflowError)
"""What PyAV raises of some damaged files beside its own errors."""

_PREROLL = 0.5
"""Seconds that are decoded before a span: codecs such as MP3 and AAC need what comes before it."""


@dataclass(frozen=True)
class Recording:
    """A file with sound.

    Args:
        path: of the file.
        sha256: of its content.
        duration: of the sound, in seconds.
    """

    path: Path
    sha256: str
    duration: float


def open_recording(path: Path) -> Recording:
    """Check that the sound of a file can be decoded, and measure it without decoding the rest.

    Raises:
        ValueError: if the file cannot be read, or has no sound.
    """
    import av

    try:
        with av.open(str(path)) as container:
            stream = _sound(container)
            if next(container.decode(stream), None) is None:
                raise ValueError("it has no sound")
            container.seek(0)
            origin, end = origin_of(container), 0.0
            for packet in container.demux(stream):
                if packet.pts is not None:
                    end = max(end, float((packet.pts + (packet.duration or 0)) * packet.time_base))
        return Recording(path, file_checksum(path), end - origin)
    except (av.FFmpegError, OSError, *DAMAGED) as error:
        raise ValueError(problem_of(error)) from None


def read_spans(path: Path, spans: Sequence[tuple[float, float]], rate: int) -> list[Signal | None]:
    """Mono signals of spans of a file, which is opened once and searched for each span.

    Channels are averaged. A span that goes beyond the end of the file ends there.

    Args:
        path: of the file.
        spans: begin and end in seconds; an infinite end is that of the file.
        rate: of the signals, in Hz.

    Returns:
        A signal of each span; ``None`` if it cannot be decoded.
    """
    import av

    found: list[Signal | None] = []
    try:
        with av.open(str(path)) as container:
            stream = _sound(container)
            found.extend(_span(container, stream, start, end, rate) for start, end in spans)
    except (av.FFmpegError, OSError, ValueError, *DAMAGED):  # it was there a moment ago
        found += [None] * (len(spans) - len(found))
    return found


def _span(container: Any, stream: Any, start: float, end: float, rate: int) -> Signal | None:
    """Signal of one span; ``None`` if it cannot be decoded."""
    from av import FFmpegError

    try:
        return _decoded(container, stream, start, end, rate)
    except FFmpegError:
        return None


def _decoded(container: Any, stream: Any, start: float, end: float, rate: int) -> Signal:
    origin = origin_of(container)
    start, end = start + origin, end + origin
    container.seek(int(max(0.0, start - _PREROLL) / stream.time_base), stream=stream)
    pieces, sampling, time = [], rate, start
    for frame in container.decode(stream):
        time = time if frame.pts is None else float(frame.pts * frame.time_base)
        if time >= end:
            break
        sampling = frame.sample_rate
        first = max(0, round((start - time) * sampling))
        last = frame.samples if math.isinf(end) else min(frame.samples, round((end - time) * sampling))
        if first < last:
            pieces.append(_mono(frame)[first:last])
        time += frame.samples / sampling
    signal = np.concatenate(pieces) if pieces else np.zeros(0, dtype=np.float32)
    if sampling == rate or not len(signal):
        return signal
    from scipy.signal import resample_poly

    common = math.gcd(sampling, rate)
    return resample_poly(signal, rate // common, sampling // common).astype(np.float32)


def _mono(frame: Any) -> Signal:
    """Mean of the channels of a frame, full scale 1."""
    channels = frame.layout.nb_channels
    values = frame.to_ndarray()
    values = values if frame.format.is_planar else values.reshape(-1, channels).T
    if values.dtype.kind == "f":
        return values.mean(axis=0, dtype=np.float64).astype(np.float32)
    limits = np.iinfo(values.dtype)
    half = 2.0 ** (limits.bits - 1)
    middle = half if limits.min == 0 else 0.0
    return ((values.mean(axis=0, dtype=np.float64) - middle) / half).astype(np.float32)


def _sound(container: Any) -> Any:
    if not container.streams.audio:
        raise ValueError("it has no sound")
    stream = container.streams.audio[0]
    if stream.codec_context is None:
        raise ValueError("its codec is unknown")
    return stream


def origin_of(container: Any) -> float:
    """Time stamp at which a file begins, in seconds: not zero for streams and for some encoders."""
    return (container.start_time or 0) / 1_000_000


def problem_of(error: Exception) -> str:
    """What FFmpeg or the system says of a file, in one line."""
    text = getattr(error, "strerror", None)
    if text is None:
        text = "it is damaged" if isinstance(error, DAMAGED) else str(error)
    return " ".join(text.split()).rstrip(".")
