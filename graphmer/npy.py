"""Sizes that ``.npy`` headers declare, checked before anything is allocated for them."""

import math
import os
import zlib
from pathlib import Path
from typing import IO, Any
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

_HEADERS: dict[bytes, Any] = {
    b"\x01\x00": np.lib.format.read_array_header_1_0,
    b"\x02\x00": np.lib.format.read_array_header_2_0,
}
_DEFLATE = 1032  # the highest ratio that the compression of zip files reaches


def load_npy(path: str | Path, *, memory_map: bool = False) -> NDArray[Any]:
    """Array of a ``.npy`` file, in memory or mapped.

    Raises:
        ValueError: if it is damaged, or declares more than it holds.
        OSError: if it cannot be read.
    """
    with open(path, "rb") as file:  # noqa: PTH123 # text paths of scandir
        _check(file, os.fstat(file.fileno()).st_size)
    try:
        array = np.load(path, mmap_mode="r" if memory_map else None, allow_pickle=False)
    except OSError:
        raise
    except Exception as error:  # a damaged header can raise anything
        raise ValueError(str(error)) from None
    if not isinstance(array, np.ndarray):
        raise ValueError("it is an archive, not a single array")
    return array


def check_archive(archive: np.lib.npyio.NpzFile) -> None:
    """Check what the members of an ``.npz`` declare.

    Raises:
        ValueError: if one declares more than it holds.
    """
    files = archive.zip
    if files is None:
        return
    for member in files.infolist():
        if member.file_size > _DEFLATE * (member.compress_size + 1):
            raise ValueError(f"{member.filename!r} declares more than its compressed size can hold")
        if member.filename.endswith(".npy"):
            try:
                with files.open(member) as stream:
                    _check(stream, member.file_size)
            except (BadZipFile, NotImplementedError, RuntimeError, EOFError, zlib.error) as error:
                raise ValueError(f"{member.filename!r}: {error}") from None


def _check(stream: IO[bytes], size: int) -> None:
    """Compare the declared size with that of a stream; other forms are left to their reader."""
    begin = stream.read(6)
    if begin != b"\x93NUMPY":
        return
    read = _HEADERS.get(stream.read(2))
    if read is None:
        return
    try:
        shape, _, dtype = read(stream)
    except Exception as error:  # it is parsed as Python, which can raise anything
        raise ValueError(f"its header is damaged ({error})") from None
    if dtype.hasobject:
        return
    declared = math.prod(shape) * dtype.itemsize
    if min(shape, default=0) < 0 or declared > size:
        raise ValueError(f"its header declares {shape} of {dtype}, more than it holds")
