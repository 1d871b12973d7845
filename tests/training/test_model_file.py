import json

import pytest
import torch

from graphmer.dialogue import LabelSpace
from graphmer.dialogue.standardise import Standardiser
from graphmer.errors import CheckpointError
from graphmer.graph import GraphBuilder, SameSpeaker, TemporalWindow
from graphmer.nn.calibration import Calibration
from graphmer.nn.messages import MessagePassingSettings
from graphmer.training.model_file import TrainedModel, load_model, save_model
from tests.models import model_settings
from tests.talks import LABELS, WIDTHS, batched, ragged


def trained(width: int = 8, rules=None, labels: LabelSpace = LABELS) -> TrainedModel:
    torch.manual_seed(0)
    build = GraphBuilder(
        rules or {"near": TemporalWindow(2, None), "own": SameSpeaker()}, labels, causal=True
    )
    messages = MessagePassingSettings(width=8, depth=1, convolution="gatv2", heads=2)
    parts = {"block": "preln", "neighborhood_averages": (2.0, None), "message_passing": messages}
    settings = model_settings(WIDTHS, labels.outputs, build.relations, width=width, depth=1, **parts)
    standardiser = Standardiser.fit(ragged())
    return TrainedModel(
        settings.build().eval(), settings, labels, standardiser, build, {"fold": 1, "score": 0.7}
    )


def test_the_calibration_comes_back(tmp_path):
    before = trained()
    before.model.calibrate(Calibration(1.5, 0.5, 0.25))
    save_model(tmp_path, before)
    assert load_model(tmp_path).model.calibration == Calibration(1.5, 0.5, 0.25)


@pytest.mark.parametrize(
    "labels", [LabelSpace(LABELS.names, polarity={"happy": 1, "sad": -1}), LabelSpace(interval=(-3.0, 3.0))]
)
def test_a_model_comes_back_as_it_was(labels, tmp_path):
    before = trained(labels=labels)
    save_model(tmp_path, before)
    after = load_model(tmp_path)
    assert after.settings == before.settings
    assert after.labels == before.labels
    assert after.build.rules == before.build.rules
    assert after.build.relations == before.build.relations
    assert after.facts == before.facts
    assert not after.model.training
    plain = [dialogue.unlabelled() for dialogue in ragged()]
    said = [
        found.model(batched([found.standardiser(dialogue) for dialogue in plain], found.build)).logits
        for found in (before, after)
    ]
    assert torch.equal(*said)


def test_both_files_are_needed(tmp_path):
    with pytest.raises(CheckpointError, match=r"model.json: not there. Name a run folder"):
        load_model(tmp_path)
    save_model(tmp_path, trained())
    (tmp_path / "model.safetensors").unlink()
    with pytest.raises(CheckpointError, match=r"model.safetensors: no such checkpoint"):
        load_model(tmp_path)


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", '"text"', '{"model": 1}'])
def test_a_damaged_description_is_named(content, tmp_path):
    save_model(tmp_path, trained())
    (tmp_path / "model.json").write_text(content)
    with pytest.raises(CheckpointError, match=r"model.json: not a readable model description"):
        load_model(tmp_path)


@pytest.mark.parametrize("lost", ["labels", "model", "graph", "facts", "normalisation"])
def test_a_description_that_lacks_a_part_is_named(lost, tmp_path):
    save_model(tmp_path, trained())
    sidecar = json.loads((tmp_path / "model.json").read_text())
    del sidecar[lost]
    (tmp_path / "model.json").write_text(json.dumps(sidecar))
    with pytest.raises(CheckpointError, match=rf"model.json: not a readable model description.*{lost}"):
        load_model(tmp_path)


def test_damaged_weights_are_named(tmp_path):
    save_model(tmp_path, trained())
    path = tmp_path / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-10])
    with pytest.raises(CheckpointError, match=r"model.safetensors: not a readable graphmer checkpoint"):
        load_model(tmp_path)


def test_weights_of_another_model_are_refused(tmp_path):
    for name, width in (("one", 8), ("other", 16)):
        (tmp_path / name).mkdir()
        save_model(tmp_path / name, trained(width))
    (tmp_path / "one" / "model.safetensors").replace(tmp_path / "other" / "model.safetensors")
    with pytest.raises(CheckpointError, match=r"weights of another model than model.json describes"):
        load_model(tmp_path / "other")


def test_a_newer_format_is_refused(tmp_path):
    save_model(tmp_path, trained())
    sidecar = json.loads((tmp_path / "model.json").read_text())
    (tmp_path / "model.json").write_text(json.dumps({**sidecar, "format": sidecar["format"] + 1}))
    with pytest.raises(
        CheckpointError, match=r"format 4, this graphmer reads 3. Use the version that wrote it"
    ):
        load_model(tmp_path)


def test_a_rule_of_ones_own_must_be_given_again(tmp_path):
    def itself(dialogue):
        return torch.arange(len(dialogue)).expand(2, -1)

    before = trained(rules={"self": itself})
    save_model(tmp_path, before)
    with pytest.raises(ValueError, match="custom rule, 'self'"):
        load_model(tmp_path)
    assert load_model(tmp_path, {"self": itself}).build.relations == before.build.relations
