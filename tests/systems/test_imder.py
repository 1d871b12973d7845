"""IMDer: its diffusion and stages, its parameters, and the promises of every system."""

import copy
from pathlib import Path

import pytest
import torch

import graphmer as gm
from graphmer.errors import ConfigError
from graphmer.graph import GraphBuilder
from graphmer.nn.model import EmotionModel
from graphmer.nn.network import Signature
from graphmer.nn.targets import TrainingTargets
from graphmer.systems.imder import (
    IMDER,
    TURNS,
    Imagination,
    ImderNetwork,
    ImderSettings,
    complete_loss,
    diffusion_loss,
    diffusion_losses,
)
from graphmer.systems.model import ModelSettings
from tests.talks import LABELS, WIDTHS, batched, ragged, talk

ROOT = Path(__file__).parents[2]
BUILD = GraphBuilder({}, LABELS)
SHARED = {"audio": 512, "text": 1024, "video": 1024}
SMALL = {"width": 8, "hidden": 12, "steps": 5, "dropout": 0.0}


def model(outputs: int = 4, *, causal: bool = False, **settings) -> EmotionModel:
    torch.manual_seed(0)
    described = {
        "network": {"system": "imder", **SMALL, **settings},
        "signature": {"widths": WIDTHS, "outputs": outputs, "causal": causal},
    }
    return ModelSettings.model_validate(described).build().eval()


def test_it_has_the_parameters_of_its_parts():
    """The released 13.0 million are U-Nets and attention over sequences; here all parts read vectors."""
    signature = Signature(widths=SHARED, outputs=1)
    with torch.device("meta"):
        made = ImderNetwork(ImderSettings(), signature)
    w, h, joint, time = 128, 256, 3 * 128, 64
    extractors = sum(SHARED.values()) * w + 3 * w
    score = (2 * w * h + h) + 2 * (time * 2 * h + 2 * h) + 2 * (h * h + h) + (h * w + w)
    imagination = (2 * (w + 1) * w + w) + score + (2 * w + 2 * w * w + 2 * w + 2 * w * w + w)
    layer = 2 * 2 * w + (3 * w * w + 3 * w) + (w * w + w) + (2 * w * w + 2 * w) + (2 * w * w + w)
    fusion = 3 * w + 2 * layer + 2 * w
    classifier = 2 * (joint * joint + joint) + joint + 1
    expected = extractors + 3 * imagination + fusion + classifier
    assert expected == 2_078_209
    assert sum(parameter.numel() for parameter in made.parameters()) == expected


def test_embeddings_have_the_size_that_the_noise_is_made_for():
    embeddings = model().network.embed(batched([talk("ABBA")], BUILD))
    torch.testing.assert_close(embeddings.mean(dim=2), torch.zeros(4, 3), rtol=0, atol=1e-5)
    torch.testing.assert_close(embeddings.square().mean(dim=2), torch.ones(4, 3), rtol=0, atol=1e-3)


def test_what_is_available_is_kept_and_what_is_not_is_sampled_and_refined():
    network = model().network
    graph = batched([talk("ABBA", ["atv", "at", "", "v"])], BUILD)
    embeddings = network.embed(graph)
    completed = network.imagine(embeddings, graph.available, graph.position)
    assert torch.equal(completed[graph.available], embeddings[graph.available])
    for turn, m in (~graph.available).nonzero().tolist():
        rows = torch.tensor([turn])
        condition = network.conditions(m, embeddings, graph.available, rows)
        noise = network.noise[m][:, :, turn : turn + 1]
        sampled = network.imaginations[network.modalities[m]](condition, noise)
        torch.testing.assert_close(completed[turn, m], sampled[0])


def test_complete_utterances_need_no_sample():
    made, graph = model(), batched([talk("ABBA")], BUILD)
    made.network.noise.fill_(torch.nan)
    assert made(graph).logits.isfinite().all()


def test_the_noise_of_a_turn_depends_on_its_number_and_the_seed():
    has = ["a"] * (TURNS + 2)
    graph = batched([talk("A" * len(has), has)], BUILD)
    for modality in WIDTHS:
        graph[modality] = graph[modality][:1].expand(len(has), -1)
    logits = model().network(graph).logits
    assert not torch.allclose(logits[0], logits[1], atol=1e-4)
    torch.testing.assert_close(logits[0], logits[TURNS])
    torch.testing.assert_close(model().network(graph).logits, logits)
    assert not torch.allclose(model(noise_seed=1).network(graph).logits, logits, atol=1e-4)


@pytest.mark.parametrize("shared", [True, False])
def test_noise_of_data_and_condition_is_the_same_only_if_asked_for(shared):
    seen = []
    torch.manual_seed(0)
    imagination = Imagination(2, ImderSettings(**SMALL, noise_shared=shared))
    imagination.score.forward = lambda noisy, time, condition: (
        seen.append((noisy, time, condition)) or torch.zeros_like(noisy)
    )
    imagination.loss(torch.zeros(6, 8), torch.zeros(6, 8))
    [(noisy, time, condition)] = seen
    scaled = noisy / (1 + imagination.process.std(time).square()).sqrt()[:, None]
    assert torch.allclose(condition, scaled) == shared


