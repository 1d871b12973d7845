import torch

from graphmer.graph import TemporalWindow
from graphmer.report.picture.edges import CELLS, Section, incoming
from tests.report.picture.scenes import scene


def test_incoming_edges_are_those_of_the_target_by_relation():
    shown = scene(6)
    kinds = [shown.relations.index(name) for name in ("near/past/inter", "own/future/intra")]
    assert incoming(shown.graph, 3, kinds) == {kinds[0]: [2], kinds[1]: [5]}


def test_of_a_short_dialogue_every_pair_has_a_cell():
    shown = scene(4)
    kind = shown.relations.index("near/past/inter")
    section = Section.of(shown.graph, kind, middle=2)
    assert section == Section(range(4), 1)
    expected = torch.zeros(4, 4)
    expected[[1, 2, 3], [0, 1, 2]] = 1  # row the target, column the source
    assert section.density(shown.graph, kind).equal(expected)


def test_of_a_long_dialogue_a_short_relation_is_shown_around_the_middle():
    shown = scene(1000)
    kind = shown.relations.index("near/past/inter")
    section = Section.of(shown.graph, kind, middle=990)
    assert section == Section(range(1000 - CELLS, 1000), 1)
    assert section.density(shown.graph, kind).sum() == CELLS - 1


def test_of_a_long_dialogue_a_far_reaching_relation_is_shown_whole_in_cells_of_several_turns():
    shown = scene(130, rules={"all": TemporalWindow(past=None, future=0)}, speakers="A")
    kind = shown.relations.index("all/past/intra")
    section = Section.of(shown.graph, kind, middle=60)
    share = section.density(shown.graph, kind)
    assert section == Section(range(130), 3)
    assert share.shape == (44, 44)
    assert (share.tril(-1) == torch.ones(44, 44).tril(-1)).all()
    assert share.triu(1).sum() == 0
    assert share[0, 0] == 3 / 9  # of three turns, three of nine pairs are in the past
