"""GCNet against figures worked out by hand, counts of the released code, and the promises of every system."""

from pathlib import Path

import pytest
import torch

import graphmer as gm
from graphmer.dialogue import Dialogue
from graphmer.errors import ConfigError
from graphmer.graph import GraphBuilder, SameSpeaker, TemporalWindow
from graphmer.nn.model import EmotionModel
from graphmer.nn.network import NetworkOutput, Signature
from graphmer.nn.pair_relations import PairRelations
from graphmer.nn.targets import TrainingTargets
from graphmer.systems.completion import completion_loss
from graphmer.systems.gcnet import GcnetNetwork, GcnetSettings, GraphBranch, loss
from graphmer.systems.model import ModelSettings
from tests.talks import LABELS, WIDTHS, batched, ragged, talk

ROOT = Path(__file__).parents[2]
BUILD = GraphBuilder({"context": TemporalWindow(2, 2)}, LABELS)
SHARED = {"audio": 512, "text": 1024, "video": 1024}
SMALL = {"width": 6, "dropout": 0.0}


def network(build: GraphBuilder = BUILD, outputs: int = 4, seed: int = 0, **settings) -> GcnetNetwork:
    torch.manual_seed(seed)
    signature = Signature(widths=WIDTHS, outputs=outputs, relations=build.relations)
    return GcnetNetwork(GcnetSettings(**{**SMALL, **settings}), signature).eval()


def model(build: GraphBuilder = BUILD, outputs: int = 4, **settings) -> EmotionModel:
    torch.manual_seed(0)
    described = {
        "network": {"system": "gcnet", **SMALL, **settings},
        "signature": {"widths": WIDTHS, "outputs": outputs, "relations": build.relations},
    }
    return ModelSettings.model_validate(described).build()


def outputs_of(made: GcnetNetwork, *dialogues: Dialogue, build: GraphBuilder = BUILD) -> torch.Tensor:
    """Logits and reconstructions of each turn, side by side."""
    output = made(batched(dialogues, build))
    return torch.cat([output.logits, *output.reconstruction.values()], dim=1)


def test_the_convolutions_give_the_figures_worked_out_by_hand():
    """Turns (1, 2, 4) in a window of one: 1 for the past, 10 for the turn itself, 100 for the future."""
    build = GraphBuilder({"context": TemporalWindow(1, 1)})
    graph, relations = build(talk("ABA")), PairRelations(build.relations)
    pairs = relations(graph.edge_index, graph.edge_type, 3)
    branch = GraphBranch(1, 1, len(relations.orders), 0.0)
    with torch.no_grad():
        for parameter in branch.parameters():
            parameter.zero_()
        for number, order in enumerate(relations.orders):
            branch.relational.weight[number] = {"past": 1.0, "now": 10.0, "future": 100.0}[order]
        branch.neighbors.lin_rel.weight.fill_(1.0)
        first = branch.relational(torch.tensor([[1.0], [2.0], [4.0]]), pairs.index, pairs.order)
        second = branch.neighbors(first, pairs.index)
    assert first.flatten().tolist() == [210, 421, 42]
    assert second.flatten().tolist() == [631, 673, 463]


def test_neighbors_of_one_relation_are_averaged_and_relations_are_summed():
    torch.manual_seed(0)
    relations = PairRelations(BUILD.relations)
    branch = GraphBranch(3, 2, len(relations.speakers), 0.0)
    graph, context = BUILD(talk("ABBCA")), torch.randn(5, 3)
    pairs = relations(graph.edge_index, graph.edge_type, 5)
    conv = branch.relational
    for target in range(5):
        expected = context[target] @ conv.root + conv.bias
        for number in range(len(relations.speakers)):
            chosen = (pairs.index[1] == target) & (pairs.speaker == number)
            if chosen.any():
                expected = expected + context[pairs.index[0, chosen]].mean(dim=0) @ conv.weight[number]
        found = conv(context, pairs.index, pairs.speaker)[target]
        torch.testing.assert_close(found, expected)


@pytest.mark.parametrize(
    ("outputs", "rule", "expected"),
    [
        (1, SameSpeaker(2, 2), 27_978_861),
        # the released one has 4 relations of speaker pairs for two speakers; here they are 2 of 200 x 2 x 100
        (6, TemporalWindow(2, 2), 28_101_366 - 2 * 400 * 100),
    ],
)
def test_it_has_the_used_parameters_of_the_released_code(outputs, rule, expected):
    relations = GraphBuilder({"context": rule}).relations
    signature = Signature(widths=SHARED, outputs=outputs, relations=relations)
    with torch.device("meta"):
        made = GcnetNetwork(GcnetSettings(), signature)
    assert sum(parameter.numel() for parameter in made.parameters()) == expected


