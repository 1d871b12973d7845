from collections.abc import Iterator

import pytest
import torch
from matplotlib.axes import Axes
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from graphmer.dialogue import LabelSpace
from graphmer.dialogue.palette import codes, colours, relation_colours, score_colour
from graphmer.graph import TemporalWindow
from graphmer.report.picture import draw, save
from graphmer.report.picture.layout import ROW
from tests.report.picture.scenes import LABELS, scene

SCORES = LabelSpace(interval=(-3.0, 3.0))


def parts(figure: Figure, beginning: str) -> list[Axes]:
    return [axes for axes in figure.axes if str(axes.get_label()).startswith(beginning)]


def collections(axes: Axes) -> dict[str, object]:
    return {collection.get_label(): collection for collection in axes.collections}


def hexes(rows) -> list[str]:
    return [to_hex(row).upper() for row in rows]


def words(figure: Figure) -> Iterator[str]:
    return (text.get_text() for axes in figure.axes for text in axes.texts)


def images(figure: Figure) -> dict[str, object]:
    return {image.get_label(): image for axes in figure.axes for image in axes.images}


def test_turns_have_the_colour_and_the_code_of_their_emotion():
    figure, _ = draw(scene(4, emotions=("happy", "sad", "neutral", "angry")), "d")
    (row,) = parts(figure, "row")
    assert hexes(collections(row)["turns"].get_facecolor()) == colours(LABELS.names)
    assert set(codes(LABELS.names)) <= {text.get_text() for text in row.texts}


def test_a_turn_without_annotation_is_hollow_and_has_no_code():
    figure, _ = draw(scene(2, emotions=("happy", None)), "d")
    (row,) = parts(figure, "row")
    assert hexes(collections(row)["turns"].get_facecolor())[1] == "#FFFFFF"
    assert [text.get_text() for text in row.texts].count("H") == 1
    assert "not annotated" in words(figure)


def test_a_turn_without_any_modality_is_hollow_and_dashed():
    figure, _ = draw(scene(2, emotions=("happy",), unrecorded=[1]), "d")
    turns = collections(parts(figure, "row")[0])["turns"]
    assert hexes(turns.get_facecolor()) == [colours(LABELS.names)[0].upper(), "#FFFFFF"]
    assert [dashes is not None for _, dashes in turns.get_linestyle()] == [False, True]
    assert "no modality" in words(figure)


def test_speakers_have_lanes_and_turns_run_to_the_right():
    figure, _ = draw(scene(4, speakers="AB"), "d")
    x, y = collections(parts(figure, "row")[0])["turns"].get_offsets().T
    assert (x[1:] > x[:-1]).all()
    assert y[0] == y[2] < y[1] == y[3]


def test_a_changed_emotion_of_the_same_speaker_is_marked():
    figure, _ = draw(scene(4, speakers="A", emotions=("happy", "sad", "sad", "happy")), "d")
    assert len(collections(parts(figure, "row")[0])["changes"].get_paths()) == 2


def test_strips_tell_available_from_hidden_from_not_recorded():
    figure, _ = draw(scene(3, hidden=[(1, 1)], unrecorded=[2]), "d")
    row = collections(parts(figure, "row")[0])
    heights = [path.get_extents().height for path in row["text"].get_paths()]
    filled = [bool(colour[3]) for colour in row["text"].get_facecolor()]
    assert filled == [True, False, True]
    assert heights[2] < 0.02 < heights[1]
    assert all(path.get_extents().height > 0.05 for path in row["audio"].get_paths()[:2])


def test_scores_have_the_colours_of_the_page():
    scores = (-3.0, 0.0, 2.0)
    figure, _ = draw(scene(3, emotions=scores, labels=SCORES), "d")
    (row,) = parts(figure, "row")
    found = [colour.lower() for colour in hexes(collections(row)["turns"].get_facecolor())]
    assert found == [score_colour(score, (-3.0, 3.0)) for score in scores]
    assert {"-3.0", "0.0", "2.0"} <= {text.get_text() for text in row.texts}
    assert "highest score (3)" in words(figure)


def test_a_class_whose_code_is_too_long_for_a_disc_has_its_number():
    labels = LabelSpace(("strongly negative", "strongly positive", "neutral"))
    figure, _ = draw(scene(3, emotions=labels.names, labels=labels), "d")
    assert [text.get_text() for text in parts(figure, "emotions")[0].texts[:4]] == [
        "0",
        "strongly negative",
        "1",
        "strongly positive",
    ]


def test_only_edges_into_the_chosen_turns_are_drawn():
    shown = scene(46)
    figure, notes = draw(shown, "d", turns=[10, 30])
    panels = parts(figure, "incoming")
    assert [panel.get_label() for panel in panels] == ["incoming 10", "incoming 30"]
    for panel, turn in zip(panels, (10, 30), strict=True):
        curves = collections(panel)
        for kind, relation in enumerate(shown.relations):
            expected = (shown.graph.edge_index[1] == turn) & (shown.graph.edge_type == kind)
            assert len(curves[relation].get_paths()) == int(expected.sum())
    assert not images(figure)
    assert notes == ()


