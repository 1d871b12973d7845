import json
import os
import py_compile
import subprocess
import sys
from pathlib import Path

import pytest

from graphmer.config.load import load_config
from graphmer.transcripts import read_transcript

ROOT = Path(__file__).parents[2]
FILES = sorted((ROOT / "examples").glob("*.yaml"))
SCRIPTS = sorted((ROOT / "examples").glob("*.py"))


def test_some_were_found():
    assert {path.stem for path in FILES} >= {"iemocap", "meld", "mosi", "simulated"}
    assert {path.stem for path in SCRIPTS} >= {"custom_graph"}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_every_example_can_be_read_and_takes_its_corpus_from_the_environment(path, monkeypatch, tmp_path):
    for variable in ("IEMOCAP_ROOT", "MELD_ROOT", "MELD_TEXT_ROOT", "MELD_CSV", "MOSI_ROOT"):
        monkeypatch.setenv(variable, str(tmp_path))
    config = load_config(path)
    assert config.name == path.stem
    if config.data.format != "simulated":
        assert config.data.root == tmp_path


def test_the_written_chat_is_eight_turns_of_two_speakers():
    (chat,) = read_transcript(ROOT / "examples" / "chat.txt").dialogues
    assert [turn.speaker for turn in chat.turns] == ["Ann", "Bob"] * 4
    assert all(turn.text for turn in chat.turns)


def test_the_chat_with_a_gap_is_the_same_without_one_text():
    chat, gap = (
        read_transcript(ROOT / "examples" / name).dialogues[0].turns
        for name in ("chat.txt", "chat_missing.txt")
    )
    assert [turn.speaker for turn in gap] == [turn.speaker for turn in chat]
    assert [turn.text for turn in gap] == [None if n == 3 else turn.text for n, turn in enumerate(chat)]


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_every_script_compiles(path, tmp_path):
    py_compile.compile(str(path), str(tmp_path / "compiled.pyc"), doraise=True)


@pytest.mark.slow
def test_the_script_of_a_graph_of_ones_own_trains(tmp_path):
    said = run("custom_graph", tmp_path)
    assert "SIMULATED: epoch" in said
    assert "Ann: " in said


def test_the_chat_is_one_dialogue_or_a_line_a_turn(tmp_path):
    (chat,) = map(json.loads, run("chat", tmp_path).splitlines())
    turns = [json.loads(line) for line in run("chat", tmp_path, "--turns").splitlines()]
    assert chat["utterances"] == turns
    assert [sorted(turn["features"]) for turn in turns[2:6]] == [
        ["audio", "video"], ["text"], ["audio", "text", "video"], []
    ]  # fmt: skip


def run(script: str, folder: Path, *arguments: str) -> str:
    command = [sys.executable, ROOT / "examples" / f"{script}.py", *arguments]
    said = subprocess.run(command, cwd=folder, capture_output=True, text=True, env=os.environ, check=False)
    assert said.returncode == 0, said.stderr
    return said.stdout
