"""Stages of one fold with their curriculum, whose hyper-parameters may be searched on the validation part."""

import copy
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from pathlib import Path

from lightning_fabric import Fabric

from graphmer.checksums import read_json, write_json
from graphmer.curriculum.tuning import Hyperparameters, search
from graphmer.errors import CheckpointError
from graphmer.experiment.components import Components, FoldData
from graphmer.experiment.curriculum import CurriculumBuilder
from graphmer.graph.dataset import GraphDataset
from graphmer.nn.model import EmotionModel
from graphmer.training.stage import Stage
from graphmer.training.trainer import Trainer, derived_seed

Validate = Callable[[EmotionModel], float]
"""Score of a model on the validation part, higher is better."""


def curriculum_stages(
    components: Components,
    fold: FoldData,
    fabric: Fabric,
    model: EmotionModel,
    train: GraphDataset,
    validate: Validate,
    seed: int,
    path: Path,
) -> tuple[list[Stage], Hyperparameters | None]:
    """Stages of training with their curriculum and its hyper-parameters, if the configuration has one.

    Args:
        components: of the experiment.
        fold: its dialogues.
        fabric: device, precision and processes.
        model: with fresh weights; not changed.
        train: the training part.
        validate: selects the hyper-parameters.
        seed: of teacher, encoder and trials.
        path: folder of ``hardness.npz`` and ``tuned.json``, which are read if they exist.

    Raises:
        CheckpointError: if one of them is damaged.
    """
    settings = components.config.curriculum
    if settings is None:
        return components.stages, None
    with fabric.rank_zero_first():  # the others read what the first process has measured
        builder = CurriculumBuilder(
            components, fold, train, fabric.device, seed=seed, path=path / "hardness.npz"
        )
    hyperparameters, kept = builder.given, path / "tuned.json"
    if settings.tuning and not kept.is_file():
        trials = _Trials(components, fabric, train, validate, seed)
        warm = trials.warmed(model)
        hyperparameters, scores = search(
            builder.space,
            lambda tried: trials.score(warm, builder.stages(tried)[-1], settings.tuning),
        )
        if fabric.is_global_zero:
            write_json(kept, {"settings": asdict(hyperparameters), "trials": scores})
    elif settings.tuning:
        hyperparameters = read_tuned(kept)
    return builder.stages(hyperparameters), hyperparameters


def read_tuned(path: Path) -> Hyperparameters:
    """Hyper-parameters that an interrupted training found.

    Raises:
        CheckpointError: if the file is damaged or edited.
    """
    try:
        return Hyperparameters(**read_json(path)["settings"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CheckpointError(
            f"{path}: cannot be read as tuned hyper-parameters ({error}). Delete it to search again."
        ) from None


class _Trials:
    """Short trainings of the last stage, all from the weights after the stages before it."""

    def __init__(
        self, components: Components, fabric: Fabric, train: GraphDataset, validate: Validate, seed: int
    ) -> None:
        self.components = components
        self.fabric = fabric
        self.train = train
        self.validate = validate
        self.seed = derived_seed("tuning", seed)

    def warmed(self, model: EmotionModel) -> EmotionModel:
        """A copy of the model after all stages but the last."""
        before = self.components.stages[:-1]
        if not before:
            return model
        # a training without a stage that competes would select no weights
        return self._fitted(model, [*before[:-1], replace(before[-1], select=True)], keep_last=True)[0]

    def score(self, warm: EmotionModel, stage: Stage, epochs: int) -> float:
        """Best validation score within some epochs of a stage."""
        return self._fitted(warm, [replace(stage, epochs=epochs)], keep_last=False)[1]

    def _fitted(
        self, begin: EmotionModel, stages: Sequence[Stage], *, keep_last: bool
    ) -> tuple[EmotionModel, float]:
        model = copy.deepcopy(begin)
        trainer = Trainer(self.fabric, self.components.optimization, seed=self.seed)
        chosen = trainer.fit(
            model, stages, self.train, self.validate, lambda epoch: None, keep_last=keep_last
        )
        return model, chosen.score
