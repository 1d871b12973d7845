import io

from rich.table import Table
from rich.text import Text

from graphmer.cli import terminal
from graphmer.cli.terminal import complain


def test_nothing_that_is_printed_acts_on_the_terminal():
    file = io.StringIO()
    console = terminal.terminal(file=file, width=60, force_terminal=False)
    table = Table("name")
    table.add_row("\x1b]0;title")
    for content in ("\x1b[2J", Text("a\u202eb"), table):
        console.print(content, markup=False)
    console.out("\x9b1m")
    shown = file.getvalue()
    assert not {"\x1b", "\u202e", "\x9b"} & set(shown)
    for escape in (r"\x1b[2J", r"a\u202eb", r"\x1b]0;title", r"\x9b1m"):
        assert escape in shown


def test_an_error_is_one_line_whatever_it_quotes(capsys, monkeypatch):
    file = io.StringIO()
    monkeypatch.setattr(terminal, "errors", terminal.terminal(file=file, width=200))
    complain("no 'a\x1b[2Jb\x85c'")
    assert file.getvalue() == "error: no 'a\\x1b[2Jb\\x85c'\n"
