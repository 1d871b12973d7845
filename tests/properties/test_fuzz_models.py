"""Model files come back as they were; damaged and edited ones are refused or work."""

import json
import tempfile
from pathlib import Path

import pytest
import torch
from hypothesis import strategies as st

from graphmer.checksums import KEY, write_json
from graphmer.dialogue import LabelSpace
from graphmer.dialogue.standardise import Standardiser
from graphmer.errors import GraphmerError
from graphmer.graph import GraphBuilder, SameSpeaker, TemporalWindow
from graphmer.inference import Predictor
from graphmer.nn.calibration import Calibration
from graphmer.nn.messages import MessagePassingSettings
from graphmer.retrieval import InputEncoding, RetrievalMemory
from graphmer.systems import SYSTEMS
from graphmer.training.model_file import TrainedModel, load_model, save_model
from tests.models import model_settings
from tests.properties.mutations import altered, damaged, fuzz, names, survives
from tests.talks import LABELS, ragged, talk

pytestmark = pytest.mark.fuzz

NEAR = TemporalWindow(2, 1)
MESSAGES = MessagePassingSettings(width=4, depth=1, heads=2)
SMALL = {"width": 4, "depth": 1}


def described() -> TrainedModel:
    """A model with each optional part of a description: encoding, retrieval memory, decoder."""
    torch.manual_seed(0)
    build = GraphBuilder({"near": NEAR, "own": SameSpeaker()}, LABELS)
    standardiser = Standardiser.fit(ragged())
    plain = [standardiser(dialogue) for dialogue in ragged()]
    encoding = InputEncoding.fit(plain, LABELS, seed=0)
    encoded = [encoding(dialogue) for dialogue in plain]
    relations = build.relations
    memory = RetrievalMemory.of(encoded, "l2", neighbours=2, relation=len(relations))
    settings = model_settings(
        encoding.encoder.widths,
        LABELS.outputs,
        (*relations, "support/retrieved"),
        decoder="chain",
        message_passing=MESSAGES,
        **SMALL,
    )
    facts = {"fold": 1, "seed": 1, "simulated": False}
    model = settings.build().eval()
    model.retrieval_memory = memory
    return TrainedModel(
        model, settings, LABELS, standardiser, build, facts, SYSTEMS["graphmer"], encoding, memory
    )


def predicted(trained: TrainedModel) -> torch.Tensor:
    chat = talk("ABA", ["at", "v", ""], id="new", seed=9, widths=trained.widths).unlabelled()
    return Predictor(trained).predict(chat).probability


@pytest.fixture(scope="module")
def model():
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        save_model(folder, described())
        yield folder, {name: (folder / name).read_bytes() for name in ("model.json", "model.safetensors")}


@fuzz("round trip")
def test_models_of_any_shape_come_back_as_they_were(data):
    widths = data.draw(st.dictionaries(st.sampled_from(["a", "t", "v", "w"]), st.integers(1, 5), min_size=1))
    classes = data.draw(st.lists(names, min_size=2, max_size=4, unique_by=str.casefold))
    labels = data.draw(st.sampled_from([LabelSpace(interval=(-3.0, 3.0)), LabelSpace(tuple(classes))]))
    rules = (
        {data.draw(st.from_regex(r"[a-z]{1,5}", fullmatch=True)): NEAR} if data.draw(st.booleans()) else {}
    )
    build = GraphBuilder(rules, labels)
    messages = MESSAGES if rules else None
    settings = model_settings(
        widths,
        labels.outputs,
        build.relations,
        message_passing=messages,
        decoder="none" if labels.is_score else data.draw(st.sampled_from(["none", "chain"])),
        **SMALL | {"block": data.draw(st.sampled_from(["preln", "reference"]))},
    )
    facts = data.draw(st.dictionaries(names, st.one_of(st.none(), st.integers(), names), max_size=3))
    system = SYSTEMS[settings.network.system]
    numbers = {m: torch.rand(width) + 0.5 for m, width in widths.items()}
    before = TrainedModel(
        settings.build().eval(), settings, labels, Standardiser(numbers, numbers), build, facts, system
    )
    before.model.calibrate(Calibration(emotion=data.draw(st.floats(0.1, 10))))
    with tempfile.TemporaryDirectory() as name:
        save_model(Path(name), before)
        after = load_model(Path(name))
    assert after.settings == before.settings
    assert after.labels == before.labels
    assert after.facts == before.facts
    assert after.build.rules == before.build.rules
    assert torch.equal(predicted(after), predicted(before))


@fuzz("mutation")
def test_damaged_model_files(data, model):
    folder, whole = model
    name = data.draw(st.sampled_from(sorted(whole)))
    content = data.draw(damaged(whole[name]))
    for other, before in whole.items():
        (folder / other).write_bytes(content if other == name else before)
    if content != whole[name]:
        with pytest.raises(GraphmerError):
            load_model(folder)


@fuzz("mutation")
def test_descriptions_of_other_content(data, model):
    folder, whole = model
    (folder / "model.safetensors").write_bytes(whole["model.safetensors"])
    content = {key: value for key, value in json.loads(whole["model.json"]).items() if key != KEY}
    try:
        write_json(folder / "model.json", data.draw(altered(content)))
    except ValueError:  # NaN, which it does not write
        return
    survives(lambda: predicted(load_model(folder)))


@pytest.mark.parametrize(
    ("field", "value"), [("relation", 2**70), ("relation", 50), ("metric", {"audio": "l2"})]
)
def test_supports_for_another_network_are_refused(field, value, model):
    folder, whole = model
    (folder / "model.safetensors").write_bytes(whole["model.safetensors"])
    content = {key: each for key, each in json.loads(whole["model.json"]).items() if key != KEY}
    content["supports"][field] = value
    write_json(folder / "model.json", content)
    with pytest.raises(GraphmerError, match=f"`supports.{field}` must"):
        load_model(folder)
