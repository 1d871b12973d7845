"""Training of the teacher."""

import torch

from graphmer.curriculum.teacher import Teacher, TeacherSettings
from graphmer.dialogue.policies import RandomSets
from graphmer.graph.dataset import GraphDataset, batches


def fit_teacher(
    train: GraphDataset,
    outputs: int,
    settings: TeacherSettings,
    *,
    estimator: str = "infonce",
    nodes: int = 600,
    seed: int,
    device: torch.device,
) -> Teacher:
    """A teacher of the training part, in evaluation mode.

    Each epoch masks another random set of modalities of each dialogue for the decoder; the targets are the
    recorded features. Weights, order, dropout and masks follow from the seed.

    Args:
        train: the training part, standardised.
        outputs: ``C``, or 1 for a score.
        settings: size and length of training.
        estimator: name in `ESTIMATORS`.
        nodes: most utterances in a batch.
        seed: of all random numbers.
        device: on which to compute.
    """
    policy = RandomSets()
    widths = {modality: rows.shape[1] for modality, rows in train.dialogues[0].features.items()}
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        teacher = Teacher(settings, widths, outputs, estimator).to(device)
        optimizer = torch.optim.AdamW(teacher.parameters(), lr=settings.learning_rate)
        order = torch.Generator().manual_seed(seed)
        for epoch in range(settings.epochs):
            kept = [policy.keep(dialogue, seed + epoch) for dialogue in train.dialogues]
            for chosen, batch in batches(train.graphs, nodes, order):
                hidden = ~torch.cat([kept[position] for position in chosen])
                loss = teacher.loss(batch.to(device), hidden.to(device))
                optimizer.zero_grad()
                loss.backward()  # type: ignore[no-untyped-call]
                optimizer.step()
    return teacher.eval()
