"""Through an experiment: every fold and seed, saved so that it can be continued and evaluated again."""

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Protocol

import torch
from lightning_fabric import Fabric

from graphmer.config.load import dump_config, load_config
from graphmer.config.schema import Config
from graphmer.corpora.posterior import bayes_accuracy
from graphmer.corpora.simulate import SimulatedCorpus
from graphmer.dialogue.damage import Noise, Shift
from graphmer.dialogue.missing import MissingProtocol
from graphmer.errors import CheckpointError
from graphmer.evaluation.evaluate import evaluate
from graphmer.evaluation.gathering import Key
from graphmer.evaluation.metrics import classification, regression
from graphmer.evaluation.predictions import Predictions
from graphmer.evaluation.scores import Scores
from graphmer.experiment.checks import check, check_processes
from graphmer.experiment.parts import FoldParts, Parts
from graphmer.experiment.tuning import taught
from graphmer.graph.part import GraphPart, Views
from graphmer.inference.gains import FILE, ExpectedGains
from graphmer.nn.model import EmotionModel
from graphmer.report.published import Published
from graphmer.storage import write_text
from graphmer.training.calibration import fit_calibration
from graphmer.training.model_file import TrainedModel, load_model, save_model
from graphmer.training.run_folder import RunFolder, environment
from graphmer.training.trainer import Epoch, Trainer, derived_seed

MASK_SEED = 0
"""Seed of what is hidden in evaluation: the same for every model, so that differences are paired."""


class Listener(Protocol):
    """Told how an experiment goes on."""

    def fold_begins(self, fold: int, seed: int, epochs: int) -> None: ...

    def epoch_ends(self, epoch: Epoch) -> None: ...

    def fold_ends(self, fold: int, seed: int) -> None: ...


