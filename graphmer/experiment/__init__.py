"""The only place that turns a configuration into objects, and runs them."""

from graphmer.experiment.fold import Listener
from graphmer.experiment.parts import Parts
from graphmer.experiment.run import Run

__all__ = ["Listener", "Parts", "Run"]
