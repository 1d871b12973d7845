"""Curriculum of one fold: hardness and supports, from its training part alone."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import torch

from graphmer.curriculum.curriculum import Curriculum, Neighbors
from graphmer.curriculum.fitting import fit_teacher
from graphmer.curriculum.hardness import Hardness
from graphmer.curriculum.tuning import Hyperparameters, SearchSpace
from graphmer.dialogue import Dialogue
from graphmer.experiment.components import Components, FoldData
from graphmer.experiment.neighbors import neighbors
from graphmer.graph.dataset import GraphDataset
from graphmer.report.hardness_table import extremes_table, kinds_table
from graphmer.retrieval import fit_encoder, fold_fingerprint
from graphmer.retrieval.settings import RetrievalSettings
from graphmer.storage import write_text
from graphmer.training.stage import Stage


class CurriculumBuilder:
    """Builds the curriculum of one fold's training part.

    Args:
        components: of the experiment; its configuration has a curriculum.
        fold: its dialogues.
        train: graphs of the training part.
        device: device of the teacher.
        seed: of the teacher and the encoder.
        path: file of the hardness, with tables next to it; read where it exists.

    Raises:
        CheckpointError: if the file of the hardness cannot be read.
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
        assert components.config.curriculum is not None  # callers check
        self.components = components
        self.train = train
        self.settings = components.config.curriculum
        self.hardness = self._hardness(device, seed, path)
        retrieval = components.config.retrieval
        self.neighbors = None if retrieval is None else self._neighbors(fold, retrieval, seed)

    @property
    def given(self) -> Hyperparameters:
        """The hyper-parameters that can be searched, as the configuration gives them."""
        retrieval = self.components.config.retrieval
        k = 0 if retrieval is None else retrieval.k
        return Hyperparameters(self.settings.support, k, self.settings.initial_fraction)

    @property
    def space(self) -> SearchSpace:
        """Bounds of the hyper-parameters that have an effect; the others keep their given values."""
        given, free = self.given, SearchSpace()
        paced = free.initial_fraction
        if self.hardness is None:
            paced = (given.initial_fraction, given.initial_fraction)
        if self.neighbors is None:
            return SearchSpace((given.support, given.support), (0, 0), paced)
        return SearchSpace(free.support, free.k, paced)

    def stages(self, hyperparameters: Hyperparameters) -> list[Stage]:
        """The stages of training, the last one with its curriculum."""
        *before, last = self.components.stages
        retrieval = self.components.config.retrieval
        curriculum = Curriculum(
            self.train,
            self.hardness,
            None if self.neighbors is None else self.neighbors(hyperparameters.k),
            self.settings.model_copy(update={"initial_fraction": hyperparameters.initial_fraction}),
            support_weight=hyperparameters.support,
            distillation_weight=self.settings.distillation,
            form="slots" if retrieval is None or retrieval.form == "graph" else retrieval.form,
            relation=len(self.components.build.relations) if self.components.support_relation else None,
        )
        return [*before, replace(last, curriculum=curriculum)]

    def _hardness(self, device: torch.device, seed: int, path: Path) -> Hardness | None:
        settings = self.settings.hardness
        if settings is None:
            return None
        if path.is_file():
            return Hardness.load(path)
        labels = self.components.corpus.labels
        fitted = fit_teacher(
            self.train,
            labels.outputs,
            self.settings.teacher,
            estimator=settings.consistency,
            nodes=self.components.config.training.batch_nodes,
            seed=seed,
            device=device,
        )
        found = Hardness.measure(fitted, self.train, labels, settings, device=device)
        dialogues = self.train.dialogues
        sheets = [extremes_table(found, dialogues)]
        sheets += [] if labels.is_score else [kinds_table(found, dialogues, labels)]
        write_text(path.with_suffix(".md"), "\n".join(sheet.markdown() for sheet in sheets))
        found.save(path)
        return found

    def _neighbors(
        self, fold: FoldData, retrieval: RetrievalSettings, seed: int
    ) -> Callable[[int], Neighbors]:
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
        return neighbors(found, retrieval.metric, longest, fingerprint, sessions_apart=apart)
