"""Faces in pictures: finding them, following one of them over frames, and cutting it out."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import numpy as np

from graphmer.checksums import file_checksum
from graphmer.errors import ConfigError
from graphmer.features.frames import Picture

HAAR = "haar"
"""The cascade for frontal faces inside OpenCV's packages, so that no file is needed."""

_MOST = 4
"""Faces of a frame that are followed: the largest."""

_OVERLAP = 0.3
"""Intersection over union from which on boxes are of the same face."""

_GAP = 4
"""Frames after which a face that was not found is another one."""

_SMALLEST = 0.1
"""Side of the smallest face, in shorter sides of the picture."""


class Box(NamedTuple):
    """Rectangle in a picture, in pixels."""

    left: float
    top: float
    width: float
    height: float

    @property
    def area(self) -> float:
        """In square pixels."""
        return self.width * self.height


class Detector(Protocol):
    """Finds faces.

    Attributes:
        identity: changes when other faces would be found.
        place: of its file; ``None`` if it is part of a package.
    """

    @property
    def identity(self) -> str: ...

    @property
    def place(self) -> str | None: ...

    def __call__(self, picture: Picture) -> list[Box]:
        """Boxes of the faces in a picture."""
        ...


def make_detector(detector: str) -> Detector:
    """A detector of faces.

    Args:
        detector: `HAAR`, or an ONNX file of YuNet.

    Raises:
        ConfigError: if it cannot be loaded.
    """
    return _Haar() if detector == HAAR else _YuNet(Path(detector))


class _Haar:
    """Cascade of Haar features (Viola and Jones, 2001), which finds upright frontal faces."""

    identity, place = HAAR, None

    def __init__(self) -> None:
        import cv2

        path = Path(cv2.data.haarcascades) / "haarcascade_frontalface_default.xml"
        if not path.is_file() or not hasattr(cv2, "CascadeClassifier"):
            raise ConfigError(
                f"OpenCV {cv2.__version__} has no cascade for faces. Name a file of YuNet, or run: "
                'pip install "opencv-python-headless<5"'
            )
        self._cascade = cv2.CascadeClassifier(str(path))

    def __call__(self, picture: Picture) -> list[Box]:
        import cv2

        small, scale = _within(cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY), 480)
        smallest = max(24, round(_SMALLEST * min(small.shape[:2])))
        found = self._cascade.detectMultiScale(
            small,
            scaleFactor=1.1,
            minNeighbors=5,
            minSize=(smallest, smallest),
        )
        return [Box(*(float(side) / scale for side in box)) for box in found]


class _YuNet:
    """YuNet (Wu et al., 2023), which also finds turned and covered faces."""

    def __init__(self, path: Path) -> None:
        import cv2

        if not path.is_file():
            raise ConfigError(
                f"{path}: no such file. Name face_detection_yunet_2023mar.onnx of "
                f"https://github.com/opencv/opencv_zoo (MIT), or {HAAR}."
            )
        try:
            self._network = cv2.FaceDetectorYN.create(str(path), "", (320, 320), score_threshold=0.7)
            self(np.zeros((64, 64, 3), dtype=np.uint8))
        except cv2.error as error:
            problem = " ".join(str(error.err or error).split())
            raise ConfigError(f"{path}: cannot be read as a YuNet network: {problem}.") from None
        self.identity, self.place = f"yunet {file_checksum(path)[:12]}", str(path.resolve())

    def __call__(self, picture: Picture) -> list[Box]:
        small, scale = _within(picture, 640)
        self._network.setInputSize((small.shape[1], small.shape[0]))
        _, found = self._network.detect(small)
        boxes = [Box(*(float(side) / scale for side in row[:4])) for row in ([] if found is None else found)]
        smallest = _SMALLEST * min(picture.shape[:2])
        return [box for box in boxes if max(box.width, box.height) >= smallest]


def largest(boxes: Sequence[Box]) -> list[Box]:
    """The largest faces of a frame, as many as are followed."""
    return sorted(boxes, key=lambda box: box.area, reverse=True)[:_MOST]


def followed(frames: Sequence[Sequence[Box]]) -> list[int | None]:
    """Number of the main face in the boxes of each frame; ``None`` where it was not found.

    Faces are followed from frame to frame by the overlap of their boxes. The main face is the one whose areas
    have the largest sum: of the speaker rather than of a passer-by, and no pattern taken for a face once.

    Args:
        frames: boxes in frames one after another.
    """
    tracks: list[dict[int, int]] = []
    for number, boxes in enumerate(frames):
        free = [track for track in tracks if number - max(track) <= _GAP]
        for place, box in enumerate(boxes):
            overlaps = [_overlap(box, frames[max(track)][track[max(track)]]) for track in free]
            best = int(np.argmax(overlaps)) if overlaps else 0
            if overlaps and overlaps[best] >= _OVERLAP:
                free.pop(best)[number] = place
            else:
                tracks.append({number: place})
    if not tracks:
        return [None] * len(frames)
    main = max(tracks, key=lambda track: sum(frames[at][place].area for at, place in track.items()))
    return [main.get(number) for number in range(len(frames))]


def cut(picture: Picture, box: Box, height: int, width: int) -> Picture:
    """The square around a face, as far as it is in the picture, scaled ``[height, width, 3]``."""
    import cv2

    half = max(box.width, box.height) / 2
    x, y = box.left + box.width / 2, box.top + box.height / 2
    left, right = (min(max(0, round(side)), picture.shape[1]) for side in (x - half, x + half))
    top, bottom = (min(max(0, round(side)), picture.shape[0]) for side in (y - half, y + half))
    square = picture[top : max(bottom, top + 1), left : max(right, left + 1)]
    shrinks = square.shape[0] > height
    how = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(square, (width, height), interpolation=how), dtype=np.uint8)


def _within(picture: Picture, longest: int) -> tuple[Any, float]:
    """A picture scaled down to a longest side, and the scale."""
    import cv2

    scale = min(1.0, longest / max(picture.shape[:2]))
    if scale == 1.0:
        return picture, scale
    return cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), scale


def _overlap(one: Box, other: Box) -> float:
    """Intersection over union."""
    width = min(one.left + one.width, other.left + other.width) - max(one.left, other.left)
    height = min(one.top + one.height, other.top + other.height) - max(one.top, other.top)
    shared = max(0.0, width) * max(0.0, height)
    return shared / (one.area + other.area - shared)
