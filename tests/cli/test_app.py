import subprocess
import sys

import pytest

COMMANDS = (
    ("train",), ("evaluate",), ("check",), ("show",), ("doctor",),
    ("data",), ("data", "check"), ("data", "convert"),
)  # fmt: skip


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_every_command_explains_itself(command, graphmer):
    said = graphmer(*command, "--help")
    assert said.code == 0
    assert "Usage: graphmer " + " ".join(command) in said.out
    assert max(map(len, said.out.splitlines())) <= 80


def test_help_loads_none_of_the_heavy_libraries():
    code = (
        "import sys; sys.argv = ['graphmer', '--help']\n"
        "from graphmer.cli import main\n"
        "try:\n    main()\n"
        "except SystemExit:\n"
        "    print('LOADED', [n for n in ('torch', 'faiss', 'matplotlib', 'sklearn') if n in sys.modules])"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "train" in said.stdout
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
