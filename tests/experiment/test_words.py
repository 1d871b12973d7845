import json
from dataclasses import replace

import pytest
from typer.testing import CliRunner

from graphmer.cli.app import app
from graphmer.corpora.dataset import read_dataset, write_dataset
from graphmer.errors import CheckpointError, CorpusError
from graphmer.experiment import Run, words
from graphmer.experiment.words import corpus_of, read_transcripts, with_features
from graphmer.inference import load
from graphmer.transcripts import ReadingOptions
from tests.experiment.tiny import Silent, config
from tests.features.fake import LetterExtractor

HEADER = (
    "Sr No.,Utterance,Speaker,Emotion,Sentiment,Dialogue_ID,Utterance_ID,Season,Episode,StartTime,EndTime\n"
)
WORDS = ("aaa", "b bb", "cd", "[inaudible]")


def written(folder, part, dialogues):
    rows = [
        f"{d},{WORDS[(d + u) % 4]},{'AB'[u % 2]},{('joy', 'anger')[(d + u) % 2]},x,{d},{u},1,1,"
        f'"0:0:{u},0","0:0:{u},5"\n'
        for d in range(dialogues)
        for u in range(4)
    ]
    (folder / f"{part}_sent_emo.csv").write_text(HEADER + "".join(rows))


@pytest.fixture(name="meld")
def _meld(tmp_path):
    (tmp_path / "csv").mkdir()
    for part, dialogues in (("train", 6), ("dev", 3), ("test", 2)):
        written(tmp_path / "csv", part, dialogues)
    return tmp_path / "csv"


@pytest.fixture(name="letters", autouse=True)
def _letters(monkeypatch, tmp_path):
    monkeypatch.setattr(words, "EXTRACTORS", {"text": lambda model, device, settings: LetterExtractor(model)})
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def command(*arguments):
    result = CliRunner().invoke(app, [*map(str, arguments)])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def test_the_parts_of_the_split_are_the_names_of_the_files(meld):
    corpus, done = corpus_of(read_transcripts(meld, ReadingOptions()), [LetterExtractor()], "mine")
    assert {part: len(ids) for part, ids in corpus.official.items()} == {"train": 6, "val": 3, "test": 2}
    assert corpus.labels.names == ("anger", "joy")
    assert corpus.labels.polarity == {"anger": -1, "joy": 1}
    first = corpus.dialogues[0]
    assert (first.id, first.utterance_ids[0]) == ("dev_sent_emo/dia0", "dev_sent_emo/dia0_utt0")
    assert first.text == ("aaa", "b bb", "cd", None)
    assert first.available.tolist() == [[True], [True], [True], [False]]
    assert first.start.tolist() == [0, 1, 2, 3]
    assert done.missing == {("text", "no words"): 11}


def test_provenance_survives_writing_reading_and_converting(meld, tmp_path):
    corpus, _ = corpus_of(read_transcripts(meld, ReadingOptions()), [LetterExtractor()], "mine")
    write_dataset(corpus, tmp_path / "out")
    again = read_dataset(tmp_path / "out")
    assert again.card.extractors == {"text": LetterExtractor().provenance}
    assert again.fingerprint == corpus.fingerprint


def test_an_unlabelled_transcript_is_for_prediction(tmp_path):
    (tmp_path / "chat.txt").write_text("Ann: hello\nBob: hi\n")
    transcripts = read_transcripts(tmp_path, ReadingOptions())
    with pytest.raises(CorpusError, match=r"no turn has a label.*graphmer predict RUN FILE"):
        corpus_of(transcripts, [LetterExtractor()], "mine")


def test_a_folder_without_transcripts_is_said(tmp_path):
    with pytest.raises(CorpusError, match="has no transcript"):
        read_transcripts(tmp_path, ReadingOptions())


def test_from_words_to_the_emotions_of_a_chat(meld, tmp_path):
    corpus = tmp_path / "corpus"
    assert (
        "text missing in 11 turns: no words" in command("features", meld, corpus, "--text", "letters").output
    )
    data = {"format": "graphmer", "root": str(corpus)}
    run = Run.begin(config(tmp_path / "config", data=data, split={"scheme": "official"}), tmp_path / "runs")
    run.train(Silent())
    path = run.folder.path
    trained = load(path).trained
    assert trained.facts["extractors"]["text"] == LetterExtractor().provenance.model_dump()

    chat = tmp_path / "chat.txt"
    chat.write_text("Ann: aaa\nBob: b bb\nAnn:\n")
    out = tmp_path / "predicted.jsonl"
    result = command("predict", path, chat, "--out", out)
    assert "Ann (2), Bob (1)" in result.output
    (predicted,) = map(json.loads, out.read_text().splitlines())
    assert [turn["available"] for turn in predicted["turns"]] == [["text"], ["text"], []]

    command("predict", path, corpus / "dialogues.jsonl", "--out", out)
    assert len(out.read_text().splitlines()) == 11
    refuse_another_extractor(path, chat, corpus, trained)


def refuse_another_extractor(path, chat, corpus, trained):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            words,
            "EXTRACTORS",
            {"text": lambda model, device, settings: LetterExtractor("other", weights="1" * 64)},
        )
        with pytest.raises(
            CheckpointError, match=r"features are of letters other .*trained on letters letters"
        ):
            command("predict", path, chat)
    stored = trained.facts["extractors"]["text"] | {"settings": {"case": True}}
    other = replace(trained, facts={"extractors": {"text": stored}})
    with pytest.raises(CheckpointError, match="Use that extractor") as error:
        words.require_same_extractors(other, corpus / "dialogues.jsonl")
    assert "\n" not in str(error.value)
    with pytest.raises(CheckpointError, match="does not know the extractors"):
        words.model_extractors(replace(trained, facts={}), {}, "cpu")


def test_features_of_one_modality_leave_those_of_others(meld):
    transcripts = read_transcripts(meld / "dev_sent_emo.csv", ReadingOptions())
    (transcript,) = transcripts.values()
    other = LetterExtractor()
    other.modality = "letters"
    done = with_features(transcript.dialogues, [LetterExtractor(), other])
    assert set(done.dialogues[0].turns[0].features) == {"text", "letters"}
