"""The only place that turns a configuration into objects, and runs them.

Names are loaded when they are first used: predicting needs some modules of this package, but not training.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from graphmer.experiment.comparing import compare_runs
    from graphmer.experiment.components import Components
    from graphmer.experiment.fold import Callback
    from graphmer.experiment.run import Run

__all__ = ["Callback", "Components", "Run", "compare_runs"]

_HOME = {"Callback": "fold", "Components": "components", "Run": "run", "compare_runs": "comparing"}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
