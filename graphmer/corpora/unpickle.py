"""Safe reader of label pickles from research code: no code of the file is executed."""

import pickle
from pathlib import Path
from typing import Any

import numpy as np

from graphmer.errors import CorpusError


def _dtype(code: str, align: object = False, copy: object = True) -> np.dtype[Any]:
    """``numpy.dtype`` for old and new pickles; old ones pass 0 and 1, which raises a warning in NumPy 2.4."""
    return np.dtype(code, align=bool(align), copy=bool(copy))


# Taken from pickles of NumPy, because the module has moved from numpy.core to numpy._core.
_reconstruct = np.empty(0).__reduce__()[0]
_scalar = np.float64(0).__reduce__()[0]

_ALLOWED: dict[tuple[str, str], Any] = {
    ("builtins", "set"): set,
    ("builtins", "frozenset"): frozenset,
    ("numpy", "ndarray"): np.ndarray,
    ("numpy", "dtype"): _dtype,
    ("numpy.core.multiarray", "_reconstruct"): _reconstruct,
    ("numpy.core.multiarray", "scalar"): _scalar,
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
        with path.open("rb") as stream:
            return _Unpickler(stream, encoding="latin1").load()
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
