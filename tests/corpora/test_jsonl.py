"""Dialogues as people's files have them."""

import gzip
import io
import json
import logging
from types import SimpleNamespace

import numpy as np
import pytest

from graphmer.corpora.assemble import Assembly
from graphmer.corpora.jsonl import VectorFiles, read_dialogues, read_turn
from graphmer.corpora.problems import Findings
from graphmer.errors import CorpusError

WIDTHS = {"text": 2, "audio": 1}


def dialogue(id="d", **turn):
    return {"id": id, "utterances": [{"speaker": "Ann", "features": {"text": [0.1, 0.2]}, **turn}]}


def read(folder, content, name="chat.jsonl"):
    path = folder / name
    if isinstance(content, str):
        path.write_text(content)
    else:
        path.write_bytes(content)
    return list(read_dialogues(path, WIDTHS))


def test_numbers_are_taken_as_names(tmp_path):
    turns = [{"speaker": 0, "id": 10}, {"speaker": 1.0, "reply_to": 10}, {"speaker": "0"}]
    (found,) = read(tmp_path, json.dumps({"id": 7, "session": 3, "utterances": turns}))
    assert (found.id, found.session) == ("7", "3")
    assert found.speakers == ("0", "1")
    assert found.speaker.tolist() == [0, 1, 0]
    assert found.utterance_ids[0] == "10"
    assert found.reply_to.tolist() == [-1, 0, -1]


@pytest.mark.parametrize(
    ("speaker", "shown"), [(None, "null"), (True, "true"), (["A"], r'\["A"\]'), (10**50, "1000000")]
)
def test_what_is_no_name_is_shown_as_json_has_it(tmp_path, speaker, shown):
    with pytest.raises(CorpusError, match=rf"utterances\[0\]\.speaker: must be a valid string; got {shown}"):
        read(tmp_path, json.dumps(dialogue(speaker=speaker)))


def test_null_is_a_missing_modality(tmp_path):
    turns = [
        {"speaker": "A", "features": {"text": [0.1, 0.2], "audio": None}},
        {"speaker": "A", "features": None},
    ]
    (found,) = read(tmp_path, json.dumps({"id": "d", "utterances": turns}))
    assert found.available.tolist() == [[True, False], [False, False]]
    turn = read_turn('{"speaker": 1, "features": {"text": null}}', "line 1", VectorFiles(tmp_path))
    assert (turn.speaker, dict(turn.features)) == ("1", {})


@pytest.mark.parametrize("indent", [None, 1])
def test_an_array_is_read_as_its_dialogues(tmp_path, indent):
    found = read(tmp_path, json.dumps([dialogue("a"), dialogue("b")], indent=indent), "chat.json")
    assert [each.id for each in found] == ["a", "b"]


def test_documents_on_several_lines_are_read(tmp_path):
    text = "\n\n".join(json.dumps(dialogue(id), indent=2) for id in "ab")
    assert [each.id for each in read(tmp_path, text)] == ["a", "b"]


def test_a_fault_in_a_document_is_named_with_its_place(tmp_path):
    array = json.dumps([dialogue("a"), dialogue("b", speaker=None)], indent=1)
    with pytest.raises(CorpusError, match=r"chat.json: dialogue 2: utterances\[0\]\.speaker: .* got null"):
        read(tmp_path, array, "chat.json")
    with pytest.raises(CorpusError, match=r"chat.json:3: no valid JSON: Expecting value"):
        read(tmp_path, '[\n\n{"id": }]', "chat.json")
    with pytest.raises(CorpusError, match=r"chat.json: no valid JSON: .*recursion"):
        read(tmp_path, "[" * 200_000, "chat.json")


def test_a_bad_first_line_does_not_turn_json_lines_into_a_document(tmp_path):
    with pytest.raises(CorpusError, match=r"chat.jsonl:1: no valid JSON"):
        read(tmp_path, '{"id": "a", \n' + json.dumps(dialogue("b")))


