"""Training of the teacher."""

from dataclasses import dataclass

import torch

from graphmer.curriculum.teacher import Teacher
from graphmer.dialogue.policies import RandomSets
from graphmer.graph.dataset import GraphDataset, batches


@dataclass(frozen=True)
class TeacherSettings:
    """What a teacher is made of, and how long it learns; see `Teacher`.

    Args:
        epochs: passes over the training dialogues.
        learning_rate: constant, with AdamW.
        nodes: most utterances in a batch.
    """

    width: int = 64
    depth: int = 1
    dropout: float = 0.1
    estimator: str = "infonce"
    epochs: int = 8
    learning_rate: float = 1e-3
    nodes: int = 600


def fit_teacher(
    train: GraphDataset, outputs: int, settings: TeacherSettings, *, seed: int, device: torch.device
) -> Teacher:
    """A teacher of the training part, in evaluation mode.

    Each epoch hides another random set of modalities of each dialogue from the decoder; the targets are the
    features as they are. Weights, order, dropout and what is hidden follow from the seed.

    Args:
        train: the training part, standardised.
        outputs: ``C``, or 1 for a score.
        settings: size and length of training.
        seed: decides everything random.
        device: where to compute.
    """
    policy = RandomSets()
    widths = {modality: rows.shape[1] for modality, rows in train.dialogues[0].features.items()}
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        teacher = Teacher(
            widths,
            outputs,
            width=settings.width,
            depth=settings.depth,
            dropout=settings.dropout,
            estimator=settings.estimator,
        ).to(device)
        optimizer = torch.optim.AdamW(teacher.parameters(), lr=settings.learning_rate)
        order = torch.Generator().manual_seed(seed)
        for epoch in range(settings.epochs):
            kept = [policy.keep(dialogue, seed + epoch) for dialogue in train.dialogues]
            for chosen, batch in batches(train.graphs, settings.nodes, order):
                hidden = ~torch.cat([kept[position] for position in chosen])
                loss = teacher.loss(batch.to(device), hidden.to(device))
                optimizer.zero_grad()
                loss.backward()  # type: ignore[no-untyped-call]
                optimizer.step()
    return teacher.eval()
