"""Predictions in files that other programs open."""

import csv
import json
import os
import sys
from dataclasses import replace

import pytest

from graphmer.cli.reading import reading_options
from graphmer.corpora.assemble import Assembly
from graphmer.corpora.base import Card
from graphmer.corpora.jsonl import read_dialogues
from graphmer.corpora.parquet.write import write_parquet
from graphmer.corpora.problems import Findings
from graphmer.errors import CheckpointError, ConfigError, CorpusError
from graphmer.features.provenance import Provenance
from graphmer.training.model_file import save_model
from graphmer.transcripts import ReadingOptions, read_transcript
from tests.cli.test_predict import CHAT, chats, run
from tests.inference.test_predictor import saved, trained
from tests.talks import LABELS, WIDTHS, ragged

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


def test_parquet_is_predicted_as_the_dialogues_it_was_made_of(tmp_path, model):
    pytest.importorskip("pyarrow", reason="pyarrow is not installed")
    path = chats(tmp_path, CALL, CHAT, CHAT)
    dialogues = list(read_dialogues(path, WIDTHS))
    corpus = Assembly(LABELS, WIDTHS, Findings()).corpus(Card("Calls"), LABELS, dialogues, {})
    write_parquet(corpus, tmp_path / "calls.parquet")
    write_parquet(corpus, tmp_path / "folder")
    for form in ("jsonl", "csv"):
        run(model, path, "--out", tmp_path / f"wanted.{form}", "--shard", "2/2")
        for source in ("calls.parquet", "folder"):
            run(model, tmp_path / source, "--out", tmp_path / f"found.{form}", "--shard", "2/2")
            assert (tmp_path / f"found.{form}").read_text() == (tmp_path / f"wanted.{form}").read_text()


def test_parquet_of_other_extractors_is_refused(tmp_path, monkeypatch):
    pytest.importorskip("pyarrow", reason="pyarrow is not installed")
    found, known = (
        Provenance(extractor="text", model="m", version="1", width=5, settings={}, sha256=digest)
        for digest in ("a", "b")
    )
    corpus = Assembly(LABELS, WIDTHS, Findings()).corpus(
        Card("Calls", extractors={"text": found}), LABELS, ragged(), {}
    )
    write_parquet(corpus, tmp_path / "calls.parquet")
    folder = tmp_path / "run" / "fold1-seed1"
    folder.mkdir(parents=True)
    facts = {"extractors": {"text": known.model_dump()}}
    save_model(folder, replace(trained(), facts=facts))
    with pytest.raises(CheckpointError, match=r"calls.parquet: text features are of"):
        run(tmp_path / "run", tmp_path / "calls.parquet")
