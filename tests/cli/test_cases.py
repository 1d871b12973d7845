"""Files as people have them: each case of docs/reliability.md with the right value."""

import gzip
import io
import json
import sys

import pytest

from graphmer.cli import writers
from graphmer.dialogue import LabelSpace
from graphmer.dialogue.standardise import Standardiser
from graphmer.graph import GraphBuilder, SameSpeaker
from graphmer.nn.messages import MessagePassingSettings
from graphmer.systems import SYSTEMS
from graphmer.training.model_file import TrainedModel, save_model
from tests.models import model_settings

TEXT = [0.1, 0.2, 0.3, 0.4]
WIDTHS = {"text": 4, "audio": 3}
LABELS = LabelSpace(("h", "s"))


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    run = tmp_path_factory.mktemp("run")
    build = GraphBuilder({"own": SameSpeaker()}, LABELS)
    messages = MessagePassingSettings(width=4, depth=1, heads=2)
    settings = model_settings(WIDTHS, 2, build.relations, width=4, depth=1, message_passing=messages)
    standardiser = Standardiser.identity(WIDTHS)
    (run / "fold1-seed1").mkdir()
    save_model(
        run / "fold1-seed1",
        TrainedModel(settings.build(), settings, LABELS, standardiser, build, {}, SYSTEMS["graphmer"]),
    )
    return run


def chat(id="d", speaker="A", **features) -> dict:
    turn = {"speaker": speaker, "features": {"text": TEXT} | features}
    return {"id": id, "utterances": [turn]}


@pytest.fixture
def predict(graphmer, model, tmp_path, caplog):
    """Exit code, records and warnings of `graphmer predict` for a content."""

    def run(content, *options):
        path = tmp_path / "chats.jsonl"
        path.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
        caplog.clear()
        found = graphmer("predict", model, path, *options)
        if options:
            return found
        return found.code, [json.loads(line) for line in found.out.splitlines()], caplog.messages

    return run


def test_numbers_as_speakers_and_ids_are_names(predict):
    code, (found,), warned = predict(chat(7, 0))
    assert (code, warned, found["id"], found["turns"][0]["speaker"]) == (0, [], "7", "0")


def test_messages_show_values_as_json_has_them(graphmer, model, tmp_path):
    path = tmp_path / "chats.jsonl"
    path.write_text(json.dumps(chat(speaker=None)))
    line = graphmer("predict", model, path).complaint
    assert line == f"{path}:1: utterances[0].speaker: must be a valid string; got null. Correct the field."


@pytest.mark.parametrize(
    "content",
    [
        json.dumps([chat()]).encode(),
        json.dumps(chat(), indent=1).encode(),
        gzip.compress(json.dumps(chat()).encode()),
    ],
    ids=["array", "pretty-printed document", "gzip"],
)
def test_arrays_documents_and_gzip_are_read(predict, content):
    code, (found,), warned = predict(content)
    assert (code, warned, found["id"]) == (0, [], "d")


def test_standard_input_is_read(graphmer, model, monkeypatch):
    content = json.dumps(chat()).encode()
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))
    assert json.loads(graphmer("predict", model, "-").out)["id"] == "d"


def test_an_empty_file_has_one_line_of_warning(predict):
    code, found, (warning,) = predict(b"")
    assert (code, found) == (0, [])
    assert warning.endswith("chats.jsonl: no dialogue in it. Nothing was read. (1 in all)")


def test_null_is_a_missing_modality(predict):
    _, (found,), warned = predict(chat(audio=None))
    assert (found["turns"][0]["available"], warned) == (["text"], [])


def test_nan_that_is_treated_as_missing_is_counted(predict):
    code, (found,), (warning,) = predict(chat(audio=[float("nan"), 1, 2]))
    assert (code, found["turns"][0]["available"]) == (0, ["text"])
    assert warning.endswith("'audio' holds NaN or infinity. Treated as missing. (1 in all)")


