"""A scikit-learn estimator over lists of dialogues."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from lightning_fabric import Fabric
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.metrics import accuracy_score
from sklearn.utils.validation import check_is_fitted

from graphmer.config.load import checked
from graphmer.config.schema import Config
from graphmer.corpora.base import Card, InMemoryCorpus
from graphmer.corpora.splits import Fold, hold_out
from graphmer.dialogue import Dialogue, Emotion, LabelSpace
from graphmer.experiment.components import Components, FoldData
from graphmer.experiment.fold import mean_score, predict
from graphmer.experiment.tuning import Validate
from graphmer.graph.dataset import GraphDataset
from graphmer.inference import DialoguePrediction, Predictor
from graphmer.nn.model import EmotionModel
from graphmer.training.model_file import TrainedModel
from graphmer.training.state import Selected
from graphmer.training.trainer import Epoch, Trainer, derived_seed

logger = logging.getLogger(__name__)


class EmotionClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """Classifier of the emotions of dialogue turns, with any modalities missing anywhere.

    ``X`` is a list of `Dialogue`; results have one entry for each, an array with a row a turn. `predictor_`
    holds the fitted model, which also predicts changes, router weights and streams; the names of the emotions
    are in `classes_`.

    Args:
        width: of the experts and of message passing.
        window: neighbors on either side in message passing, in turns.
        attention_window: turns on either side that the experts attend to; ``None`` for the whole dialogue.
        decoder: ``chain`` to decode a speaker's turns as a sequence, or ``none``.
        causal: use no later turn; `predictor_` can then ``stream``.
        epochs: passes over the dialogues, after a fifth as many in which each expert is trained by itself.
        learning_rate: its highest value.
        mask: protocol of the training masks: ``complete``, ``sets``, ``rates``, ``mixed``, ``fixed:at``.
        settings: any other field of a configuration file, such as
            ``{"model.message_passing.convolution": "gatv2"}``.
        validation: fraction of the dialogues that select the epoch, chosen by a hash of their ids.
        seed: of weights, masks and the order of dialogues.
        device: ``cpu`` or ``cuda``.

    Example:
        >>> import graphmer as gm
        >>> from sklearn.model_selection import cross_val_score
        >>> dialogues = gm.simulate(seed=0).dialogues
        >>> cross_val_score(gm.EmotionClassifier(epochs=5), dialogues, cv=3)  # doctest: +SKIP
        array([0.71, 0.69, 0.72])
    """

    def __init__(
        self,
        *,
        width: int = 128,
        window: int = 10,
        attention_window: int | None = None,
        decoder: str = "none",
        causal: bool = False,
        epochs: int = 20,
        learning_rate: float = 5e-4,
        mask: str = "mixed",
        settings: Mapping[str, Any] | None = None,
        validation: float = 0.12,
        seed: int = 1,
        device: str = "cpu",
    ) -> None:
        self.width = width
        self.window = window
        self.attention_window = attention_window
        self.decoder = decoder
        self.causal = causal
        self.epochs = epochs
        self.learning_rate = learning_rate
        self.mask = mask
        self.settings = settings
        self.validation = validation
        self.seed = seed
        self.device = device

    def fit(self, X: Sequence[Dialogue], y: Sequence[Sequence[Emotion]] | None = None) -> "EmotionClassifier":  # noqa: N803
        """Train on dialogues.

        Args:
            X: the dialogues; their ids must differ.
            y: the emotion of each turn of each dialogue, ``None`` where there is none; the annotations of the
                dialogues when left out.

        Raises:
            ConfigError: if a setting is wrong.
            ValueError: if `X` is not a list of dialogues, `y` does not fit it, or nothing is labelled.
        """
        dialogues = _labelled(X, y)
        names = {emotion for dialogue in dialogues for emotion in dialogue.emotion if emotion is not None}
        if not names or not all(isinstance(name, str) for name in names):
            raise ValueError(
                f"The turns must be labelled with names of emotions, None where there is none; got "
                f"{sorted(map(repr, names))[:3] or 'no label'}."
            )
        self.classes_ = np.array(sorted(map(str, names)))
        components = Components(self._config(), _corpus(dialogues, tuple(self.classes_.tolist())))
        train, held_out = hold_out(dialogues, self.validation)
        with torch.random.fork_rng():
            self.predictor_ = self._trained(components, Fold("fit", train, held_out, ()))
        return self

    def predict(self, X: Sequence[Dialogue]) -> list[np.ndarray]:  # noqa: N803
        """The emotion of each turn of each dialogue, arrays ``[N]`` of names."""
        return [np.array(found.emotion) for found in self._predictions(X)]

    def predict_proba(self, X: Sequence[Dialogue]) -> list[np.ndarray]:  # noqa: N803
        """The probability of each emotion, arrays ``[N, C]`` with columns in the order of `classes_`."""
        return [found.probability.numpy() for found in self._predictions(X)]

    def score(self, X: Sequence[Dialogue], y: Sequence[Sequence[Emotion]] | None = None) -> float:  # noqa: N803
        """Accuracy over the labelled turns.

        Raises:
            ValueError: as `fit`.
        """
        dialogues = _labelled(X, y)
        predicted = [emotion for found in self._predictions(dialogues) for emotion in found.emotion]
        true = [emotion for dialogue in dialogues for emotion in dialogue.emotion]
        pairs = [(t, p) for t, p in zip(true, predicted, strict=True) if t is not None]
        if not pairs:
            raise ValueError("No turn is labelled; there is nothing to score.")
        return float(accuracy_score(*zip(*pairs, strict=True)))

    def _predictions(self, dialogues: Sequence[Dialogue]) -> list[DialoguePrediction]:
        check_is_fitted(self, "predictor_")
        return list(self.predictor_.predict_many(dialogues))

    def _config(self) -> Config:
        near = {"rule": "window", "past": self.window, "future": self.window}
        own = {"rule": "same_speaker", "past": 1, "future": 1}
        mixing = {"name": "mixing", "objective": "mixing", "epochs": self.epochs, "mask": self.mask}
        experts = {"name": "experts", "objective": "unimodal", "epochs": max(1, self.epochs // 5)}
        values: dict[str, Any] = {
            "name": "estimator",
            "data": {"format": "simulated"},  # not used: the dialogues are given
            "graph": {"rules": {"near": near, "own": own}},
            "model": {
                "system": "graphmer",
                "width": self.width,
                "depth": 2,
                "block": "preln",
                "positions": True,
                "router_logit_dropout": 0.0,
                "attention_window": self.attention_window,
                "message_passing": {"width": self.width},
            },
            "heads": {"decoder": self.decoder},
            "causal": self.causal,
            "training": {
                "stages": [{**experts, "mask": "complete"}, mixing],
                "learning_rate": self.learning_rate,
            },
            "seeds": [self.seed],
        }
        for name, value in (self.settings or {}).items():
            *sections, field = name.split(".")
            inner = values
            for section in sections:
                inner = inner.setdefault(section, {})
            inner[field] = value
        return checked(values, "EmotionClassifier", Path())

    def _trained(self, components: Components, fold: Fold) -> Predictor:
        read = components.fold_data(fold, self.seed)
        fabric = Fabric(accelerator=self.device, devices=1, precision=components.config.training.precision)
        fabric.launch()
        torch.manual_seed(derived_seed("weights", self.seed, 1))
        model = components.model()
        chooser = GraphDataset(read.validation, components.build)

        def validate(candidate: EmotionModel) -> float:
            found = predict(components, candidate, chooser, components.selecting, fabric.device)
            return mean_score(found, components.corpus.labels.outputs)

        selected = self._fit(components, model, read, fabric, validate)
        facts = {"epoch": selected.epoch, "validation": selected.score, "seed": self.seed}
        trained = TrainedModel(
            model,
            components.settings,
            components.corpus.labels,
            read.standardiser,
            components.build,
            facts,
            components.system,
            read.encoding,
        )
        return Predictor(trained, fabric.device)

    def _fit(
        self, components: Components, model: EmotionModel, data: FoldData, fabric: Fabric, validate: Validate
    ) -> Selected:
        system = components.system
        if system.fit is not None:
            system.fit(model.network, data.train, data.validation, components.corpus.labels)
            return Selected(0, validate(model))
        trainer = Trainer(fabric, components.optimization, seed=derived_seed("fold", self.seed, 1))
        train = GraphDataset(data.train, components.build)
        return trainer.fit(model, components.stages, train, validate, _log)


def _log(epoch: Epoch) -> None:
    logger.info("epoch %d (%s): %s, validation %s", epoch.number, epoch.stage, epoch.losses, epoch.score)


def _labelled(dialogues: Sequence[Any], emotions: Sequence[Sequence[Emotion]] | None) -> list[Dialogue]:
    """The dialogues, with separately given annotations."""
    found = list(dialogues)
    strange = [dialogue for dialogue in found if not isinstance(dialogue, Dialogue)]
    if strange or not found:
        raise ValueError(
            f"X must be a list of graphmer dialogues; got {type(strange[0]).__name__ if strange else 'none'}."
        )
    if len({dialogue.id for dialogue in found}) < len(found):
        raise ValueError("X holds two dialogues with the same id; give each its own.")
    if emotions is None:
        return found
    lengths, given = [len(dialogue) for dialogue in found], [len(row) for row in emotions]
    if lengths != given:
        raise ValueError(
            f"y must have one entry for each dialogue and turn; the dialogues have {sum(lengths)} turns in "
            f"{len(lengths)}, y has {sum(given)} in {len(given)}."
        )
    return [replace(dialogue, emotion=tuple(row)) for dialogue, row in zip(found, emotions, strict=True)]


def _corpus(dialogues: Sequence[Dialogue], names: tuple[str, ...]) -> InMemoryCorpus:
    """The dialogues with all their modalities in one order."""
    widths: dict[str, int] = {}
    for dialogue in dialogues:
        for modality, rows in dialogue.features.items():
            widths.setdefault(modality, rows.shape[1])
    aligned = tuple(dialogue.with_modalities(widths) for dialogue in dialogues)
    return InMemoryCorpus(Card("given", "unknown", "none"), LabelSpace(names), widths, aligned, {}, "")
