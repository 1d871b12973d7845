"""What every model must satisfy, whatever it is made of."""

import copy
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from lightning_fabric import Fabric

from graphmer.config.load import checked, dump_config
from graphmer.corpora.simulate import SimulatedCorpus, simulate
from graphmer.dialogue import Dialogue, RandomSets, Utterance
from graphmer.dialogue.standardise import Standardiser
from graphmer.evaluation.predictions import Predictions
from graphmer.experiment import Components, Run
from graphmer.graph.dataset import GraphDataset, batches
from graphmer.inference import Predictor
from graphmer.nn.messages import CONVOLUTIONS
from graphmer.nn.targets import TrainingTargets
from graphmer.systems import SYSTEMS
from graphmer.systems.experts import mixing_loss, unimodal_loss
from graphmer.training.checkpoint import load_tensors
from graphmer.training.model_file import load_model, save_model
from graphmer.training.run_folder import RunFolder
from tests.properties.made import CANNOT, CAUSAL, MODELS, STREAMING, fit, over, said, sized, weights
from tests.talks import WIDTHS, batched, ragged, talk

HERE = Path(__file__).parents[2]
FIRST = tuple(
    f"network.{part}"
    for part in ("mixture.pro", "mixture.experts", "unimodal_heads", "neighborhood_averages")
)
"""What the first stage trains."""
# a causal network that does not stream reads single turns: asked to be causal, it is no other one
every_model = over({**MODELS, **STREAMING})


def test_every_system_is_among_the_models():
    assert {made.declared.name for made in MODELS.values()} == set(SYSTEMS)


def test_exceptions_are_of_tests_that_exist():
    assert all(callable(globals()[name]) for name in CANNOT)


def assert_same(one: torch.Tensor, other: torch.Tensor) -> None:
    torch.testing.assert_close(one, other, rtol=1e-5, atol=1e-5)


@every_model
def test_features_of_a_modality_that_is_not_available_change_nothing(made):
    model = made.model()
    before = batched(ragged(), made.build)
    for garbage in (1e6, float("nan")):
        after = copy.copy(before)
        for column, modality in enumerate(WIDTHS):
            hidden = ~before.available[:, column, None]
            after[modality] = torch.where(hidden, garbage, before[modality])
        assert torch.equal(model(after).logits, model(before).logits)


@every_model
def test_a_dialogue_is_read_the_same_whatever_it_is_batched_with(made):
    model, build, dialogues = made.model(), made.build, ragged()
    together = said(model, build, *dialogues).split([len(dialogue) for dialogue in dialogues])
    others = [talk("CBA" * 5, id="long", seed=8), talk("A", id="short", seed=9)]
    for dialogue, found in zip(dialogues, together, strict=True):
        assert_same(said(model, build, dialogue), found)
        assert_same(said(model, build, others[0], dialogue, others[1])[15 : 15 + len(dialogue)], found)


@over(CAUSAL)
def test_with_no_future_nothing_depends_on_later_turns(made):
    model, build = made.model(), made.build
    has = ["at", "", "v", "atv", "t", "a", "atv"]
    whole = talk("ABBABAB", has, seed=1)
    other = talk("ABBABAB", ["atv"] * 7, seed=2)
    expected = said(model, build, whole)
    for now in range(1, 7):
        assert_same(said(model, build, talk("ABBABAB"[:now], has[:now], seed=1)), expected[:now])
        later = torch.arange(7)[:, None] >= now
        features = {m: torch.where(later, other.features[m], whole.features[m]) for m in WIDTHS}
        changed = replace(whole, features=features, available=whole.available | later)
        assert_same(said(model, build, changed)[:now], expected[:now])
        assert not torch.allclose(said(model, build, changed)[now:], expected[now:], atol=1e-4)


@over(STREAMING)
def test_a_dialogue_that_goes_on_is_read_as_the_whole_one(made):
    dialogue = talk("ABBACAB", ["at", "", "v", "atv", "t", "a", "atv"], seed=1).unlabelled()
    predictor = Predictor(made.trained(Standardiser.identity(WIDTHS)))
    whole = predictor.predict(dialogue)
    stream = predictor.stream()
    for turn, name in enumerate("ABBACAB"):
        there = zip(dialogue.features.items(), dialogue.available[turn], strict=True)
        said = stream.append(Utterance(name, {m: rows[turn] for (m, rows), is_there in there if is_there}))
        assert said.emotion == whole.emotion[turn]
        assert_same(torch.tensor(list(said.probability.values())), whole.probability[turn])
        change = torch.nan if said.change is None else said.change
        torch.testing.assert_close(torch.tensor(change), whole.change[turn], equal_nan=True)


