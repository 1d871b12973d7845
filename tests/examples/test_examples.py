import os
import py_compile
import subprocess
import sys
from pathlib import Path

import pytest

from graphmer.config.load import load_config

ROOT = Path(__file__).parents[2]
FILES = sorted((ROOT / "examples").glob("*.yaml"))
SCRIPTS = sorted((ROOT / "examples").glob("*.py"))


def test_some_were_found():
    assert {path.stem for path in FILES} >= {"iemocap", "meld", "mosi", "simulated"}
    assert {path.stem for path in SCRIPTS} >= {"custom_graph"}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_every_example_can_be_read_and_takes_its_corpus_from_the_environment(path, monkeypatch, tmp_path):
    for variable in ("IEMOCAP_ROOT", "MELD_ROOT", "MOSI_ROOT"):
        monkeypatch.setenv(variable, str(tmp_path))
    config = load_config(path)
    assert config.name == path.stem
    if config.data.format != "simulated":
        assert config.data.root == tmp_path


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_every_script_compiles(path, tmp_path):
    py_compile.compile(str(path), str(tmp_path / "compiled.pyc"), doraise=True)


@pytest.mark.slow
@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_every_script_runs(path, tmp_path):
    said = subprocess.run(
        [sys.executable, path], cwd=tmp_path, capture_output=True, text=True, env=os.environ, check=False
    )
    assert said.returncode == 0, said.stderr
    assert "SIMULATED: epoch" in said.stdout
    assert "Ann: " in said.stdout
