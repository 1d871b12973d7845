import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from graphmer.dialogue import LabelSpace
from graphmer.graph import Adjacent, GraphBuilder, SameSpeaker, TemporalWindow
from graphmer.pyg import Batch
from tests.talks import LABELS, WIDTHS, talk

HERE = Path(__file__).parents[2]


def first_turn_both_ways(dialogue):
    """Custom rule: edges from the first turn to every other turn, and back."""
    later = torch.arange(1, len(dialogue))
    first = torch.zeros_like(later)
    return torch.cat([torch.stack([first, later]), torch.stack([later, first])], dim=1)


def itself(dialogue):
    return torch.arange(len(dialogue)).expand(2, -1)


def described() -> str:
    """All parts of a graph that could depend on the iteration order of names."""
    build = GraphBuilder({"b": TemporalWindow(2, 1), "a": SameSpeaker(), "own": first_turn_both_ways}, LABELS)
    graph = build(talk("ABCAB"))
    return repr((build.relations, graph.edge_index.tolist(), graph.edge_type.tolist(), sorted(graph.keys())))


def named(build: GraphBuilder, speakers: str) -> set[tuple[int, int, str]]:
    graph = build(talk(speakers))
    source, target = graph.edge_index.tolist()
    relations = [build.relations[number] for number in graph.edge_type]
    return set(zip(source, target, relations, strict=True))


def test_relations_are_numbered_by_declaration():
    build = GraphBuilder({"window": TemporalWindow(1, 1), "own": SameSpeaker(1, 0)})
    assert build.relations == (
        "window/past/intra",
        "window/past/inter",
        "window/future/intra",
        "window/future/inter",
        "own/past/intra",
    )
    assert GraphBuilder({"own": SameSpeaker(1, 0), "window": Adjacent()}).relations[0] == "own/past/intra"


def test_a_function_may_have_every_order_and_speaker_relation():
    assert GraphBuilder({"f": itself}).relations == (
        "f/past/intra",
        "f/past/inter",
        "f/now/intra",
        "f/now/inter",
        "f/future/intra",
        "f/future/inter",
    )


def test_the_relation_of_an_edge_names_its_rule_order_and_speaker_relation():
    build = GraphBuilder({"near": TemporalWindow(1, 0), "own": SameSpeaker(0, 1), "self": itself})
    assert named(build, "AAB") == {
        (0, 1, "near/past/intra"),
        (1, 2, "near/past/inter"),
        (1, 0, "own/future/intra"),
        (0, 0, "self/now/intra"),
        (1, 1, "self/now/intra"),
        (2, 2, "self/now/intra"),
    }


def test_the_graph_is_the_same_under_another_hash_seed():
    code = "from tests.graph.test_builder import described; import sys; sys.stdout.write(described())"
    env = {**os.environ, "PYTHONHASHSEED": "12345", "PYTHONPATH": str(HERE)}
    other = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=env)
    assert other.stdout == described()


def test_a_causal_builder_drops_edges_from_later_turns_of_every_rule():
    rules = {
        "window": TemporalWindow(2, 2),
        "own": SameSpeaker(),
        "mine": first_turn_both_ways,
        "self": itself,
    }
    build = GraphBuilder(rules, causal=True)
    graph = build(talk("ABAB"))
    assert bool((graph.edge_index[0] <= graph.edge_index[1]).all())
    assert not [relation for relation in build.relations if "/future/" in relation]
    whole = {edge for edge in named(GraphBuilder(rules), "ABAB") if edge[0] <= edge[1]}
    assert named(build, "ABAB") == whole


def test_the_graph_has_all_documented_attributes():
    dialogue = talk("ABA", ["atv", "", "t"])
    graph = GraphBuilder({"near": Adjacent()}, LABELS)(dialogue)
    assert graph.num_nodes == 3
    assert graph.dialogue_id == "d"
    assert torch.equal(graph.available, dialogue.available)
    assert torch.equal(graph.present, dialogue.available)
    assert graph.speaker.tolist() == [0, 1, 0]
    assert graph.position.tolist() == [0, 1, 2]
    assert graph.emotion.tolist() == [0, 1, 2]
    assert {modality: graph[modality].shape[1] for modality in WIDTHS} == WIDTHS