@every_model
def test_renaming_speakers_changes_nothing(made):
    has = ["atv", "a", "", "tv", "v"]
    model, build = made.model(), made.build
    dialogue = talk("ABACB", has)
    expected = said(model, build, dialogue)
    for names in ("BABCA", "zyzay", ["Ann", "Bob", "Ann", "Cid", "Bob"]):
        assert torch.equal(said(model, build, talk(names, has)), expected)
    numbered = replace(dialogue, speakers=("C", "B", "A"), speaker=2 - dialogue.speaker)
    assert_same(said(model, build, numbered), expected)


@over({name: MODELS[name] for name in CONVOLUTIONS})
def test_who_speaks_matters_to_a_graph(made):
    model, build = made.model(), made.build
    assert not torch.allclose(said(model, build, talk("ABACB")), said(model, build, talk("AABBC")), atol=1e-4)


def answers(folder: str) -> dict[str, torch.Tensor]:
    """What each saved model says of the same dialogues."""
    found = {}
    for path in sorted(Path(folder).iterdir()):
        trained = load_model(path)
        found[path.name] = said(trained.model, trained.build, *map(trained.standardiser, ragged())).detach()
    return found


def test_a_new_process_with_another_hash_seed_says_the_same(tmp_path):
    """All models in one new process, which takes seconds to start."""
    expected = {}
    standardiser = Standardiser.fit(ragged())
    for name, made in {**MODELS, **STREAMING}.items():
        folder = tmp_path / "models" / name
        folder.mkdir(parents=True)
        save_model(folder, made.trained(standardiser))
        expected[name] = said(made.model(), made.build, *map(standardiser, ragged()))
    code = (
        "import sys, torch; from tests.properties.test_properties import answers; "
        "torch.save(answers(sys.argv[1]), sys.argv[2])"
    )
    env = {**os.environ, "PYTHONHASHSEED": "777", "PYTHONPATH": str(HERE)}
    arguments = [str(tmp_path / "models"), str(tmp_path / "said")]
    subprocess.run([sys.executable, "-c", code, *arguments], check=True, env=env)
    found = torch.load(tmp_path / "said")
    assert {name for name in expected if not torch.equal(found[name], expected[name])} == set()


@every_model
def test_restoring_the_best_epoch_restores_its_weights(made):
    seen = []

    def falling(model) -> float:
        seen.append(copy.deepcopy(model.state_dict()))
        return -len(seen)

    kept = fit(made, 1, falling)
    assert len(seen) > 1
    assert all(torch.equal(kept[name], seen[0][name]) for name in kept)
    assert not all(torch.equal(kept[name], seen[1][name]) for name in kept)


@every_model
def test_the_same_seed_gives_the_same_result(made):
    one, again = weights(made, 1), fit(made, 1, lambda model: 0.0)
    assert all(torch.equal(one[name], again[name]) for name in one)


@every_model
def test_another_seed_gives_another_result(made):
    one, other = weights(made, 1), weights(made, 2)
    assert not all(torch.equal(one[name], other[name]) for name in one)


@every_model
def test_another_seed_gives_other_batches_and_hides_something_else(made):
    part = GraphDataset([talk("AB" * 5, id=str(n), seed=n) for n in range(8)], made.build)

    def seen(seed: int):
        graphs = part.masked(RandomSets(), seed)
        generator = torch.Generator().manual_seed(seed)
        return [(tuple(chosen), batch.available.tolist()) for chosen, batch in batches(graphs, 20, generator)]

    assert seen(1) == seen(1)
    assert [chosen for chosen, _ in seen(1)] != [chosen for chosen, _ in seen(2)]
    assert sorted(map(str, seen(1))) != sorted(map(str, seen(2)))


