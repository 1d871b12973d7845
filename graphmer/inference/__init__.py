"""Prediction of new dialogues with trained models."""

from graphmer.inference.prediction import DialoguePrediction
from graphmer.inference.predictor import Predictor, load
from graphmer.inference.what_if import WhatIf

__all__ = ["DialoguePrediction", "Predictor", "WhatIf", "load"]
