import os
import subprocess
import sys
from importlib.metadata import version

import pytest
import shellingham

COMMANDS = (
    ("init",), ("train",), ("evaluate",), ("predict",), ("stream",), ("report",), ("check",), ("show",),
    ("doctor",), ("data",), ("data", "check"), ("data", "convert"), ("data", "get"), ("pack",), ("export",),
    ("features", "extract"), ("features", "tune"),
)  # fmt: skip
UNNEEDED = ("torch", "faiss", "matplotlib", "sklearn", "numpy", "yaml", "rich")


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_every_command_explains_itself(command, graphmer):
    outcome = graphmer(*command, "--help")
    assert outcome.code == 0
    assert "Usage: graphmer " + " ".join(command) in outcome.out
    assert max(map(len, outcome.out.splitlines())) <= 80


@pytest.mark.parametrize("of", [(), ("data",)], ids=["graphmer", "graphmer data"])
def test_commands_are_listed_with_the_whole_first_line_of_their_help(of, graphmer):
    outcome = " ".join(graphmer(*of, "--help").out.split())
    for command in (each[-1] for each in COMMANDS if each[:-1] == of):
        help = graphmer(*of, command, "--help").out.split("\n\n")[1]
        assert f" {command} {' '.join(help.split())}" in outcome


def in_new_process(*arguments, **environment):
    """What the command prints, and which of the libraries that it does not need are loaded after it."""
    code = (
        f"import sys; sys.argv = ['graphmer', *{arguments}]\n"
        "from graphmer.cli import main\n"
        "try:\n    main()\n"
        "except SystemExit:\n"
        f"    print('LOADED', *(name for name in {UNNEEDED} if name in sys.modules))"
    )
    command = [sys.executable, "-c", code]
    outcome = subprocess.run(
        command, capture_output=True, text=True, check=True, env={**os.environ, **environment}
    )
    out, _, loaded = outcome.stdout.partition("LOADED")
    return out, loaded.split()


@pytest.mark.parametrize("command", [(), *COMMANDS], ids=" ".join)
def test_help_loads_no_library_that_it_does_not_need(command):
    out, loaded = in_new_process(*command, "--help")
    assert "Usage: graphmer" in out
    assert loaded == []


def test_the_version_is_one_line_and_loads_no_library():
    out, loaded = in_new_process("--version")
    assert out == f"graphmer {version('graphmer')}\n"
    assert loaded == []


@pytest.mark.parametrize(
    ("words", "completed"),
    [
        ("graphmer ev", ["evaluate"]),
        ("graphmer train --fo", ["--folds"]),
        ("graphmer predict --format ", ["jsonl", "csv", "table", "parquet", "vtt", "srt", "eaf", "textgrid"]),
        ("graphmer init iem", ["iemocap", "iemocap_hardy"]),
    ],
)
def test_the_shell_completes_commands_options_and_examples_without_loading_a_library(words, completed):
    cursor = len(words.split(" ")) - 1
    environment = {"COMP_WORDS": words, "COMP_CWORD": str(cursor), "_GRAPHMER_COMPLETE": "complete_bash"}
    out, loaded = in_new_process(**environment)
    assert out.split() == completed
    assert loaded == []


def test_the_completion_script_calls_the_command(graphmer, monkeypatch):
    monkeypatch.setattr(shellingham, "detect_shell", lambda: ("bash", "/bin/bash"))
    outcome = graphmer("--show-completion")
    assert outcome.code == 0
    assert "complete -o default -F _graphmer_completion graphmer" in outcome.out


def test_an_unknown_command_or_option_ends_with_2_and_no_traceback(graphmer):
    for arguments in (("trian",), ("train", "--nonsense"), ("evaluate",)):
        outcome = graphmer(*arguments)
        assert outcome.code == 2
        assert "Traceback" not in outcome.err
        assert "Usage: graphmer" in outcome.err


def test_the_module_is_the_command():
    outcome = subprocess.run(
        [sys.executable, "-m", "graphmer", "check", "no.yaml"], capture_output=True, text=True, check=False
    )
    assert outcome.returncode == 2
    assert outcome.stderr == "error: no.yaml: cannot be read (No such file or directory). Name a YAML file.\n"
