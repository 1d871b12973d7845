"""Safe reader of label pickles from research code: no code of the file is executed."""

import io
import math
import pickle
import pickletools
from pathlib import Path
from typing import Any

import numpy as np

from graphmer.errors import CorpusError


def _dtype(code: str, align: object = False, copy: object = True) -> np.dtype[Any]:
    """``numpy.dtype`` for old and new pickles; old ones pass 0 and 1, which raises a warning in NumPy 2.4."""
    return np.dtype(code, align=bool(align), copy=bool(copy))


# Taken from a pickle of NumPy, because the module has moved from numpy.core to numpy._core.
_scalar: Any = np.float64(0).__reduce__()[0]


class _Array(np.ndarray):
    """An array whose declared shape is compared with its contents before they are allocated."""

    def __new__(cls, *_: object) -> "_Array":
        return super().__new__(cls, 0)

    def __setstate__(self, state: Any, /) -> None:
        *_, shape, dtype, _, content = state
        held = len(content) if dtype.hasobject else len(content) // max(1, dtype.itemsize)
        if math.prod(shape) > held:
            raise ValueError(f"an array declares the shape {shape}, more than it holds")
        super().__setstate__(state)


def _number(dtype: np.dtype[Any], content: object) -> Any:
    if dtype.hasobject or not isinstance(content, str | bytes) or len(content) != dtype.itemsize:
        raise ValueError("a number does not have the size that it declares")
    return _scalar(dtype, content.encode("latin1") if isinstance(content, str) else content)


def _empty(*_: object) -> _Array:
    """An array that is filled later; pickles declare no other shape here."""
    return _Array()


_ALLOWED: dict[tuple[str, str], Any] = {
    ("builtins", "set"): set,
    ("builtins", "frozenset"): frozenset,
    ("numpy", "ndarray"): _Array,
    ("numpy", "dtype"): _dtype,
    ("numpy.core.multiarray", "_reconstruct"): _empty,
    ("numpy.core.multiarray", "scalar"): _number,
}

_MODULES = {"__builtin__": "builtins", "numpy._core.multiarray": "numpy.core.multiarray"}


class _RefusedError(Exception):
    """The pickle refers to an object that is not allowed."""


class _Unpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        allowed = _ALLOWED.get((_MODULES.get(module, module), name))
        if allowed is None:
            raise _RefusedError(f"{module}.{name}")
        return allowed


def _check_memo(content: bytes) -> None:
    """Refuse numbers of stored objects for which a table larger than the file would be allocated."""
    for opcode, argument, _ in pickletools.genops(content):
        if opcode.name in ("PUT", "BINPUT", "LONG_BINPUT") and not 0 <= int(argument or 0) <= len(content):
            raise ValueError(f"it numbers an object {argument}")


def load_pickle(path: str | Path) -> Any:
    """Contents of a pickle of plain containers, numbers, strings and NumPy arrays.

    Any other object, such as a class or a function, is refused before it is imported. Strings written by
    Python 2 are decoded as Latin-1.

    Raises:
        CorpusError: if the file is missing or damaged, or contains other objects.
    """
    path = Path(path)
    if not path.is_file():
        raise CorpusError(f"{path}: no such file. Correct the path.")
    try:
        content = path.read_bytes()
        _check_memo(content)
        return _Unpickler(io.BytesIO(content), encoding="latin1").load()
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
