"""M3NET against counts of the released code, its graph by naive loops, and the promises of every system."""

from itertools import permutations
from pathlib import Path

import pytest
import torch

import graphmer as gm
from graphmer.errors import ConfigError
from graphmer.graph import GraphBuilder
from graphmer.nn.model import EmotionModel
from graphmer.nn.network import Signature
from graphmer.nn.targets import TrainingTargets
from graphmer.systems.m3net import M3netNetwork, M3netSettings, ModalityNodes
from graphmer.systems.model import ModelSettings
from graphmer.systems.objectives import prediction_loss
from tests.talks import LABELS, WIDTHS, batched, ragged, talk

BUILD = GraphBuilder({}, LABELS)
SMALL = {"width": 6, "dropout": 0.0}


def model(outputs: int = 4, **settings) -> EmotionModel:
    torch.manual_seed(0)
    described = {
        "network": {"system": "m3net", **SMALL, **settings},
        "signature": {"widths": WIDTHS, "outputs": outputs},
    }
    return ModelSettings.model_validate(described).build().eval()


def logits_of(made: EmotionModel, *dialogues) -> torch.Tensor:
    return made.network(batched(dialogues, BUILD)).logits


def test_it_has_the_used_parameters_of_the_released_code():
    """At the widths of its features of IEMOCAP, and six classes."""
    widths, width = {"audio": 1582, "text": 1024, "video": 342}, 512
    square = width * width
    low_pass_maps = 3 * (2 * square + square + width)
    assert low_pass_maps == 2_360_832
    unread = (
        low_pass_maps
        + 2 * width  # attributes of hyperedges
        + 3 * width  # embeddings of modalities
        + 8 * 2 * 1024  # normalisations of the layers of the text
        + (width + 1) * 6  # a second classifier
    )
    by_position, speakers = 1000 + 5200, 2 * width
    by_type = len(widths) + 1
    with torch.device("meta"):
        made = M3netNetwork(M3netSettings(), Signature(widths=widths, outputs=6))
    found = sum(parameter.numel() for parameter in made.parameters())
    assert found == 6_553_160 - unread - by_position - speakers + by_type


def test_hyperedges_and_pairs_are_those_of_the_paper():
    available = torch.ones(5, 2, dtype=torch.bool)
    nodes = ModalityNodes.of(available, torch.tensor([0, 0, 0, 2, 2]))
    edges = [[] for _ in range(nodes.hypergraph.hyperedges)]
    for node, hyperedge in zip(
        nodes.hypergraph.node.tolist(), nodes.hypergraph.hyperedge.tolist(), strict=True
    ):
        edges[hyperedge].append(node)
    contexts = [[0, 2, 4], [1, 3, 5], [6, 8], [7, 9]]
    turns = [[0, 1], [2, 3], [4, 5], [6, 7], [8, 9]]
    assert edges == contexts + turns
    assert nodes.kind.tolist() == [0, 1, 0, 1] + [2] * 5
    expected = {pair for edge in contexts + turns for pair in permutations(edge, 2)}
    found = [tuple(pair) for pair in nodes.pairs.index.T.tolist()]
    assert set(found) == expected
    assert len(found) == len(expected)


def test_what_is_not_available_sends_nothing_and_reads_its_neighbors():
    available = torch.tensor([[True, False], [False, False], [True, True]])
    nodes = ModalityNodes.of(available, torch.zeros(3, dtype=torch.long))
    senders = {0, 4, 5}
    assert set(nodes.pairs.index[0].tolist()) == senders
    assert set(nodes.hypergraph.node[nodes.hypergraph.sends].tolist()) == senders
    assert set(nodes.pairs.index[1].tolist()) == set(range(6))
    assert set(nodes.hypergraph.node.tolist()) == set(range(6))


def test_only_its_own_turn_reads_the_node_of_what_is_missing(monkeypatch):
    made, dialogue = model(), talk("ABA", ["av", "at", "tv"])
    before, encoded = logits_of(made, dialogue), made.network._encoded

    def moved(graph) -> list[torch.Tensor]:
        audio, text, video = encoded(graph)
        return [audio, text + torch.tensor([1.0, 0.0, 0.0])[:, None], video]

    monkeypatch.setattr(made.network, "_encoded", moved)
    after = logits_of(made, dialogue)
    assert not torch.allclose(after[0], before[0])
    torch.testing.assert_close(after[1:], before[1:])


