"""Through an experiment: every fold and seed, saved so that it can be continued and evaluated again."""

import json
import time
from collections.abc import Mapping, Sequence
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
from graphmer.errors import CheckpointError, GraphmerError
from graphmer.evaluation.evaluate import evaluate
from graphmer.evaluation.metrics import classification, regression
from graphmer.evaluation.predictions import Predictions
from graphmer.evaluation.scores import Scores
from graphmer.experiment.parts import FoldParts, Parts
from graphmer.graph.part import GraphPart
from graphmer.nn.model import EmotionModel
from graphmer.storage import write_text
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
        _ = (parts.folds, parts.build, parts.settings, parts.stages, parts.protocols)
        card = parts.corpus.card
        facts = environment(
            device=str(fabric.device),
            corpus=card.name,
            fingerprint=parts.corpus.fingerprint,
            simulated=card.simulated,
        )
        return cls(parts, RunFolder.create(runs, config.name, dump_config(config), facts), fabric)

    @classmethod
    def reopen(cls, path: Path, fabric: Fabric) -> "Run":
        """A run that was begun before, to be continued or evaluated.

        Raises:
            CheckpointError: if it is no run folder, or its corpus has changed on disk.
        """
        folder = RunFolder(path)
        parts = Parts(load_config(path / "config.yaml"))
        if parts.corpus.fingerprint != folder.environment["fingerprint"]:
            raise CheckpointError(
                f"{path}: {parts.corpus.card.name} on disk is not what this run was trained on. "
                "Restore its files, or start a new run."
            )
        return cls(parts, folder, fabric)

    @property
    def simulated(self) -> bool:
        """Whether the dialogues are simulated."""
        return self.parts.corpus.card.simulated

    def train(self, listener: Listener) -> Scores:
        """Train and test every fold and seed that is not finished yet, and write ``scores.json``."""
        predictions: dict[tuple[int, str, str], Predictions] = {}
        for seed in self.parts.config.seeds:
            for number in self.parts.folds:
                path = self.folder.fold(number, seed)
                if not (path / "result.json").is_file():
                    self._train_fold(number, seed, path, listener)
                for condition in self.parts.protocols:
                    predictions[seed, str(number), condition] = Predictions.load(
                        predictions_path(path, condition)
                    )
        scores = self.scores(predictions)
        scores.to_json(self.folder.path / "scores.json")
        return scores

    def evaluate(self, protocols: Mapping[str, MissingProtocol]) -> Scores:
        """Test the finished models again, under other conditions."""
        predictions = {}
        for seed in self.parts.config.seeds:
            for number, fold in self.parts.folds.items():
                trained = load_model(self.folder.fold(number, seed))
                test = self._graphs(FoldParts(fold, self.parts.corpus, trained.standardiser).test)
                for condition, found in self._predict(trained.model, test, protocols).items():
                    predictions[seed, str(number), condition] = found
        return self.scores(predictions)

    def scores(
        self, predictions: Mapping[tuple[int, str, str], Predictions], title: str | None = None
    ) -> Scores:
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

    def _graphs(self, dialogues: Sequence[Any]) -> GraphPart:
        return GraphPart(dialogues, self.parts.build)

    def _predict(
        self, model: EmotionModel, part: GraphPart, protocols: Mapping[str, MissingProtocol]
    ) -> dict[str, Predictions]:
        return evaluate(
            model.to(self.fabric.device),
            part,
            protocols,
            self.parts.corpus.labels,
            seed=MASK_SEED,
            nodes=4 * self.parts.config.training.batch_nodes,
            device=self.fabric.device,
        )

    def _train_fold(self, number: int, seed: int, path: Path, listener: Listener) -> None:
        begin = time.perf_counter()
        config, parts = self.parts.config, self.parts
        fold = parts.fold_parts(parts.folds[number])
        _check_classes(fold, parts)
        torch.manual_seed(derived_seed("weights", seed, number))
        model = parts.settings.build()
        oracle = config.training.selection == "test_oracle"
        chooser = self._graphs(fold.test if oracle else fold.validation)
        trainer = Trainer(
            self.fabric,
            parts.optimization,
            seed=derived_seed("fold", seed, number),
            state=path / "state.safetensors",
        )
        listener.fold_begins(number, seed, sum(stage.epochs for stage in parts.stages))

        def on_epoch(epoch: Epoch) -> None:
            self.folder.log(fold=number, seed=seed, **vars(epoch))
            listener.epoch_ends(epoch)

        selected = trainer.fit(
            model,
            parts.stages,
            self._graphs(fold.train),
            lambda m: mean_score(self._predict(m, chooser, parts.fixed), parts.corpus.labels.outputs),
            on_epoch,
            keep_last=config.training.selection == "last",
        )
        facts = {
            "fold": number,
            "seed": seed,
            "epoch": selected.epoch,
            "validation": selected.score,
            "selection": config.training.selection,
            "simulated": self.simulated,
            "corpus": parts.corpus.card.name,
        }
        trained = TrainedModel(
            model, parts.settings, parts.corpus.labels, fold.standardiser, parts.build, facts
        )
        save_model(path, trained)
        for condition, found in self._predict(model, self._graphs(fold.test), parts.protocols).items():
            found.save(predictions_path(path, condition))
        result = {**facts, "seconds": round(time.perf_counter() - begin, 2)}
        write_text(path / "result.json", json.dumps(result, indent=1))
        (path / "state.safetensors").unlink(missing_ok=True)
        listener.fold_ends(number, seed)


def mean_score(predictions: Mapping[str, Predictions], outputs: int) -> float:
    """Mean over conditions of the weighted F1, or of minus the mean absolute error of a score."""
    if not predictions:
        raise GraphmerError("evaluation.conditions: must name at least one condition to select by; got none.")
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


def _check_classes(fold: FoldParts, parts: Parts) -> None:
    labels = parts.corpus.labels
    if labels.is_score:
        return
    seen = {emotion for dialogue in fold.train for emotion in dialogue.emotion}
    never = [name for name in labels.names if name not in seen]
    if never:
        raise GraphmerError(
            f"Fold {fold.fold.name!r}: the class {never[0]!r} has no training example; it cannot be learnt. "
            "Merge or drop it in the labels, or use another split."
        )
