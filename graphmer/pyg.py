"""Graphs of PyTorch Geometric, imported without torch's compiler.

PyG 2.8 imports `torch._dynamo`, which takes nearly as long as torch itself, only to recognise compiled
models. Here it is imported when it is first used, as torch itself does.
"""

import sys
from importlib import import_module
from importlib.util import find_spec
from types import ModuleType
from typing import Any


class _Delayed(ModuleType):
    """Stands for a module until one of its attributes is read."""

    def __getattr__(self, attribute: str) -> Any:
        if sys.modules.get(self.__name__) is self:
            del sys.modules[self.__name__]
        return getattr(import_module(self.__name__), attribute)


def _delay(name: str) -> None:
    spec = find_spec(name)
    if spec is None or name in sys.modules:
        return
    module = _Delayed(name)
    module.__file__ = spec.origin  # `inspect` asks all modules for it
    sys.modules[name] = module


_delay("torch._dynamo")

from torch_geometric.data import Batch, Data  # noqa: E402

__all__ = ["Batch", "Data"]
