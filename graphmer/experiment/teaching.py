"""Hardness and supports of one fold, from its training part alone."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import torch

from graphmer.config.curriculum import RetrievalConfig
from graphmer.curriculum.curriculum import Curriculum, Neighbours, Pacing
from graphmer.curriculum.fitting import TeacherSettings, fit_teacher
from graphmer.curriculum.hardness import Hardness, HardnessWeights
from graphmer.curriculum.tuning import Knobs, Limits
from graphmer.dialogue import Dialogue
from graphmer.experiment.neighbours import neighbours
from graphmer.experiment.parts import FoldParts, Parts
from graphmer.graph.part import GraphPart
from graphmer.report.hardness_table import extremes_table, kinds_table
from graphmer.retrieval import fit_encoder, fold_fingerprint
from graphmer.storage import write_text
from graphmer.training.objective import mixing_objective
from graphmer.training.stage import Stage


class Teaching:
    """What a configuration with a curriculum makes of one fold's training part.

    Args:
        parts: what the experiment consists of.
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
        parts: Parts,
        fold: FoldParts,
        train: GraphPart,
        device: torch.device,
        *,
        seed: int,
        path: Path,
    ) -> None:
        assert parts.config.curriculum is not None  # who calls has looked
        self.parts = parts
        self.train = train
        self.settings = parts.config.curriculum
        self.hardness = self._hardness(device, seed, path)
        retrieval = parts.config.retrieval
        self.neighbours = None if retrieval is None else self._neighbours(fold, retrieval, seed)

    @property
    def given(self) -> Knobs:
        """The settings that could be tuned, as they are in the configuration."""
        retrieval = self.parts.config.retrieval
        return Knobs(self.settings.support, 0 if retrieval is None else retrieval.k, self.settings.opening)

    @property
    def limits(self) -> Limits:
        """Bounds of the settings that make a difference; the others stay as they are given."""
        given, free = self.given, Limits()
        paced = free.opening if self.hardness is not None else (given.opening, given.opening)
        if self.neighbours is None:
            return Limits((given.support, given.support), (0, 0), paced)
        return Limits(free.support, free.k, paced)

    def stages(self, knobs: Knobs) -> list[Stage]:
        """The stages of training, the last one with its curriculum."""
        *before, last = self.parts.stages
        retrieval = self.parts.config.retrieval
        curriculum = Curriculum(
            self.train,
            self.hardness,
            None if self.neighbours is None else self.neighbours(knobs.k),
            Pacing(knobs.opening, self.settings.until, self.settings.emphasis),
            form="slots" if retrieval is None or retrieval.form == "graph" else retrieval.form,
            relation=len(self.parts.build.relations) if self.parts.support_relation else None,
        )
        distillation = self.settings.distillation
        objective = mixing_objective(
            self.parts.config.training.stages[-1].reconstruction, knobs.support, distillation
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
            nodes=self.parts.config.training.batch_nodes,
        )
        labels = self.parts.corpus.labels
        fitted = fit_teacher(self.train, labels.outputs, teacher, seed=seed, device=device)
        found = Hardness.measure(fitted, self.train, labels, HardnessWeights(**values), device=device)
        dialogues = self.train.dialogues
        sheets = [extremes_table(found, dialogues)]
        sheets += [] if labels.is_score else [kinds_table(found, dialogues, labels)]
        write_text(path.with_suffix(".md"), "\n".join(sheet.markdown() for sheet in sheets))
        found.save(path)
        return found

    def _neighbours(
        self, fold: FoldParts, retrieval: RetrievalConfig, seed: int
    ) -> Callable[[int], Neighbours]:
        found: Sequence[Dialogue] = fold.plain_train
        use = self.parts.config.encoder
        if use == "retrieval":
            encoder = fit_encoder(found, self.parts.corpus.labels, seed=seed)
            found = [encoder(dialogue) for dialogue in found]
        elif use == "both":
            assert fold.encoding is not None  # of the input
            found = [fold.encoding.encoder(dialogue) for dialogue in found]
        fingerprint = fold_fingerprint(found, f"{self.parts.corpus.fingerprint} {use} {seed}")
        longest = Limits().k[1] if self.settings.tuning else retrieval.k
        apart = retrieval.exclude == "session"
        return neighbours(found, retrieval.metric, longest, fingerprint, sessions_apart=apart)
