"""From videos beside transcripts to the emotions of a call."""

import json
import math

import pytest
from typer.testing import CliRunner

from graphmer.cli.app import app
from graphmer.config.load import load_config
from graphmer.errors import CheckpointError, ConfigError, CorpusError
from graphmer.experiment import Run, extractors
from graphmer.experiment.extractors import model_extractors
from graphmer.experiment.recordings import clips_of
from graphmer.experiment.transcribed import transcribed_corpus
from graphmer.features import Provenance
from graphmer.inference import load
from graphmer.transcripts import ReadingOptions, read_transcript
from tests.experiment.test_words import written
from tests.experiment.tiny import Silent, config
from tests.features.fake import LetterExtractor
from tests.features.films import film, network, scene
from tests.features.sounds import encode, tone

CALL = """WEBVTT

00:00.000 --> 00:01.000
<v Ann>aaa

00:01.000 --> 00:02.000
<v Bob>b bb

00:02.000 --> 00:05.000
<v Ann>cd

00:06.000 --> 00:07.000
<v Bob>aaa
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


def face():
    return scene((20, 40, 100))


def needs_the_extra():
    for module in ("av", "cv2", "onnxruntime"):
        pytest.importorskip(module, reason=f"{module} is not installed (graphmer[video])")
    pytest.importorskip("onnx", reason="onnx, which writes the networks, is not installed (graphmer[onnx])")


def command(*arguments):
    result = CliRunner().invoke(app, [*map(str, arguments)])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return " ".join(result.output.split())


def meld(folder):
    """MELD's layout with clips of the first two turns of each dialogue; the second one has no face."""
    folder.mkdir()
    for part, place, dialogues in (("train", "train_splits", 4), ("dev", "dev_splits_complete", 2)):
        written(folder, part, dialogues)
        (folder / place).mkdir()
        for dialogue in range(dialogues):
            film(folder / place / f"dia{dialogue}_utt0.mp4", [face()] * 5)
            film(folder / place / f"dia{dialogue}_utt1.mp4", [scene()] * 5)
    return folder


def clips(path, *recordings):
    return clips_of(path, read_transcript(path, ReadingOptions()), *recordings)


def test_pictures_are_of_the_video_and_sound_of_the_recording_if_there_is_one(call):
    video = call.with_suffix(".mkv")
    video.touch()
    assert {(clip.audio, clip.video) for clip in clips(call)} == {(video, video)}
    call.with_suffix(".flac").touch()
    found = clips(call)
    assert {(clip.audio, clip.video) for clip in found} == {(call.with_suffix(".flac"), video)}
    assert (found[1].start, found[1].end) == (1, 2)


def test_a_video_can_be_named(call, tmp_path):
    other = tmp_path / "other.mp4"
    with pytest.raises(CorpusError, match=r"other.mp4: no such file"):
        clips(call, None, other)
    other.touch()
    assert {(clip.audio, clip.video) for clip in clips(call, None, other)} == {(other, other)}
    assert {(clip.audio, clip.video) for clip in clips(call, other)} == {(other, other)}
    sound = tmp_path / "sound.wav"
    sound.touch()
    assert {(clip.audio, clip.video) for clip in clips(call, sound, other)} == {(sound, other)}
    assert {(clip.audio, clip.video) for clip in clips(call, sound)} == {(sound, None)}


def test_clips_of_utterances_have_pictures(tmp_path):
    written(tmp_path, "train", 1)
    (tmp_path / "train_splits").mkdir()
    for name in ("dia0_utt0.mp4", "dia0_utt1.wav"):
        (tmp_path / "train_splits" / name).touch()
    first, second, *_ = clips(tmp_path / "train_sent_emo.csv")
    assert first.video == first.audio == tmp_path / "train_splits" / "dia0_utt0.mp4"
    assert (first.start, first.end) == (0, math.inf)
    assert (second.video, second.audio.name) == (None, "dia0_utt1.wav")


@pytest.fixture(name="model")
def _model(folder):
    """A model of text and video, trained in a second."""
    needs_the_extra()
    corpus, net = folder / "corpus", network(folder / "net.onnx")
    output = command(
        *("features", meld(folder / "MELD"), corpus, "--text", "letters"),
        *("--video", net, "--video-rate", 10, "--video-mean", "0.5", "--video-std", "0.5,0.5,0.25"),
    )
    assert f"video features of face network {net} (onnxruntime" in output
    assert "detector haar, rate 10.0" in output
    assert "video missing in 6 turns: no face" in output
    data = {"format": "graphmer", "root": str(corpus)}
    run = Run.begin(config(folder / "config", data=data, split={"scheme": "official"}), folder / "runs")
    run.train(Silent())
    return run.folder.path


def predicted(model, call, *options):
    out = call.with_suffix(".jsonl")
    output = command("predict", model, call, "--out", out, *options)
    (dialogue,) = map(json.loads, out.read_text().splitlines())
    return output, [sorted(turn["available"]) for turn in dialogue["turns"]]


