"""Emotion and emotion-change recognition in dialogues when audio, text or video are missing.

Names are loaded when they are first used, so that importing graphmer is quick.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from graphmer.config.load import load_config
    from graphmer.corpora.base import Card, Corpus, InMemoryCorpus
    from graphmer.corpora.dataset import read_dataset, write_dataset
    from graphmer.corpora.gcnet import read_gcnet
    from graphmer.corpora.simulate import simulate
    from graphmer.dialogue import Dialogue, LabelSpace, Utterance
    from graphmer.dialogue.conditions import conditions, protocol
    from graphmer.dialogue.standardise import Standardiser
    from graphmer.evaluation.evaluate import evaluate
    from graphmer.evaluation.scores import Scores
    from graphmer.experiment import Run
    from graphmer.experiment.estimator import EmotionClassifier
    from graphmer.graph import Adjacent, DialogueGraph, GraphBuilder, SameSpeaker, TemporalWindow
    from graphmer.graph.dataset import GraphDataset
    from graphmer.inference import DialoguePrediction, Predictor, load
    from graphmer.nn.heads import HeadSettings
    from graphmer.nn.losses import LossTerms, reconstruction_loss
    from graphmer.nn.messages import MessagePassingSettings
    from graphmer.nn.model import EmotionModel
    from graphmer.nn.network import Network, NetworkOutput, NetworkSettings, Signature
    from graphmer.nn.targets import TrainingTargets
    from graphmer.settings import Settings
    from graphmer.systems import SYSTEMS, Objective, StageSettings, System
    from graphmer.systems.model import ModelSettings
    from graphmer.systems.objectives import prediction_losses
    from graphmer.training.optimization import Optimization
    from graphmer.training.stage import Stage
    from graphmer.training.trainer import Trainer

_HOME = {
    "Adjacent": "graphmer.graph",
    "Card": "graphmer.corpora.base",
    "Corpus": "graphmer.corpora.base",
    "Dialogue": "graphmer.dialogue",
    "DialogueGraph": "graphmer.graph",
    "DialoguePrediction": "graphmer.inference",
    "EmotionClassifier": "graphmer.experiment.estimator",
    "EmotionModel": "graphmer.nn.model",
    "GraphBuilder": "graphmer.graph",
    "GraphDataset": "graphmer.graph.dataset",
    "HeadSettings": "graphmer.nn.heads",
    "InMemoryCorpus": "graphmer.corpora.base",
    "LabelSpace": "graphmer.dialogue",
    "LossTerms": "graphmer.nn.losses",
    "MessagePassingSettings": "graphmer.nn.messages",
    "ModelSettings": "graphmer.systems.model",
    "Network": "graphmer.nn.network",
    "NetworkOutput": "graphmer.nn.network",
    "NetworkSettings": "graphmer.nn.network",
    "Objective": "graphmer.systems",
    "Optimization": "graphmer.training.optimization",
    "Predictor": "graphmer.inference",
    "Run": "graphmer.experiment",
    "SYSTEMS": "graphmer.systems",
    "SameSpeaker": "graphmer.graph",
    "Scores": "graphmer.evaluation.scores",
    "Settings": "graphmer.settings",
    "Signature": "graphmer.nn.network",
    "Stage": "graphmer.training.stage",
    "StageSettings": "graphmer.systems",
    "Standardiser": "graphmer.dialogue.standardise",
    "System": "graphmer.systems",
    "TemporalWindow": "graphmer.graph",
    "Trainer": "graphmer.training.trainer",
    "TrainingTargets": "graphmer.nn.targets",
    "Utterance": "graphmer.dialogue",
    "conditions": "graphmer.dialogue.conditions",
    "evaluate": "graphmer.evaluation.evaluate",
    "load": "graphmer.inference",
    "load_config": "graphmer.config.load",
    "prediction_losses": "graphmer.systems.objectives",
    "protocol": "graphmer.dialogue.conditions",
    "read_dataset": "graphmer.corpora.dataset",
    "read_gcnet": "graphmer.corpora.gcnet",
    "reconstruction_loss": "graphmer.nn.losses",
    "simulate": "graphmer.corpora.simulate",
    "write_dataset": "graphmer.corpora.dataset",
}

__all__ = [
    "SYSTEMS",
    "Adjacent",
    "Card",
    "Corpus",
    "Dialogue",
    "DialogueGraph",
    "DialoguePrediction",
    "EmotionClassifier",
    "EmotionModel",
    "GraphBuilder",
    "GraphDataset",
    "HeadSettings",
    "InMemoryCorpus",
    "LabelSpace",
    "LossTerms",
    "MessagePassingSettings",
    "ModelSettings",
    "Network",
    "NetworkOutput",
    "NetworkSettings",
    "Objective",
    "Optimization",
    "Predictor",
    "Run",
    "SameSpeaker",
    "Scores",
    "Settings",
    "Signature",
    "Stage",
    "StageSettings",
    "Standardiser",
    "System",
    "TemporalWindow",
    "Trainer",
    "TrainingTargets",
    "Utterance",
    "conditions",
    "evaluate",
    "load",
    "load_config",
    "prediction_losses",
    "protocol",
    "read_dataset",
    "read_gcnet",
    "reconstruction_loss",
    "simulate",
    "write_dataset",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'graphmer' has no attribute {name!r}")
    return getattr(import_module(_HOME[name]), name)


def __dir__() -> list[str]:
    return __all__