def test_zeros_are_missing_if_asked_for(predict, caplog):
    zeros = chat(audio=[0, 0, 0])
    _, (found,), _ = predict(zeros)
    assert found["turns"][0]["available"] == ["text", "audio"]
    asked = predict(zeros, "--zeros", "missing")
    assert json.loads(asked.out)["turns"][0]["available"] == ["text"]
    assert caplog.messages[-1].endswith("'audio' is all zeros. Treated as missing. (1 in all)")


def test_frames_are_pooled_if_asked_for(predict):
    frames = chat(text=[TEXT, TEXT])
    refused = predict(frames, "--format", "jsonl")
    assert "has frames, not one vector per utterance. Set `pooling`" in refused.complaint
    found = predict(frames, "--pooling", "mean")
    assert json.loads(found.out)["turns"] == predict(chat())[1][0]["turns"]


def checked(graphmer, tmp_path, *chats):
    path = tmp_path / "chats.jsonl"
    path.write_text("\n".join(map(json.dumps, chats)))
    return graphmer("data", "check", path, columns=200)


def test_a_check_names_zeros_and_times_that_run_backwards(graphmer, tmp_path):
    late, early = (chat(audio=[0, 0, 0])["utterances"][0] for _ in range(2))
    turns = [late | {"start": 5, "end": 4}, early | {"start": 1, "end": 9}]
    found = checked(graphmer, tmp_path, {"id": "d", "utterances": turns})
    assert found.code == 0  # without labels it is for prediction
    for problem in ("'audio' is all zeros", "turn that ends before it starts", "turn that starts before an"):
        assert problem in found.out
    assert "no utterance is labelled" in found.out
    assert "score" not in found.out


HOSTILE = chat("=cmd()", "\x1b]0;title\x07A") | {}
HOSTILE["utterances"][0] |= {"id": "@SUM(1)", "text": "hi \x1b[31mred\x1b[0m \u202eabc"}


def test_control_characters_of_texts_are_visible_in_tables(predict):
    found = predict(HOSTILE, "--format", "table")
    assert not {"\x1b", "\x07", "\u202e"} & set(found.out)
    assert r"\x1b]0;title\x07A" in found.out.replace("\n", "")


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_control_characters_are_visible_in_csv_on_a_terminal_and_kept_in_a_pipe(predict, monkeypatch):
    piped = predict(HOSTILE, "--format", "csv")
    assert "\x1b]0;title\x07A" in piped.out
    shown = Terminal()
    monkeypatch.setattr(writers.sys, "stdout", shown)
    predict(HOSTILE, "--format", "csv")
    assert not {"\x1b", "\x07"} & set(shown.getvalue())


@pytest.mark.parametrize(("option", "before"), [((), "'"), (("--raw-csv",), "")])
def test_cells_that_a_spreadsheet_would_run_are_defused(predict, option, before):
    row = predict(HOSTILE, "--format", "csv", *option).out.splitlines()[1]
    assert row.startswith(f"{before}=cmd(),0,{before}@SUM(1),")


@pytest.mark.parametrize("width", [10**400, 10**9, -1])
def test_a_width_out_of_bounds_is_one_line(graphmer, tmp_path, width):
    (tmp_path / "dataset.yaml").write_text(
        f"name: toy\nlabels:\n  names: [h, s]\nmodalities:\n  text:\n    width: {width}\n"
    )
    (tmp_path / "dialogues.jsonl").write_text(json.dumps(chat()))
    found = graphmer("data", "check", tmp_path, columns=250)
    assert found.code == 2
    assert "modalities.text.width: must be" in found.out
    assert "Nothing beyond this point was read." in found.out


def test_own_chats_need_neither_licence_nor_citation(graphmer, tmp_path):
    (tmp_path / "dataset.yaml").write_text(
        "name: my chats\nlabels:\n  names: [h, s]\nmodalities:\n  text:\n    width: 4\n"
    )
    labelled = chat()
    labelled["utterances"] = [labelled["utterances"][0] | {"label": label} for label in ("h", " S ")]
    (tmp_path / "dialogues.jsonl").write_text(json.dumps(labelled))
    found = graphmer("data", "check", tmp_path, columns=200)
    assert (found.code, found.err) == (0, "")
    assert "not given" in found.out
