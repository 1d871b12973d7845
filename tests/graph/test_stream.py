import pytest

from graphmer.graph import Adjacent, GraphBuilder, SameSpeaker, TemporalWindow
from graphmer.graph.stream import StreamedEdges
from tests.talks import talk

RULES = {
    "near": TemporalWindow(2, 3),
    "none": TemporalWindow(0, 1),
    "all": TemporalWindow(None, None),
    "own": SameSpeaker(2, 1),
    "mine": SameSpeaker(None, 0),
    "never": SameSpeaker(0, 2),
    "reply": Adjacent(),
}


@pytest.mark.parametrize("speakers", ["A", "ABABAAC", "AAAA", "ABCABCCBA"])
def test_incoming_edges_equal_those_of_the_whole_dialogue(speakers):
    build = GraphBuilder(RULES, causal=True)
    index, kind = build.edges(talk(speakers))
    found = set()
    for turn, name in enumerate(speakers):
        own = [earlier for earlier in range(turn) if speakers[earlier] == name]
        found |= {(source, turn, relation) for source, relation in StreamedEdges(build).incoming(turn, own)}
    assert found == set(zip(*index.tolist(), kind.tolist(), strict=True))


@pytest.mark.parametrize(
    ("rules", "reach"),
    [
        ({}, (0, 0)),
        ({"near": TemporalWindow(4, 1), "reply": Adjacent()}, (4, 0)),
        ({"own": SameSpeaker(3, 0), "reply": Adjacent()}, (1, 3)),
        ({"near": TemporalWindow(None, 0), "own": SameSpeaker(None, 0)}, (None, None)),
    ],
)
def test_the_reach_is_the_largest_of_any_rule(rules, reach):
    assert StreamedEdges(GraphBuilder(rules, causal=True)).reach == reach
