"""Networks of faces as ONNX files: an embedding or emotions of each face."""

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, NamedTuple, get_args

import numpy as np
import torch
from numpy.typing import NDArray

from graphmer.checksums import file_checksum
from graphmer.errors import ConfigError
from graphmer.features.frames import Picture

Colour = Literal["rgb", "bgr"]
"""Order of the channels that a network reads."""

MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
"""Mean and standard deviation of ImageNet's channels in red, green and blue."""

SOURCE = (
    "Name an ONNX network of faces, such as enet_b0_8_best_vgaf.onnx (Apache-2.0) of "
    "https://github.com/sb-ai-lab/EmotiEffLib, folder models/affectnet_emotions/onnx"
)

_BATCH = 32
"""Faces in a batch, where the network takes any number."""


class _Form(NamedTuple):
    """Shape of the input of a network.

    Args:
        batch: faces that it takes at a time; ``None`` for any number.
        last: whether the channels are the last axis.
    """

    batch: int | None
    channels: int
    height: int
    width: int
    last: bool


class FaceNetwork:
    """A network that is run by ONNX Runtime on the processor, with as many threads as torch has.

    Args:
        path: an ONNX file with its weights inside.
        mean: of each channel, which is subtracted; one number for all channels or one for each.
        std: of each channel, by which is divided. Both are of channels scaled to [0, 1].
        colour: order of the channels.

    Raises:
        ConfigError: if it cannot be read, or its input is no picture.
    """

    def __init__(
        self, path: Path, mean: Sequence[float] = MEAN, std: Sequence[float] = STD, colour: Colour = "rgb"
    ) -> None:
        if not path.is_file():
            raise ConfigError(f"{path}: no such file. {SOURCE}.")
        self.path = path
        self._session = self._opened()
        self.form = self._form()
        self.mean, self.std = self._numbers("mean", mean), self._numbers("std", std)
        if min(self.std) <= 0:
            raise ConfigError(f"video std: must be above 0; got {min(self.std):g}.")
        if colour not in get_args(Colour):
            raise ConfigError(f"video colour: must be {' or '.join(get_args(Colour))}; got {colour!r}.")
        self.colour = colour

    @cached_property
    def sha256(self) -> str:
        """Hash of the file."""
        return file_checksum(self.path)

    @cached_property
    def width(self) -> int:
        """Number of features."""
        picture = np.zeros((self.form.height, self.form.width, 3), dtype=np.uint8)
        return int(self([picture]).shape[1])

    def __call__(self, faces: Sequence[Picture]) -> NDArray[np.float32]:
        """Features ``[N, D]`` of faces of the size of the network.

        Raises:
            ConfigError: if the network does not give one vector for each face.
        """
        size = self.form.batch or _BATCH
        found = [self._run(faces[begin : begin + size]) for begin in range(0, len(faces), size)]
        return np.concatenate(found)

    def _run(self, faces: Sequence[Picture]) -> NDArray[np.float32]:
        read = self._prepared(np.stack(faces))
        if self.form.batch is not None:
            read = np.pad(read, ((0, self.form.batch - len(faces)), (0, 0), (0, 0), (0, 0)))
        try:
            (output, *_) = self._session.run(None, {self._session.get_inputs()[0].name: read})
        except Exception as error:  # ONNX Runtime's own, which have no common base
            raise self._invalid("run", error) from None
        output = np.asarray(output, dtype=np.float32)
        if output.ndim < 2 or len(output) != len(read):
            raise ConfigError(
                f"{self.path}: its first output must be one vector for each face; got the shape "
                f"{list(output.shape)} for {len(read)}. {SOURCE}."
            )
        return output[: len(faces)].reshape(len(faces), -1)

    def _prepared(self, faces: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Faces ``[N, H, W, 3]`` in blue, green and red as the network reads them."""
        if self.form.channels == 1:
            planes = [faces @ np.array([0.114, 0.587, 0.299], dtype=np.float32)]  # ITU-R BT.601
        else:
            planes = [faces[..., channel] for channel in ((2, 1, 0) if self.colour == "rgb" else (0, 1, 2))]
        mean, std = (np.resize(np.array(numbers, "f4"), len(planes)) for numbers in (self.mean, self.std))
        read = np.empty((len(faces), len(planes), self.form.height, self.form.width), "f4")
        for number, plane in enumerate(planes):
            np.multiply(plane, 1 / (255 * std[number]), out=read[:, number])
            read[:, number] -= mean[number] / std[number]
        return np.ascontiguousarray(read.transpose(0, 2, 3, 1)) if self.form.last else read

    def _opened(self) -> Any:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = torch.get_num_threads()
        options.log_severity_level = 4  # errors are raised
        try:  # as bytes: weights in further files, which have no part in the hash, are refused
            return onnxruntime.InferenceSession(
                self.path.read_bytes(), options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:  # see `_run`
            raise self._invalid("read", error) from None

    def _form(self) -> _Form:
        inputs = self._session.get_inputs()
        shape = list(inputs[0].shape) if len(inputs) == 1 else []
        picture = len(shape) == 4 and inputs[0].type == "tensor(float)"
        for channels, height, width, last in ((1, 2, 3, False), (3, 1, 2, True)):
            if not picture or shape[channels] not in (1, 3):
                continue
            if isinstance(shape[height], int) and isinstance(shape[width], int):
                batch = shape[0] if isinstance(shape[0], int) else None
                return _Form(batch, shape[channels], shape[height], shape[width], last)
        found = ", ".join(f"{each.name} {each.type} {each.shape}" for each in inputs)
        raise ConfigError(
            f"{self.path}: must have one input of floats [batch, 1 or 3, height, width], or with the "
            f"channels last, and a fixed height and width; got {found}. {SOURCE}."
        )

    def _numbers(self, name: str, numbers: Sequence[float]) -> tuple[float, ...]:
        if len(numbers) not in (1, self.form.channels):
            channels = self.form.channels
            wanted = "1 number" if channels == 1 else f"1 or {channels} numbers"
            raise ConfigError(
                f"video {name}: must be {wanted} for the channels of the network; got {len(numbers)}."
            )
        return tuple(float(number) for number in numbers)

    def _invalid(self, what: str, error: Exception) -> ConfigError:
        problem = " ".join(str(error).split()).rstrip(".")
        return ConfigError(
            f"{self.path}: cannot be {what} as an ONNX network: {problem}. It must be one file, with its "
            f"weights inside. {SOURCE}."
        )
