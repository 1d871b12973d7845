"""From recordings beside transcripts to the emotions of a call."""

import json
import math
import shutil
import subprocess

import numpy as np
import pytest
from typer.testing import CliRunner

from graphmer.cli.app import app
from graphmer.errors import CheckpointError, CorpusError
from graphmer.experiment import Run, extractors
from graphmer.experiment.recordings import clips_of
from graphmer.experiment.transcribed import transcribed_corpus
from graphmer.inference import load
from graphmer.transcripts import ReadingOptions, read_transcript
from tests.experiment.test_words import HEADER, written
from tests.experiment.tiny import Silent, config
from tests.features.fake import LetterExtractor
from tests.features.sounds import tone, write_wav

CALL = """WEBVTT

00:00.000 --> 00:01.000
<v Ann>aaa

00:00.800 --> 00:02.000
<v Bob>b bb

00:02.000 --> 00:03.000
<v Ann>cd

00:02.500 --> 00:05.000
<v Bob>aaa

00:06.000 --> 00:07.000
<v Ann>b bb
"""


@pytest.fixture(name="folder")
def _folder(tmp_path, monkeypatch):
    def text(model, device, settings):
        return LetterExtractor(model)

    monkeypatch.setattr(extractors, "EXTRACTORS", extractors.EXTRACTORS | {"text": text})
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path


@pytest.fixture(name="call")
def _call(folder):
    (folder / "call.vtt").write_text(CALL)
    return folder / "call.vtt"


def command(*arguments):
    result = CliRunner().invoke(app, [*map(str, arguments)])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return " ".join(result.output.split())


def clips(path, recording=None):
    return clips_of(path, read_transcript(path, ReadingOptions()), recording)


def meld(folder):
    """MELD's layout: tables of the parts, and clips of the utterances in the folders that MELD gives them."""
    folder.mkdir()
    places = {"train": "train_splits", "dev": "dev_splits_complete", "test": "output_repeated_splits_test"}
    for part, dialogues in (("train", 6), ("dev", 3), ("test", 2)):
        written(folder, part, dialogues)
        (folder / places[part]).mkdir()
        for dialogue in range(dialogues):
            for turn in range(3):  # the last turn of each dialogue has no clip
                hertz = 150 + 60 * ((dialogue + turn) % 2)
                write_wav(folder / places[part] / f"dia{dialogue}_utt{turn}.wav", tone(0.3, hertz))
    return folder


def test_a_recording_has_the_name_of_its_transcript(call):
    assert [clip.audio for clip in clips(call)] == [None] * 5
    for ending in (".mp4", ".MP3"):
        call.with_suffix(ending).touch()
    found = clips(call)
    assert {clip.audio for clip in found} == {call.with_suffix(".MP3")}
    assert [(clip.text, clip.start, clip.end) for clip in found[:2]] == [("aaa", 0, 1), ("b bb", 0.8, 2)]


def test_a_recording_can_be_named(call, tmp_path):
    other = tmp_path / "other.wav"
    with pytest.raises(CorpusError, match=r"other.wav: no such file"):
        clips(call, other)
    other.touch()
    assert clips(call, other)[0].audio == other
    (tmp_path / "csv").mkdir()
    written(tmp_path / "csv", "dev", 3)
    with pytest.raises(CorpusError, match="has 3 dialogues; one recording belongs to one dialogue"):
        clips(tmp_path / "csv" / "dev_sent_emo.csv", other)


def test_clips_of_utterances_are_those_of_their_part(tmp_path):
    folder = meld(tmp_path / "MELD")
    for part, place in (("train", "train_splits"), ("dev", "dev_splits_complete")):
        found = clips(folder / f"{part}_sent_emo.csv")
        assert (found[1].audio, found[1].start, found[1].end) == (
            folder / place / "dia0_utt1.wav",
            0,
            math.inf,
        )
        assert [clip.audio is None for clip in found[:4]] == [False, False, False, True]


def test_clips_beside_several_tables_are_of_none_of_them(tmp_path):
    for part in ("train", "dev"):
        written(tmp_path, part, 1)
    write_wav(tmp_path / "dia0_utt0.wav", tone(0.1))
    assert clips(tmp_path / "train_sent_emo.csv")[0].audio is None
    (tmp_path / "dev_sent_emo.csv").unlink()
    assert clips(tmp_path / "train_sent_emo.csv")[0].audio == tmp_path / "dia0_utt0.wav"


@pytest.fixture(name="model")
def _model(folder):
    """A model of text and audio, trained in a second."""
    pytest.importorskip("av", reason="PyAV is not installed (graphmer[media])")
    pytest.importorskip("afx_audio", reason="afx-audio is not installed (graphmer[audio])")
    corpus = folder / "corpus"
    output = command("features", meld(folder / "MELD"), corpus, "--text", "letters", "--audio", "egemaps")
    assert "audio features of eGeMAPS v02 functionals egemaps (afx-audio" in output
    assert "audio missing in 11 turns: no recording" in output
    data = {"format": "graphmer", "root": str(corpus)}
    run = Run.begin(config(folder / "config", data=data, split={"scheme": "official"}), folder / "runs")
    run.train(Silent())
    return run.folder.path


