import torch

from graphmer.graph import Adjacent, GraphBuilder, SameSpeaker, TemporalWindow
from graphmer.nn.pair_relations import PairRelations
from tests.talks import talk


def named(build: GraphBuilder, speakers: str) -> dict[tuple[int, int], tuple[str, str]]:
    graph = build(talk(speakers))
    relations = PairRelations(build.relations)
    pairs = relations(graph.edge_index, graph.edge_type, len(speakers))
    assert pairs.index.shape[1] == len({tuple(pair) for pair in pairs.index.T.tolist()})
    return {
        (source, target): (relations.orders[order], relations.speakers[speaker])
        for (source, target), order, speaker in zip(
            pairs.index.T.tolist(), pairs.order, pairs.speaker, strict=True
        )
    }


def test_a_window_gives_past_now_and_future_by_same_or_other_speaker():
    found = named(GraphBuilder({"context": TemporalWindow(1, 1)}), "ABB")
    assert found == {
        (0, 0): ("now", "intra"), (1, 1): ("now", "intra"), (2, 2): ("now", "intra"),
        (0, 1): ("past", "inter"), (1, 0): ("future", "inter"),
        (1, 2): ("past", "intra"), (2, 1): ("future", "intra"),
    }  # fmt: skip


def test_a_pair_that_several_rules_connect_is_one_edge():
    window, own = TemporalWindow(2, 2), SameSpeaker(1, 1)
    found = named(GraphBuilder({"own": own, "near": Adjacent(), "context": window}), "ABCAB")
    assert found == {
        **named(GraphBuilder({"context": window}), "ABCAB"),
        **named(GraphBuilder({"own": own}), "ABCAB"),
    }


def test_a_rule_with_edges_of_a_turn_to_itself_adds_nothing():
    both = GraphBuilder({"own": lambda dialogue: torch.arange(len(dialogue)).expand(2, -1)})
    assert named(both, "AB") == named(GraphBuilder({}), "AB") == {(n, n): ("now", "intra") for n in (0, 1)}


def test_relations_that_no_rule_can_make_are_left_out():
    build = GraphBuilder({"own": SameSpeaker(1, 0)})
    relations = PairRelations(build.relations)
    assert (relations.orders, relations.speakers) == (("now", "past"), ("intra",))


def test_a_retrieved_support_has_a_relation_of_its_own():
    relations = PairRelations(("near/past/inter", "support/retrieved"))
    pairs = relations(torch.tensor([[0, 2], [1, 1]]), torch.tensor([0, 1]), 3)
    found = dict(zip(map(tuple, pairs.index.T.tolist()), pairs.order.tolist(), strict=True))
    assert relations.orders[found[2, 1]] == relations.speakers[2] == "support/retrieved"
    assert relations.orders[found[0, 1]] == "past"


def test_joint_relations_say_whether_the_source_is_after_the_target_and_who_speaks():
    relations = PairRelations(GraphBuilder({"context": TemporalWindow(1, 1), "own": SameSpeaker()}).relations)
    assert sorted(relations.joint) == [
        ("future", "inter"), ("future", "intra"), ("past", "inter"), ("past", "intra")
    ]  # fmt: skip
    graph = GraphBuilder({"context": TemporalWindow(1, 1), "own": SameSpeaker()})(talk("ABB"))
    pairs = relations(graph.edge_index, graph.edge_type, 3)
    for source, target, number in zip(*pairs.index.tolist(), pairs.joint.tolist(), strict=True):
        order = "future" if source > target else "past"
        speaker = "intra" if "ABB"[source] == "ABB"[target] else "inter"
        assert relations.joint[number] == (order, speaker)
