import sys
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from graphmer.cli import main, terminal


@dataclass(frozen=True)
class Outcome:
    code: int
    out: str
    err: str

    @property
    def complaint(self) -> str:
        """The only line on standard error; fails if the command did not end with one."""
        assert self.code == 2, (self.out, self.err)
        assert "Traceback" not in self.err
        (line,) = self.err.splitlines()
        return line.removeprefix("error: ")


@pytest.fixture
def graphmer(capsys, monkeypatch) -> Callable[..., Outcome]:
    """Runs the command line as a user does, in a terminal of 80 columns."""

    def command(*arguments: object, columns: int = 80) -> Outcome:
        monkeypatch.setattr(sys, "argv", ["graphmer", *map(str, arguments)])
        monkeypatch.setenv("COLUMNS", str(columns))
        monkeypatch.setenv("TERMINAL_WIDTH", str(columns))
        for console in (terminal.console, terminal.errors):
            monkeypatch.setattr(console, "_width", columns)
        capsys.readouterr()
        with pytest.raises(SystemExit) as left:
            main()
        captured = capsys.readouterr()
        return Outcome(int(left.value.code or 0), captured.out, captured.err)

    return command
