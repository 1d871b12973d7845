"""The only place that turns a configuration into objects, and runs them."""

from graphmer.experiment.comparing import compare_runs
from graphmer.experiment.components import Components
from graphmer.experiment.fold import Callback
from graphmer.experiment.run import Run

__all__ = ["Callback", "Components", "Run", "compare_runs"]
