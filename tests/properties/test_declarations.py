"""What the systems declare of themselves, tried."""

import importlib

import pytest
import torch

from graphmer.dialogue.standardise import Standardiser
from graphmer.graph import GraphBuilder
from graphmer.inference import Predictor
from graphmer.systems import SYSTEMS
from tests.properties.made import RULES, SCORES, Made, fit, over, said
from tests.talks import LABELS, WIDTHS, batched, ragged, talk

ALL = {name: Made(system=name) for name in SYSTEMS}
LATER = {name: made for name, made in ALL.items() if not made.declared.causal}
TARGETS = {"classes": LABELS, "scores": SCORES}
SAMPLERS = [name for name, system in SYSTEMS.items() if "noise_seed" in system.settings.model_fields]


@over(LATER)
def test_a_system_that_declares_to_read_later_turns_does_and_refuses_to_be_causal(made):
    model, build = made.model(), made.build
    whole = said(model, build, talk("ABBA"))
    assert not torch.allclose(said(model, build, talk("ABB")), whole[:3], atol=1e-5)
    with pytest.raises(ValueError, match=f"The system {made.system} reads later turns"):
        Made(settings={"causal": True}, system=made.system).model()


@over(ALL)
def test_edges_matter_to_those_systems_that_declare_to_read_them(made):
    model, dialogue = made.model(), talk("ABBA")
    found = model(batched([dialogue], GraphBuilder(RULES, LABELS))).logits
    bare = batched([dialogue], GraphBuilder(RULES, LABELS))
    bare.edge_index, bare.edge_type = bare.edge_index[:, :0], bare.edge_type[:0]
    assert torch.allclose(found, model(bare).logits, atol=1e-6) != made.declared.uses_graph


@over(ALL)
def test_systems_that_declare_to_stream_can_be_causal_and_have_a_cache(made):
    assert hasattr(made.model().network, "new_cache") == made.declared.streams
    assert made.declared.causal >= made.declared.streams


@pytest.mark.parametrize(
    ("name", "kind"), [(n, k) for n, system in SYSTEMS.items() for k in TARGETS if getattr(system, k)]
)
def test_a_system_learns_the_targets_that_it_declares(name, kind):
    made = Made(system=name, labels=TARGETS[kind])
    before = {key: value.clone() for key, value in made.model().state_dict().items()}
    after = fit(made, 1, lambda model: 0.0)
    assert all(value.isfinite().all() for value in after.values() if value.is_floating_point())
    model = made.model()
    model.load_state_dict(after)
    logits = model(batched(made.dialogues(ragged()), made.build)).logits
    assert logits.shape == (17, made.labels.outputs)
    assert logits.isfinite().all()
    if made.declared.fit is None:
        assert not all(torch.equal(before[key], after[key]) for key in after)


@over({name: made for name, made in ALL.items() if made.declared.what_if})
def test_a_system_predicts_without_some_modalities_if_it_declares_so(made):
    dialogue = talk("ABBA", ["atv", "at", "tv", "av"]).unlabelled()
    found = Predictor(made.trained(Standardiser.identity(WIDTHS))).what_if(dialogue)
    assert set(found.under) == {"nothing", "a", "t", "v", "at", "av", "tv", "atv"}
    for prediction in found.under.values():
        torch.testing.assert_close(prediction.probability.sum(dim=1), torch.ones(4))
    probability = [found.under[name].probability for name in ("a", "t", "atv")]
    assert not torch.allclose(probability[0], probability[1])
    assert not torch.allclose(probability[1], probability[2])


def test_the_samplers_are_those_with_a_seed_of_their_noise():
    assert SAMPLERS == ["imder", "gsdnet_style"]


@pytest.mark.parametrize("name", SAMPLERS)
def test_a_sampler_predicts_the_same_twice_and_otherwise_with_another_seed_of_its_noise(name):
    models = [Made(settings={"noise_seed": seed}, system=name).model() for seed in (0, 0, 1)]
    assert all(
        torch.equal(one, other)
        for one, other in zip(models[0].parameters(), models[2].parameters(), strict=True)
    )
    graph = batched(ragged(), Made(system=name).build)
    torch.manual_seed(0)
    first = models[0](graph).logits
    again = models[0](graph).logits
    assert torch.equal(first, again)
    assert torch.equal(first, models[1](graph).logits)
    assert not torch.allclose(first, models[2](graph).logits, atol=1e-4)
    complete = batched([talk("ABBA")], Made(system=name).build)
    torch.testing.assert_close(models[0](complete).logits, models[2](complete).logits)


@pytest.mark.parametrize("name", SAMPLERS)
def test_the_beginning_of_a_dialogue_is_sampled_from_the_same_noise(name, monkeypatch):
    module, seen = importlib.import_module(f"graphmer.systems.{name}"), []
    sample = module.euler_maruyama

    def recorded(process, score, noise):
        seen.append(noise)
        return sample(process, score, noise)

    monkeypatch.setattr(module, "euler_maruyama", recorded)
    made, has = Made(system=name), ["t", "a", "v", "at", "", "v"]
    model = made.model()
    noise = {}
    for turns in (6, 3):
        seen.clear()
        model(batched([talk("ABBABA"[:turns], has[:turns])], made.build))
        noise[turns] = [*seen]
    assert noise[6]
    for whole, beginning in zip(noise[6], noise[3], strict=True):
        assert torch.equal(whole[:, : beginning.shape[1]], beginning)
