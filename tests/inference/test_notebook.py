import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest
import torch

from graphmer.dialogue import Dialogue, LabelSpace, Utterance
from graphmer.dialogue.palette import colours
from graphmer.inference.notebook import MOST
from graphmer.inference.prediction import DialoguePrediction

NAMES = ("neutral", "<b>angry</b>")
TEXT = {"text": [0.0]}


def prediction(turns=3, **changes):
    """Two speakers in turn, each calm at first and angry then."""
    said = [
        Utterance("AB"[turn % 2], TEXT if turn != 1 else {}, text=f"line {turn} & <i>")
        for turn in range(turns)
    ]
    dialogue = Dialogue.from_utterances("<script>d", said, widths={"audio": 1, "text": 1})
    angry = [turn > 1 for turn in range(turns)]
    fields = {
        "dialogue": dialogue,
        "emotion": tuple(NAMES[each] for each in angry),
        "probability": torch.tensor([[0.25, 0.75] if each else [0.9, 0.1] for each in angry]),
        "change": torch.tensor([torch.nan, torch.nan] + [0.6] * (turns - 2)),
        "router": torch.zeros(turns, 2, 2),
        "labels": LabelSpace(NAMES),
    }
    return DialoguePrediction(**(fields | changes))


class Reader(HTMLParser):
    """The cells of the table by row, all that is loaded, and the tags that are open."""

    def __init__(self, page):
        super().__init__()
        self.rows, self.tags, self.open = [], [], []
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        self.open.append(tag)
        if tag == "tr":
            self.rows.append([])
        elif tag in ("td", "th"):
            self.rows[-1].append("")

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, text):
        if {"td", "th"} & set(self.open):
            self.rows[-1][-1] += text


def read(found):
    reader = Reader(found._repr_html_())
    assert reader.open == []
    return reader


def test_each_turn_is_a_row_with_what_was_read_the_emotion_and_the_change():
    header, *rows = read(prediction()).rows
    assert header == ["turn", "speaker", "read", "emotion", "p", "change", "text"]
    assert rows[0] == ["0", "A", "t", " neutral", " 0.90", "", "line 0 & <i>"]
    assert rows[1] == ["1", "B", "nothing", " neutral", " 0.90", "", "line 1 & <i>"]
    assert rows[2] == ["2", "A", "t", " <b>angry</b>", " 0.75", "▲ from neutral 0.60", "line 2 & <i>"]


def test_markup_in_names_and_texts_is_shown_as_text():
    page = prediction()._repr_html_()
    assert "<script" not in page
    assert "<b>angry" not in page
    assert "<i>\n" not in page
    assert "line 0 &amp; &lt;i&gt;" in page
    assert "&lt;script&gt;d" in page


def test_the_bar_is_as_long_as_the_probability_and_has_the_colour_of_the_palette():
    bars = [attributes["style"] for tag, attributes in read(prediction()).tags if tag == "i"]
    neutral, angry = colours(NAMES)
    assert bars == [
        f"width:90%;background:{neutral}",
        f"width:90%;background:{neutral}",
        f"width:75%;background:{angry}",
    ]


def test_nothing_is_loaded_and_no_script_runs():
    page = prediction()._repr_html_()
    assert re.search(r"https?:|url\(|@import|src=|href=|<script|\son\w+=", page) is None


def test_colours_of_text_and_background_are_left_to_the_notebook():
    style, _ = prediction()._repr_html_().split("</style>")
    assert re.findall(r"(?<!-)color: ([^;]+);", style) == ["inherit"]
    assert re.search(r"#[0-9a-f]{3}", style) is None


def test_a_call_of_the_model_that_its_emotions_contradict_is_said():
    called = replace(prediction(), change_called=torch.tensor([False, False, False]))
    assert read(called).rows[3][5] == "▲ from neutral 0.60, not called"
    steady = replace(prediction(), emotion=(NAMES[0],) * 3, change_called=torch.tensor([False, False, True]))
    assert read(steady).rows[3][5] == "0.60, called"


def test_a_model_of_simulated_dialogues_is_marked():
    assert "SIMULATED" not in prediction()._repr_html_()
    assert "SIMULATED:" in prediction(simulated=True)._repr_html_()


def test_of_a_long_dialogue_the_beginning_and_the_end_are_shown():
    _, *rows = read(prediction(MOST + 7)).rows
    assert len(rows) == MOST + 1
    assert rows[MOST // 2] == ["7 turns not shown"]
    assert [rows[0][0], rows[-1][0]] == ["0", str(MOST + 6)]


def test_a_score_has_neither_probability_nor_change():
    scores = (0.5, -1.25, 0.0)
    found = prediction(
        emotion=scores,
        probability=torch.tensor(scores)[:, None],
        change=torch.full((3,), torch.nan),
        labels=LabelSpace(interval=(-3.0, 3.0)),
    )
    header, *rows = read(found).rows
    assert header == ["turn", "speaker", "read", "emotion", "text"]
    assert [row[3] for row in rows] == ["+0.50", "-1.25", "+0.00"]


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (prediction(), "DialoguePrediction('<script>d', 3 turns, neutral 2, <b>angry</b> 1)"),
        (prediction(2), "DialoguePrediction('<script>d', 2 turns, neutral 2)"),
    ],
)
def test_the_short_form_counts_the_emotions(found, expected):
    assert repr(found) == expected
