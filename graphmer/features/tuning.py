"""Fine-tuning of a text encoder to emotions."""

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Annotated

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field
from torch.nn.functional import cross_entropy

from graphmer.features.classifier import TextClassifier
from graphmer.settings import Positive, Seed, Settings

HEAD_PACE = 20.0
"""Learning rate of the linear layer, which starts from chance, as a multiple of the encoder's."""
WARMUP = 0.1
"""Fraction of the steps in which the learning rate rises; then it falls linearly to zero."""
POOL = 20
"""Batches whose texts are sorted by length together."""

Targets = NDArray[np.int64]
"""Numbers of the emotions of texts, ``[T]``; -1 for those without a label."""


class TuningSettings(Settings):
    """How a text encoder is tuned."""

    folds: Annotated[int, Field(ge=2, le=100)] = 3
    """Parts of the training dialogues, and networks: each is trained on all other parts."""
    epochs: Positive = 3
    """Passes over the training turns; the best one on the part that is left out is kept."""
    learning_rate: Annotated[float, Field(gt=0)] = 5e-5
    """Highest learning rate of the encoder."""
    batch: Positive = 32
    """Texts in a batch."""
    tokens: Positive = 128
    """The rest of a longer text is not read."""
    seed: Seed = 0
    """Of the linear layer, the order of the texts and dropout."""


@dataclass(frozen=True)
class Examples:
    """Texts with their emotions.

    Args:
        texts: any number ``T``.
        targets: numbers of the emotions.
    """

    texts: Sequence[str]
    targets: Targets


def fold_of(dialogues: Sequence[str], folds: int) -> dict[str, int]:
    """Part of each dialogue: parts of equal size, chosen by a hash of the ids.

    Raises:
        ValueError: if there are fewer dialogues than parts.
    """
    ordered = sorted(set(dialogues), key=lambda id: sha256(id.encode()).hexdigest())
    if len(ordered) < folds:
        raise ValueError(f"`folds` must be at most the number of dialogues, {len(ordered)}; got {folds}.")
    return {id: place % folds for place, id in enumerate(ordered)}


def train_epochs(
    classifier: TextClassifier,
    examples: Examples,
    settings: TuningSettings,
    seed: int,
    progress: Callable[[int], None] | None = None,
) -> Iterator[int]:
    """Train a classifier; yields the number of each epoch when it is over.

    Args:
        classifier: changed in place.
        examples: those without a label are left out.
        settings: of the training.
        seed: of order and dropout.
        progress: called with the number of texts of each batch that is done.
    """
    texts = [text for text, target in zip(examples.texts, examples.targets, strict=True) if target >= 0]
    targets = torch.from_numpy(examples.targets[examples.targets >= 0]).to(classifier.head.weight.device)
    rows = classifier.tokenized(texts)
    head = {id(parameter) for parameter in classifier.head.parameters()}
    rest = [parameter for parameter in classifier.parameters() if id(parameter) not in head]
    groups = [
        {"params": rest, "lr": settings.learning_rate},
        {"params": list(classifier.head.parameters()), "lr": settings.learning_rate * HEAD_PACE},
    ]
    optimizer = torch.optim.AdamW(groups, weight_decay=0.01, fused=True)
    steps = settings.epochs * -(-len(rows) // settings.batch)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: _rate(step / steps))
    draw = random.Random(seed)
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        for epoch in range(1, settings.epochs + 1):
            classifier.train()
            for some in _batches([len(row) for row in rows], settings.batch, draw):
                loss = cross_entropy(classifier([rows[number] for number in some]), targets[some])
                optimizer.zero_grad()
                loss.backward()
                torch.nn.utils.clip_grad_norm_(classifier.parameters(), 1.0)
                optimizer.step()
                schedule.step()
                if progress is not None:
                    progress(len(some))
            yield epoch


def _rate(done: float) -> float:
    """Learning rate as a fraction of the highest one, after a fraction of the steps."""
    return min((done + 1e-3) / WARMUP, (1 - done) / (1 - WARMUP))


def _batches(lengths: Sequence[int], size: int, draw: random.Random) -> list[list[int]]:
    """Batches of texts of similar length, in random order."""
    order = list(range(len(lengths)))
    draw.shuffle(order)
    batches = []
    for begin in range(0, len(order), POOL * size):
        pool = sorted(order[begin : begin + POOL * size], key=lengths.__getitem__)
        batches += [pool[first : first + size] for first in range(0, len(pool), size)]
    draw.shuffle(batches)
    return batches
