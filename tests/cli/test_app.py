import subprocess
import sys

import pytest

COMMANDS = (
    ("train",), ("evaluate",), ("predict",), ("stream",), ("report",), ("check",), ("show",), ("doctor",),
    ("data",), ("data", "check"), ("data", "convert"),
)  # fmt: skip
UNNEEDED = ("torch", "faiss", "matplotlib", "sklearn", "numpy", "yaml", "rich")


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_every_command_explains_itself(command, graphmer):
    said = graphmer(*command, "--help")
    assert said.code == 0
    assert "Usage: graphmer " + " ".join(command) in said.out
    assert max(map(len, said.out.splitlines())) <= 80


@pytest.mark.parametrize("of", [(), ("data",)], ids=["graphmer", "graphmer data"])
def test_commands_are_listed_with_the_whole_first_line_of_their_help(of, graphmer):
    said = " ".join(graphmer(*of, "--help").out.split())
    for command in (each[-1] for each in COMMANDS if each[:-1] == of):
        help = graphmer(*of, command, "--help").out.split("\n\n")[1]
        assert f" {command} {' '.join(help.split())}" in said


@pytest.mark.parametrize("command", [(), *COMMANDS], ids=" ".join)
def test_help_loads_no_library_that_it_does_not_need(command):
    code = (
        f"import sys; sys.argv = ['graphmer', *{command}, '--help']\n"
        "from graphmer.cli import main\n"
        "try:\n    main()\n"
        "except SystemExit:\n"
        f"    print('LOADED', [name for name in {UNNEEDED} if name in sys.modules])"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "Usage: graphmer" in said.stdout
    assert said.stdout.rstrip().endswith("LOADED []")


def test_an_unknown_command_or_option_ends_with_2_and_no_traceback(graphmer):
    for arguments in (("trian",), ("train", "--nonsense"), ("evaluate",)):
        said = graphmer(*arguments)
        assert said.code == 2
        assert "Traceback" not in said.err
        assert "Usage: graphmer" in said.err


def test_the_module_is_the_command():
    said = subprocess.run(
        [sys.executable, "-m", "graphmer", "check", "no.yaml"], capture_output=True, text=True, check=False
    )
    assert said.returncode == 2
    assert said.stderr == "error: no.yaml: cannot be read (No such file or directory). Name a YAML file.\n"