def test_a_configuration_extracts_audio(folder):
    pytest.importorskip("av", reason="PyAV is not installed (graphmer[media])")
    pytest.importorskip("afx_audio", reason="afx-audio is not installed (graphmer[audio])")
    data = {"format": "transcripts", "root": str(meld(folder / "MELD"))}
    features = {"text": "letters", "audio": "egemaps"}
    lines = []
    corpus = transcribed_corpus(config(folder / "config", data=data, features=features), note=lines.append)
    assert {name: each.model for name, each in corpus.card.extractors.items()} == {
        "text": "letters",
        "audio": "egemaps",
    }
    assert "audio missing in 11 turns: no recording" in lines


def predicted(model, call, *options):
    out = call.with_suffix(".jsonl")
    output = command("predict", model, call, "--out", out, *options)
    (dialogue,) = map(json.loads, out.read_text().splitlines())
    return output, [turn["available"] for turn in dialogue["turns"]]


def test_from_a_recording_to_the_emotions_of_a_call(model, call):
    silence = np.zeros(16_000)
    write_wav(call.with_suffix(".wav"), np.concatenate([tone(2.0, 150), silence, tone(1.0, 210)]))
    output, available = predicted(model, call)
    assert "recording" in output
    assert "audio missing in 1 turn: silence" in output
    assert "audio missing in 1 turn: outside the recording" in output
    assert "1 turn in 1 recording: the recording ends before the turn does" in output
    both = ["audio", "text"]
    assert [sorted(each) for each in available] == [both, both, ["text"], both, ["text"]]


def test_audio_is_missing_where_there_is_no_recording_or_none_that_can_be_read(model, call, monkeypatch):
    broken = call.with_name("broken.wav")
    broken.write_bytes(b"no sound " * 100)
    output, available = predicted(model, call, "--audio", broken)
    assert "broken.wav cannot be read" in output
    assert "audio missing in 5 turns: unreadable recording" in output
    assert available == [["text"]] * 5

    def never(*_):
        raise AssertionError("needs no extractor of audio")

    monkeypatch.setattr(extractors, "EXTRACTORS", extractors.EXTRACTORS | {"audio": never})
    output, available = predicted(model, call)
    assert "audio missing in all turns: no recording (name it with --audio)" in output
    assert available == [["text"]] * 5


def test_vectors_of_another_extractor_are_refused(model, call):
    stored = load(model).trained.facts["extractors"]["audio"]
    assert stored["settings"]["library"].startswith("afx-audio")
    write_wav(call.with_suffix(".wav"), tone(3.0))
    pytest.importorskip("opensmile", reason="opensmile is not installed (graphmer[opensmile])")
    with pytest.raises(CheckpointError, match=r"audio features are of .*opensmile.*Use that extractor"):
        command("predict", model, call, "--audio-model", "opensmile")


def test_a_corpus_without_a_recording_is_refused(folder):
    pytest.importorskip("av", reason="PyAV is not installed (graphmer[media])")
    pytest.importorskip("afx_audio", reason="afx-audio is not installed (graphmer[audio])")
    (folder / "csv").mkdir()
    (folder / "csv" / "train.csv").write_text(HEADER + "1,a,A,joy,x,0,0,1,1,,\n")
    with pytest.raises(CorpusError, match="no recording is beside it"):
        command("features", folder / "csv", folder / "out", "--audio", "egemaps")


@pytest.mark.skipif(shutil.which("espeak-ng") is None, reason="the program espeak-ng is not installed")
def test_from_speech_of_two_speakers_to_their_emotions(model, folder):
    import wave

    lines = (
        ("Ann", "en-us+f3", "I got the job! They called me this morning!"),
        ("Bob", "en-gb+m3", "That is wonderful, congratulations!"),
        ("Ann", "en-us+f3", "But my dog died yesterday."),
        ("Bob", "en-gb+m3", "Oh no. I am so sorry."),
    )
    cues, pieces, time = ["WEBVTT\n"], [], 0.0
    for speaker, voice, text in lines:
        path = folder / "line.wav"
        subprocess.run(["espeak-ng", "-v", voice, "-w", path, text], check=True)
        with wave.open(str(path)) as file:
            rate = file.getframerate()
            pieces.append(np.frombuffer(file.readframes(file.getnframes()), "<i2") / 32768)
        end = time + len(pieces[-1]) / rate
        cues.append(f"00:{time:06.3f} --> 00:{end:06.3f}\n<v {speaker}>{text}\n")
        time = end
    talk = folder / "talk.vtt"
    talk.write_text("\n".join(cues))
    write_wav(folder / "talk.wav", np.concatenate(pieces), rate=rate)
    output, available = predicted(model, talk)
    assert "missing" not in output
    assert [sorted(each) for each in available] == [["audio", "text"]] * 4
    table = command("predict", model, talk, "--audio", folder / "talk.wav", "--format", "table")
    assert "They called me" in table