class Run:
    """One experiment and its folder.

    Args:
        parts: what the experiment consists of.
        folder: where it is kept.
        fabric: device, precision and processes.
    """

    def __init__(self, parts: Parts, folder: RunFolder, fabric: Fabric) -> None:
        self.parts = parts
        self.folder = folder
        self.fabric = fabric

    @classmethod
    def begin(cls, config: Config, runs: Path, fabric: Fabric) -> "Run":
        """A new run folder below `runs`; everything that can be wrong is checked before it is made."""
        parts = Parts(config)
        check(parts)
        check_processes(parts, fabric.world_size)
        card = parts.corpus.card
        facts = environment(
            device=str(fabric.device),
            corpus=card.name,
            fingerprint=parts.corpus.fingerprint,
            simulated=card.simulated,
        )
        path = runs
        if fabric.is_global_zero:
            path = RunFolder.create(runs, config.name, dump_config(config), facts).path
        # all processes write into the folder that the first one has made
        return cls(parts, RunFolder(fabric.broadcast(path)), fabric)

    @classmethod
    def reopen(cls, path: Path, fabric: Fabric) -> "Run":
        """A run that was begun before, to be continued or evaluated.

        Raises:
            CheckpointError: if it is no run folder, or its corpus has changed on disk.
        """
        folder = RunFolder(path)
        try:
            fingerprint = folder.environment["fingerprint"]
        except (OSError, ValueError, KeyError) as error:
            raise CheckpointError(
                f"{path}/environment.json: cannot be read ({type(error).__name__}). Start a new run."
            ) from None
        parts = Parts(load_config(path / "config.yaml"))
        check_processes(parts, fabric.world_size)
        if parts.corpus.fingerprint != fingerprint:
            raise CheckpointError(
                f"{path}: {parts.corpus.card.name} on disk is not what this run was trained on. "
                "Restore its files, or start a new run."
            )
        return cls(parts, folder, fabric)

    @property
    def simulated(self) -> bool:
        """Whether the dialogues are simulated."""
        return self.parts.corpus.card.simulated

    @property
    def unfinished(self) -> list[tuple[int, int]]:
        """Seed and fold of the models that are still to be trained."""
        return [
            (seed, number)
            for seed in dict.fromkeys(self.parts.config.seeds)
            for number in self.parts.folds
            if not (self.folder.fold(number, seed) / "result.json").is_file()
        ]

    def train(self, listener: Listener) -> Scores:
        """Train and test every fold and seed that is not finished yet, and write ``scores.json``."""
        for seed, number in self.unfinished:
            self._train_fold(number, seed, self.folder.fold(number, seed), listener)
        scores = self.scores(self.kept())
        if self.fabric.is_global_zero:
            scores.to_json(self.folder.path / "scores.json")
        return scores

    def kept(self) -> dict[Key, Predictions]:
        """What the finished models predicted when they were tested."""
        return {
            (seed, str(number), condition): Predictions.load(
                predictions_path(self.folder.fold(number, seed), condition)
            )
            for seed in self.parts.config.seeds
            for number in self.parts.folds
            for condition in self.parts.protocols
        }

    def predict(self, protocols: Mapping[str, MissingProtocol]) -> dict[Key, Predictions]:
        """Test the finished models again, under other conditions.

        Raises:
            CheckpointError: if a model is not there, or is not the one that the configuration describes.
        """
        predictions = {}
        for seed in self.parts.config.seeds:
            for number, fold in self.parts.folds.items():
                path = self.folder.fold(number, seed)
                trained = load_model(path)
                if (trained.settings, trained.labels) != (self.parts.settings, self.parts.corpus.labels):
                    raise CheckpointError(
                        f"{path}/model.json: another model than the run's config.yaml describes. Restore it."
                    )
                read = FoldParts(fold, self.parts.corpus, trained.standardiser, trained.encoding)
                test = self._graphs(read.test)
                for condition, found in self._predict(trained.model, test, protocols).items():
                    predictions[seed, str(number), condition] = found
        return predictions

    def scores(self, predictions: Mapping[Key, Predictions], title: str | None = None) -> Scores:
        """Scores of predictions by (seed, fold, condition), with their provenance."""
        config = self.parts.config
        meta = {
            "title": config.name if title is None else title,
            "simulated": self.simulated,
            "selection": config.training.selection,
            "corpus": self.parts.corpus.card.name,
            "fingerprint": self.parts.corpus.fingerprint,
        }
        return Scores.from_predictions(
            predictions, labels=self.parts.corpus.labels, modalities=self.parts.modalities, meta=meta
        )

    def bayes(self, protocols: Mapping[str, MissingProtocol]) -> dict[str, float]:
        """Bayes-optimal accuracy under each condition over all test parts; empty on a real corpus."""
        corpus = self.parts.corpus
        if not isinstance(corpus, SimulatedCorpus):
            return {}
        tested = [name for fold in self.parts.folds.values() for name in fold.test]
        return {
            condition: bayes_accuracy(corpus, protocol, MASK_SEED, tested, causal=self.parts.config.causal)
            for condition, protocol in protocols.items()
            if not isinstance(protocol, Noise | Shift)
        }

    @property
    def published(self) -> Published | None:
        """The paper's figures that the configuration holds."""
        section = self.parts.config.published
        return None if section is None else Published(**section.model_dump())

    def _graphs(self, dialogues: Sequence[Any]) -> GraphPart:
        return GraphPart(dialogues, self.parts.build)

    def _gains(self, model: EmotionModel, train: GraphPart) -> ExpectedGains:
        nodes, device = 4 * self.parts.config.training.batch_nodes, self.fabric.device
        return ExpectedGains.measure(
            model.to(device), train, self.parts.corpus.labels, nodes=nodes, device=device
        )

    def _predict(
        self, model: EmotionModel, part: GraphPart, protocols: Mapping[str, MissingProtocol]
    ) -> dict[str, Predictions]:
        try:
            return evaluate(
                model.to(self.fabric.device),
                part,
                protocols,
                self.parts.corpus.labels,
                seed=MASK_SEED,
                nodes=4 * self.parts.config.training.batch_nodes,
                device=self.fabric.device,
            )
        except ValueError as error:  # `Predictions` refuses what is not finite
            raise FloatingPointError(str(error)) from None

    def _calibrate(self, model: EmotionModel, validation: GraphPart) -> None:
        """Fit temperatures and threshold on the validation part under all fixed conditions."""
        fit_calibration(
            model.to(self.fabric.device),
            Views(validation, tuple(self.parts.fixed.values()), MASK_SEED),
            nodes=4 * self.parts.config.training.batch_nodes,
            device=self.fabric.device,
        )

    def _train_fold(self, number: int, seed: int, path: Path, listener: Listener) -> None:
        begin = time.perf_counter()
        parts = self.parts
        fold = parts.fold_parts(parts.folds[number], derived_seed("teacher", seed, number))
        torch.manual_seed(derived_seed("weights", seed, number))
        model = parts.model()
        listener.fold_begins(number, seed, sum(stage.epochs for stage in parts.stages))
        train = self._graphs(fold.train)
        facts = self._fit(model, fold, train, number=number, seed=seed, path=path, listener=listener)
        gains = None
        if not parts.corpus.labels.is_score:
            self._calibrate(model, self._graphs(fold.validation))
            gains = self._gains(model, train)
        predicted = self._predict(model, self._graphs(fold.test), parts.protocols)
        if self.fabric.is_global_zero:
            trained = TrainedModel(
                model,
                parts.settings,
                parts.corpus.labels,
                fold.standardiser,
                parts.build,
                facts,
                fold.encoding,
            )
            keep(path, trained, gains, predicted, facts | {"seconds": round(time.perf_counter() - begin, 2)})
        self.fabric.barrier()
        listener.fold_ends(number, seed)

    def _fit(
        self,
        model: EmotionModel,
        fold: FoldParts,
        train: GraphPart,
        *,
        number: int,
        seed: int,
        path: Path,
        listener: Listener,
    ) -> dict[str, Any]:
        """Leave the model with its selected weights; what is to be known of it."""
        config, parts = self.parts.config, self.parts
        oracle = config.training.selection == "test_oracle"
        chooser = self._graphs(fold.test if oracle else fold.validation)

        def validate(judged: EmotionModel) -> float:
            found = self._predict(judged, chooser, parts.fixed)
            return mean_score(found, parts.corpus.labels.outputs)

        def on_epoch(epoch: Epoch) -> None:
            if self.fabric.is_global_zero:
                self.folder.log(fold=number, seed=seed, **vars(epoch))
            listener.epoch_ends(epoch)

        taught_seed, fold_seed = derived_seed("teacher", seed, number), derived_seed("fold", seed, number)
        stages, knobs = taught(parts, fold, self.fabric, model, train, validate, taught_seed, path)
        trainer = Trainer(self.fabric, parts.optimization, seed=fold_seed, state=path / "state.safetensors")
        last = config.training.selection == "last"
        selected = trainer.fit(model, stages, train, validate, on_epoch, keep_last=last)
        return {
            "fold": number,
            "seed": seed,
            "epoch": selected.epoch,
            "validation": selected.score,
            "selection": config.training.selection,
            "simulated": self.simulated,
            "corpus": parts.corpus.card.name,
            **({} if knobs is None else {"curriculum": asdict(knobs)}),
        }


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
