"""Training with damage, and the estimate of reliability, from configuration to prediction."""

import json

import pytest
import torch

from graphmer.errors import ConfigError
from graphmer.inference import load
from tests.experiment.tiny import Silent, begin, config, write_corpus

TOGETHER = {
    "training__damage": {"share": 0.5},
    "model__reliability": 0.5,
    "model__realign": 1,
    "model__denoise": True,
}


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("damage")
    begun = begin(folder, write_corpus(folder / "corpus"), folds=[1], **TOGETHER)
    begun.train(Silent())
    return begun


def test_the_losses_of_the_last_stage_have_that_of_the_estimate(run):
    epochs = [json.loads(line) for line in (run.folder.path / "log.jsonl").read_text().splitlines()]
    assert "reliability" not in epochs[0]["losses"]
    assert all(0 < epoch["losses"]["reliability"] < 2 for epoch in epochs[1:])


def test_a_prediction_has_the_reliability_of_what_is_available(run):
    dialogue = run.components.corpus.dialogues[0]
    found = load(run.folder.path).predict(dialogue).reliability
    assert torch.equal(found.isnan(), ~dialogue.available)
    assert ((found >= 0) & (found <= 1))[dialogue.available].all()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"model__reliability": 0.5}, "`model.reliability` learns from `training.damage`"),
        ({"training__damage": {"kinds": []}}, "training.damage.kinds"),
        ({"training__damage": {"kinds": ["nois"]}}, "training.damage.kinds"),
        ({"training__damage": {}, "curriculum": {}}, "a `curriculum` reads features as they are"),
        ({"training__damage": {}, "encoder": "input"}, "would read clean features before `training.damage`"),
    ],
)
def test_what_does_not_fit_together_is_one_clear_line(tmp_path, changes, message):
    corpus = write_corpus(tmp_path / "corpus")
    with pytest.raises(ConfigError, match=message):
        config(tmp_path, corpus, **changes)


def test_a_causal_model_cannot_be_realigned(tmp_path):
    corpus = write_corpus(tmp_path / "corpus")
    with pytest.raises(ConfigError, match="model: `realign` reads later turns"):
        begin(tmp_path, corpus, **TOGETHER, causal=True)


def test_a_model_that_estimates_reliability_does_not_stream(tmp_path):
    settings = {**TOGETHER, "model__realign": 0, "causal": True}
    begun = begin(tmp_path, write_corpus(tmp_path / "corpus"), folds=[1], **settings)
    begun.train(Silent())
    with pytest.raises(ValueError, match="A model that estimates reliability cannot stream"):
        load(begun.folder.path).stream()


def test_training_without_damage_draws_no_damage(tmp_path):
    begun = begin(tmp_path, write_corpus(tmp_path / "corpus"), folds=[1])
    assert not hasattr(begun.components.stages[-1].mask, "damage")
