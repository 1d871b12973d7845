import json

import numpy as np
import pytest
from typer.testing import CliRunner

from graphmer.cli.data import app
from graphmer.corpora.dataset import read_dataset
from graphmer.errors import ConfigError


def _arrays(tmp_path):
    path = tmp_path / "tiny.npz"
    np.savez(
        path,
        dialogue_ptr=[0, 2],
        dialogue_id=["a"],
        utt_id=["a0", "a1"],
        speaker=["Ann", "Bob"],
        label=[0, 1],
        label_names=["joy", "anger"],
        low=np.eye(2),
        high=np.ones((2, 1)),
    )
    return path


def _run(*arguments):
    return CliRunner().invoke(app, [str(argument) for argument in arguments], env={"COLUMNS": "200"})


def test_arrays_are_converted_with_their_provenance(tmp_path):
    out = tmp_path / "out"
    result = _run("convert", _arrays(tmp_path), out, "--label", "label", "--modality", "audio=low+high")
    assert result.exit_code == 0, result.output
    assert "low+high of tiny.npz" in result.output
    assert read_dataset(out).widths == {"audio": 3}
    checked = _run("check", out)
    assert checked.exit_code == 0
    assert "No problems found." in checked.output


def test_check_lists_every_problem_and_exits_with_2(tmp_path):
    (tmp_path / "dataset.yaml").write_text(
        "{name: x, licence: y, labels: {names: [joy]}, modalities: {audio: {width: 1}}}"
    )
    turns = [
        {"speaker": "Ann", "label": "jo"},
        {"speaker": "Bob", "label": "joy", "features": {"audio": [1, 2]}},
    ]
    (tmp_path / "dialogues.jsonl").write_text(json.dumps({"id": "[b]", "utterances": turns}) + "\n{\n")
    result = _run("check", tmp_path)
    assert result.exit_code == 2
    for expected in (
        "utterances[0].label",
        "Did you mean 'joy'?",
        "utterances[1].features.audio",
        "no valid JSON",
    ):
        assert expected in result.output.replace("\n", "")


def _chat(tmp_path):
    turns = [
        {"speaker": "Ann", "label": "Angry", "features": {"text": [[1.0, 2.0], [3.0, 4.0]]}},
        {"speaker": "Bob", "label": "calm", "features": {"text": [0.0, 0.0], "audio": [1.0]}},
        {"speaker": "Bob", "label": "Calm ", "start": 5.0, "end": 4.0},
    ]
    path = tmp_path / "chat.jsonl"
    path.write_text(json.dumps({"id": "a", "split": "train", "utterances": turns}) + "\n")
    return path


OPTIONS = ["--pooling", "mean", "--zeros", "missing", "--alias", "Angry=anger"]


@pytest.mark.parametrize("source", ["-", "chat.jsonl"])
def test_dialogues_without_a_header_are_checked_and_converted(tmp_path, source):
    chat = _chat(tmp_path)
    given = source if source == "-" else chat

    def run(*arguments):
        return CliRunner().invoke(app, list(map(str, arguments)), chat.read_bytes(), env={"COLUMNS": "200"})

    checked = run("check", given, *OPTIONS)
    assert checked.exit_code == 0, checked.output
    for expected in ("Treated as missing", "turn that ends before it starts", "Read as 'calm'", "not given"):
        assert expected in checked.output
    assert run("convert", given, tmp_path / "out", *OPTIONS).exit_code == 0
    corpus = read_dataset(tmp_path / "out")
    assert corpus.labels.names == ("anger", "calm")
    assert corpus.widths == {"text": 2, "audio": 1}
    (dialogue,) = corpus.dialogues
    assert dialogue.emotion == ("anger", "calm", "calm")
    assert dialogue.available.tolist() == [[True, False], [False, True], [False, False]]
    assert dialogue.features["text"][0].tolist() == [2, 3]
    assert corpus.official == {"train": ("a",)}


def test_a_check_counts_vectors_of_zeros_and_names_the_option_of_frames(tmp_path):
    checked = _run("check", _chat(tmp_path))
    assert checked.exit_code == 2
    assert "'text' is all zeros" in checked.output
    assert "`--pooling`" in checked.output


def test_check_names_a_damaged_file_of_a_converted_corpus(tmp_path):
    out = tmp_path / "out"
    _run("convert", _arrays(tmp_path), out, "--label", "label", "--modality", "audio=low+high")
    content = bytearray((out / "audio.npy").read_bytes())
    content[-1] ^= 1
    (out / "audio.npy").write_bytes(content)
    checked = _run("check", out)
    assert checked.exit_code == 2
    assert "does not match its checksum" in checked.output
    assert "Nothing beyond this point was read." in checked.output


def test_converting_an_invalid_corpus_writes_nothing(tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "dataset.yaml").write_text("name: x\n")
    result = _run("convert", tmp_path / "in", tmp_path / "out")
    assert result.exit_code == 2
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ([], "--label and at least one --modality"),
        (["--label", "label", "--modality", "audio"], "--modality must be NAME=VALUE"),
        (["--label", "l", "--modality", "a=b", "--modality", "a=c"], "each name once; got 'a=c'"),
        (["--context", "six.pkl"], "--context does not apply"),
        (["--alias", "Angry"], "--alias must be ALIAS=CLASS"),
    ],
)
def test_invalid_options_are_named(tmp_path, options, message):
    with pytest.raises(ConfigError, match=message):
        raise _run("check", _arrays(tmp_path), *options).exception


@pytest.mark.parametrize("out", [["calls.parquet"], ["folder", "--format", "parquet"]])
def test_a_corpus_is_converted_to_parquet_and_back(tmp_path, out):
    pytest.importorskip("pyarrow", reason="pyarrow is not installed")
    chat, target = _chat(tmp_path), tmp_path / out[0]
    assert _run("convert", chat, tmp_path / "plain", *OPTIONS).exit_code == 0
    result = _run("convert", tmp_path / "plain", target, *out[1:])
    assert result.exit_code == 0, result.output
    assert _run("check", target).exit_code == 0
    assert _run("convert", target, tmp_path / "again").exit_code == 0
    assert read_dataset(tmp_path / "again").fingerprint == read_dataset(tmp_path / "plain").fingerprint


def test_a_parquet_file_is_no_folder_in_graphmers_format(tmp_path):
    with pytest.raises(ConfigError, match=r"--format graphmer writes a folder; got .*calls.parquet"):
        raise _run("convert", _chat(tmp_path), tmp_path / "calls.parquet", "--format", "graphmer").exception


def test_check_names_what_is_wrong_in_parquet(tmp_path):
    arrow = pytest.importorskip("pyarrow", reason="pyarrow is not installed")
    parquet = pytest.importorskip("pyarrow.parquet", reason="pyarrow is not installed")
    columns = {"dialogue": ["a", "b", "a"], "turn": [0, 0, 1], "speaker": ["A"] * 3}
    parquet.write_table(arrow.table(columns), tmp_path / "x.parquet")
    checked = _run("check", tmp_path / "x.parquet")
    assert checked.exit_code == 2
    assert "the rows of dialogue 'a' are not contiguous" in checked.output.replace("\n", "")
