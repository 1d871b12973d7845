"""Trained models at work on new dialogues."""

from graphmer.inference.predictor import DialoguePrediction, Predictor, load
from graphmer.inference.what_if import WhatIf

__all__ = ["DialoguePrediction", "Predictor", "WhatIf", "load"]
