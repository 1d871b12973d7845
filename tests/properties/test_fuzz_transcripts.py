"""Transcripts come back as they were written; whatever else a file holds is read or refused in one line."""

import csv
import io
import tempfile
from pathlib import Path

import pytest
from hypothesis import strategies as st

from graphmer.transcripts import ReadingOptions, read_transcript
from tests.properties.mutations import damaged, fuzz, survives

pytestmark = pytest.mark.fuzz

COLUMNS = ("Utterance", "Speaker", "Emotion", "Dialogue_ID", "Utterance_ID", "StartTime", "EndTime")
MELD = """\
Sr No.,Utterance,Speaker,Emotion,Sentiment,Dialogue_ID,Utterance_ID,Season,Episode,StartTime,EndTime
1,"Well, hi.",Ann,neutral,neutral,0,0,8,21,"00:16:16,059","00:16:21,731"
2,Oh \x92no\x92,Bob,sadness,negative,0,3,8,21,"00:16:21,940","00:16:23,442"
"""
FILES = {
    "chat": "Ann: hello: you\nBob: hi\n  there\nAnn:\nBob: [inaudible]\n",
    "vtt": "WEBVTT\n\nNOTE x\n\n1\n00:01.000 --> 00:02.500\n<v Ann>Hi</v>\n\n"
    "1:00:03.0 --> 1:00:04.0 align:left\n<v Bob>Oh &amp; <i>no</i>\n",
    "srt": "1\n00:00:01,000 --> 00:00:02,500\nAnn: Hi\n\n"
    "2\n00:00:03,000 --> 00:00:04,000\n- Bob: So\n- Ann: Yes\n",
    "csv": MELD,
}
WORDS = st.lists(st.sampled_from(["hi", "see", "no", "été", "well", "12", "tea"]), min_size=1, max_size=5)
SPEAKERS = st.sampled_from(["Ann", "Bob", "Zoë Q"])
NUMBERS = st.sampled_from(["9" * 5000, "-1", "1e400", "٣", "0" * 50, "", "nan"])


@pytest.fixture(scope="module")
def path():
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder) / "file.any"


def spoken(data) -> list[tuple[str, str]]:
    first = [("Ann", "hi"), ("Bob", "no"), ("Ann", "so"), ("Bob", "ah")]  # names that occur more than once
    drawn = data.draw(st.lists(st.tuples(SPEAKERS, WORDS.map(" ".join)), max_size=6))
    return first + [turn for turn in drawn if turn[0] in ("Ann", "Bob")]


def times(number: int, comma: bool = False) -> tuple[str, str]:
    return tuple(f"00:{number:02d}:{second:02d}{',' if comma else '.'}500" for second in (1, 50))


def as_chat(turns) -> str:
    return "".join(f"{name}: {text}\n" for name, text in turns)


def as_vtt(turns) -> str:
    cues = (
        f"{' --> '.join(times(number))}\n<v {name}>{text}</v>\n" for number, (name, text) in enumerate(turns)
    )
    return "WEBVTT\n\n" + "\n".join(cues)


def as_srt(turns) -> str:
    return "\n".join(
        f"{number + 1}\n{' --> '.join(times(number, comma=True))}\n{name}: {text}\n"
        for number, (name, text) in enumerate(turns)
    )


def as_csv(turns) -> str:
    file = io.StringIO()
    rows = csv.writer(file)
    rows.writerow(COLUMNS)
    for number, (name, text) in enumerate(turns):
        rows.writerow([text, name, "joy", 3, number, *times(number, comma=True)])
    return file.getvalue()


WRITERS = {"chat": as_chat, "vtt": as_vtt, "srt": as_srt, "csv": as_csv}


@fuzz("round trip")
def test_transcripts_come_back_as_they_were(data, path):
    turns = spoken(data)
    text = WRITERS[data.draw(st.sampled_from(sorted(WRITERS)))](turns)
    newline = data.draw(st.sampled_from(["\n", "\r\n", "\r"]))
    encoding = data.draw(st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]))
    path.write_bytes(text.replace("\r\n", "\n").replace("\n", newline).encode(encoding))
    (dialogue,) = read_transcript(path, ReadingOptions(merge_gap=None)).dialogues
    assert [(turn.speaker, turn.text) for turn in dialogue.turns] == turns


@fuzz("mutation")
def test_damaged_transcripts(data, path):
    text = FILES[data.draw(st.sampled_from(sorted(FILES)))]
    encoding = data.draw(st.sampled_from(["utf-8", "cp1252", "utf-16", "utf-8-sig"]))
    path.write_bytes(data.draw(damaged(text.encode(encoding, errors="replace"))))
    read_as(data, path)


@fuzz("mutation")
def test_transcripts_with_other_numbers(data, path):
    text = FILES[data.draw(st.sampled_from(sorted(FILES)))]
    digits = [place for place, character in enumerate(text) if character.isdigit()]
    place = data.draw(st.sampled_from(digits or [0]))
    path.write_text(text[:place] + data.draw(NUMBERS) + text[place + 1 :], encoding="utf-8")
    read_as(data, path)


def read_as(data, path: Path) -> None:
    """Read as a user may ask for it."""
    options = ReadingOptions(
        unnamed=data.draw(st.sampled_from(["refuse", "one", "alternate", "unknown", "continue"])),
        merge_gap=data.draw(st.sampled_from([2.0, None])),
    )
    survives(lambda: read_transcript(path, options).summary)
