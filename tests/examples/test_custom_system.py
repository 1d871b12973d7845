"""The example of a foreign system, and what the shared parts do with it."""

import importlib.util
from pathlib import Path

import pytest
import torch

import graphmer as gm
from graphmer.errors import ConfigError
from graphmer.experiment import Run
from tests.talks import talk

SCRIPT = Path(__file__).parents[2] / "examples" / "custom_system.py"
SMALL = (
    "model={system: bigru, width: 8}",
    "data.simulation={dialogues: 10, widths: {audio: 12, text: 12}}",
    "training.stages=[{name: a, objective: pretrain, epochs: 1}, {name: b, objective: classify, epochs: 2}]",
    "training.batch_nodes=100",
)


@pytest.fixture(scope="module")
def example():
    spec = importlib.util.spec_from_file_location("custom_system", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def systems(example):
    return {**gm.SYSTEMS, "bigru": example.BIGRU}


def test_it_is_trained_evaluated_stored_loaded_and_predicts(example, systems, tmp_path, capsys):
    predicted = example.main(tmp_path, *SMALL)
    printed = capsys.readouterr().out
    assert all(f"SIMULATED {name}: WA" in printed for name in ("a", "t", "at", "rate:0.7"))
    folder = tmp_path / "bigru"
    losses = [record["losses"].keys() for record in Run.reopen(folder, systems=systems).folder.records()]
    assert [set(each) for each in losses] == [{"reconstruction"}, *[{"emotion", "reconstruction"}] * 2]
    again = gm.load(folder, systems=systems).predict(predicted.dialogue)
    assert again.router is None
    assert len(again.emotion) == len(predicted.emotion)


def test_heads_curriculum_and_distillation_work_with_it(systems, tmp_path):
    added = (
        "heads={decoder: chain, change: true}",
        "curriculum={distillation: 1.0, teacher: {width: 8, epochs: 1}}",
        "retrieval={k: 2}",
    )
    settings = ["name=bigru", "graph=none", "folds=[1]", *SMALL, *added]
    config = gm.load_config(SCRIPT.with_name("simulated.yaml"), settings, systems)
    run = gm.Run.begin(config, tmp_path, systems=systems)
    run.train()
    losses = run.folder.records()[-1]["losses"]
    assert set(losses) == {"emotion", "support", "chain", "change", "distillation", "reconstruction"}


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("causal=true", "The system bigru reads later turns; set `causal` to false"),
        ("graph={rules: {near: {rule: adjacent}}}", "the system bigru reads no `graph`; leave it out"),
        ("model={system: bigru, widht: 8}", "model.widht: unknown field. Did you mean 'width'?"),
        (
            "training.stages=[{name: a, objective: mixing, epochs: 1}]",
            "`training.stages.0.objective` must be one of the system's, pretrain, classify; got 'mixing'",
        ),
        (
            "training.stages=[{name: a, objective: pretrain, epochs: 1}]",
            "a `curriculum` needs a last stage with the objective classify; got pretrain",
        ),
    ],
)
def test_what_it_cannot_do_is_refused_in_one_line(setting, message, systems, tmp_path):
    settings = ["name=bigru", "graph=none", *SMALL, "curriculum.distillation=1.0", setting]
    with pytest.raises(ConfigError) as caught:
        config = gm.load_config(SCRIPT.with_name("simulated.yaml"), settings, systems)
        gm.Run.begin(config, tmp_path, systems=systems)
    (problem,) = caught.value.problems
    assert message in problem


def test_it_cannot_stream(example, systems, tmp_path):
    example.main(tmp_path, *SMALL)
    with pytest.raises(ValueError, match="The system bigru cannot stream; predict the whole dialogue"):
        gm.load(tmp_path / "bigru", systems=systems).stream()


def test_a_missing_modality_and_the_rest_of_the_batch_change_nothing(example):
    signature = gm.Signature(widths={"audio": 3, "text": 5, "video": 4}, outputs=4)
    network = example.GruNetwork(example.GruSettings(width=4), signature).eval()
    build = gm.GraphBuilder({})
    dialogue = talk("ABBA", ["at", "", "v", "atv"])
    alone = build(dialogue)
    before = network(alone).logits
    for column, modality in enumerate(signature.widths):
        alone[modality] = torch.where(alone.available[:, column, None], alone[modality], torch.nan)
    assert torch.equal(network(alone).logits, before)
    from torch_geometric.data import Batch

    batch = Batch.from_data_list([build(talk("ABABAB", id="long", seed=1)), build(dialogue)])
    torch.testing.assert_close(network(batch).logits[6:], before)