def test_an_edge_runs_from_its_source_to_its_target_in_the_colour_of_its_rule():
    shown = scene(5)
    figure, _ = draw(shown, "d", turns=[2], relations=["near/future/inter"])
    found = collections(parts(figure, "incoming")[0])
    curve = found["near/future/inter"]
    places = found["turns"].get_offsets()
    (path,) = curve.get_paths()
    assert path.vertices[[0, -1]] == pytest.approx(places[[3, 2]].data)
    expected = relation_colours(shown.relations)[shown.relations.index("near/future/inter")]
    assert hexes(curve.get_edgecolor()) == [expected]
    assert curve.get_linestyle()[0][1] is not None  # dashed, as it comes from a later turn
    assert "near/past/inter" not in found


def test_turns_without_an_edge_to_the_chosen_one_are_pale():
    figure, _ = draw(scene(6), "d", turns=[2], relations=["near/past/inter"])
    alpha = collections(parts(figure, "incoming")[0])["turns"].get_alpha()
    assert [value == 1 for value in alpha] == [False, True, True, False, False, False]


def test_by_default_there_is_a_matrix_of_each_relation_with_edges():
    shown = scene(46)
    figure, notes = draw(shown, "d")
    counts = shown.graph.edge_type.bincount(minlength=len(shown.relations))
    drawn = {name for name, count in zip(shown.relations, counts.tolist(), strict=True) if count}
    assert set(images(figure)) == drawn
    assert [panel.get_label() for panel in parts(figure, "incoming")] == ["incoming 23"]
    assert notes == ("Without edges in this dialogue: near/past/intra, near/future/intra.",)


def test_the_pixels_of_a_matrix_are_the_edges():
    shown = scene(5)
    figure, _ = draw(shown, "d", relations=["own/past/intra"])
    (image,) = images(figure).values()
    coloured = torch.tensor(image.get_array()[..., 0] < 1)
    kind = shown.relations.index("own/past/intra")
    source, target = shown.graph.edge_index[:, shown.graph.edge_type == kind]
    assert set(map(tuple, coloured.nonzero().tolist())) == set(
        zip(target.tolist(), source.tolist(), strict=True)
    )
    assert not parts(figure, "incoming")


def test_a_long_dialogue_is_drawn_in_rows():
    figure, _ = draw(scene(110), "d")
    rows = parts(figure, "row")
    assert [len(collections(row)["turns"].get_offsets()) for row in rows] == [37, 37, 36]


@pytest.mark.parametrize("turns", [1, 3, 46, 110, 1000, 4000])
def test_a_picture_of_any_length_has_a_bounded_size(turns):
    figure, _ = draw(scene(turns), "d")
    width, height = figure.get_size_inches()
    assert 7 < width < 12
    assert height < 20


def test_what_is_summarised_is_said_in_the_picture():
    far = {"all": TemporalWindow(past=None, future=0)}
    speakers = [f"s{number}" for number in range(12)]
    figure, notes = draw(
        scene(1500, rules=far, speakers=speakers), "d", turns=[700], relations=["all/past/intra"]
    )
    first = 700 - ROW // 2
    expected = (
        "A bar stands for up to 2 turns",
        "The 3 speakers with the fewest turns share the last lane.",
        f"Turn 700: edges from turns before {first} or after {first + ROW - 1} are not drawn (56).",
        "A cell of a matrix of all turns stands for 25 x 25 pairs",
    )
    assert all(note.startswith(start) for note, start in zip(notes, expected, strict=True))
    assert all(any(word.startswith(start[:40]) for word in words(figure)) for start in expected)


def test_a_bar_has_the_most_frequent_emotion_of_its_turns():
    emotions = ("happy", "sad", "sad")
    figure, _ = draw(scene(2500, speakers="A", emotions=emotions), "d")
    bars = collections(parts(figure, "row 0")[0])["turns"]
    assert set(hexes(bars.get_facecolor())) == {colours(LABELS.names)[1]}


def test_without_a_graph_the_turns_are_drawn_all_the_same():
    figure, notes = draw(scene(3, rules={}), "d")
    assert len(parts(figure, "row")) == 1
    assert notes == ("The configuration has no graph, so there are no edges.",)


@pytest.mark.parametrize("ending", ["png", "svg", "pdf"])
def test_names_of_any_kind_are_drawn(ending, tmp_path):
    names = ["$a_{", "b\x00\x1b[31m\n", "x" * 300, "\ud800\u202e"]
    file = tmp_path / f"picture.{ending}"
    save(scene(8, speakers=names, id="$d$"), file, "$\\frac{\x07" + "y" * 400)
    assert file.stat().st_size > 1000
