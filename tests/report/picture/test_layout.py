import pytest
import torch

from graphmer.report.picture.layout import (
    BAR_ROWS,
    BARS,
    LANES,
    LETTERED,
    ROW,
    Lanes,
    Layout,
    window,
)
from tests.report.picture.scenes import scene

LENGTHS = (1, 3, 46, 49, 110, LETTERED, LETTERED + 1, 1000, 1201, 5000, 100_000)


@pytest.mark.parametrize("turns", LENGTHS)
def test_every_turn_has_one_cell_in_order(turns):
    layout = Layout.of(turns)
    found = [turn for row in layout.rows for cell in row for turn in layout.turns_of(cell)]
    assert found == list(range(turns))


@pytest.mark.parametrize("turns", LENGTHS)
def test_rows_are_bounded_in_length_and_number(turns):
    layout = Layout.of(turns)
    assert max(map(len, layout.rows)) <= (ROW if layout.lettered else BARS)
    assert len(layout.rows) <= (LETTERED // ROW if layout.lettered else BAR_ROWS)


def test_rows_are_about_equally_long():
    assert [len(row) for row in Layout.of(110).rows] == [37, 37, 36]


def test_a_bar_stands_for_several_turns_only_where_it_must():
    assert [Layout.of(turns).per_cell for turns in (46, 1000, 1200, 1201, 5000)] == [1, 1, 1, 2, 5]


def test_a_speaker_has_a_lane():
    lanes = Lanes.of(scene(5, speakers="ABC").dialogue)
    assert lanes.names == ("A", "B", "C")
    assert lanes.lane.tolist() == [0, 1, 2, 0, 1]
    assert lanes.sharing == 0


def test_the_speakers_with_the_fewest_turns_share_a_lane():
    speakers = [f"s{number}" for number in range(LANES + 2)]
    dialogue = scene(2 * LANES + 1, speakers=[*speakers, *reversed(speakers[3:])]).dialogue
    lanes = Lanes.of(dialogue)
    assert len(lanes.names) == LANES
    assert lanes.names[-1] == "3 others"
    assert lanes.sharing == 3
    assert set(lanes.names[:-1]) == set(speakers[3:])
    assert lanes.lane[torch.isin(dialogue.speaker, torch.arange(3))].tolist() == [LANES - 1] * 3


@pytest.mark.parametrize("turn", [0, 5, 500, 995, 999])
def test_the_window_holds_its_turn_and_fills_a_row(turn):
    shown = window(turn, 1000)
    assert turn in shown
    assert len(shown) == ROW
    assert 0 <= shown[0] <= shown[-1] < 1000
