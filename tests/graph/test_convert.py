from graphmer.graph import Adjacent, GraphBuilder, SameSpeaker
from graphmer.graph.convert import to_networkx
from tests.talks import LABELS, talk


def test_nodes_are_utterances_and_edges_are_named_by_relation():
    dialogue = talk("ABA", ["at", "", "v"])
    build = GraphBuilder({"near": Adjacent(), "own": SameSpeaker(past=1, future=0)}, LABELS)
    named = to_networkx(build(dialogue), dialogue, build.relations)
    assert list(named) == ["d_0", "d_1", "d_2"]
    assert [node["available"] for _, node in named.nodes(data=True)] == [("audio", "text"), (), ("video",)]
    assert named.nodes["d_1"]["speaker"] == "B"
    assert named.nodes["d_1"]["emotion"] == "sad"
    assert ("d_0", "d_2", "own/past/intra") in named.edges(keys=True)
    assert named.in_degree("d_2") == 2