def test_gzip_is_read_whatever_its_name(tmp_path):
    packed = gzip.compress(json.dumps(dialogue("a")).encode())
    assert [each.id for each in read(tmp_path, packed)] == ["a"]
    with pytest.raises(CorpusError, match=r"chat.jsonl: damaged gzip file .*Compress it again"):
        read(tmp_path, packed[:-9])


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_a_dash_is_standard_input(monkeypatch, pack):
    content = pack((json.dumps(dialogue("a")) + "\n" + json.dumps(dialogue("b", speaker=None))).encode())
    monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=io.BytesIO(content)))
    found = read_dialogues("-", WIDTHS)
    assert next(found).id == "a"
    with pytest.raises(CorpusError, match=r"standard input:2: .*speaker"):
        next(found)


def test_an_empty_file_is_said_to_have_no_dialogue(tmp_path, caplog):
    assert read(tmp_path, "\n \n") == []
    (record,) = caplog.records
    assert record.levelno == logging.WARNING
    assert "chat.jsonl: no dialogue in it" in record.getMessage()


def test_vectors_treated_as_missing_are_counted_in_one_line(tmp_path, caplog):
    turns = [{"speaker": "A", "features": {"text": [float("nan"), 1]}}] * 5
    (found,) = read(tmp_path, json.dumps({"id": "d", "utterances": turns}))
    assert not found.available.any()
    (record,) = caplog.records
    assert "'text' holds NaN or infinity. Treated as missing. (5 in all)" in record.getMessage()


FRAMES = [[0.5, 8], [1.5, -2], [1, 3]]


@pytest.mark.parametrize(
    ("pooling", "expected"), [("mean", [1, 3]), ("max", [1.5, 8]), ("last", [1, 3])], ids=str
)
def test_frames_are_pooled_as_asked(tmp_path, pooling, expected):
    np.save(tmp_path / "clip.npy", np.array(FRAMES))
    turns = [{"speaker": "A", "features": {"text": value}} for value in (FRAMES, "clip.npy", [[1, 3]])]
    path = tmp_path / "chat.jsonl"
    path.write_text(json.dumps({"id": "d", "utterances": turns}))
    (found,) = read_dialogues(path, WIDTHS, pooling=pooling)
    assert found.features["text"].tolist() == [expected, expected, [1, 3]]


def test_frames_are_refused_by_a_line_that_names_the_setting(tmp_path):
    with pytest.raises(
        CorpusError, match=r"features\.text: 'text' has frames, not one vector per .* `--pooling`"
    ):
        read(tmp_path, json.dumps(dialogue(features={"text": FRAMES})))
    with pytest.raises(CorpusError, match=r"features: 'text' has frames, not one vector\. Give one"):
        read_turn(json.dumps({"speaker": 1, "features": {"text": FRAMES}}), "line 1", VectorFiles(tmp_path))


@pytest.mark.parametrize("frames", [[[0.1, 0.2], [0.3]], [[0.1, 0.2], []], [[0.1], [0.2]]])
def test_frames_of_other_widths_are_named(tmp_path, frames):
    path = tmp_path / "chat.jsonl"
    path.write_text(json.dumps(dialogue(features={"text": frames})))
    with pytest.raises(CorpusError, match=r"'text' must have (frames of one width|2 values, got 1)"):
        list(read_dialogues(path, WIDTHS, pooling="mean"))


def test_vectors_of_other_things_than_numbers_are_named():
    findings = Findings()
    assembly = Assembly(None, WIDTHS, findings)
    for values in (["", 1.0], [None, 2.0], [{}, 1.0]):
        assert assembly.vector(values, "text", "somewhere") is None
    with pytest.raises(CorpusError, match=r"'text' must (hold numbers; got <U|have frames of one width)"):
        findings.raise_errors()


def test_zeros_are_kept_or_missing(tmp_path, caplog):
    path = tmp_path / "chat.jsonl"
    path.write_text(json.dumps(dialogue(features={"text": [0, 0.0], "audio": [1]})))
    (kept,) = read_dialogues(path, WIDTHS)
    assert kept.available.tolist() == [[True, True]]
    (missing,) = read_dialogues(path, WIDTHS, zeros="missing")
    assert missing.available.tolist() == [[False, True]]
    assert "'text' is all zeros. Treated as missing. (1 in all)" in caplog.text
