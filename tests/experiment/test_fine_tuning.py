import json

import numpy as np
import pytest
from typer.testing import CliRunner

from graphmer.cli.app import app
from graphmer.corpora.dataset import read_dataset
from graphmer.errors import CheckpointError, ConfigError, CorpusError
from graphmer.experiment import Run
from graphmer.features.tuned import TunedExtractor
from graphmer.inference import load
from tests.experiment.test_words import HEADER
from tests.experiment.tiny import Silent, config
from tests.features.tiny import tiny_encoder

WORDS = ("good", "nice", "bad", "sad", "day", "night")


@pytest.fixture(name="meld", scope="module")
def _meld(tmp_path_factory):
    folder = tmp_path_factory.mktemp("csv")
    for part, dialogues, turns in (("train", 8, 3), ("dev", 3, 11), ("test", 2, 14)):
        rows = [
            f"1,{WORDS[2 * ((d + u) % 2) + d % 2]} {WORDS[4 + u % 2]},{'AB'[u % 2]},"
            f'{("joy", "anger")[(d + u) % 2]},x,{d},{u},1,1,"0:0:{u},0","0:0:{u},5"\n'
            for d in range(dialogues)
            for u in range(turns + d)  # dialogues of all parts differ
        ]
        (folder / f"{part}_sent_emo.csv").write_text(HEADER + "".join(rows))
    return folder


def command(*arguments):
    result = CliRunner().invoke(app, [*map(str, arguments)])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


@pytest.fixture(name="encoder", scope="module")
def _encoder(tmp_path_factory):
    return tiny_encoder(tmp_path_factory.mktemp("tiny"), WORDS)


@pytest.fixture(name="tuned", scope="module")
def _tuned(meld, encoder, tmp_path_factory):
    folder = tmp_path_factory.mktemp("tuned")
    options = ["--text", encoder, "--folds", 2, "--rate", 0.01, "--cache", folder / "cache"]
    output = command("features", "tune", meld, folder / "corpus", *options).output
    assert "network 2: epoch" in output
    return folder / "corpus"


def test_each_training_dialogue_has_vectors_of_the_network_that_left_it_out(tuned):
    folder = tuned.with_name("corpus_encoder")
    networks = [TunedExtractor(folder, networks=[number]) for number in (1, 2)]
    mean = TunedExtractor(folder)
    corpus = read_dataset(tuned)
    assert corpus.card.extractors["text"] == mean.provenance
    chosen = []
    for dialogue in corpus.dialogues:
        found = [np.stack(each.vectors(dialogue.text)) for each in (*networks, mean)]
        rows = dialogue.features["text"].numpy()
        (which,) = (n for n, vectors in enumerate(found) if np.allclose(vectors, rows, atol=1e-5))
        assert (which < 2) == (dialogue.id in corpus.official["train"])
        chosen.append(which)
    assert [chosen.count(which) for which in range(3)] == [4, 4, 5]


def test_test_and_validation_parts_do_not_change_the_networks(tuned, meld, encoder, tmp_path):
    for path in meld.iterdir():
        text = path.read_text()
        swapped = text if "train" in path.name else text.replace("joy", "anger")
        (tmp_path / path.name).write_text(swapped)
    options = ["--text", encoder, "--folds", 2, "--rate", 0.01, "--cache", tmp_path / "cache"]
    command("features", "tune", tmp_path, tmp_path / "again", *options)
    same = TunedExtractor(tmp_path / "again_encoder").provenance.digest
    assert same == TunedExtractor(tuned.with_name("corpus_encoder")).provenance.digest


def test_a_chat_is_encoded_by_exactly_these_networks(tuned, encoder, meld, tmp_path):
    data = {"format": "graphmer", "root": str(tuned)}
    run = Run.begin(config(tmp_path / "config", data=data, split={"scheme": "official"}), tmp_path / "runs")
    run.train(Silent())
    chat, out = tmp_path / "chat.txt", tmp_path / "predicted.jsonl"
    chat.write_text("Ann: good day\nBob: bad night\nAnn:\n")
    cache = ["--cache", tmp_path / "cache"]
    command("predict", run.folder.path, chat, "--out", out, *cache)
    (predicted,) = map(json.loads, out.read_text().splitlines())
    assert [turn["available"] for turn in predicted["turns"]] == [["text"], ["text"], []]
    assert load(run.folder.path).trained.facts["extractors"]["text"]["extractor"] == "tuned text classifier"
    with pytest.raises(CheckpointError, match="Use that extractor"):
        command("predict", run.folder.path, chat, "--text", encoder, *cache)
    moved = tuned.with_name("corpus_encoder").rename(tmp_path / "moved")
    try:
        command("predict", run.folder.path, chat, "--out", out, "--text", moved, *cache)
        assert json.loads(out.read_text())["turns"] == predicted["turns"]
    finally:
        moved.rename(tuned.with_name("corpus_encoder"))


def test_dialogues_that_trained_the_encoder_are_not_encoded_by_it_again(tuned, meld, tmp_path):
    folder = tuned.with_name("corpus_encoder")
    with pytest.raises(CorpusError, match=r"8 dialogues, such as train_sent_emo/dia0, trained the encoder"):
        command("features", meld, tmp_path / "out", "--text", folder, "--cache", tmp_path / "cache")
    command(
        "features", meld / "test_sent_emo.csv", tmp_path / "out", "--text", folder, "--cache", tmp_path / "c"
    )
    assert read_dataset(tmp_path / "out").widths == {"text": 2}


def test_transcripts_without_a_training_part_are_one_line(meld, encoder, tmp_path):
    with pytest.raises(CorpusError, match="No transcript is the training part"):
        command("features", "tune", meld / "dev_sent_emo.csv", tmp_path / "out", "--text", encoder)


@pytest.mark.parametrize("rate", ["0", "nan", "1e9"])
def test_a_learning_rate_must_be_a_fraction(meld, tmp_path, rate):
    with pytest.raises(ConfigError, match=r"--rate: must be between 0 and 1.*usual one is 5e-5"):
        command("features", "tune", meld, tmp_path / "out", "--rate", rate)
