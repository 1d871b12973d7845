"""Cross-fitting of tuned text encoders: no text is encoded by a network that saw a label of its dialogue."""

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.metrics import f1_score

from graphmer.errors import ConfigError
from graphmer.features.classifier import TextClassifier
from graphmer.features.temperature import fit_temperature, log_loss
from graphmer.features.text import TextExtractor
from graphmer.features.tuned import FITTED, TUNING, FittedNetwork, Tuning, network_folder, read_tuning
from graphmer.features.tuning import TuningSettings, train_epochs
from graphmer.storage import write_text


@dataclass(frozen=True)
class LabelledTexts:
    """Texts of the training part, each with a label.

    Args:
        texts: any number ``T``, as an extractor reads them.
        targets: number of the emotion of each, ``[T]``.
        parts: part of the training dialogues that each is in, counted from 0, ``[T]``.
        dialogues: hashes of the training dialogues; see `dialogue_digest`.
    """

    texts: Sequence[str]
    targets: NDArray[np.int64]
    parts: NDArray[np.int64]
    dialogues: Sequence[str] = ()

    @property
    def digest(self) -> str:
        """Hash of all of it."""
        content = [list(self.texts), self.targets.tolist(), self.parts.tolist()]
        return hashlib.sha256(json.dumps(content).encode()).hexdigest()


def dialogue_parts(dialogues: Sequence[str], parts: int) -> dict[str, int]:
    """Part of each dialogue, counted from 0: parts of equal size, chosen by a hash of the ids.

    Raises:
        ConfigError: if there are fewer dialogues than parts.
    """
    ordered = sorted(set(dialogues), key=lambda id: sha256(id.encode()).hexdigest())
    if len(ordered) < parts:
        raise ConfigError(
            f"--folds: must be at most the number of training dialogues, {len(ordered)}; got {parts}."
        )
    return {id: place % parts for place, id in enumerate(ordered)}


def tune(
    folder: Path,
    model: str,
    emotions: Sequence[str],
    examples: LabelledTexts,
    settings: TuningSettings,
    device: str,
    progress: Callable[[int, int], None],
) -> None:
    """Tune one network for each part of the training dialogues, on all other parts.

    Networks that are in the folder already are kept, so that an interrupted tuning goes on with the next one.
    Each keeps the epoch with the highest weighted F1 on the part that it leaves out, by which its temperature
    is fitted, too.
    Nothing but the training part is read.

    Args:
        folder: of the tuned encoder; made if it is not there.
        model: see `TextExtractor`.
        emotions: names of the classes.
        examples: of the training part.
        settings: of the training.
        device: on which it computes.
        progress: called with the number of texts that are done and of all, over networks and epochs.

    Raises:
        ConfigError: if the folder is of another tuning, or a part has no label.
    """
    begun = Tuning(
        emotions=tuple(emotions),
        encoder=TextExtractor(model, device, "float32").provenance,
        settings=settings,
        data=examples.digest,
        dialogues=tuple(sorted(set(examples.dialogues))),
    )
    _begin(folder, begun)
    sizes = [int((examples.parts != part).sum()) * settings.epochs for part in range(settings.folds)]
    for part in range(settings.folds):
        done, total = sum(sizes[:part]), sum(sizes)
        progress(done, total)
        target = network_folder(folder, part + 1)
        if (target / FITTED).is_file():
            continue
        report = _Counter(done, total, progress)
        classifier, fitted = _fitted(model, len(emotions), examples, settings, part, device, report)
        partial = folder / f".{target.name}.{os.getpid()}.partial"
        try:
            classifier.save(partial)
            write_text(partial / FITTED, fitted.model_dump_json(indent=2))
            shutil.rmtree(target, ignore_errors=True)
            partial.replace(target)
        finally:
            shutil.rmtree(partial, ignore_errors=True)
    progress(sum(sizes), sum(sizes))


def _begin(folder: Path, begun: Tuning) -> None:
    """Make the folder, or check that it is of the same tuning."""
    if not (folder / TUNING).is_file():
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise ConfigError(f"{folder}: must not exist, be empty, or be of a tuning. Choose another name.")
        folder.mkdir(parents=True, exist_ok=True)
        write_text(folder / TUNING, begun.model_dump_json(indent=2))
        return
    found = read_tuning(folder)
    comparable = {"encoder": begun.encoder}  # compared by its hash: its place and versions may differ
    if found.model_copy(update=comparable) != begun or found.encoder.digest != begun.encoder.digest:
        raise ConfigError(
            f"{folder}: holds networks of other texts, labels, encoder or settings. Remove it or choose "
            "another name."
        )


@dataclass
class _Counter:
    """Adds up the texts that are done."""

    done: int
    total: int
    progress: Callable[[int, int], None]

    def __call__(self, count: int) -> None:
        self.done += count
        self.progress(self.done, self.total)


def _fitted(
    model: str,
    classes: int,
    examples: LabelledTexts,
    settings: TuningSettings,
    part: int,
    device: str,
    progress: Callable[[int], None],
) -> tuple[TextClassifier, FittedNetwork]:
    """Network that leaves a part out, with the weights of its best epoch."""
    others, left_out = (examples.parts != part).nonzero()[0], (examples.parts == part).nonzero()[0]
    if not len(left_out) or not len(others):
        raise ConfigError(f"Part {part + 1} of the training dialogues has no label. Lower --folds.")
    seed = settings.seed * 1000 + part
    extractor = TextExtractor(model, device, "float32")
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        classifier = TextClassifier(extractor.encoder, classes).to(device)
    texts = [examples.texts[number] for number in others]
    checks = [examples.texts[number] for number in left_out]
    best: FittedNetwork | None = None
    weights = classifier.state_dict()
    for epoch in train_epochs(classifier, texts, examples.targets[others], settings, seed, progress):
        logits, targets = _logits(extractor, classifier, checks), examples.targets[left_out]
        f1 = float(f1_score(targets, logits.argmax(axis=1), average="weighted"))
        if best is None or f1 > best.f1:
            temperature = fit_temperature(logits, targets)
            found = log_loss(logits, targets, temperature)
            best = FittedNetwork(epoch=epoch, f1=f1, log_loss=found, temperature=temperature)
            weights = {name: value.clone() for name, value in classifier.state_dict().items()}
    assert best is not None  # there is at least one epoch
    classifier.load_state_dict(weights)
    return classifier, best


def _logits(
    extractor: TextExtractor, classifier: TextClassifier, texts: Sequence[str]
) -> NDArray[np.float32]:
    """Logits ``[T, C]`` of texts, each computed once."""
    found: dict[str, NDArray[np.float32]] = {}
    for batch in extractor.batches(list(dict.fromkeys(texts))):
        found |= dict(zip(batch, classifier.logits(batch), strict=True))
    return np.stack([found[text] for text in texts])
