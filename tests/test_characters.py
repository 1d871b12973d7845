import json

import pytest

from graphmer.characters import visible, visible_json


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("\x1b[31mred\x07", r"\x1b[31mred\x07"),
        ("left\u202eright\u2066", r"left\u202eright\u2066"),
        ("\x9b2J\x7f\r", r"\x9b2J\x7f\r"),
        ("two\nlines\tand", "two\nlines\tand"),
        ("क्\u200dष 👩\u200d🚀 Zoë", "क्\u200dष 👩\u200d🚀 Zoë"),
    ],
)
def test_what_acts_on_a_terminal_is_shown_as_an_escape(text, expected):
    assert visible(text) == expected


def test_json_keeps_its_content_when_it_is_made_visible():
    content = {"text": "\x1b[31m \x9b \u202e \x7f \n Zoë"}
    shown = visible_json(json.dumps(content, ensure_ascii=False))
    assert json.loads(shown) == content
    assert not {"\x9b", "\u202e", "\x7f"} & set(shown)
    assert "Zoë" in shown
