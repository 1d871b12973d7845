"""Emotion and emotion-change recognition in dialogues when audio, text or video are missing.

Names are loaded when they are first used, so that importing graphmer is quick.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from graphmer.corpora.base import Card, Corpus, InMemoryCorpus
    from graphmer.corpora.dataset import read_dataset, write_dataset
    from graphmer.corpora.gcnet import read_gcnet
    from graphmer.corpora.simulate import simulate
    from graphmer.dialogue import Dialogue, LabelSpace, Utterance
    from graphmer.dialogue.conditions import conditions, protocol
    from graphmer.dialogue.standardise import Standardiser
    from graphmer.evaluation.evaluate import evaluate
    from graphmer.evaluation.scores import Scores
    from graphmer.experiment.estimator import EmotionClassifier
    from graphmer.graph import Adjacent, DialogueGraph, GraphBuilder, SameSpeaker, TemporalWindow
    from graphmer.graph.dataset import GraphDataset
    from graphmer.inference import load
    from graphmer.nn.settings import MessageSettings, ModelSettings
    from graphmer.training.optimization import Optimization
    from graphmer.training.stage import Stage
    from graphmer.training.trainer import Trainer

_HOME = {
    "Adjacent": "graphmer.graph",
    "Card": "graphmer.corpora.base",
    "Corpus": "graphmer.corpora.base",
    "Dialogue": "graphmer.dialogue",
    "DialogueGraph": "graphmer.graph",
    "EmotionClassifier": "graphmer.experiment.estimator",
    "GraphBuilder": "graphmer.graph",
    "GraphDataset": "graphmer.graph.dataset",
    "InMemoryCorpus": "graphmer.corpora.base",
    "LabelSpace": "graphmer.dialogue",
    "MessageSettings": "graphmer.nn.settings",
    "ModelSettings": "graphmer.nn.settings",
    "Optimization": "graphmer.training.optimization",
    "SameSpeaker": "graphmer.graph",
    "Scores": "graphmer.evaluation.scores",
    "Stage": "graphmer.training.stage",
    "Standardiser": "graphmer.dialogue.standardise",
    "TemporalWindow": "graphmer.graph",
    "Trainer": "graphmer.training.trainer",
    "Utterance": "graphmer.dialogue",
    "conditions": "graphmer.dialogue.conditions",
    "evaluate": "graphmer.evaluation.evaluate",
    "load": "graphmer.inference",
    "protocol": "graphmer.dialogue.conditions",
    "read_dataset": "graphmer.corpora.dataset",
    "read_gcnet": "graphmer.corpora.gcnet",
    "simulate": "graphmer.corpora.simulate",
    "write_dataset": "graphmer.corpora.dataset",
}

__all__ = [
    "Adjacent",
    "Card",
    "Corpus",
    "Dialogue",
    "DialogueGraph",
    "EmotionClassifier",
    "GraphBuilder",
    "GraphDataset",
    "InMemoryCorpus",
    "LabelSpace",
    "MessageSettings",
    "ModelSettings",
    "Optimization",
    "SameSpeaker",
    "Scores",
    "Stage",
    "Standardiser",
    "TemporalWindow",
    "Trainer",
    "Utterance",
    "conditions",
    "evaluate",
    "load",
    "protocol",
    "read_dataset",
    "read_gcnet",
    "simulate",
    "write_dataset",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'graphmer' has no attribute {name!r}")
    return getattr(import_module(_HOME[name]), name)


def __dir__() -> list[str]:
    return __all__
