import pytest
import torch

from graphmer.graph import Adjacent, EdgeRule, SameSpeaker, TemporalWindow
from graphmer.graph.edges import ORDERS, RULES, SPEAKER_RELATIONS, order_of, speaker_relation_of
from tests.talks import talk


def pairs(rule: EdgeRule, speakers: str) -> set[tuple[int, int]]:
    """(source, target) of each edge; fails on duplicate edges."""
    edges = rule(talk(speakers))
    assert edges.shape[0] == 2
    assert edges.dtype == torch.long
    found = [tuple(pair) for pair in edges.T.tolist()]
    assert len(found) == len(set(found))
    return set(found)


@pytest.mark.parametrize(
    ("past", "future", "expected"),
    [
        (2, 0, {(0, 1), (0, 2), (1, 2), (1, 3), (2, 3)}),
        (0, 1, {(1, 0), (2, 1), (3, 2)}),
        (1, 2, {(0, 1), (1, 2), (2, 3), (1, 0), (2, 0), (2, 1), (3, 1), (3, 2)}),
        (0, 0, set()),
        (None, 0, {(0, 1), (0, 2), (1, 2), (0, 3), (1, 3), (2, 3)}),
        (0, None, {(1, 0), (2, 0), (3, 0), (2, 1), (3, 1), (3, 2)}),
        (99, 0, {(0, 1), (0, 2), (1, 2), (0, 3), (1, 3), (2, 3)}),
    ],
)
def test_a_window_counts_turns_relative_to_the_target(past, future, expected):
    assert pairs(TemporalWindow(past, future), "ABBA") == expected


def test_a_window_without_limits_is_fully_connected_without_self_loops():
    expected = {(source, target) for source in range(4) for target in range(4) if source != target}
    assert pairs(TemporalWindow(None, None), "ABBA") == expected


@pytest.mark.parametrize(
    ("past", "future", "expected"),
    [
        (1, 0, {(0, 2), (2, 4), (1, 3)}),
        (0, 1, {(2, 0), (4, 2), (3, 1)}),
        (None, 0, {(0, 2), (0, 4), (2, 4), (1, 3)}),
        (0, 0, set()),
    ],
)
def test_same_speaker_counts_turns_of_that_speaker(past, future, expected):
    assert pairs(SameSpeaker(past, future), "ABABA") == expected


def test_adjacent_has_one_neighbor_on_either_side():
    assert pairs(Adjacent(), "ABB") == {(0, 1), (1, 0), (1, 2), (2, 1)}


@pytest.mark.parametrize("rule", [TemporalWindow(None, None), SameSpeaker(None, None), Adjacent()])
def test_a_dialogue_of_one_turn_has_no_edges(rule):
    assert pairs(rule, "A") == set()


def test_same_speaker_equals_the_window_in_a_monologue():
    assert pairs(SameSpeaker(2, 1), "AAAA") == pairs(TemporalWindow(2, 1), "AAAA")


def test_same_speaker_has_no_edges_where_every_turn_has_a_new_speaker():
    assert pairs(SameSpeaker(None, None), "ABCD") == set()


@pytest.mark.parametrize("rule", [TemporalWindow, SameSpeaker])
@pytest.mark.parametrize("field", ["past", "future"])
def test_a_negative_number_of_turns_is_refused(rule, field):
    with pytest.raises(ValueError, match=rf"`{field}` must be a number of turns >= 0.*got -1"):
        rule(**{field: -1})


@pytest.mark.parametrize("rule", [*RULES.values()])
def test_every_rule_implements_the_protocol(rule):
    assert isinstance(rule(), EdgeRule)


def test_order_and_speaker_relation_follow_from_source_and_target():
    edges = torch.tensor([[0, 1, 2], [1, 1, 0]])
    assert [ORDERS[number] for number in order_of(edges)] == ["past", "now", "future"]
    assert [SPEAKER_RELATIONS[number] for number in speaker_relation_of(edges, torch.tensor([0, 1, 0]))] == [
        "inter",
        "intra",
        "intra",
    ]
