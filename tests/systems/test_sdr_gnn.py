"""SDR-GNN against counts of the released code, the defects of that code, and the promises of every system."""

from pathlib import Path

import pytest
import torch

import graphmer as gm
from graphmer.errors import ConfigError
from graphmer.graph import GraphBuilder, TemporalWindow
from graphmer.nn.high_pass import Neighbors
from graphmer.nn.hypergraph import Hypergraph, mean_incidence
from graphmer.nn.model import EmotionModel
from graphmer.nn.network import Signature
from graphmer.nn.pair_relations import PairRelations
from graphmer.nn.targets import TrainingTargets
from graphmer.systems.completion import completion_loss
from graphmer.systems.model import ModelSettings
from graphmer.systems.sdr_gnn import ContextAttention, SdrGnnNetwork, SdrGnnSettings, SpectralBranch, loss
from tests.talks import LABELS, WIDTHS, batched, ragged, talk

ROOT = Path(__file__).parents[2]
BUILD = GraphBuilder({"context": TemporalWindow(2, 2)}, LABELS)
SHARED = {"audio": 512, "text": 1024, "video": 1024}
SMALL = {"width": 6, "dropout": 0.0}


def network(**settings) -> SdrGnnNetwork:
    torch.manual_seed(0)
    signature = Signature(widths=WIDTHS, outputs=4, relations=BUILD.relations)
    return SdrGnnNetwork(SdrGnnSettings(**{**SMALL, **settings}), signature).eval()


def model(outputs: int = 4, **settings) -> EmotionModel:
    torch.manual_seed(0)
    described = {
        "network": {"system": "sdr_gnn", **SMALL, **settings},
        "signature": {"widths": WIDTHS, "outputs": outputs, "relations": BUILD.relations},
    }
    return ModelSettings.model_validate(described).build()


def outputs_of(made: SdrGnnNetwork, *dialogues) -> torch.Tensor:
    """Logits and reconstructions of each turn, side by side."""
    output = made(batched(dialogues, BUILD))
    return torch.cat([output.logits, *output.reconstruction.values()], dim=1)


def recurrent(inputs: int, width: int, gates: int) -> int:
    """Weights of two bidirectional layers."""
    first, second = (2 * gates * width * (entering + width + 2) for entering in (inputs, 2 * width))
    return first + second


def test_it_has_the_used_parameters_of_the_released_code_and_a_live_speaker_branch():
    features, context, graph, state = 2560, 400, 100, 500

    def branch(relations: int) -> int:
        relational = (relations + 1) * context * graph + graph
        low_and_high_pass = graph + 2 * graph + 1
        return relational + low_and_high_pass + recurrent(state, state, 3) + 2 * state * state + state

    unused = graph * graph * 2 + graph * (graph + 1) + 2 * state * (2 * state + 1)  # of each branch
    allocated = (
        recurrent(features, 200, 4)
        + recurrent(features, 200, 3)
        + (branch(3) + unused)
        + (branch(4) + unused)
        + (state + 1) * (6 + features)
        + 4 * features * (features + 1)
        + (features + 1) * state
    )
    idle = recurrent(features, 200, 4) + unused + (branch(4) + unused) + (features + 1) * state
    assert (allocated, idle) == (56_657_908, 16_938_001)

    relations = GraphBuilder({"context": TemporalWindow(3, 3)}).relations
    signature = Signature(widths=SHARED, outputs=6, relations=relations)
    with torch.device("meta"):
        made = SdrGnnNetwork(SdrGnnSettings(width=200), signature)
    found = sum(parameter.numel() for parameter in made.parameters())
    assert found == allocated - idle + branch(2)  # same speaker and another one, for any number of speakers


def test_a_branch_chains_low_pass_and_high_pass():
    torch.manual_seed(0)
    graph, relations = BUILD(talk("ABBCA")), PairRelations(BUILD.relations)
    pairs = relations(graph.edge_index, graph.edge_type, 5)
    made, context = SpectralBranch(3, 2, 2, 0.0), torch.randn(5, 3)
    dialogue, neighbors = torch.zeros(5, dtype=torch.long), Neighbors(pairs.index, 5)
    windows = Hypergraph(*pairs.index, 5, torch.ones_like(pairs.speaker, dtype=torch.bool))
    relational = made.relational(context, pairs.index, pairs.speaker)
    low = torch.nn.functional.leaky_relu(mean_incidence(relational, windows))
    joined = torch.cat([context, made.high_pass(low, neighbors)], dim=1)
    expected = torch.relu(made.leave(made.encoder(joined, dialogue)))
    torch.testing.assert_close(made(context, neighbors, pairs.speaker, dialogue), expected)


def test_attention_stays_within_a_dialogue():
    torch.manual_seed(0)
    attention, state = ContextAttention(8, 4, 0.0), torch.randn(6, 8)
    together = attention(state, torch.tensor([0, 0, 0, 3, 4, 4]))
    for turns in (slice(0, 3), slice(3, 4), slice(4, 6)):
        alone = attention(state[turns], torch.zeros(turns.stop - turns.start, dtype=torch.long))
        torch.testing.assert_close(together[turns], alone)


@pytest.mark.parametrize(
    ("widths", "heads"), [(SHARED, 256), ({"a": 300, "t": 600}, 90), ({"a": 55, "t": 392}, 3), (WIDTHS, 1)]
)
def test_heads_of_the_attention_divide_the_width_of_all_features_and_are_wide_enough(widths, heads):
    signature = Signature(widths=widths, outputs=4, relations=BUILD.relations)
    with torch.device("meta"):
        assert SdrGnnNetwork(SdrGnnSettings(), signature).attention.attention.num_heads == heads


