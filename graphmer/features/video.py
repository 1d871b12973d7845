"""Networks of faces over the frames of an utterance: the mean over frames of the main face."""

import math
from collections.abc import Iterable, Sequence
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

import numpy as np

from graphmer.errors import ConfigError
from graphmer.features.extractor import Clip, Missing, Vector
from graphmer.features.face_network import MEAN, STD, Colour, FaceNetwork
from graphmer.features.faces import HAAR, Box, cut, followed, largest, make_detector
from graphmer.features.frames import FrameReader, Picture, Video, open_video
from graphmer.features.models import missing_package, package_version
from graphmer.features.provenance import Provenance
from graphmer.features.spans import Span, SpanReader

RATE = 4.0
"""Frames a second that are looked at by default."""

_MOST = 128
"""Frames of an utterance, evenly spread where it has more, and of a batch."""


class _Face(NamedTuple):
    box: Box
    picture: Picture


class FaceNetworkExtractor:
    """Mean over frames of a network's features of the face that is largest over the utterance.

    Frames are taken at multiples of 1 / `rate` seconds. Faces are followed from frame to frame, see
    `followed`; frames without the main face do not count.

    Args:
        model: an ONNX file, see `FaceNetwork`.
        detector: of faces: ``haar``, or an ONNX file of YuNet.
        rate: frames a second.
        mean: of the channels, see `FaceNetwork`.
        std: of the channels.
        colour: order of the channels.

    Raises:
        ConfigError: if the packages are not installed, a file cannot be read, or a setting is invalid.
    """

    modality = "video"

    def __init__(
        self,
        model: str,
        detector: str = HAAR,
        rate: float = RATE,
        mean: Sequence[float] = MEAN,
        std: Sequence[float] = STD,
        colour: Colour = "rgb",
    ) -> None:
        self._versions = _versions()
        if not 0 < rate <= 100:
            raise ConfigError(f"video rate: must be above 0 and at most 100 frames a second; got {rate:g}.")
        self.rate = float(rate)
        self._network = FaceNetwork(Path(model), mean, std, colour)
        self._detector = make_detector(detector)
        self._reader: SpanReader[Video] = SpanReader(lambda clip: clip.video, open_video, 0.001)
        self._frames: FrameReader | None = None

    @cached_property
    def provenance(self) -> Provenance:
        return Provenance(
            extractor="face network",
            model=str(self._network.path.resolve()),
            version=self._versions,
            width=self._network.width,
            settings={
                "detector": self._detector.identity,
                "rate": self.rate,
                "frames": _MOST,
                "mean": list(self._network.mean),
                "std": list(self._network.std),
                "colour": self._network.colour,
            },
            sha256=self._network.sha256,
            files={} if self._detector.place is None else {"detector": self._detector.place},
        )

    def content(self, clip: Clip) -> str | Missing:
        return self._reader.content(clip)

    def batches(self, contents: Sequence[str]) -> Iterable[Sequence[str]]:
        by_file = self._reader.by_file(contents).values()
        batch: list[str] = []
        frames = 0
        for content in (each for some in by_file for each in sorted(some, key=lambda c: Span.parse(c).start)):
            frames += len(self._times(content))
            if batch and frames > _MOST:
                yield batch
                batch, frames = [], len(self._times(content))
            batch.append(content)
        if batch:
            yield batch

    def vectors(self, contents: Sequence[str]) -> Sequence[Vector | Missing]:
        known: dict[tuple[str, float], list[_Face] | None] = {}
        found = [self._main_face(content, known) for content in contents]
        pictures = [picture for each in found if not isinstance(each, Missing) for picture in each]
        features = iter(self._network(pictures) if pictures else ())
        return [
            each if isinstance(each, Missing) else np.mean([next(features) for _ in each], axis=0)
            for each in found
        ]

    def notes(self, contents: Sequence[str]) -> Sequence[str]:
        return self._reader.notes(contents)

    def _times(self, content: str) -> list[float]:
        """Times of the frames of an utterance, in seconds."""
        span = Span.parse(content)
        end = min(span.end, self._reader.recording(span).duration)
        numbers = range(math.ceil(span.start * self.rate), math.ceil(end * self.rate))
        if not numbers:
            return [(span.start + end) / 2]
        spread = np.linspace(0, len(numbers) - 1, min(len(numbers), _MOST)).round().astype(int)
        return [numbers[place] / self.rate for place in spread]

    def _main_face(
        self, content: str, known: dict[tuple[str, float], list[_Face] | None]
    ) -> list[Picture] | Missing:
        """The main face in the frames that have it.

        Args:
            content: of an utterance.
            known: faces by file and time, which are added to.
        """
        span = Span.parse(content)
        frames: list[list[_Face]] = []
        for time in self._times(content):
            if (span.sha256, time) not in known:
                known[span.sha256, time] = self._faces(self._reader.recording(span), time)
            faces = known[span.sha256, time]
            if faces is None:
                return Missing("recording that cannot be decoded")
            frames.append(faces)
        places = followed([[face.box for face in faces] for faces in frames])
        main = [faces[at].picture for faces, at in zip(frames, places, strict=True) if at is not None]
        return main or Missing("no face")

    def _faces(self, video: Video, time: float) -> list[_Face] | None:
        """Faces in the frame that is shown at a time; ``None`` if it cannot be decoded."""
        if self._frames is None or self._frames.video != video:
            if self._frames is not None:
                self._frames.close()
            self._frames = FrameReader(video)
        picture = self._frames.at(time)
        if picture is None:
            return None
        size = self._network.form.height, self._network.form.width
        return [_Face(box, cut(picture, box, *size)) for box in largest(self._detector(picture))]


def _versions() -> str:
    """Packages and their versions.

    Raises:
        ConfigError: if one is not installed.
    """
    found = f"PyAV {package_version('av', 'video')}"
    try:  # each comes in packages of several names
        import cv2
    except ImportError:
        raise missing_package("opencv-python-headless", "video") from None
    try:
        import onnxruntime
    except ImportError:
        raise missing_package("onnxruntime", "video") from None
    return f"onnxruntime {onnxruntime.__version__}, OpenCV {cv2.__version__}, {found}"
