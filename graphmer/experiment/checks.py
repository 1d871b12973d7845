"""Checks of an experiment before anything is trained."""

import logging
import os
from collections.abc import Sequence

import torch

from graphmer.corpora.splits import Fold
from graphmer.dialogue import Dialogue
from graphmer.errors import ConfigError, CorpusError
from graphmer.evaluation.statistics import metric_names
from graphmer.experiment.components import Components

logger = logging.getLogger(__name__)


def check(components: Components) -> None:
    """Build every component of an experiment once.

    Of the test part it reads only whether anything is labelled, never the labels.

    Raises:
        ConfigError: naming the field of the configuration.
        CorpusError: if a fold cannot be trained, selected or tested on.
    """
    _ = (components.stages, components.protocols)
    if not components.fixed:
        raise ConfigError("evaluation.conditions: must name at least one condition to select by; got none.")
    _check_labels(components)
    published = components.config.published
    known = metric_names(components.corpus.labels)
    unknown = [] if published is None else [metric for metric in published.metrics if metric not in known]
    if unknown:
        raise ConfigError(f"published.metrics: must be among {', '.join(known)}; got {unknown[0]}.")
    _check_size(components)
    components.model()
    dialogues = {dialogue.id: dialogue for dialogue in components.corpus.dialogues}
    _check_graph(components)
    for fold in components.folds.values():
        train = [dialogues[id] for id in fold.train]
        _check_training(fold, train, components)
        for name, ids in {"validation": fold.validation, "test": fold.test}.items():
            if all(emotion is None for id in ids for emotion in dialogues[id].emotion):
                raise CorpusError(
                    f"Fold {fold.name!r}: no utterance of its {name} part is labelled. Use another split."
                )


def _check_size(components: Components) -> None:
    """Whether the weights fit into the memory of this machine, before any of them is allocated."""
    try:
        with torch.device("meta"):
            weights = list(components.model().parameters())
    except RuntimeError:  # a custom network reads values of its tensors when it is built
        return
    needed = sum(each.numel() * each.element_size() for each in weights)
    if hasattr(os, "sysconf") and needed > os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"):
        raise ConfigError(
            f"model: its weights would take {needed / 1e9:,.0f} GB, more than the memory of this machine. "
            "Choose smaller widths or fewer layers."
        )


def _check_labels(components: Components) -> None:
    """Whether system, heads and hardness suit classes or scores."""
    config, system = components.config, components.system
    if not components.corpus.labels.is_score:
        if not system.classes:
            raise ConfigError(
                f"model.system: {system.name} predicts scores; the corpus has classes. Choose another."
            )
        return
    if not system.scores:
        raise ConfigError(
            f"model.system: {system.name} predicts classes; the corpus has a score. Choose another system."
        )
    if config.heads.trained:
        logger.warning(
            "heads: a chain of classes or their change; left out, because the label of %s is a score",
            components.corpus.card.name,
        )
    hardness = None if config.curriculum is None else config.curriculum.hardness
    if hardness is not None and hardness.change:
        raise ConfigError(
            "curriculum.hardness.change: must be 0 for a corpus of scores, which has no emotion changes; "
            f"got {hardness.change}."
        )


def check_processes(components: Components, count: int) -> None:
    """Whether several processes can train one model of an experiment.

    Raises:
        ConfigError: if it has a curriculum, whose weights would have to be divided between the processes.
    """
    if count > 1 and components.config.curriculum is not None:
        raise ConfigError(
            f"curriculum: must be left out where several processes train one model; got {count} processes. "
            "Train without torchrun."
        )


def _check_graph(components: Components) -> None:
    try:
        components.build(components.corpus.dialogues[0])
    except ValueError as error:
        raise ConfigError(f"data or graph: {error}") from None


def _check_training(fold: Fold, train: Sequence[Dialogue], components: Components) -> None:
    for column, modality in enumerate(components.modalities):
        if not any(bool(dialogue.available[:, column].any()) for dialogue in train):
            raise CorpusError(
                f"Fold {fold.name!r}: no training utterance has the modality {modality!r}. "
                "Leave it out of the features, or use another split."
            )
    retrieval = components.config.retrieval
    if retrieval is not None and retrieval.exclude == "session" and len({d.session for d in train}) < 2:
        only = "no session" if train[0].session is None else f"session {train[0].session} alone"
        raise ConfigError(
            "retrieval.exclude: must be dialogue where not two sessions or more are trained on; got session, "
            f"and the training dialogues of fold {fold.name!r} are of {only}."
        )
    seen = {emotion for dialogue in train for emotion in dialogue.emotion}
    if seen <= {None}:
        raise CorpusError(f"Fold {fold.name!r}: no training utterance is labelled. Use another split.")
    never = [name for name in components.corpus.labels.names if name not in seen]
    if never:
        raise CorpusError(
            f"Fold {fold.name!r}: the class {never[0]!r} has no training example; it cannot be learnt. "
            "Merge or drop it in the labels, or use another split."
        )
