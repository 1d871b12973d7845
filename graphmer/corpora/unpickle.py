"""Safe reader of label pickles from research code: no code of the file is executed."""

import io
import math
import pickle
import pickletools
from collections.abc import Collection
from pathlib import Path
from typing import Any

import numpy as np

from graphmer.errors import CorpusError

_WHOLE = ("INT", "LONG", "LONG1", "LONG4")
"""Operations of pickles that hold a whole number of any size."""

_EMPTY_ROWS = 1000
"""Rows that an array without entries may have."""


class _Kind:
    """``numpy.dtype`` of plain numbers, texts or objects by its code and byte order.

    NumPy believes all other parts of a stored type, such as its size and flags, and crashes where they are
    wrong; so they are not used.
    """

    def __init__(self, code: str, _align: object = False, _copy: object = True) -> None:
        self.dtype = np.dtype(code)
        if self.dtype.names is not None or self.dtype.subdtype is not None:
            raise ValueError("arrays of records are not read")

    def __setstate__(self, state: Any, /) -> None:
        _, order, *parts, _, _, _ = state
        if order not in ("<", ">", "|", "=") or any(part is not None for part in parts):
            raise ValueError("arrays of records and of dates are not read")
        self.dtype = self.dtype.newbyteorder(order)


# Taken from a pickle of NumPy, because the module has moved from numpy.core to numpy._core.
_scalar: Any = np.float64(0).__reduce__()[0]


def _check_shape(shape: Any, held: int) -> None:
    """Refuse more entries than are held, and many rows without entries, which may become a long list."""
    rows = shape[0] if len(shape) > 1 else 0
    if math.prod(shape) > held or rows > max(held, _EMPTY_ROWS):
        raise ValueError(f"an array declares the shape {shape}, more than it holds")


class _Array(np.ndarray):
    """An array whose declared shape is compared with its contents before they are allocated."""

    def __new__(cls, *_: object) -> "_Array":
        return super().__new__(cls, 0)

    def __setstate__(self, state: Any, /) -> None:
        version, shape, kind, is_fortran, content = state
        dtype = kind.dtype
        held = len(content) if dtype.hasobject else len(content) // max(1, dtype.itemsize)
        _check_shape(shape, held)
        super().__setstate__((version, shape, dtype, is_fortran, content))


def _number(kind: _Kind, content: object) -> Any:
    dtype = kind.dtype
    if dtype.hasobject or not isinstance(content, str | bytes) or len(content) != dtype.itemsize:
        raise ValueError("a number does not have the size that it declares")
    return _scalar(dtype, content.encode("latin1") if isinstance(content, str) else content)


def _empty(*_: object) -> _Array:
    """An array that is filled later; pickles declare no other shape here."""
    return _Array()


def _frombuffer(content: Any, kind: _Kind, shape: Any, order: str, axes: Any = None) -> np.ndarray[Any, Any]:
    """Array of bytes, as protocol 5 has them."""
    dtype = kind.dtype
    if dtype.hasobject or not isinstance(content, bytes | bytearray):
        raise ValueError("an array must be made of bytes")
    flat = np.frombuffer(content, dtype=dtype)
    _check_shape(shape, flat.size)
    if order == "K" and axes is not None:
        return flat.reshape(shape).transpose(axes)
    return flat.reshape(shape, order="F" if order == "F" else "C")


def _encoded(text: Any, encoding: Any = "") -> bytes:
    """Bytes, as Python 3 writes them in the protocols of Python 2."""
    if not isinstance(text, str) or encoding != "latin1":
        raise ValueError("bytes must be written as Latin-1")
    return text.encode("latin1")


def _no_bytes() -> bytes:
    return b""


class Record:
    """An object of a class that is known by name only: its attributes, without its code."""


def _record(made: Any, base: Any, state: Any) -> Any:
    """Object of a class as old pickles make it; of records only."""
    if not (isinstance(made, type) and issubclass(made, Record) and base is object and state is None):
        raise ValueError("it makes an object of another class")
    return made()


_ALLOWED: dict[tuple[str, str], Any] = {
    ("builtins", "set"): set,
    ("builtins", "frozenset"): frozenset,
    ("builtins", "object"): object,
    ("builtins", "bytes"): _no_bytes,
    ("_codecs", "encode"): _encoded,
    ("copyreg", "_reconstructor"): _record,
    ("numpy", "ndarray"): _Array,
    ("numpy", "dtype"): _Kind,
    ("numpy.core.multiarray", "_reconstruct"): _empty,
    ("numpy.core.multiarray", "scalar"): _number,
    ("numpy.core.numeric", "_frombuffer"): _frombuffer,
}

_MODULES = {
    "__builtin__": "builtins",
    "copy_reg": "copyreg",
    "numpy._core.multiarray": "numpy.core.multiarray",
    "numpy._core.numeric": "numpy.core.numeric",
}


class _RefusedError(Exception):
    """The pickle refers to an object that is not allowed."""


class _Unpickler(pickle.Unpickler):
    def __init__(self, content: bytes, packages: Collection[str]) -> None:
        super().__init__(io.BytesIO(content), encoding="latin1")
        self._packages = packages
        self._class = type("Record", (Record,), {})  # of its own, so that no pickle changes that of others

    def find_class(self, module: str, name: str) -> Any:
        if module.partition(".")[0] in self._packages:
            return self._class
        allowed = _ALLOWED.get((_MODULES.get(module, module), name))
        if allowed is None:
            raise _RefusedError(f"{module}.{name}")
        return allowed


def _check_numbers(content: bytes) -> None:
    """Refuse whole numbers of more than 64 bits, and a table of stored objects larger than the file."""
    for opcode, argument, _ in pickletools.genops(content):
        if opcode.name in _WHOLE and abs(int(argument or 0)) >= 2**64:
            raise _RefusedError("a whole number of more than 64 bits")
        if opcode.name in ("PUT", "BINPUT", "LONG_BINPUT") and not 0 <= int(argument or 0) <= len(content):
            raise ValueError(f"it numbers an object {argument}")


def load_pickle(path: str | Path, packages: Collection[str] = ()) -> Any:
    """Contents of a pickle of plain containers, numbers, strings and NumPy arrays.

    Any other object, such as a class or a function, is refused before it is imported. Strings written by
    Python 2 are decoded as Latin-1.

    Args:
        path: file.
        packages: names of packages whose objects become a `Record`; they are not imported.

    Raises:
        CorpusError: if the file is missing or damaged, or contains other objects.
    """
    path = Path(path)
    if not path.is_file():
        raise CorpusError(f"{path}: no such file. Correct the path.")
    return unpickled(path.read_bytes(), path, packages)


def unpickled(content: bytes, path: Path, packages: Collection[str] = ()) -> Any:
    """Contents of a pickle in memory; see `load_pickle`.

    Args:
        content: the pickle.
        path: file that it is from, for messages.
        packages: names of packages whose objects become a `Record`.

    Raises:
        CorpusError: if it is damaged, or contains other objects.
    """
    try:
        _check_numbers(content)
        return _Unpickler(content, packages).load()
    except _RefusedError as refused:
        raise CorpusError(
            f"{path}: a label pickle may hold dicts, lists, numbers, strings and NumPy arrays only; it "
            f"contains {refused}. Nothing was run. Convert the file, if you trust it, to plain containers or "
            "to graphmer's format."
        ) from None
    except Exception as error:  # a damaged stream can raise anything
        raise CorpusError(
            f"{path}: damaged, or not a pickle ({type(error).__name__}). Download or copy it again."
        ) from None
