"""Checksums of files: written within the file, verified when it is read.

A sealed file holds ``sha256:`` and 64 hexadecimal digits, the SHA-256 of all its bytes with zeros in place of
the digits. They are the value of ``checksum`` in JSON and in the header of safetensors, and the comment of
an ``.npz`` archive. Any changed byte and any truncation is found when the file is read, before anything in it
is used. Files without a checksum, which earlier versions wrote, are read without this check.
"""

import hashlib
import io
import json
import re
import struct
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from zipfile import BadZipFile, ZipFile

import numpy as np
from numpy.typing import NDArray

from graphmer.npy import check_archive
from graphmer.storage import replacing

KEY = "checksum"
"""Name of the checksum in a file."""

UNSEALED = "sha256:" + "0" * 64
"""Value of the checksum until `seal` replaces its zeros."""

_SEAL = re.compile(rb"sha256:([0-9a-f]{64})")
_MARKS = (KEY.encode(), b"sha256:")
_ARCHIVE, _END = b"PK", b"PK\x05\x06"
_BLOCK = 2**20


def file_checksum(path: Path) -> str:
    """SHA-256 of a file of any size, as hexadecimal digits.

    Raises:
        OSError: if the file cannot be read.
    """
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()


def seal(path: Path) -> None:
    """Replace the zeros of the last `UNSEALED` in a file by the checksum of the file.

    Raises:
        ValueError: if there is none.
    """
    content = path.read_bytes()
    place = content.rfind(UNSEALED.encode())
    if place < 0:
        raise ValueError(f"{path} has no place for its checksum; write `UNSEALED` into it.")
    with path.open("r+b") as file:
        file.seek(place + len(b"sha256:"))
        file.write(hashlib.sha256(content).hexdigest().encode())


def verify(content: bytes, *, required: bool = False) -> None:
    """Check that content matches its checksum, or, unless `required`, has none.

    Raises:
        ValueError: if it does not.
    """
    if not required and _never_sealed(content):
        return
    seals = list(_SEAL.finditer(content))
    if seals:
        begin, end = seals[-1].span(1)
        digest = hashlib.sha256(content[:begin])
        digest.update(b"0" * 64)
        digest.update(memoryview(content)[end:])
        if digest.hexdigest().encode() == seals[-1][1]:
            return
    raise ValueError("its content does not match its checksum: the file was damaged or edited")


def read_sealed(path: Path, *, required: bool = False) -> bytes:
    """Content of a file that matches its checksum, or, unless `required`, has none.

    Raises:
        OSError: if the file cannot be read.
        ValueError: if the content does not match.
    """
    content = path.read_bytes()
    verify(content, required=required)
    return content


def _never_sealed(content: bytes) -> bool:
    """Whether a file was written without a checksum, rather than having lost it by damage.

    One damaged place cannot remove both marks. What can be cut off is the comment of an archive, whose end
    record then still announces it.
    """
    if any(mark in content for mark in _MARKS):
        return False
    return not content.startswith(_ARCHIVE) or (content[-22:-18] == _END and content[-2:] == b"\0\0")


def write_json(path: Path, content: Mapping[str, Any], *, indent: int | None = None) -> None:
    """Write a JSON object with its checksum, atomically.

    Args:
        path: of the file; its folder must exist.
        content: has no key ``checksum``.
        indent: of the lines; ``None`` for a single line.
    """
    separators = (",", ":") if indent is None else None
    text = json.dumps({**content, KEY: UNSEALED}, allow_nan=False, indent=indent, separators=separators)
    with replacing(path) as partial:
        partial.write_text(text, encoding="utf-8")
        seal(partial)


def read_json(path: Path) -> dict[str, Any]:
    """Object that `write_json` wrote, without its checksum.

    Raises:
        OSError: if the file cannot be read.
        ValueError: if it is damaged, or holds no JSON object.
    """
    return parse_json(path.read_bytes())


def json_line(content: Mapping[str, Any]) -> bytes:
    """A JSON object with its checksum as one line, which `parse_json` reads."""
    line = json.dumps({**content, KEY: UNSEALED}).encode() + b"\n"
    begin, _, end = line.rpartition(UNSEALED.encode())
    return begin + b"sha256:" + hashlib.sha256(line).hexdigest().encode() + end


def parse_json(content: bytes) -> dict[str, Any]:
    """Object of a JSON text that matches its checksum or has none, without its checksum.

    Raises:
        ValueError: if it is damaged, or no JSON object.
    """
    verify(content)
    try:
        found = json.loads(content)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    if not isinstance(found, dict):
        raise ValueError(f"it must hold a JSON object, got {type(found).__name__}")
    found.pop(KEY, None)
    return found


def write_arrays(path: Path, arrays: Mapping[str, NDArray[Any]]) -> None:
    """Write an ``.npz`` file with its checksum, atomically.

    Raises:
        ValueError: if an array holds Python objects, which would be pickled.
    """
    for name, array in arrays.items():
        if array.dtype.hasobject:
            raise ValueError(f"The array {name!r} must hold numbers or text; got Python objects.")
    with replacing(path) as partial:
        with partial.open("wb") as file:
            np.savez_compressed(file, **arrays)  # type: ignore[arg-type] # `allow_pickle` is of numpy 2.2
        with ZipFile(partial, "a") as archive:
            archive.comment = f"{KEY} {UNSEALED}".encode()
        seal(partial)


def read_arrays(path: Path) -> dict[str, NDArray[Any]]:
    """Arrays of an ``.npz`` file.

    Raises:
        OSError: if the file cannot be read.
        ValueError: if it is damaged, or no ``.npz`` file.
    """
    content = read_sealed(path)
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as stored:
            check_archive(stored)
            return {name: stored[name] for name in stored.files}
    except (BadZipFile, EOFError, NotImplementedError, RuntimeError, struct.error, zlib.error) as error:
        raise ValueError(f"damaged: {error}") from None
    except (AttributeError, KeyError, SyntaxError, TypeError):  # a single array, or a broken header of one
        raise ValueError("not an .npz file of arrays") from None
