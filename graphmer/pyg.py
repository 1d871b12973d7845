"""PyTorch Geometric without what graphs do not need.

PyG 2.8 imports all of its data sets, layers and explainers, and `torch._dynamo` only to recognise compiled
models; together they take as long as torch itself. Here they are imported when they are first used.
"""

import sys
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any


class _Delayed(ModuleType):
    """Stands for a module until one of its attributes is read."""

    def __getattr__(self, attribute: str) -> Any:
        if sys.modules.get(self.__name__) is self:
            del sys.modules[self.__name__]
        return getattr(import_module(self.__name__), attribute)


def _delay(name: str) -> None:
    package, _, inner = name.partition(".")
    spec = find_spec(package)
    if spec is None or spec.origin is None or name in sys.modules:
        return
    module = _Delayed(name)
    module.__file__ = str(
        Path(spec.origin).with_name(inner) / "__init__.py"
    )  # `inspect` asks all modules for it
    sys.modules[name] = module


_DELAYED = ("datasets", "explain", "nn")

if "torch_geometric" not in sys.modules:
    for _name in _DELAYED:
        _delay(f"torch_geometric.{_name}")
_delay("torch._dynamo")

import torch_geometric  # noqa: E402
from torch_geometric.data import Batch, Data  # noqa: E402

for _name in _DELAYED:
    if not hasattr(torch_geometric, _name):  # as it would have been imported
        setattr(torch_geometric, _name, sys.modules[f"torch_geometric.{_name}"])

nn: Any = torch_geometric.nn
"""PyG's layers."""

__all__ = ["Batch", "Data", "nn"]
