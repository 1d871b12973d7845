"""Fine-tuning of a text encoder to emotions."""

import random
from collections.abc import Callable, Iterator, Sequence
from typing import Annotated

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field
from torch.nn.functional import cross_entropy

from graphmer.features.classifier import TextClassifier
from graphmer.features.text import multiplies_bfloat16
from graphmer.settings import Positive, Seed, Settings

HEAD_PACE = 20.0
"""Learning rate of the linear layer, which starts from chance, as a multiple of the encoder's."""
WARMUP = 0.1
"""Fraction of the steps in which the learning rate rises; then it falls linearly to zero."""
POOL = 20
"""Batches whose texts are sorted by length together."""


class TuningSettings(Settings):
    """How a text encoder is tuned."""

    folds: Annotated[int, Field(ge=2, le=100)] = 3
    """Parts of the training dialogues, and networks: each is trained on all other parts."""
    epochs: Positive = 3
    """Passes over the training turns; of each network the best one on the part that it leaves out is kept."""
    learning_rate: Annotated[float, Field(gt=0)] = 5e-5
    """Highest learning rate of the encoder."""
    batch: Positive = 32
    """Texts in a batch."""
    seed: Seed = 0
    """Of the linear layer, the order of the texts and dropout."""


def train_epochs(
    classifier: TextClassifier,
    texts: Sequence[str],
    targets: NDArray[np.int64],
    settings: TuningSettings,
    seed: int,
    progress: Callable[[int], None],
) -> Iterator[int]:
    """Train a classifier; yields the number of each epoch when it is over.

    Products of matrices are computed in bfloat16 where the device has instructions for it.

    Args:
        classifier: changed in place.
        texts: any number ``T``.
        targets: number of the emotion of each text, ``[T]``.
        settings: of the training.
        seed: of order and dropout.
        progress: called with the number of texts of each batch that is done.

    Raises:
        FloatingPointError: if the loss is not finite.
    """
    rows = classifier.tokenized(texts)
    device = classifier.head.weight.device
    goals = torch.from_numpy(targets).to(device)
    groups = [
        {"params": list(classifier.encoder.parameters()), "lr": settings.learning_rate},
        {"params": list(classifier.head.parameters()), "lr": settings.learning_rate * HEAD_PACE},
    ]
    optimizer = torch.optim.AdamW(groups, weight_decay=0.01, fused=True)
    steps = settings.epochs * -(-len(rows) // settings.batch)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: _rate(step / steps))
    draw = random.Random(seed)
    for epoch in range(1, settings.epochs + 1):
        classifier.train()
        with torch.random.fork_rng():
            torch.manual_seed(seed + epoch)
            for some in _batches([len(row) for row in rows], settings.batch, draw):
                with torch.autocast(device.type, torch.bfloat16, enabled=multiplies_bfloat16(device.type)):
                    logits = classifier([rows[number] for number in some])
                loss = cross_entropy(logits.float(), goals[some])
                if not loss.isfinite():
                    raise FloatingPointError("The loss of the text encoder is not finite. Lower --rate.")
                optimizer.zero_grad()
                loss.backward()  # type: ignore[no-untyped-call]
                torch.nn.utils.clip_grad_norm_(classifier.parameters(), 1.0)
                optimizer.step()
                schedule.step()
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