def test_neither_padding_nor_the_rest_of_the_batch_changes_anything():
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
    expected = outputs_of(made, talk("ABBA"))
    assert torch.equal(outputs_of(made, talk("BAAB")), expected)
    for speakers in ("ABAB", "AAAA", "ABCA"):
        assert not torch.allclose(outputs_of(made, talk(speakers)), expected, atol=1e-5)


@pytest.mark.parametrize("outputs", [4, 1])
def test_every_parameter_gets_a_gradient(outputs):
    made, graph = model(outputs=outputs), batched(ragged(), BUILD)
    graph.available = graph.available & (torch.arange(17) % 4 > 0)[:, None]
    graph.emotion = torch.linspace(-3, 3, 17) if outputs == 1 else torch.arange(17) % 4
    loss(made, graph, TrainingTargets()).total.backward()
    without = [name for name, p in made.named_parameters() if p.grad is None or not p.grad.any()]
    assert without == []


@pytest.mark.parametrize("outputs", [4, 1])
@pytest.mark.parametrize("speakers", ["A", "AAA", "ABCDE"])
def test_short_dialogues_of_any_number_of_speakers_with_nothing_available_are_finite(speakers, outputs):
    build = GraphBuilder({"context": TemporalWindow(2, 2)})
    graph = batched([talk(speakers, [""] * len(speakers))], build)
    graph.emotion = torch.zeros(len(speakers), dtype=torch.float if outputs == 1 else torch.long)
    terms = loss(model(outputs=outputs), graph, TrainingTargets())
    assert terms.total.isfinite()
    assert terms.parts["reconstruction"] == 0


def test_only_what_was_recorded_and_is_masked_is_completed():
    graph = batched([talk("AB", ["atv", "tv"]), talk("A", ["atv"], id="other", seed=1)], BUILD)
    graph.available = torch.tensor([[True, False, True], [False, True, False], [False, False, False]])
    truth = {m: torch.full((3, d), 7.0) for m, d in WIDTHS.items()}
    hidden = graph.present & ~graph.available
    for column, modality in enumerate(WIDTHS):
        truth[modality][hidden[:, column]] = graph[modality][hidden[:, column]]
    perfect = NetworkOutput(torch.zeros(3, 4), torch.zeros(3, 2), truth)
    assert completion_loss(perfect, graph) == 0
    # five missing entries that are each 2 off in every feature, over three turns
    off = NetworkOutput(perfect.logits, perfect.state, {m: rows + 2 for m, rows in truth.items()})
    assert completion_loss(off, graph).item() == pytest.approx(int(hidden.sum()) * 4 / 3)


def test_without_a_reconstruction_there_are_no_heads_for_it():
    graph = batched([talk("AB")], BUILD)
    made = model(reconstruction=0.0)
    assert made.network(graph).reconstruction == {}
    assert set(loss(made, graph, TrainingTargets()).parts) == {"emotion"}


def run(folder: Path, *settings: str) -> gm.Run:
    small = (
        "model={system: gcnet, width: 6}",
        "data.simulation={dialogues: 10, widths: {audio: 12, text: 12}}",
        "training.stages=[{name: only, objective: completion, epochs: 2}]",
        "folds=[1]",
    )
    file = ROOT / "examples" / "simulated.yaml"
    begun = gm.Run.begin(gm.load_config(file, ["name=gcnet", *small, *settings]), folder)
    begun.train()
    return begun


def test_it_is_trained_evaluated_stored_loaded_and_predicts(tmp_path):
    begun = run(tmp_path)
    assert set(begun.folder.records()[-1]["losses"]) == {"emotion", "reconstruction"}
    dialogue = begun.components.corpus.dialogues[0]
    predicted, again = (gm.load(begun.folder.path).predict(dialogue) for _ in range(2))
    assert predicted.router is None
    assert torch.equal(predicted.probability, again.probability)


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


def test_a_causal_one_is_refused(tmp_path):
    with pytest.raises(ConfigError, match="The system gcnet reads later turns; set `causal` to false"):
        run(tmp_path, "causal=true")


def test_neighborhood_averages_are_read_beside_the_features():
    """Averages of four neighborhoods and two decay lengths, mapped to the width of each modality."""
    count = [
        sum(p.numel() for p in network(neighborhood_averages=scales).parameters())
        for scales in ((), (2.0, None))
    ]
    width, modalities, features = 6, len(WIDTHS), sum(WIDTHS.values())
    maps = 4 * 2 * features * width
    reads = 2 * 4 * width * modalities * width  # both directions of an LSTM, four gates
    assert count[1] - count[0] == maps + reads
    made = network(neighborhood_averages=(2.0,))
    with torch.no_grad():
        before = outputs_of(made, talk("ABAB", ["t", "", "", "a"]))
        made.averages.maps[1].weight.zero_()
        assert not torch.allclose(outputs_of(made, talk("ABAB", ["t", "", "", "a"])), before)
