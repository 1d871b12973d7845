"""The stages of one fold with their curriculum, whose settings may be found on the validation part."""

import copy
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from pathlib import Path

from lightning_fabric import Fabric

from graphmer.curriculum.tuning import Hyperparameters, tuned
from graphmer.experiment.components import Components, FoldData
from graphmer.experiment.curriculum import CurriculumBuilder
from graphmer.graph.dataset import GraphDataset
from graphmer.nn.model import EmotionModel
from graphmer.storage import write_text
from graphmer.training.stage import Stage
from graphmer.training.trainer import Trainer, derived_seed

Validate = Callable[[EmotionModel], float]
"""Score of a model on the validation part, higher is better."""


def taught(
    components: Components,
    fold: FoldData,
    fabric: Fabric,
    model: EmotionModel,
    train: GraphDataset,
    validate: Validate,
    seed: int,
    path: Path,
) -> tuple[list[Stage], Hyperparameters | None]:
    """The stages of training with their curriculum and its settings, if the configuration has one.

    Args:
        components: what the experiment consists of.
        fold: its dialogues.
        fabric: device, precision and processes.
        model: with fresh weights; stays as it is.
        train: the training part.
        validate: chooses among settings.
        seed: of teacher, encoder and trials.
        path: the folder that keeps ``hardness.npz`` and ``tuned.json``, which are read if they are there.
    """
    settings = components.config.curriculum
    if settings is None:
        return components.stages, None
    teaching = CurriculumBuilder(
        components, fold, train, fabric.device, seed=seed, path=path / "hardness.npz"
    )
    hyperparameters, kept = teaching.given, path / "tuned.json"
    if settings.tuning and not kept.is_file():
        trial = _Trials(components, fabric, train, validate, seed)
        warm = trial.warmed(model)
        hyperparameters, scores = tuned(
            teaching.limits,
            lambda tried: trial.score(warm, teaching.stages(tried)[-1], settings.tuning),
        )
        write_text(kept, json.dumps({"settings": asdict(hyperparameters), "trials": scores}))
    elif settings.tuning:
        hyperparameters = Hyperparameters(**json.loads(kept.read_text(encoding="utf-8"))["settings"])
    return teaching.stages(hyperparameters), hyperparameters


class _Trials:
    """Short trainings of the last stage, all from the weights that the stages before it lead to."""

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
        # a training without a stage that competes has nothing to keep
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
