"""Dialogues as people's files have them."""

import gzip
import io
import json
import logging
from types import SimpleNamespace

import pytest

from graphmer.corpora.jsonl import VectorFiles, read_dialogues, read_turn
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


def test_a_vector_per_frame_is_named_as_that(tmp_path):
    with pytest.raises(CorpusError, match=r"features\.text: must be one vector per utterance, not one per f"):
        read(tmp_path, json.dumps(dialogue(features={"text": [[0.1, 0.2], [0.3, 0.4]]})))


@pytest.mark.parametrize(
    ("turn", "message"),
    [
        ({"features": {"text": [10**400, 1]}}, r"features\.text: must be a list of numbers"),
        ({"features": {"text": "a.npy#" + "9" * 5000}}, r"features\.text: must be a list of numbers"),
        ({"start": 1e300}, r"start: must be less than or equal to 1000000000000"),
        ({"end": 10**400}, r"end: must be"),
        ({"label": 10**400}, r"label: must be a class name, a score, or null"),
    ],
)
def test_a_number_out_of_all_bounds_is_one_line(tmp_path, turn, message):
    with pytest.raises(CorpusError, match=message) as raised:
        read(tmp_path, json.dumps(dialogue(**turn)))
    assert "\n" not in str(raised.value)
    assert len(str(raised.value)) < 400


def test_a_matrix_that_claims_more_rows_than_its_file_holds_is_refused(tmp_path):
    header = "{'descr': '<f4', 'fortran_order': False, 'shape': (%d, 2), }"
    for rows in (10**12, 10**30):
        text = (header % rows).ljust(117) + "\n"
        (tmp_path / "v.npy").write_bytes(b"\x93NUMPY\x01\x00v\x00" + text.encode())
        for reference in ("v.npy", "v.npy#0"):
            with pytest.raises(CorpusError, match=r"v\.npy' is not a readable \.npy"):
                read(tmp_path, json.dumps(dialogue(features={"text": reference})))
