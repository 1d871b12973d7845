"""Hardness and supports of one fold, from its training part alone."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import torch

from graphmer.config.schema import CurriculumConfig, RetrievalConfig
from graphmer.curriculum.curriculum import Curriculum, Neighbours, Pacing
from graphmer.curriculum.fitting import TeacherSettings, fit_teacher
from graphmer.curriculum.hardness import Hardness, HardnessWeights
from graphmer.dialogue import Dialogue
from graphmer.experiment.parts import FoldParts, Parts
from graphmer.graph.part import GraphPart
from graphmer.retrieval import RetrievalIndex, fold_fingerprint, select_supports
from graphmer.training.stage import Stage
from graphmer.typing import Available


class Teaching:
    """What a configuration makes of one fold's training part.

    Args:
        parts: what the experiment consists of.
        fold: only its training part is read.
        train: graphs of the training part.
        device: where the teacher computes.
    """

    def __init__(self, parts: Parts, fold: FoldParts, train: GraphPart, device: torch.device) -> None:
        self.parts = parts
        self.fold = fold
        self.train = train
        self.device = device

    def stages(self, seed: int, path: Path) -> list[Stage]:
        """The stages of training, the last one with its curriculum, if there is to be one.

        Args:
            seed: of the teacher.
            path: where the hardness is kept, and read from where it is there.
        """
        stages, settings = self.parts.stages, self.parts.config.curriculum
        if settings is None:
            return stages
        retrieval = self.parts.config.retrieval
        curriculum = Curriculum(
            self.train,
            None if settings.hardness is None else self._hardness(settings, seed, path),
            None if retrieval is None else self._neighbours(retrieval),
            Pacing(settings.opening, settings.until, settings.emphasis),
            relation=len(self.parts.build.relations) if self.parts.support_relation else None,
        )
        return [*stages[:-1], replace(stages[-1], curriculum=curriculum)]

    def _hardness(self, settings: CurriculumConfig, seed: int, path: Path) -> Hardness:
        if path.is_file():
            return Hardness.load(path)
        assert settings.hardness is not None  # who calls has looked
        values = settings.hardness.model_dump()
        teacher = TeacherSettings(
            **settings.teacher.model_dump(),
            estimator=values.pop("consistency"),
            nodes=self.parts.config.training.batch_nodes,
        )
        labels = self.parts.corpus.labels
        fitted = fit_teacher(self.train, labels.outputs, teacher, seed=seed, device=self.device)
        found = Hardness.measure(fitted, self.train, labels, HardnessWeights(**values), device=self.device)
        found.save(path)
        return found

    def _neighbours(self, retrieval: RetrievalConfig) -> Neighbours:
        fingerprint = fold_fingerprint(self.train.dialogues, self.parts.corpus.fingerprint)
        return neighbours(self.train.dialogues, retrieval, fingerprint)


def neighbours(train: Sequence[Dialogue], retrieval: RetrievalConfig, fingerprint: str) -> Neighbours:
    """The nearest annotated utterances of other dialogues, for all utterances of the training part.

    Turns without an annotation support nobody, but are supported.
    """
    widths = {modality: rows.shape[1] for modality, rows in train[0].features.items()}
    index = RetrievalIndex(widths, retrieval.metric, fingerprint=fingerprint)
    for dialogue in train:
        told = zip(dialogue.utterance_ids, dialogue.emotion, strict=True)
        index.add(dialogue, [name for name, emotion in told if emotion is not None])
    table = index.search(train, retrieval.k, index.table(retrieval.k).scale)
    keys = [(dialogue.id, name) for dialogue in train for name in dialogue.utterance_ids]
    place = {key: number for number, key in enumerate(keys)}
    # -1, for no support, reads the last entry
    row = torch.tensor([*(place[key] for key in index.ids), -1])

    def supports(available: Available, hardness: torch.Tensor) -> torch.Tensor:
        return row[select_supports(table, available, hardness, retrieval.k).rows]

    return supports