def test_neither_padding_nor_the_rest_of_the_batch_changes_anything():
    made, dialogue = model(), talk("ABBA", ["at", "", "v", "atv"])
    alone = logits_of(made, dialogue)
    with torch.no_grad():
        made.network.hyperedge_weight.copy_(torch.linspace(-1, 1, 4))  # as after training
    assert not torch.allclose(logits_of(made, dialogue), alone)
    alone = logits_of(made, dialogue)
    for seed in (1, 2):
        others = [talk("AB" * 10, id="long", seed=seed), talk("C", id="short", seed=seed)]
        found = logits_of(made, others[0], dialogue, others[1])[20:24]
        torch.testing.assert_close(found, alone, rtol=1e-5, atol=1e-5)


def test_what_is_not_available_changes_nothing():
    made, graph = model(), batched(ragged(), BUILD)
    before = made.network(graph).logits
    for column, modality in enumerate(WIDTHS):
        graph[modality] = graph[modality].where(graph.available[:, column, None], torch.nan)
    assert torch.equal(made.network(graph).logits, before)


@pytest.mark.parametrize("outputs", [4, 1])
def test_every_parameter_gets_a_gradient(outputs):
    made, graph = model(outputs), batched(ragged(), BUILD)
    graph.emotion = torch.linspace(-3, 3, 17) if outputs == 1 else torch.arange(17) % 4
    prediction_loss(made, graph, TrainingTargets()).total.backward()
    without = [name for name, p in made.named_parameters() if p.grad is None or not p.grad.any()]
    assert without == []


@pytest.mark.parametrize("outputs", [4, 1])
@pytest.mark.parametrize("has", ["", "t", "atv"])
@pytest.mark.parametrize("speakers", ["A", "AAA", "ABCDE"])
def test_short_dialogues_with_anything_available_are_finite(speakers, has, outputs):
    graph = batched([talk(speakers, [has] * len(speakers))], BUILD)
    graph.emotion = torch.zeros(len(speakers), dtype=torch.float if outputs == 1 else torch.long)
    made = model(outputs)
    total = prediction_loss(made, graph, TrainingTargets()).total
    total.backward()
    assert total.isfinite()
    assert all(p.grad is None or p.grad.isfinite().all() for p in made.parameters())


def test_it_trains_in_mixed_precision():
    made, graph = model(), batched(ragged(), BUILD)
    graph.emotion = torch.arange(17) % 4
    expected = prediction_loss(made, graph, TrainingTargets()).total
    with torch.autocast("cpu", torch.bfloat16):
        total = prediction_loss(made, graph, TrainingTargets()).total
    total.backward()
    torch.testing.assert_close(total, expected, rtol=0.02, atol=0.02)


def run(folder: Path, *settings: str) -> gm.Run:
    file = folder / "m3net.yaml"
    file.write_text(
        "name: m3net\n"
        "data: {format: simulated, simulation: {dialogues: 10, widths: {audio: 12, text: 12}}}\n"
        "model: {system: m3net, width: 6}\n"
        "training: {stages: [{name: only, objective: emotion, epochs: 2}]}\n"
        "folds: [1]\n"
    )
    begun = gm.Run.begin(gm.load_config(file, settings), folder)
    begun.train()
    return begun


def test_heads_curriculum_and_supports_work_with_it(tmp_path):
    begun = run(
        tmp_path,
        "heads={decoder: chain, change: true}",
        "curriculum={distillation: 1.0, teacher: {width: 8, epochs: 1}}",
        "retrieval={k: 2, form: mixup}",
    )
    expected = {"emotion", "support", "chain", "change", "distillation"}
    assert expected - {"support"} <= set(begun.folder.records()[-1]["losses"]) <= expected
    dialogue = begun.components.corpus.dialogues[0]
    predicted, again = (gm.load(begun.folder.path).predict(dialogue) for _ in range(2))
    assert torch.equal(predicted.probability, again.probability)


def test_a_causal_one_is_refused(tmp_path):
    with pytest.raises(ConfigError, match="The system m3net reads later turns; set `causal` to false"):
        run(tmp_path, "causal=true")
