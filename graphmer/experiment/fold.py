"""One fold and seed of an experiment: trained, calibrated, tested, kept."""

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Protocol

import torch
from lightning_fabric import Fabric

from graphmer.dialogue.missing import MissingProtocol
from graphmer.evaluation.evaluate import evaluate
from graphmer.evaluation.metrics import classification, regression
from graphmer.evaluation.predictions import Predictions
from graphmer.experiment.parts import FoldParts, Parts
from graphmer.experiment.tuning import taught
from graphmer.graph.part import GraphPart, Views
from graphmer.inference.gains import FILE, ExpectedGains
from graphmer.nn.model import EmotionModel
from graphmer.storage import write_text
from graphmer.training.calibration import fit_calibration
from graphmer.training.model_file import TrainedModel, save_model
from graphmer.training.run_folder import RunFolder
from graphmer.training.trainer import Epoch, Trainer, derived_seed

MASK_SEED = 0
"""Seed of what is hidden in evaluation: the same for every model, so that differences are paired."""


class Listener(Protocol):
    """Told how an experiment goes on; models that are trained side by side take turns in telling."""

    def fold_begins(self, fold: int, seed: int, epochs: int) -> None: ...

    def epoch_ends(self, fold: int, seed: int, epoch: Epoch) -> None: ...

    def fold_ends(self, fold: int, seed: int) -> None: ...


class FoldTraining:
    """The way to one trained model.

    Args:
        parts: of the experiment.
        folder: of the run.
        fabric: device, precision and processes.
        number: of the fold, from 1.
        seed: decides weights, masks and the order of dialogues.
    """

    def __init__(self, parts: Parts, folder: RunFolder, fabric: Fabric, number: int, seed: int) -> None:
        self.parts = parts
        self.folder = folder
        self.fabric = fabric
        self.number = number
        self.seed = seed
        self.path = folder.fold(number, seed)

    def train(self, listener: Listener) -> None:
        """Train, calibrate and test one model, and keep it; the test part is read once, at the end."""
        begin = time.perf_counter()
        parts, number, seed = self.parts, self.number, self.seed
        fold = parts.fold_parts(parts.folds[number], derived_seed("teacher", seed, number))
        torch.manual_seed(derived_seed("weights", seed, number))
        model = parts.model()
        bank = parts.bank(fold)
        model.beside = bank
        listener.fold_begins(number, seed, sum(stage.epochs for stage in parts.stages))
        train = self._graphs(fold.train)
        facts = self._fit(model, fold, train, listener)
        gains = None
        if not parts.corpus.labels.is_score:
            self._calibrate(model, self._graphs(fold.validation))
            gains = self._gains(model, train)
        predicted = predict(parts, model, self._graphs(fold.test), parts.protocols, self.fabric.device)
        if self.fabric.is_global_zero:
            trained = TrainedModel(
                model,
                parts.settings,
                parts.corpus.labels,
                fold.standardiser,
                parts.build,
                facts,
                fold.encoding,
                bank,
            )
            seconds = round(time.perf_counter() - begin, 2)
            keep(self.path, trained, gains, predicted, facts | {"seconds": seconds})
        self.fabric.barrier()
        listener.fold_ends(number, seed)

    def _graphs(self, dialogues: Sequence[Any]) -> GraphPart:
        return GraphPart(dialogues, self.parts.build)

    def _fit(
        self, model: EmotionModel, fold: FoldParts, train: GraphPart, listener: Listener
    ) -> dict[str, Any]:
        """Leave the model with its selected weights; what is to be known of it."""
        config, parts = self.parts.config, self.parts
        oracle = config.training.selection == "test_oracle"
        chooser = self._graphs(fold.test if oracle else fold.validation)

        def validate(judged: EmotionModel) -> float:
            found = predict(parts, judged, chooser, parts.fixed, self.fabric.device)
            return mean_score(found, parts.corpus.labels.outputs)

        def on_epoch(epoch: Epoch) -> None:
            if self.fabric.is_global_zero:
                self.folder.log(fold=self.number, seed=self.seed, **vars(epoch))
            listener.epoch_ends(self.number, self.seed, epoch)

        taught_seed, fold_seed = (derived_seed(name, self.seed, self.number) for name in ("teacher", "fold"))
        stages, knobs = taught(parts, fold, self.fabric, model, train, validate, taught_seed, self.path)
        state = self.path / "state.safetensors"
        trainer = Trainer(self.fabric, parts.optimization, seed=fold_seed, state=state)
        last = config.training.selection == "last"
        selected = trainer.fit(model, stages, train, validate, on_epoch, keep_last=last)
        return {
            "fold": self.number,
            "seed": self.seed,
            "epoch": selected.epoch,
            "validation": selected.score,
            "selection": config.training.selection,
            "simulated": parts.corpus.card.simulated,
            "corpus": parts.corpus.card.name,
            **({} if knobs is None else {"curriculum": asdict(knobs)}),
        }

    def _calibrate(self, model: EmotionModel, validation: GraphPart) -> None:
        """Fit temperatures and threshold on the validation part under all fixed conditions."""
        fit_calibration(
            model.to(self.fabric.device),
            Views(validation, tuple(self.parts.fixed.values()), MASK_SEED),
            nodes=self.parts.reading_nodes,
            device=self.fabric.device,
        )

    def _gains(self, model: EmotionModel, train: GraphPart) -> ExpectedGains:
        nodes, device = self.parts.reading_nodes, self.fabric.device
        return ExpectedGains.measure(
            model.to(device), train, self.parts.corpus.labels, nodes=nodes, device=device
        )


def predict(
    parts: Parts,
    model: EmotionModel,
    part: GraphPart,
    protocols: Mapping[str, MissingProtocol],
    device: torch.device,
) -> dict[str, Predictions]:
    """Predictions of a part under each protocol.

    Raises:
        FloatingPointError: if the model says anything that is not finite.
    """
    labels, nodes = parts.corpus.labels, parts.reading_nodes
    try:
        return evaluate(model.to(device), part, protocols, labels, seed=MASK_SEED, nodes=nodes, device=device)
    except ValueError as error:  # `Predictions` refuses what is not finite
        raise FloatingPointError(str(error)) from None


def keep(
    path: Path,
    trained: TrainedModel,
    gains: ExpectedGains | None,
    predicted: Mapping[str, Predictions],
    result: Mapping[str, Any],
) -> None:
    """Write a finished model; ``result.json``, which says that it is finished, comes last."""
    save_model(path, trained)
    if gains is not None:
        gains.save(path / FILE)
    for condition, found in predicted.items():
        found.save(predictions_path(path, condition))
    write_text(path / "result.json", json.dumps(result, indent=1))
    (path / "state.safetensors").unlink(missing_ok=True)


def mean_score(predictions: Mapping[str, Predictions], outputs: int) -> float:
    """Mean over conditions of the weighted F1, or of minus the mean absolute error of a score."""
    values = []
    for found in predictions.values():
        labelled = found.labelled()
        if labelled.target.is_floating_point():
            values.append(-regression(labelled.target, labelled.predicted)["mae"])
        else:
            values.append(classification(labelled.target, labelled.predicted, outputs)["weighted_f1"])
    return sum(values) / len(values)


def predictions_path(path: Path, condition: str) -> Path:
    """File of one model's predictions under one condition."""
    folder = path / "predictions"
    folder.mkdir(exist_ok=True)
    return folder / f"{condition.replace(':', '_')}.npz"
