"""Reads label pickles of research code without running anything they contain."""

import pickle
from pathlib import Path
from typing import Any

import numpy as np

from graphmer.errors import CorpusError


def _dtype(code: str, align: object = False, copy: object = True) -> np.dtype[Any]:
    """``numpy.dtype`` for pickles of every age: old ones pass 0 and 1, which NumPy 2.4 warns about."""
    return np.dtype(code, align=bool(align), copy=bool(copy))


# Taken from NumPy's own pickles, because their home has moved from numpy.core to numpy._core.
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

_HOMES = {"__builtin__": "builtins", "numpy._core.multiarray": "numpy.core.multiarray"}


class _RefusedError(Exception):
    """A pickle names something that is not allowed."""


class _Unpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        allowed = _ALLOWED.get((_HOMES.get(module, module), name))
        if allowed is None:
            raise _RefusedError(f"{module}.{name}")
        return allowed


def load_pickle(path: str | Path) -> Any:
    """Contents of a pickle made of plain containers, numbers, strings and NumPy arrays.

    Anything else in the file, such as a class or function to call, is refused before it is looked up.
    Strings written by Python 2 are read as Latin-1.

    Raises:
        CorpusError: if the file is absent, damaged, or asks for more than that.
    """
    path = Path(path)
    if not path.is_file():
        raise CorpusError(f"{path}: no such file. Correct the path.")
    try:
        with path.open("rb") as stream:
            return _Unpickler(stream, encoding="latin1").load()
    except _RefusedError as refused:
        raise CorpusError(
            f"{path}: a label pickle may hold dicts, lists, numbers, strings and NumPy arrays only; it asks "
            f"for {refused}. Nothing was run. Convert the file where you trust it, to plain containers or to "
            "graphmer's own format."
        ) from None
    except Exception as error:  # a damaged stream can raise anything
        raise CorpusError(
            f"{path}: damaged, or not a pickle ({type(error).__name__}). Download or copy it again."
        ) from None
