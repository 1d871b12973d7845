import json
import re

import pytest
import torch

from graphmer.checksums import write_json
from graphmer.dialogue import LabelSpace
from graphmer.dialogue.standardise import Standardiser
from graphmer.errors import CheckpointError
from graphmer.graph import GraphBuilder, SameSpeaker, TemporalWindow
from graphmer.nn.calibration import Calibration
from graphmer.nn.messages import MessagePassingSettings
from graphmer.systems import SYSTEMS
from graphmer.training.model_file import TrainedModel, load_model, save_model
from tests.memory import limited_memory
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
    facts = {"fold": 1, "score": 0.7}
    system = SYSTEMS["graphmer"]
    return TrainedModel(settings.build().eval(), settings, labels, standardiser, build, facts, system)


def test_the_calibration_comes_back(tmp_path):
    before = trained()
    before.model.calibrate(Calibration(emotion=1.5, change=0.5, threshold=0.25))
    save_model(tmp_path, before)
    assert load_model(tmp_path).model.calibration == Calibration(emotion=1.5, change=0.5, threshold=0.25)


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


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", '"text"', '{"model": 1}', "[" * 100_000])
def test_a_damaged_description_is_named(content, tmp_path):
    save_model(tmp_path, trained())
    (tmp_path / "model.json").write_text(content)
    with pytest.raises(CheckpointError, match=r"model.json: not a (readable )?model description"):
        load_model(tmp_path)


def edited(folder, change) -> None:
    """Change the description and give it the checksum of its new content."""
    path = folder / "model.json"
    content = json.loads(path.read_text())
    change(content)
    del content["checksum"]
    write_json(path, content)


@pytest.mark.parametrize("lost", ["labels", "model", "graph", "facts", "normalisation", "weights"])
def test_a_description_that_lacks_a_part_is_named(lost, tmp_path):
    save_model(tmp_path, trained())
    edited(tmp_path, lambda content: content.pop(lost))
    with pytest.raises(CheckpointError, match=rf"model.json: {lost}: Field required. Train again"):
        load_model(tmp_path)


@pytest.mark.parametrize(
    ("where", "value", "message"),
    [
        (
            ("model", "network", "width"),
            -8,
            "model.network.width: Input should be greater than or equal to 1",
        ),
        (("model", "network", "system"), "no system", "model.network: `system` must be one of"),
        (("model", "network", "colour"), 1, "model.network.colour: Extra inputs are not permitted"),
        (("calibration", "emotion"), 0.0, "calibration.emotion: Input should be greater than 0"),
        (("labels", "names"), "happy", "labels.names: Input should be a valid tuple"),
        (("graph", "causal"), "perhaps", "graph.causal: Input should be a valid boolean"),
        (
            ("normalisation", "mean"),
            {"text": ["a"]},
            "normalisation.mean.text.0: Input should be a valid number",
        ),
        (("normalisation", "mean"), {"text": [0.0]}, "`normalisation.mean` must have the widths"),
        (("normalisation", "deviation"), {"text": [0.0]}, "normalisation.deviation.text.0: Input should be"),
        (("labels", "names"), ["happy"], "`labels` must be of the 4 outputs of the network; got 1"),
        (("graph", "rules"), {"far": {"rule": "adjacent"}}, "`graph.rules` must make the relations of the"),
        (("calibration", "bias"), [0.1], "`calibration.bias` must be of the 4 outputs of the network; got 1"),
        (("normalisation", "deviation"), {}, "`normalisation.deviation` must have the widths"),
    ],
)
def test_a_description_is_read_by_its_schema(where, value, message, tmp_path):
    save_model(tmp_path, trained())

    def change(content) -> None:
        *sections, field = where
        for section in sections:
            content = content[section]
        content[field] = value

    edited(tmp_path, change)
    with pytest.raises(CheckpointError, match=re.escape(f"model.json: {message}")):
        load_model(tmp_path)


SIZES = {
    "wide": lambda network: network.update(width=16_384),
    "deep": lambda network: network.update(width=512, depth=100),
}


@pytest.mark.parametrize("change", SIZES.values(), ids=SIZES)
def test_nothing_is_allocated_for_other_sizes_than_those_of_the_weights(change, tmp_path):
    save_model(tmp_path, trained())
    edited(tmp_path, lambda content: change(content["model"]["network"]))
    with (
        limited_memory(2**28),
        pytest.raises(CheckpointError, match=r"holds the weights of another model than model.json describes"),
    ):
        load_model(tmp_path)


def test_no_character_of_a_description_changes_unnoticed(tmp_path):
    """One letter or digit in a hundred is replaced by another, each in a copy of its own."""
    save_model(tmp_path, trained())
    path = tmp_path / "model.json"
    text = path.read_text()
    places = [n for n, character in enumerate(text) if character.isalnum()][::50]
    for place in places:
        other = "7" if text[place] != "7" else "3"
        path.write_text(text[:place] + other + text[place + 1 :])
        with pytest.raises(CheckpointError, match=r"model\.json: "):
            load_model(tmp_path)
    assert len(places) > 20


@pytest.mark.parametrize("place", [20, 1000, -10])
def test_a_flipped_byte_in_the_weights_is_noticed(place, tmp_path):
    save_model(tmp_path, trained())
    path = tmp_path / "model.safetensors"
    content = bytearray(path.read_bytes())
    content[place] ^= 1
    path.write_bytes(content)
    with pytest.raises(
        CheckpointError, match=r"model.safetensors: its checksum is not the one in model.json"
    ):
        load_model(tmp_path)


def test_weights_of_another_model_are_refused(tmp_path):
    for name, width in (("one", 8), ("other", 16)):
        (tmp_path / name).mkdir()
        save_model(tmp_path / name, trained(width))
    (tmp_path / "one" / "model.safetensors").replace(tmp_path / "other" / "model.safetensors")
    with pytest.raises(CheckpointError, match=r"damaged or replaced. Restore both files from the same run"):
        load_model(tmp_path / "other")


def test_a_description_of_another_model_is_refused(tmp_path):
    save_model(tmp_path, trained())
    edited(tmp_path, lambda content: content["model"]["network"].update(width=16))
    with pytest.raises(CheckpointError, match=r"weights of another model than model.json describes"):
        load_model(tmp_path)


def test_another_format_is_refused(tmp_path):
    save_model(tmp_path, trained())
    edited(tmp_path, lambda content: content.update(format=3))
    with pytest.raises(
        CheckpointError, match=r"format 3, this graphmer reads 5. Use the version that wrote it"
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
