"""Trained models at work on new dialogues."""

from graphmer.inference.predictor import DialoguePrediction, Predictor, load

__all__ = ["DialoguePrediction", "Predictor", "load"]
