"""One fold and seed of an experiment: trained, calibrated, tested, stored."""

import json
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, Protocol

import torch
from lightning_fabric import Fabric
from torch import Tensor

from graphmer.checksums import write_json
from graphmer.corpora.base import Card
from graphmer.dialogue import Dialogue, LabelSpace
from graphmer.dialogue.missing import MissingProtocol
from graphmer.evaluation.evaluate import evaluate
from graphmer.evaluation.metrics import classification, regression
from graphmer.evaluation.predictions import Predictions
from graphmer.experiment.components import Components, FoldData
from graphmer.experiment.tuning import Validate, curriculum_stages
from graphmer.graph.dataset import GraphDataset, MaskedGraphs
from graphmer.inference.information_gain import FILE, ExpectedInformationGain
from graphmer.nn.model import EmotionModel
from graphmer.retrieval import RetrievalMemory
from graphmer.training.calibration import fit_calibration
from graphmer.training.model_file import TrainedModel, save_model
from graphmer.training.run_folder import RESULT, RunFolder
from graphmer.training.state import Selected
from graphmer.training.trainer import Epoch, Trainer, derived_seed

MASK_SEED = 0
"""Seed of the masks in evaluation: the same for every model, so that differences are paired."""


STATE = "state.safetensors"
"""File of a model that is being trained, from which its training continues."""


class Callback(Protocol):
    """Follows the progress of an experiment; the calls of models that are trained in parallel interleave."""

    def on_fold_start(self, fold: int, seed: int, epochs: int) -> None: ...

    def on_epoch_end(self, fold: int, seed: int, epoch: Epoch) -> None: ...

    def on_fold_end(self, fold: int, seed: int) -> None: ...


@dataclass(frozen=True)
class Fitted:
    """Trained model of a fold.

    Attributes:
        model: with its selected weights, not calibrated.
        fold: dialogues of the fold.
        train: graphs of the training part.
        facts: provenance: fold, seed, epoch, validation score.
        memory: training utterances that the model retrieves, if it does.
    """

    model: EmotionModel
    fold: FoldData
    train: GraphDataset
    facts: dict[str, Any]
    memory: RetrievalMemory | None


