"""Frames of videos: any file that FFmpeg reads, decoded once and searched only across keyframes."""

from bisect import bisect_right
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from graphmer.checksums import file_checksum
from graphmer.features.recording import DAMAGED, Recording, origin_of, problem_of

Picture = NDArray[np.uint8]
"""Picture in blue, green and red, ``[height, width, 3]``."""

LONGEST_SIDE = 1280
"""Pixels to which larger frames are scaled down."""

_TOLERANCE = 0.005
"""Seconds by which time stamps are rounded in some containers."""


@dataclass(frozen=True)
class Video(Recording):
    """A file with pictures.

    Args:
        keyframes: times in seconds at which decoding can begin, ascending.
    """

    keyframes: tuple[float, ...]


def open_video(path: Path) -> Video:
    """Check that the pictures of a file can be decoded, and measure it without decoding the rest.

    Raises:
        ValueError: if the file cannot be read, or has no pictures.
    """
    import av

    try:
        with av.open(str(path)) as container:
            stream = _pictures(container)
            if next(container.decode(stream), None) is None:
                raise ValueError("it has no pictures")
        with av.open(str(path)) as container:  # not every container can be wound back
            stream, origin = _pictures(container), origin_of(container)
            frame = 1 / float(stream.average_rate or 25)
            keyframes, end = [], 0.0
            for packet in container.demux(stream):
                stamp = packet.dts if packet.pts is None else packet.pts
                if stamp is None:
                    continue
                time = float(stamp * packet.time_base) - origin
                length = float(packet.duration * packet.time_base) if packet.duration else frame
                end = max(end, time + length)
                if packet.is_keyframe:
                    keyframes.append(time)
        return Video(path, file_checksum(path), end, tuple(sorted(keyframes)) or (0.0,))
    except (av.FFmpegError, OSError, *DAMAGED) as error:
        raise ValueError(problem_of(error)) from None


class _Frame(NamedTuple):
    time: float
    frame: Any


class FrameReader:
    """Frames of one file at any times; ascending ones decode each frame once.

    Args:
        video: which is opened at the first frame.
    """

    def __init__(self, video: Video) -> None:
        self.video = video
        self._container: Any = None
        self._stream: Any = None
        self._decoder: Any = None
        self._origin = 0.0
        self._begin = 0.0  # earliest time that needs no search
        self._last = 0.0  # time of the last decoded frame
        self._shown: _Frame | None = None
        self._ahead: _Frame | None = None
        self._searchable = True

    def at(self, time: float) -> Picture | None:
        """The picture that is shown at a time, upright; ``None`` if it cannot be decoded.

        Args:
            time: in seconds from the beginning of the file.
        """
        from av import FFmpegError

        try:
            shown = self._shown_at(time)
            return None if shown is None else _picture(shown.frame)
        except (FFmpegError, OSError, ValueError, *DAMAGED):  # it was there a moment ago
            self.close()
            return None

    def close(self) -> None:
        """Close the file."""
        if self._container is not None:
            self._container.close()
            self._container = None

    def _shown_at(self, time: float) -> _Frame | None:
        latest = time + _TOLERANCE
        keyframe = self.video.keyframes[max(0, bisect_right(self.video.keyframes, latest) - 1)]
        if self._container is None or latest < self._begin or self._skips_to(keyframe):
            self._search(keyframe)
        while self._ahead is not None and self._ahead.time <= latest:
            self._shown, self._begin = self._ahead, self._ahead.time
            self._ahead = self._next()
        return self._shown or self._ahead

    def _skips_to(self, keyframe: float) -> bool:
        """Whether decoding need not go on from here, since a keyframe comes later."""
        return self._searchable and self._ahead is not None and keyframe > self._ahead.time + _TOLERANCE

    def _search(self, keyframe: float) -> None:
        """Begin to decode at a keyframe, or at the beginning if the container does not lead there."""
        if keyframe == self.video.keyframes[0] or not self._searchable:
            self._restart()
            return
        if self._container is None:
            self._open()
        stamp = round((keyframe + self._origin) / self._stream.time_base)
        self._container.seek(stamp, stream=self._stream)
        self._start(keyframe)
        if self._ahead is None or self._ahead.time > keyframe + 2 * _TOLERANCE:
            self._searchable = False
            self._restart()

    def _restart(self) -> None:
        self.close()
        self._open()
        self._start(0.0)

    def _open(self) -> None:
        import av

        self._container = av.open(str(self.video.path))
        self._stream = _pictures(self._container)
        self._stream.thread_type = "AUTO"
        self._origin = origin_of(self._container)

    def _start(self, begin: float) -> None:
        self._decoder = self._container.decode(self._stream)
        self._shown = None
        self._begin = self._last = begin
        self._ahead = self._next()

    def _next(self) -> _Frame | None:
        frame = next(self._decoder, None)
        if frame is None:
            return None
        stamp = frame.dts if frame.pts is None else frame.pts
        if stamp is not None:
            self._last = float(stamp * frame.time_base) - self._origin
        else:
            self._last += 1 / float(self._stream.average_rate or 25)
        return _Frame(self._last, frame)


def _picture(frame: Any) -> Picture:
    """A frame in blue, green and red, turned as its player would turn it."""
    scale = min(1.0, LONGEST_SIDE / max(frame.width, frame.height))
    width, height = (max(1, round(side * scale)) for side in (frame.width, frame.height))
    picture = frame.to_ndarray(format="bgr24", width=width, height=height)
    return np.ascontiguousarray(np.rot90(picture, round(frame.rotation / 90)))


def _pictures(container: Any) -> Any:
    """The stream of moving pictures, not the cover of an album."""
    from av.stream import Disposition

    streams = [each for each in container.streams.video if not each.disposition & Disposition.attached_pic]
    if not streams:
        raise ValueError("it has no pictures")
    if streams[0].codec_context is None:
        raise ValueError("its codec is unknown")
    return streams[0]
