from graphmer.cli.arcs import LANES, arcs


def test_arcs_to_one_row_share_a_line_and_cross_others():
    assert arcs({2: [0, 1], 3: [3], 5: [1, 4, 5]}, 6) == [
        " ╭─",
        "╭┼─",
        "│╰▸",
        "│ •",
        "├──",
        "╰─▸",
    ]


def test_rows_without_causes_are_empty():
    assert arcs({}, 2) == [" ", " "]
    assert arcs({1: []}, 2) == [" ", " "]


def test_arcs_without_room_are_left_out():
    drawn = arcs({20 + number: [10 - number] for number in range(LANES + 2)}, 30)
    assert {len(row) for row in drawn} == {LANES + 1}
    assert sum("▸" in row for row in drawn) == LANES