@every_model
def test_every_parameter_gets_a_gradient_in_the_stage_that_trains_it(made):
    model = made.model()
    batch = batched(ragged(), made.build)
    recorded = batch.available
    # one turn in four is hidden, and of three other ones a modality each
    batch.available = batch.available & (torch.arange(17) % 4 > 0)[:, None]
    batch.available[[9, 7, 3], [0, 1, 2]] = False
    batch.emotion = torch.arange(17) % 4

    def without_gradient(loss, seen) -> set[str]:
        graph = copy.copy(batch)
        graph.available = seen
        model.zero_grad()
        loss(model, graph, TrainingTargets()).total.backward()
        # what is added to all keys of a softmax has a gradient of zero by its nature
        return {
            name
            for name, p in model.named_parameters()
            if p.grad is None or not (p.grad.any() or name.endswith("lin_key.bias"))
        }

    if made.system not in (None, "hardymer"):  # which has momke's network
        assert made.stages
        for stage in made.stages:
            trained = stage.objective.trains or ("",)
            seen = recorded if stage.name in COMPLETE[made.system] else batch.available
            missed = without_gradient(stage.objective.loss, seen)
            assert not {name for name in missed if name.startswith(trained)}
        return
    names = {name for name, _ in model.named_parameters()}
    first = {name for name in names if name.startswith(FIRST)}
    assert without_gradient(unimodal_loss, batch.available) == names - first
    assert without_gradient(mixing_loss, batch.available) == {
        name for name in names if "unimodal_heads" in name
    }


COMPLETE = {
    name: [stage.objective for stage in system.stages if stage.mask == "complete"]
    for name, system in SYSTEMS.items()
}
"""Objectives of the stages of a system that are trained on complete turns."""


class Silent:
    def on_fold_start(self, fold: int, seed: int, epochs: int) -> None: ...

    def on_epoch_end(self, fold: int, seed: int, epoch) -> None: ...

    def on_fold_end(self, fold: int, seed: int) -> None: ...


def corpus() -> SimulatedCorpus:
    widths = {"audio": 12, "text": 12, "video": 12}
    return simulate(0, sessions=(3, 3, 3), turns=(2, 6), mean_turns=4, widths=widths)


def trained_on(found: SimulatedCorpus, system: Mapping[str, Any], folder: Path) -> Path:
    """Folder of the one fold that is trained."""
    described = {
        "name": "tiny",
        "data": {"format": "simulated"},
        **system,
        "training": {"learning_rate": 0.01, "batch_nodes": 12, **system.get("training", {})},
        "evaluation": {"conditions": ["a", "atv"], "rates": [0.5]},
        "folds": [1],
    }
    config = checked(described, "tiny", folder)
    run = RunFolder.create(folder, config.name, dump_config(config), {})
    Run(Components(config, corpus=found), run, Fabric(accelerator="cpu", devices=1)).train(Silent())
    return run.fold(1, 1)


def short(name: str) -> dict[str, Any]:
    """A small network of a system, and its own stages with one epoch each, the last one with three."""
    system = SYSTEMS[name]
    described: dict[str, Any] = {"model": {"system": name, **sized(system), **SMALLER.get(name, {})}}
    if system.uses_graph:
        described["graph"] = {"rules": {"near": {"rule": "window", "past": 1, "future": 1}}}
    if system.curriculum is not None:
        described["curriculum"] = {"teacher": {"width": 8, "depth": 1, "epochs": 1}}
    epochs = [1] * (len(system.stages) - 1) + [3]
    stages = [{**dict(stage), "epochs": n} for stage, n in zip(system.stages, epochs, strict=False)]
    return {**described, "training": {"stages": stages} if stages else {}}


SMALLER = {
    "momke": {"depth": 1},
    "graphmer": {"depth": 1, "message_passing": {"width": 8, "depth": 1}},
    "hardymer": {"depth": 1},
    "imder": {"steps": 3},
    "gsdnet_style": {"steps": 3},
}
"""Settings that make a system small, besides its width."""
TRAINED_SYSTEMS = {name: short(name) for name in SYSTEMS}


@pytest.mark.parametrize("system", TRAINED_SYSTEMS.values(), ids=TRAINED_SYSTEMS)
def test_training_never_reads_the_labels_or_features_of_the_test_part(system, tmp_path):
    honest = corpus()
    generator = torch.Generator().manual_seed(0)
    names = honest.labels.names

    def scrambled(dialogue: Dialogue) -> Dialogue:
        if dialogue.session != "1":
            return dialogue
        emotion = tuple(names[(names.index(str(name)) + 1) % 4] for name in dialogue.emotion)
        noise = {m: torch.randn(rows.shape, generator=generator) for m, rows in dialogue.features.items()}
        return replace(dialogue, emotion=emotion, features=noise)

    other = replace(honest, dialogues=tuple(map(scrambled, honest.dialogues)))
    one, two = (trained_on(found, system, tmp_path) for found in (honest, other))
    (weights, _), (again, _) = (load_tensors(path / "model.safetensors") for path in (one, two))
    assert all(torch.equal(weights[name], again[name]) for name in weights)
    assert load_model(one).facts == load_model(two).facts
    targets = [Predictions.load(path / "predictions" / "atv.npz").target for path in (one, two)]
    assert not torch.equal(*targets)