@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("past", [1, 3, None])
def test_the_graph_of_several_dialogues_is_the_batch_of_their_graphs(past, causal):
    rules = {"own": SameSpeaker(past, 2), "first": first_turn_both_ways, "near": Adjacent()}
    build = GraphBuilder({**rules, "context": TemporalWindow(past, 1)}, causal=causal)
    dialogues = [talk(speakers) for speakers in ("ABBACAB", "A", "BA", "CCABBA")]
    dialogues[0] = dialogues[0].with_available(torch.rand(7, len(WIDTHS)) > 0.5)  # hidden, and still recorded
    joined, batch = build.joined(dialogues), Batch.from_data_list([build(d) for d in dialogues])
    left_out = {"cause_turns", "cause_edges", "edge_index", "edge_type"}
    assert set(batch.keys()) - set(joined.keys()) == {"ptr", "cause_turns", "cause_edges"}
    for name in set(joined.keys()) - left_out:
        expected = batch[name]
        assert (
            joined[name].equal(expected) if isinstance(expected, torch.Tensor) else joined[name] == expected
        )
    for target in range(joined.num_nodes):  # sums over the edges of a turn are to have one order
        one, other = (graph.edge_index[1] == target for graph in (joined, batch))
        assert joined.edge_index[0][one].equal(batch.edge_index[0][other])
        assert joined.edge_type[one].equal(batch.edge_type[other])
    assert joined.edge_index.shape == batch.edge_index.shape


def test_without_a_label_space_there_is_no_emotion():
    assert "emotion" not in GraphBuilder({})(talk("AB"))


def test_scores_are_encoded_as_numbers():
    dialogue = talk("AB").unlabelled()
    assert GraphBuilder({}, LabelSpace(interval=(-3.0, 3.0)))(dialogue).emotion.isnan().all()


@pytest.mark.parametrize("speakers", ["A", "AB"])
def test_without_rules_or_with_one_turn_there_are_no_edges(speakers):
    graph = GraphBuilder({} if len(speakers) > 1 else {"near": TemporalWindow(), "f": first_turn_both_ways})(
        talk(speakers)
    )
    assert graph.edge_index.shape == (2, 0)
    assert graph.edge_type.shape == (0,)


def test_a_function_without_edges_may_return_an_empty_tensor_of_any_shape():
    graph = GraphBuilder({"f": lambda dialogue: torch.tensor([])})(talk("AB"))
    assert graph.edge_index.shape == (2, 0)


@pytest.mark.parametrize("name", ["", "a/b"])
def test_a_rule_with_a_slash_or_without_a_name_is_refused(name):
    with pytest.raises(ValueError, match="name of an edge rule must be non-empty and hold no '/'"):
        GraphBuilder({name: Adjacent()})


@pytest.mark.parametrize(
    ("edges", "message"),
    [
        (torch.ones(3, 4, dtype=torch.long), r"'f' must return edges of shape \[2, E\]; got \(3, 4\)"),
        (torch.tensor([0, 1]), r"'f' must return edges of shape \[2, E\]; got \(2,\)"),
        (torch.tensor([[0, 5], [1, 1]]), "'f' names turns 0 to 5; turns are 0 to 1"),
        (torch.tensor([[0, -1], [1, 1]]), "'f' names turns -1 to 1; turns are 0 to 1"),
    ],
)
def test_a_rule_that_returns_invalid_edges_is_refused(edges, message):
    with pytest.raises(ValueError, match=message):
        GraphBuilder({"f": lambda dialogue: edges})(talk("AB"))


class WrongDeclaration:
    orders = ("past",)

    def __call__(self, dialogue):
        return torch.tensor([[1], [0]])


def test_an_edge_that_its_rule_does_not_declare_is_refused():
    message = "Rule 'wrong' made an edge whose order or speaker relation it does not declare"
    with pytest.raises(ValueError, match=message):
        GraphBuilder({"wrong": WrongDeclaration()})(talk("AB"))


@pytest.mark.parametrize("name", ["speaker", "edge_index", "batch"])
def test_a_modality_with_a_reserved_name_is_refused(name):
    with pytest.raises(ValueError, match=f"Modality '{name}' has a reserved name; rename it"):
        GraphBuilder({})(talk("AB", widths={name: 2}))


def test_settings_build_the_same_builder_again():
    build = GraphBuilder(
        {"w": TemporalWindow(3, None), "s": SameSpeaker(2, 0), "a": Adjacent(), "mine": first_turn_both_ways},
        LABELS,
        causal=True,
    )
    again = GraphBuilder.from_settings(build.settings(), LABELS, {"mine": first_turn_both_ways})
    assert again.rules == build.rules
    assert again.relations == build.relations
    assert again.causal


@pytest.mark.parametrize("functions", [None, {"other": first_turn_both_ways}])
def test_a_custom_rule_must_be_given_again(functions):
    settings = GraphBuilder({"mine": first_turn_both_ways}).settings()
    with pytest.raises(ValueError, match=r"custom rule, 'mine'; give it as rules="):
        GraphBuilder.from_settings(settings, LABELS, functions)
