"""A dialogue and its graph as a picture that a person can read at any length."""

from graphmer.report.picture.draw import draw, save
from graphmer.report.picture.scene import Scene

__all__ = ["Scene", "draw", "save"]