def test_neither_padding_nor_the_rest_of_the_batch_changes_logits_or_reconstruction():
    made, dialogue = network(), talk("ABBA", ["at", "", "v", "atv"])
    alone = outputs_of(made, dialogue)
    for seed in (1, 2):
        others = [talk("AB" * 10, id="long", seed=seed), talk("C", id="short", seed=seed)]
        found = outputs_of(made, others[0], dialogue, others[1])[20:24]
        torch.testing.assert_close(found, alone, rtol=1e-5, atol=1e-5)


def test_what_is_not_available_changes_neither_logits_nor_reconstruction():
    made, graph = network(), batched(ragged(), BUILD)
    before = made(graph)
    for column, modality in enumerate(WIDTHS):
        graph[modality] = graph[modality].where(graph.available[:, column, None], torch.nan)
    after = made(graph)
    assert torch.equal(after.logits, before.logits)
    assert all(torch.equal(after.reconstruction[m], before.reconstruction[m]) for m in WIDTHS)


def test_who_speaks_matters_and_how_speakers_are_called_does_not():
    made = network()
    expected = made(batched([talk("ABBA")], BUILD)).logits
    assert torch.equal(made(batched([talk("BAAB")], BUILD)).logits, expected)
    for speakers in ("ABAB", "AAAA", "ABCA"):
        assert not torch.allclose(made(batched([talk(speakers)], BUILD)).logits, expected, atol=1e-6)


@pytest.mark.parametrize("outputs", [4, 1])
def test_every_parameter_gets_a_gradient(outputs):
    made, graph = model(outputs), batched(ragged(), BUILD)
    graph.available = graph.available & (torch.arange(17) % 4 > 0)[:, None]
    graph.emotion = torch.linspace(-3, 3, 17) if outputs == 1 else torch.arange(17) % 4
    loss(made, graph, TrainingTargets()).total.backward()
    without = [name for name, p in made.named_parameters() if p.grad is None or not p.grad.any()]
    assert without == []


@pytest.mark.parametrize("outputs", [4, 1])
@pytest.mark.parametrize("speakers", ["A", "AAA", "ABCDE"])
def test_short_dialogues_of_any_number_of_speakers_with_nothing_available_are_finite(speakers, outputs):
    graph = batched([talk(speakers, [""] * len(speakers))], BUILD)
    graph.emotion = torch.zeros(len(speakers), dtype=torch.float if outputs == 1 else torch.long)
    terms = loss(model(outputs), graph, TrainingTargets())
    assert terms.total.isfinite()
    assert terms.parts["reconstruction"] == 0


def test_task_and_reconstruction_share_the_loss():
    graph = batched([talk("ABA")], BUILD)
    graph.available = graph.available & torch.tensor([True, False, True])
    made = model(reconstruction=0.3).eval()
    terms = loss(made, graph, TrainingTargets())
    expected = 0.7 * terms.parts["emotion"] + 0.3 * completion_loss(made(graph), graph)
    torch.testing.assert_close(terms.total, expected)


def test_without_a_reconstruction_there_are_no_heads_for_it():
    graph = batched([talk("AB")], BUILD)
    made = model(reconstruction=0.0)
    assert made.network(graph).reconstruction == {}
    assert not any(name.startswith("network.attention") for name, _ in made.named_parameters())
    assert set(loss(made, graph, TrainingTargets()).parts) == {"emotion"}


def test_it_trains_in_mixed_precision():
    made, graph = model(), batched(ragged(), BUILD)
    graph.emotion = torch.arange(17) % 4
    expected = loss(made, graph, TrainingTargets()).total
    with torch.autocast("cpu", torch.bfloat16):
        total = loss(made, graph, TrainingTargets()).total
    total.backward()
    torch.testing.assert_close(total, expected, rtol=0.02, atol=0.02)


def run(folder: Path, *settings: str) -> gm.Run:
    small = (
        "model={system: sdr_gnn, width: 6}",
        "data.simulation={dialogues: 10, widths: {audio: 12, text: 12}}",
        "training.stages=[{name: only, objective: completion, epochs: 2}]",
        "folds=[1]",
    )
    file = ROOT / "examples" / "simulated.yaml"
    begun = gm.Run.begin(gm.load_config(file, ["name=sdr_gnn", *small, *settings]), folder)
    begun.train()
    return begun


@pytest.mark.parametrize("form", ["mixup", "graph"])
def test_heads_curriculum_and_supports_work_with_it(form, tmp_path):
    begun = run(
        tmp_path,
        "heads={decoder: chain, change: true}",
        "curriculum={distillation: 1.0, teacher: {width: 8, epochs: 1}}",
        f"retrieval={{k: 2, form: {form}}}",
    )
    expected = {"emotion", "support", "chain", "change", "distillation", "reconstruction"}
    assert expected - {"support"} <= set(begun.folder.records()[-1]["losses"]) <= expected
    dialogue = begun.components.corpus.dialogues[0]
    predicted, again = (gm.load(begun.folder.path).predict(dialogue) for _ in range(2))
    assert torch.equal(predicted.probability, again.probability)


def test_a_causal_one_is_refused(tmp_path):
    with pytest.raises(ConfigError, match="The system sdr_gnn reads later turns; set `causal` to false"):
        run(tmp_path, "causal=true")
