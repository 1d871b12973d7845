"""Hardness and supports of one fold, from its training part alone."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import torch

from graphmer.config.curriculum import RetrievalConfig
from graphmer.curriculum.curriculum import Curriculum, Neighbours, Pacing
from graphmer.curriculum.fitting import TeacherSettings, fit_teacher
from graphmer.curriculum.hardness import Hardness, HardnessWeights
from graphmer.curriculum.tuning import Hyperparameters, SearchSpace
from graphmer.dialogue import Dialogue
from graphmer.experiment.components import Components, FoldData
from graphmer.experiment.neighbors import neighbours
from graphmer.graph.dataset import GraphDataset
from graphmer.report.hardness_table import extremes_table, kinds_table
from graphmer.retrieval import fit_encoder, fold_fingerprint
from graphmer.storage import write_text
from graphmer.training.objective import mixing_objective
from graphmer.training.stage import Stage


class CurriculumBuilder:
    """What a configuration with a curriculum makes of one fold's training part.

    Args:
        components: what the experiment consists of.
        fold: its dialogues.
        train: graphs of the training part.
        device: where the teacher computes.
        seed: of the teacher and the encoder.
        path: where the hardness is kept, with tables beside it, and read from where it is there.

    Raises:
        CheckpointError: if the hardness that is there cannot be read.
    """

    def __init__(
        self,
        components: Components,
        fold: FoldData,
        train: GraphDataset,
        device: torch.device,
        *,
        seed: int,
        path: Path,
    ) -> None:
        assert components.config.curriculum is not None  # who calls has looked
        self.components = components
        self.train = train
        self.settings = components.config.curriculum
        self.hardness = self._hardness(device, seed, path)
        retrieval = components.config.retrieval
        self.neighbours = None if retrieval is None else self._neighbours(fold, retrieval, seed)

    @property
    def given(self) -> Hyperparameters:
        """The settings that could be tuned, as they are in the configuration."""
        retrieval = self.components.config.retrieval
        return Hyperparameters(
            self.settings.support, 0 if retrieval is None else retrieval.k, self.settings.initial_fraction
        )

    @property
    def limits(self) -> SearchSpace:
        """Bounds of the settings that make a difference; the others stay as they are given."""
        given, free = self.given, SearchSpace()
        paced = (
            free.initial_fraction
            if self.hardness is not None
            else (given.initial_fraction, given.initial_fraction)
        )
        if self.neighbours is None:
            return SearchSpace((given.support, given.support), (0, 0), paced)
        return SearchSpace(free.support, free.k, paced)

    def stages(self, hyperparameters: Hyperparameters) -> list[Stage]:
        """The stages of training, the last one with its curriculum."""
        *before, last = self.components.stages
        retrieval = self.components.config.retrieval
        curriculum = Curriculum(
            self.train,
            self.hardness,
            None if self.neighbours is None else self.neighbours(hyperparameters.k),
            Pacing(hyperparameters.initial_fraction, self.settings.full_at, self.settings.hardness_weighting),
            form="slots" if retrieval is None or retrieval.form == "graph" else retrieval.form,
            relation=len(self.components.build.relations) if self.components.support_relation else None,
        )
        distillation = self.settings.distillation
        objective = mixing_objective(
            self.components.config.training.stages[-1].reconstruction, hyperparameters.support, distillation
        )
        return [*before, replace(last, objective=objective, curriculum=curriculum, distil=distillation > 0)]

    def _hardness(self, device: torch.device, seed: int, path: Path) -> Hardness | None:
        if self.settings.hardness is None:
            return None
        if path.is_file():
            return Hardness.load(path)
        values = self.settings.hardness.model_dump()
        teacher = TeacherSettings(
            **self.settings.teacher.model_dump(),
            estimator=values.pop("consistency"),
            nodes=self.components.config.training.batch_nodes,
        )
        labels = self.components.corpus.labels
        fitted = fit_teacher(self.train, labels.outputs, teacher, seed=seed, device=device)
        found = Hardness.measure(fitted, self.train, labels, HardnessWeights(**values), device=device)
        dialogues = self.train.dialogues
        sheets = [extremes_table(found, dialogues)]
        sheets += [] if labels.is_score else [kinds_table(found, dialogues, labels)]
        write_text(path.with_suffix(".md"), "\n".join(sheet.markdown() for sheet in sheets))
        found.save(path)
        return found

    def _neighbours(
        self, fold: FoldData, retrieval: RetrievalConfig, seed: int
    ) -> Callable[[int], Neighbours]:
        found: Sequence[Dialogue] = fold.plain_train
        use = self.components.config.encoder
        if use == "retrieval":
            encoder = fit_encoder(found, self.components.corpus.labels, seed=seed)
            found = [encoder(dialogue) for dialogue in found]
        elif use == "both":
            assert fold.encoding is not None  # of the input
            found = [fold.encoding.encoder(dialogue) for dialogue in found]
        fingerprint = fold_fingerprint(found, f"{self.components.corpus.fingerprint} {use} {seed}")
        longest = SearchSpace().k[1] if self.settings.tuning else retrieval.k
        apart = retrieval.exclude == "session"
        return neighbours(found, retrieval.metric, longest, fingerprint, sessions_apart=apart)