def test_only_what_was_recorded_and_is_masked_is_learned():
    network = model().network
    graph = batched([talk("ABA", ["atv", "tv", "atv"])], BUILD)
    graph.available = torch.tensor([[True, True, True], [False, True, True], [False, True, False]])
    embeddings = network.embed(graph)
    with torch.no_grad():
        truth = torch.stack([network.extractors[m](graph[m]) for m in WIDTHS], dim=1)
    garbage = torch.full_like(truth, 50.0)
    completed = garbage.clone()
    completed[2, [0, 2]] = truth[2, [0, 2]]
    losses = diffusion_losses(network, graph, embeddings, completed)
    assert losses["reconstruction"].item() == pytest.approx(0, abs=1e-12)
    completed[2, 0] += 2
    losses = diffusion_losses(network, graph, embeddings, completed)
    assert losses["reconstruction"].item() == pytest.approx(4)
    graph.available = graph.present
    nothing = diffusion_losses(network, graph, network.embed(graph), garbage)
    assert nothing["score"] == nothing["reconstruction"] == 0


def test_the_sampler_has_no_gradient_and_the_score_learns_from_its_own_loss():
    made, graph = model(), batched(ragged(), BUILD)
    made(graph).logits.sum().backward()
    score = [p for name, p in made.named_parameters() if ".score." in name or ".condition." in name]
    refine = [p for name, p in made.named_parameters() if ".refine." in name]
    assert score
    assert all(p.grad is None for p in score)
    assert all(p.grad is not None and p.grad.any() for p in refine)


def test_each_stage_moves_its_part_and_the_embeddings_are_frozen_in_the_second():
    first, second = (IMDER.objectives[stage.objective].trains for stage in IMDER.stages)
    names = [name for name, _ in model().named_parameters()]
    assert {name for name in names if not name.startswith(first)} == {
        name for name in names if name.startswith("network.imaginations")
    }
    assert {name for name in names if not name.startswith(second)} == {
        name for name in names if name.startswith("network.extractors")
    }


def test_it_reads_utterances_one_by_one():
    made, has = model(causal=True), ["at", "", "v", "atv"]
    whole = made(batched([talk("ABBA", has)], BUILD)).logits
    for now in range(1, 4):
        found = made(batched([talk("ABBA"[:now], has[:now])], BUILD)).logits
        torch.testing.assert_close(found, whole[:now])


@pytest.mark.parametrize("outputs", [4, 1])
@pytest.mark.parametrize("speakers", ["A", "AAA", "ABCDE"])
def test_dialogues_of_any_number_of_speakers_with_nothing_available_are_finite(speakers, outputs):
    graph = batched([talk(speakers, [""] * len(speakers))], BUILD)
    graph.emotion = torch.zeros(len(speakers), dtype=torch.float if outputs == 1 else torch.long)
    made = model(outputs)
    for loss in (complete_loss, diffusion_loss):
        assert loss(made, graph, TrainingTargets()).total.isfinite()


def test_training_draws_noise_from_the_global_generator():
    made, graph = model(), batched(ragged(), BUILD)
    graph.available = graph.available & (torch.arange(17) % 4 > 0)[:, None]
    losses = []
    for seed in (1, 1, 2):
        torch.manual_seed(seed)
        losses.append(diffusion_loss(copy.deepcopy(made), graph, TrainingTargets()).parts["score"])
    assert losses[0] == losses[1] != losses[2]


def test_a_single_modality_and_odd_widths_are_refused():
    with pytest.raises(ValueError, match="imder needs two or more modalities"):
        ImderNetwork(ImderSettings(), Signature(widths={"text": 3}, outputs=4))
    with pytest.raises(ValueError, match="`width` must be a multiple of `heads`; got 6 and 4"):
        model(width=6)


def run(folder: Path, *settings: str) -> gm.Run:
    small = (
        "model={system: imder, width: 8, hidden: 8, steps: 3}",
        "data.simulation={dialogues: 10, widths: {audio: 12, text: 12}}",
        "training.stages=[{name: complete, objective: complete, epochs: 1, mask: complete}, "
        "{name: diffusion, objective: diffusion, epochs: 2}]",
        "folds=[1]",
        "graph=null",
    )
    file = ROOT / "examples" / "simulated.yaml"
    begun = gm.Run.begin(gm.load_config(file, ["name=imder", *small, *settings]), folder)
    begun.train()
    return begun


def test_it_is_trained_evaluated_stored_loaded_and_predicts(tmp_path):
    begun = run(tmp_path)
    assert set(begun.folder.records()[-1]["losses"]) == {"emotion", "score", "reconstruction"}
    dialogue = begun.components.corpus.dialogues[0]
    predicted, again = (gm.load(begun.folder.path).predict(dialogue) for _ in range(2))
    assert torch.equal(predicted.probability, again.probability)


def test_heads_curriculum_and_supports_work_with_it(tmp_path):
    begun = run(
        tmp_path,
        "heads={decoder: chain, change: true}",
        "curriculum={distillation: 1.0, teacher: {width: 8, epochs: 1}}",
        "retrieval={k: 2, form: mixup}",
    )
    expected = {"emotion", "support", "chain", "change", "distillation", "score", "reconstruction"}
    assert expected - {"support"} <= set(begun.folder.records()[-1]["losses"]) <= expected


def test_two_heads_that_do_not_fit_are_one_line_for_users(tmp_path):
    with pytest.raises(ConfigError, match="multiple of `heads`"):
        run(tmp_path, "model.width=6")
