"""What would have caught features that were fine-tuned with the labels of the test part."""

from collections.abc import Callable
from dataclasses import replace
from functools import cached_property
from pathlib import Path

import pytest
import torch
from lightning_fabric import Fabric

from graphmer.config.load import dump_config
from graphmer.config.schema import Config
from graphmer.corpora.base import Corpus
from graphmer.corpora.simulate import simulate
from graphmer.corpora.splits import Fold
from graphmer.dialogue.standardise import Standardiser
from graphmer.experiment import Components, Run
from graphmer.experiment.components import FoldData
from graphmer.retrieval import InputEncoding, RetrievalEncoder
from graphmer.training.run_folder import RunFolder
from tests.experiment.tiny import Silent, config


class LeakyParts(Components):
    """One network a modality reads all dialogues, after it saw the labels of sessions 1 and 2 among them."""

    @cached_property
    def encoder(self) -> RetrievalEncoder:
        fitted = [d for d in self.corpus.dialogues if d.id not in self.folds[3].test]
        target = torch.cat([self.corpus.labels.encode(dialogue.emotion) for dialogue in fitted])
        encoder = RetrievalEncoder(self.corpus.widths, self.corpus.labels.outputs, parts=2)
        for column, modality in enumerate(self.modalities):
            network = encoder.network(column, 0)
            network.fit(torch.cat([dialogue.features[modality] for dialogue in fitted]), target, 220, 1)
            encoder.network(column, 1).load_state_dict(network.state_dict())
        return encoder

    def fold_data(self, fold: Fold, seed: int) -> FoldData:
        found = FoldData(fold, self.corpus, Standardiser.identity(self.corpus.widths))
        scale = Standardiser.fit(self.encoder(dialogue) for dialogue in found.plain_train)
        return replace(found, encoding=InputEncoding(self.encoder, scale))


def noise() -> Corpus:
    """Features and emotions are independent here; 600 utterances of four equally frequent emotions."""
    return simulate(
        4,
        prior=dict.fromkeys(("happy", "sad", "neutral", "angry"), 1.0),
        widths={"audio": 24, "text": 24},
        separation={"audio": 0.0, "text": 0.0},
        inertia=0.0,
        contagion=0.0,
        sessions=(10, 10, 10),
        turns=(20, 20),
        mean_turns=20,
    )


def accuracies(
    folder: Path, settings: Config, kind: Callable[[Config, Corpus], Components] = Components
) -> dict[tuple[str, str], tuple[float, int]]:
    """Accuracy and number of the turns of each fold, and of all, under each condition."""
    made = RunFolder.create(folder / "runs", "noise", dump_config(settings), {})
    run = Run(kind(settings, noise()), made, Fabric(accelerator="cpu"))
    run.train(Silent())
    right: dict[tuple[str, str], list[torch.Tensor]] = {}
    for (_, fold, condition), found in run.kept().items():
        hits = (found.output.argmax(dim=1) == found.target).float()
        for name in (fold, "all"):
            right.setdefault((name, condition), []).append(hits)
    joined = {key: torch.cat(parts) for key, parts in right.items()}
    return {key: (float(hits.mean()), len(hits)) for key, hits in joined.items()}


def settings_of(folder: Path, **changes: object) -> Config:
    return config(
        folder,
        training__batch_nodes=60,
        training__learning_rate=5e-3,
        training__stages=[{"name": "mixing", "objective": "mixing", "epochs": 12}],
        evaluation__rates=[],
        **changes,
    )


def error(count: int) -> float:
    """Standard error of the accuracy of guessing one of four."""
    return (0.25 * 0.75 / count) ** 0.5


def test_from_noise_nothing_can_be_learnt_with_everything_on(tmp_path):
    """The accuracy of every fold must be that of guessing, within 4 standard errors.

    Features from an encoder that saw the labels of the test part reach 0.73 so.
    """
    hardy = {
        "curriculum__teacher": {"width": 8, "epochs": 2},
        "curriculum__initial_fraction": 0.5,
        "retrieval": {"k": 3, "form": "graph"},
    }
    found = accuracies(tmp_path, settings_of(tmp_path, **hardy, encoder="both"))
    assert found.keys() == {(f, c) for f in ("1", "2", "3", "all") for c in ("a", "t", "at")}
    for accuracy, count in found.values():
        assert count in (200, 600)
        assert accuracy == pytest.approx(0.25, abs=4 * error(count))


def test_an_encoder_for_all_folds_would_be_caught(tmp_path):
    """Sessions whose labels it saw are far above chance; the one that it did not see is not."""
    found = accuracies(tmp_path, settings_of(tmp_path, encoder="input"), LeakyParts)
    for fold in ("1", "2", "all"):
        accuracy, count = found[fold, "at"]
        assert accuracy > 0.25 + 4 * error(count)
    accuracy, count = found["3", "at"]
    assert accuracy == pytest.approx(0.25, abs=4 * error(count))