class FoldTraining:
    """Training of one model.

    Args:
        components: of the experiment.
        folder: of the run.
        fabric: device, precision and processes.
        number: of the fold, from 1.
        seed: of weights, masks and the order of dialogues.
    """

    def __init__(
        self, components: Components, folder: RunFolder, fabric: Fabric, number: int, seed: int
    ) -> None:
        self.components = components
        self.folder = folder
        self.fabric = fabric
        self.number = number
        self.seed = seed
        self.path = folder.fold(number, seed)

    def fit(self, callback: Callback) -> Fitted:
        """Train one model; the test part is not read, unless it selects the epoch (`test_oracle`)."""
        components, number, seed = self.components, self.number, self.seed
        fold = components.fold_data(components.folds[number], derived_seed("teacher", seed, number))
        torch.manual_seed(derived_seed("weights", seed, number))
        model = components.model()
        model.network.prepare(fold.train)
        memory = components.retrieval_memory(fold)
        model.retrieval_memory = memory
        callback.on_fold_start(number, seed, sum(stage.epochs for stage in components.stages))
        train = self._graphs(fold.train)
        return Fitted(model, fold, train, self._fit(model, fold, train, callback), memory)

    def train(self, callback: Callback) -> None:
        """Train, calibrate and test one model, and store it; the test part is read once, at the end."""
        begin, begin_cpu = time.perf_counter(), time.process_time()
        components = self.components
        fitted = self.fit(callback)
        model, fold, facts = fitted.model, fitted.fold, fitted.facts
        gain = None
        if not components.corpus.labels.is_score:
            self._calibrate(model, fold)
            if components.system.what_if:
                gain = self._information_gain(model, fitted.train)
        test = self._graphs(fold.test)
        test_begin = time.perf_counter()
        predicted = predict(components, model, test, components.protocols, self.fabric.device)
        measured = {
            "predict_seconds": round(time.perf_counter() - test_begin, 4),
            "predicted_utterances": sum(test.lengths) * len(components.protocols),
            "mask_seed": MASK_SEED,
            "validation_part": ids_digest(fold.fold.validation),
        }
        if self.fabric.is_global_zero:
            trained = TrainedModel(
                model,
                components.settings,
                components.corpus.labels,
                fold.standardiser,
                components.build,
                facts,
                components.system,
                fold.encoding,
                fitted.memory,
            )
            spent = {
                "seconds": round(time.perf_counter() - begin, 2),
                "cpu_seconds": round(time.process_time() - begin_cpu, 2),
            }
            store(self.path, trained, gain, predicted, facts | measured | spent)
        self.fabric.barrier()
        callback.on_fold_end(self.number, self.seed)

    def _graphs(self, dialogues: Sequence[Any]) -> GraphDataset:
        return GraphDataset(dialogues, self.components.build)

    def _fit(
        self, model: EmotionModel, fold: FoldData, train: GraphDataset, callback: Callback
    ) -> dict[str, Any]:
        """Leave the model with its selected weights; returns its provenance."""
        config, components = self.components.config, self.components
        oracle = config.training.selection == "test_oracle"
        chooser = self._graphs(fold.test if oracle else fold.validation)

        def validate(candidate: EmotionModel) -> float:
            found = predict(components, candidate, chooser, components.selecting, self.fabric.device)
            return mean_score(found, components.corpus.labels.outputs)

        added: dict[str, Any] = {}
        if components.system.fit is None:
            selected, added = self._trained(model, fold, train, validate, callback)
        else:
            components.system.fit(model.network, fold.train, fold.validation, components.corpus.labels)
            selected = Selected(0, validate(model))
        return {
            "fold": self.number,
            "seed": self.seed,
            "epoch": selected.epoch,
            "validation": selected.score,
            "selection": config.training.selection,
            "simulated": components.corpus.card.simulated,
            "zeros": config.data.zeros,
            "pooling": config.data.pooling_of_format,
            "corpus": components.corpus.card.name,
            **_provenance(components.corpus.card),
            **added,
        }

    def _trained(
        self,
        model: EmotionModel,
        fold: FoldData,
        train: GraphDataset,
        validate: Validate,
        callback: Callback,
    ) -> tuple[Selected, dict[str, Any]]:
        """Train through the stages; the selected epoch, and the hyper-parameters of a curriculum."""
        components = self.components

        def log(epoch: Epoch) -> None:
            if self.fabric.is_global_zero:
                self.folder.log(fold=self.number, seed=self.seed, **vars(epoch))

        def on_epoch(epoch: Epoch) -> None:
            callback.on_epoch_end(self.number, self.seed, epoch)

        teacher_seed, fold_seed = (derived_seed(name, self.seed, self.number) for name in ("teacher", "fold"))
        stages, hyperparameters = curriculum_stages(
            components, fold, self.fabric, model, train, validate, teacher_seed, self.path
        )
        state = self.path / STATE
        trainer = Trainer(self.fabric, components.optimization, seed=fold_seed, state=state)
        last = components.config.training.selection == "last"
        selected = trainer.fit(model, stages, train, validate, on_epoch, log=log, keep_last=last)
        return selected, {} if hyperparameters is None else {"curriculum": asdict(hyperparameters)}

    def _calibrate(self, model: EmotionModel, fold: FoldData) -> None:
        """Fit bias, temperatures and threshold on the validation part under the conditions that select."""
        components = self.components
        validation = self._graphs(fold.validation)
        adjusts = components.config.training.logit_adjustment
        fit_calibration(
            model.to(self.fabric.device),
            MaskedGraphs(validation, tuple(components.selecting.values()), MASK_SEED),
            nodes=components.evaluation_nodes,
            device=self.fabric.device,
            frequency=class_frequency(fold.train, components.corpus.labels) if adjusts else None,
        )

    def _information_gain(self, model: EmotionModel, train: GraphDataset) -> ExpectedInformationGain:
        nodes, device = self.components.evaluation_nodes, self.fabric.device
        return ExpectedInformationGain.measure(
            model.to(device), train, self.components.corpus.labels, nodes=nodes, device=device
        )


def class_frequency(dialogues: Sequence[Dialogue], labels: LabelSpace) -> Tensor:
    """Share of each class among the labelled turns, ``[C]``."""
    target = torch.cat([labels.encode(dialogue.emotion) for dialogue in dialogues])
    count = torch.bincount(target[labels.labelled(target)], minlength=labels.outputs)
    return count / count.sum()


def _provenance(card: Card) -> dict[str, Any]:
    """Terms of the corpus, and provenance of its features, as far as they are known."""
    terms = {name: getattr(card, name) for name in ("licence", "citation", "url") if getattr(card, name)}
    extractors = {modality: each.model_dump(mode="json") for modality, each in card.extractors.items()}
    return {name: value for name, value in (("terms", terms), ("extractors", extractors)) if value}


def ids_digest(ids: Iterable[str]) -> str:
    """SHA-256 of dialogue ids in any order, as hexadecimal digits."""
    return sha256(json.dumps(sorted(ids)).encode()).hexdigest()


def predict(
    components: Components,
    model: EmotionModel,
    part: GraphDataset,
    protocols: Mapping[str, MissingProtocol],
    device: torch.device,
) -> dict[str, Predictions]:
    """Predictions of a part under each protocol.

    Raises:
        FloatingPointError: if an output of the model is not finite.
    """
    labels, nodes = components.corpus.labels, components.evaluation_nodes
    try:
        return evaluate(model.to(device), part, protocols, labels, seed=MASK_SEED, nodes=nodes, device=device)
    except ValueError as error:  # `Predictions` refuses what is not finite
        raise FloatingPointError(str(error)) from None


def store(
    path: Path,
    trained: TrainedModel,
    gain: ExpectedInformationGain | None,
    predicted: Mapping[str, Predictions],
    result: Mapping[str, Any],
) -> None:
    """Write a finished model; ``result.json``, which marks it as finished, comes last."""
    save_model(path, trained)
    if gain is not None:
        gain.save(path / FILE)
    for condition, found in predicted.items():
        found.save(predictions_path(path, condition))
    write_json(path / RESULT, result, indent=1)
    (path / STATE).unlink(missing_ok=True)


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
