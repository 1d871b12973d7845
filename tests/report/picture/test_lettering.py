import matplotlib as mpl
import pytest
from matplotlib.figure import Figure

from graphmer.report.picture.lettering import distinct, fitting, printable, width_of, write


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("two\nlines\tand", "two lines and"),
        ("\x1b[31mred", "\ufffd[31mred"),
        ("left\u202eright", "left\ufffdright"),
        ("a\x00b", "a\ufffdb"),
        ("\ud800", "\ufffd"),
        ("\U000f0000", "\ufffd"),
        ("Zoë", "Zoë"),
    ],
)
def test_a_text_is_one_line_of_characters_that_can_be_drawn(text, expected):
    assert printable(text, 100) == expected


def test_a_long_text_keeps_its_beginning_and_its_end():
    assert printable("participant_one", 9) == "part…_one"


@pytest.mark.parametrize("weight", ["normal", "bold"])
def test_a_text_fits_into_its_room(weight):
    short = fitting("W" * 300, 2.0, 12, weight)
    assert width_of(short, 12, weight) <= 2.0
    assert width_of(short + "WW", 12, weight) > 2.0


def test_names_that_shortening_makes_equal_are_numbered():
    names = ["conversation participant 1 of many", "conversation participant 2 of many"]
    found = distinct(names, 1.0, 7.5, "bold")
    assert [name[:6] for name in found] == ["0 conv", "1 conv"]
    assert distinct(["Ann", "Bob"], 1.0, 7.5, "bold") == ["Ann", "Bob"]


def test_a_dollar_sign_is_no_mathematics(tmp_path):
    figure = Figure()
    text = write(figure.add_axes((0, 0, 1, 1)), 0, 0, r"$\frac{$")
    with mpl.rc_context({"svg.fonttype": "none"}):
        figure.savefig(tmp_path / "text.svg")
    assert text.get_text() == r"$\frac{$"
    assert r"$\frac{$" in (tmp_path / "text.svg").read_text()
