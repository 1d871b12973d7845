"""Predictions in files that other programs open."""

import csv
import json
import os
import sys
from dataclasses import replace

import pytest

from graphmer.cli.reading import reading_options
from graphmer.errors import ConfigError, CorpusError
from graphmer.training.model_file import save_model
from graphmer.transcripts import ReadingOptions, read_transcript
from tests.cli.test_predict import CHAT, chats, run
from tests.inference.test_predictor import saved, trained

CALL = [
    turn | {"start": start, "end": start + 1.5, "text": text}
    for turn, start, text in zip(
        CHAT, (0.1, 1.25, 4000.0), ("hello?", "=1+1 <i>yes</i>", "\x1b[31mred"), strict=True
    )
]


@pytest.fixture
def model(tmp_path):
    return saved(tmp_path / "run", "fold1-seed1")


def emotions(model, path, tmp_path):
    run(model, path, "--out", tmp_path / "plain.jsonl")
    return [turn["emotion"] for turn in json.loads((tmp_path / "plain.jsonl").read_text())["turns"]]


@pytest.mark.parametrize("ending", ["vtt", "srt", "eaf", "TextGrid"])
def test_the_file_is_read_again_with_the_same_turns_and_emotions(tmp_path, model, ending):
    path, out = chats(tmp_path, CALL), tmp_path / f"call.{ending}"
    run(model, path, "--out", out)
    turns = read_transcript(out, ReadingOptions(merge_gap=None)).dialogues[0].turns
    assert [turn.emotion for turn in turns] == emotions(model, path, tmp_path)
    assert [turn.speaker for turn in turns] == ["Ann", "Bob", "Ann"]
    assert [turn.text for turn in turns] == ["hello?", "=1+1 <i>yes</i>", r"\x1b[31mred"]
    assert [(turn.start, turn.end) for turn in turns] == [(0.1, 1.6), (1.25, 2.75), (4000.0, 4001.5)]


def test_the_ending_decides_the_format_unless_it_is_given(tmp_path, model):
    path = chats(tmp_path, CALL)
    run(model, path, "--out", tmp_path / "call.csv")
    assert len(list(csv.DictReader((tmp_path / "call.csv").read_text().splitlines()))) == 3
    run(model, path, "--out", tmp_path / "call.txt", "--format", "vtt")
    assert (tmp_path / "call.txt").read_text().startswith("WEBVTT\n")
    run(model, path, "--out", os.devnull, "--format", "vtt")
    assert run(model, path, "--format", "srt").startswith("1\n00:00:00,100 --> 00:00:01,600\n")


@pytest.mark.parametrize("ending", ["vtt", "srt", "eaf", "TextGrid"])
def test_what_such_a_file_cannot_have_is_one_line_and_nothing_is_written(tmp_path, model, ending):
    out = tmp_path / f"call.{ending}"
    with pytest.raises(CorpusError, match=r"'chat0', turn 1: has no start and end, which .* needs"):
        run(model, chats(tmp_path, CHAT), "--out", out)
    with pytest.raises(
        ConfigError, match=r"a file has one dialogue, and here are several. Choose one with --shard"
    ):
        run(model, chats(tmp_path, CALL, CALL), "--out", out)
    with pytest.raises(ConfigError, match=r"--what-if: .* has no place for it"):
        run(model, chats(tmp_path, CALL), "--out", out, "--what-if")
    with pytest.raises(ConfigError, match="there is no dialogue to write"):
        run(model, chats(tmp_path, CALL), "--out", out, "--shard", "2/2")
    assert not out.exists()


def test_files_of_a_model_of_simulated_dialogues_are_marked_or_refused(tmp_path):
    folder = tmp_path / "run" / "fold1-seed1"
    folder.mkdir(parents=True)
    save_model(folder, replace(trained(), facts={"simulated": True}))
    path = chats(tmp_path, CALL)
    for ending in ("vtt", "eaf", "TextGrid"):
        out = tmp_path / f"call.{ending}"
        run(tmp_path / "run", path, "--out", out)
        assert "SIMULATED" in out.read_text()
        assert len(read_transcript(out, ReadingOptions(merge_gap=None)).dialogues[0].turns) == 3
    with pytest.raises(CorpusError, match=r"SRT has no place for the remark SIMULATED. Write vtt"):
        run(tmp_path / "run", path, "--out", tmp_path / "call.srt")


def test_tiers_and_annotators_are_options_of_reading():
    options = reading_options(merge_gap=-1, tier=["tx", "words"], annotators="majority")
    assert options == ReadingOptions(merge_gap=None, tiers=("tx", "words"), annotators="majority")


@pytest.mark.parametrize("more", [(), ("--what-if",)])
def test_parquet_has_the_rows_of_csv(tmp_path, model, more):
    parquet = pytest.importorskip("pyarrow.parquet", reason="pyarrow is not installed")
    path = chats(tmp_path, CALL, CHAT)
    run(model, path, "--out", tmp_path / "call.csv", *more)
    run(model, path, "--out", tmp_path / "call.parquet", *more)
    wanted = list(csv.DictReader((tmp_path / "call.csv").read_text().splitlines()))
    found = parquet.read_table(tmp_path / "call.parquet").to_pylist()
    assert [{k: "" if v is None else str(v) for k, v in row.items()} for row in found] == wanted
    assert isinstance(found[0]["p_happy"], float)


def test_parquet_needs_a_file_and_pyarrow(tmp_path, model, monkeypatch):
    path = chats(tmp_path, CALL)
    with pytest.raises(ConfigError, match="--format parquet: needs a file"):
        run(model, path, "--format", "parquet")
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(ConfigError, match=r'Run: pip install "graphmer\[parquet\]"'):
        run(model, path, "--out", tmp_path / "call.parquet")