def test_from_a_video_to_the_emotions_of_a_call(model, call):
    film(call.with_suffix(".mp4"), [face()] * 25 + [scene()] * 25 + [face()] * 50)
    output, available = predicted(model, call)
    assert f"video {call.with_suffix('.mp4')}" in output
    assert "video missing in 1 turn: no face" in output
    assert "video missing in 1 turn: outside the recording" in output
    assert "1 turn in 1 recording: the recording ends before the turn does" in output
    both = ["text", "video"]
    assert available == [both, ["text"], both, ["text"]]


def test_video_is_missing_where_there_is_none_that_can_be_read(model, call):
    broken = call.with_name("broken.mp4")
    broken.write_bytes(b"no video " * 100)
    output, available = predicted(model, call, "--video", broken)
    assert "broken.mp4 cannot be read: Invalid data" in output
    assert "video missing in 4 turns: unreadable recording" in output
    assert available == [["text"]] * 4
    output, available = predicted(model, call, "--audio", encode(call.with_suffix(".m4a"), tone(1.0), "aac"))
    assert "call.m4a is not read: the model was trained without audio" in output
    assert "video missing in all turns: no recording (name it with --video)" in output
    assert available == [["text"]] * 4


def test_vectors_of_another_network_are_refused(model, call, folder):
    film(call.with_suffix(".mp4"), [face()] * 25)
    moved = folder / "moved"
    moved.mkdir()
    (folder / "net.onnx").rename(moved / "net.onnx")
    with pytest.raises(ConfigError, match=r"net\.onnx: no such file"):
        command("predict", model, call)
    _, available = predicted(model, call, "--video-model", moved / "net.onnx")
    assert available[0] == ["text", "video"]
    other = network(folder / "other.onnx", ("N", 3, 20, 20))
    with pytest.raises(CheckpointError, match=r"video features are of .*other\.onnx.*Use that extractor"):
        command("predict", model, call, "--video-model", other)


def test_a_pack_has_the_network(model, call, folder):
    film(call.with_suffix(".mp4"), [face()] * 25)
    command("pack", model, folder / "model.zip")
    (folder / "net.onnx").unlink()
    _, available = predicted(folder / "model.zip", call)
    assert available[0] == ["text", "video"]


def test_settings_of_the_extractor_are_those_of_training(model):
    (found,) = (each for each in model_extractors(load(model).trained, {}, "cpu") if each.modality == "video")
    settings = found.provenance.settings
    assert (settings["rate"], settings["mean"], settings["std"]) == (10.0, [0.5], [0.5, 0.5, 0.25])


def test_a_configuration_extracts_video(folder):
    needs_the_extra()
    network(folder / "net.onnx")
    data = {"format": "transcripts", "root": str(meld(folder / "MELD"))}
    features = {"text": "letters", "video": str(folder / "net.onnx"), "video_rate": 2, "video_colour": "bgr"}
    lines = []
    corpus = transcribed_corpus(config(folder / "config", data=data, features=features), note=lines.append)
    settings = corpus.card.extractors["video"].settings
    assert (settings["rate"], settings["colour"]) == (2.0, "bgr")
    assert "video missing in 6 turns: no face" in lines


def test_files_of_a_configuration_are_relative_to_it(tmp_path):
    (tmp_path / "net.onnx").touch()
    (tmp_path / "run.yaml").write_text(
        "name: calls\ndata: {format: transcripts, root: calls}\nmodel: {system: momke}\n"
        "features: {text: minilm, video: net.onnx, video_detector: haar}\n"
    )
    found = load_config(tmp_path / "run.yaml").features
    assert (found.video, found.video_detector) == (str(tmp_path / "net.onnx"), "haar")


def test_a_corpus_without_a_video_is_refused(folder):
    needs_the_extra()
    (folder / "csv").mkdir()
    written(folder / "csv", "train", 1)
    with pytest.raises(CorpusError, match=r"no video is beside it\. Put call\.mp4 beside call\.vtt"):
        command("features", folder / "csv", folder / "out", "--video", network(folder / "net.onnx"))


def test_numbers_that_are_none_are_one_line(folder):
    written(folder, "train", 1)
    with pytest.raises(ConfigError, match=r"--video-mean: must be numbers separated by commas; got 'grey'"):
        command(
            "features", folder, folder / "out", "--text", "x", "--video", "n.onnx", "--video-mean", "grey"
        )


def test_a_detector_that_moved_with_the_network_is_found(tmp_path):
    old, new = tmp_path / "old", tmp_path / "new"
    for place in (old, new):
        place.mkdir()
        (place / "yunet.onnx").touch()
    stored = Provenance(
        extractor="face network",
        model=str(old / "net.onnx"),
        version="",
        width=3,
        settings={"detector": "yunet 1"},
        sha256="",
        files={"detector": str(old / "yunet.onnx")},
    )
    assert extractors._places(stored, str(new / "net.onnx")) == {"detector": str(old / "yunet.onnx")}
    (old / "yunet.onnx").unlink()
    assert extractors._places(stored, str(new / "net.onnx")) == {"detector": str(new / "yunet.onnx")}
