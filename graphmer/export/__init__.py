"""Trained models as `torch.export` programs and ONNX files that run without graphmer."""

from graphmer.export.dialogue_model import DialogueModel
from graphmer.export.files import FORMATS, export

__all__ = ["FORMATS", "DialogueModel", "export"]
