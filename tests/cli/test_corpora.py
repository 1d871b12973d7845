"""Corpora of others on the command line: found by their contents, checked and converted."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from graphmer.cli.corpora import kind_of
from graphmer.cli.data import app
from graphmer.config.data import DataConfig
from graphmer.corpora.dataset import read_dataset
from graphmer.errors import ConfigError
from graphmer.experiment.reading import CORPORA
from graphmer.experiment.word_corpora import is_transcript
from tests.corpora.test_merbench import FEATURES, folder as merbench
from tests.corpora.test_pickles import IEMOCAP, PARTS, written
from tests.transcripts.test_published import EMORY, convokit, iemocap, said, utterance

RECCON = json.dumps({"a": [[said(1), said(2, "joy", [1, 2], "B"), said(3, "joy", ["b"])]]})
CHAT = {"id": "a", "utterances": [{"speaker": "Ann", "label": "joy"}]}


def run(*arguments):
    return CliRunner().invoke(app, [str(argument) for argument in arguments], env={"COLUMNS": "200"})


def labels(folder):
    folder.mkdir(exist_ok=True)
    clips = {"Ses05F_a_M000": {"emo": 0, "val": -10}, "Ses02F_a_F000": {"emo": 5, "val": -10}}
    return merbench(folder, whole_corpus=clips)


def test_corpora_are_recognised_by_their_contents(tmp_path):
    (tmp_path / "chats.any").write_text(json.dumps(CHAT))
    (tmp_path / "table.any").write_text(EMORY)
    for name in ("iemocap", "convokit", "tables", "gcnet"):
        (tmp_path / name).mkdir()
    (tmp_path / "tables" / "train.csv").write_text(EMORY)
    (tmp_path / "gcnet" / "a.txt").write_text("Ann: hi")
    written(tmp_path / "gcnet", {})
    sources = {
        written(tmp_path, IEMOCAP, 4, "features.any"): "pickle",
        tmp_path / "chats.any": "dialogues",
        tmp_path / "table.any": "words",
        iemocap(tmp_path / "iemocap"): "words",
        convokit(tmp_path / "convokit", utterance("a")): "words",
        tmp_path / "tables": "words",
        labels(tmp_path / "merbench"): "merbench",
        tmp_path / "gcnet": "gcnet",
        tmp_path / "missing": "gcnet",
    }
    assert {source: kind_of(source) for source in sources} == sources


def test_a_corpus_of_words_is_checked_and_its_causes_are_converted(tmp_path):
    source = tmp_path / "dailydialog_valid.json"
    source.write_text(RECCON)
    result = run("check", source)
    assert result.exit_code == 0, result.output
    for expected in ("RECCON", "CC BY-NC-SA 4.0", "turns with causes", "dialogues in val"):
        assert expected in result.output
    assert run("convert", source, tmp_path / "out").exit_code == 0
    (dialogue,) = read_dataset(tmp_path / "out").dialogues
    assert dialogue.causes == {1: (0, 1), 2: ()}
    assert dialogue.emotion == ("neutral", "joy", "joy")


def test_words_in_json_and_in_folders_are_transcripts_and_dialogues_with_features_are_not(tmp_path):
    for name, content in (
        ("reccon.json", RECCON),
        ("chats.jsonl", json.dumps(CHAT)),
        ("talk.txt", "Ann: hi"),
    ):
        (tmp_path / name).write_text(content)
    (tmp_path / "wiki").mkdir()
    words = ["reccon.json", "talk.txt", convokit(tmp_path / "wiki", utterance("a")).name]
    others = ["chats.jsonl", "missing.jsonl", "."]
    assert [is_transcript(tmp_path / name) for name in words + others] == [True] * 3 + [False] * 3
    assert not is_transcript(Path("-"))


def test_the_label_of_convokit_is_named(tmp_path):
    convokit(tmp_path, utterance("a", mood="sad"), utterance("b", mood="glad"))
    refused = run("check", tmp_path)
    assert refused.exit_code == 2
    assert "no turn has a label" in refused.output
    result = run("check", tmp_path, "--label", "mood")
    assert result.exit_code == 0, result.output
    assert "glad" in result.output


def test_a_pickle_is_checked_and_converted_and_mmsas_label_is_chosen(tmp_path):
    result = run("convert", written(tmp_path, IEMOCAP), tmp_path / "out")
    assert result.exit_code == 0, result.output
    again = read_dataset(tmp_path / "out")
    assert again.card.name == "IEMOCAP"
    assert [dialogue.session for dialogue in again.dialogues] == ["5", "1"]
    path = written(tmp_path, PARTS, name="mmsa.pkl")
    assert "Positive" in run("check", path, "--label", "annotations").output
    assert run("check", path, "--pooling", "error").exit_code == 2


def test_merbench_needs_its_feature_folders_and_only_one_label_file(tmp_path):
    root = labels(tmp_path)
    modalities = [part for name, folder in FEATURES.items() for part in ("--modality", f"{name}={folder}")]
    result = run("check", root, *modalities)
    assert result.exit_code == 0, result.output
    assert "hubert-UTT of" in result.output
    with pytest.raises(ConfigError, match="at least one --modality"):
        CliRunner().invoke(app, ["check", str(root)], catch_exceptions=False)


def test_an_option_of_another_kind_of_corpus_is_refused(tmp_path):
    with pytest.raises(ConfigError, match="--modality does not apply to"):
        CliRunner().invoke(
            app, ["check", str(written(tmp_path, IEMOCAP)), "--modality", "a=b"], catch_exceptions=False
        )


def test_configurations_name_the_formats(tmp_path):
    path = written(tmp_path, IEMOCAP)
    corpus = CORPORA["conv_emotion"](DataConfig(format="conv_emotion", root=path))
    assert corpus.widths == {"audio": 3, "text": 2, "video": 4}
    path = written(tmp_path, PARTS)
    scores = CORPORA["mmsa"](DataConfig(format="mmsa", root=path))
    classes = CORPORA["mmsa"](DataConfig(format="mmsa", root=path, labels="classification_labels"))
    assert (scores.labels.interval, classes.labels.names[0]) == ((-3.0, 3.0), "negative")
    found = CORPORA["merbench"](DataConfig(format="merbench", root=labels(tmp_path / "m"), features=FEATURES))
    assert found.widths == {"audio": 3, "video": 2}


@pytest.mark.parametrize("format", ["merbench", "cosmic", "cogmen"])
def test_formats_need_their_files(format):
    with pytest.raises(ValueError, match=f"format {format} needs `root`"):
        DataConfig(format=format)
