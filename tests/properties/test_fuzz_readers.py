"""Whatever a transcript holds, reading it gives dialogues or a `GraphmerError`, and nothing else."""

import contextlib
import json
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, strategies as st

from graphmer.errors import GraphmerError
from graphmer.transcripts import (
    FORMATS,
    ReadingOptions,
    read_diarization,
    read_merged_speakers,
    read_transcript,
)
from graphmer.transcripts.diarization import Diarization, Segment
from tests.properties.mutations import altered, as_json, damaged, tried
from tests.transcripts import test_json as docs, test_speakers
from tests.transcripts.test_read import CHAT, MELD, SRT, TEAMS, meld_row
from tests.transcripts.test_tables import table, workbook

pytestmark = pytest.mark.fuzz

TEXTS = [
    CHAT,
    MELD + meld_row(1, "later", 3, 7) + meld_row(2, "first", 3, 2),
    SRT,
    TEAMS,
    test_speakers.RTTM,
    test_speakers.CALL,
    table(),
    table(";", rows=[["Ann", "a; b", "0,5", "1,5"], ["Bob", "b", "2", "3"]]),
    "turn\tdialogue\tauthor\tmessage\temotion\n1\ta\tAnn\thello\tjoy\n2\ta\tBob\thi\t\n",
    docs.lines(docs.TURNS),
]
DOCUMENTS = [
    [{"id": "d", "utterances": docs.TURNS}],
    docs.TURNS,
    docs.WHISPER,
    docs.WHISPERX,
    docs.amazon(items=docs.ITEMS),
    {"transcription": [{"offsets": {"from": 0, "to": 1500}, "text": " Hello", "speaker": "0"}]},
    {"results": {"channels": [{"alternatives": [{"words": [docs.deepgram_word("Hi.", 0.7, 1)]}]}]}},
    {"id": "x", "audio_url": "u", "words": [{"text": "a", "start": 1, "end": 5, "speaker": "A"}]},
    {"results": [{"alternatives": [{"words": [{"startTime": "0.1s", "word": "a", "speakerTag": 1}]}]}]},
    {"combinedPhrases": [], "phrases": [{"speaker": 0, "offsetMilliseconds": 1, "text": "a"}]},
    {"JobName": "x", "Transcript": [{"ParticipantRole": "AGENT", "Content": "a", "BeginOffsetMillis": 1}]},
]
TALK = {"x": Diarization([Segment("S1", 0.0, 1.0), Segment("S2", 0.5, 3.9)])}
OPTIONS = [
    ReadingOptions(),
    ReadingOptions(unnamed="unknown", rttm=TALK, merge_speakers={"Ann": "Bob"}, split_words=True),
    ReadingOptions(unnamed="continue", merge_gap=None, roster=("Ann",)),
]


@pytest.fixture(scope="module")
def place():
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)


@pytest.fixture(scope="module")
def book(place):
    rows = [["Who", "Text", "Start"], ["Ann", "a", 1.5], ["Bob", "b", 2]]
    return workbook(place / "table.xlsx", {"turns": rows})


def survives(path: Path, options: ReadingOptions) -> None:
    """Reading gives turns that can be written as text, or the one error that is shown as a line."""
    with contextlib.suppress(GraphmerError):
        found = read_transcript(path, options)
        assert found.dialogues
        for dialogue in found.dialogues:
            dialogue.id.encode()
            for turn in dialogue.turns:
                assert turn.speaker
                f"{turn.speaker} {turn.text} {turn.emotion}".encode()
        "\n".join([found.summary, *found.report.lines()])


@tried
@given(data=st.data())
def test_damaged_transcripts(data, place):
    path = place / "transcript"
    content = data.draw(st.sampled_from([*TEXTS, *map(json.dumps, DOCUMENTS)])).encode()
    path.write_bytes(data.draw(damaged(content)))
    survives(path, data.draw(st.sampled_from(OPTIONS)))


@tried
@given(data=st.data())
def test_documents_of_other_content(data, place):
    path = place / "transcript.json"
    path.write_bytes(as_json(data.draw(altered(data.draw(st.sampled_from(DOCUMENTS))))))
    survives(path, data.draw(st.sampled_from(OPTIONS)))


@tried
@given(data=st.data())
def test_damaged_workbooks(data, place, book):
    path = place / "damaged.xlsx"
    path.write_bytes(data.draw(damaged(book)))
    survives(path, ReadingOptions())


@tried
@given(data=st.data())
def test_damaged_companions(data, place):
    path = place / "companion"
    path.write_bytes(data.draw(damaged(test_speakers.RTTM.encode())))
    with contextlib.suppress(GraphmerError):
        read_diarization(path)
    path.write_bytes(data.draw(damaged(b'Ann: ["Ann (Host)", "~ ann"]\n')))
    with contextlib.suppress(GraphmerError):
        read_merged_speakers(path)


@tried
@given(content=st.one_of(st.text().map(str.encode), st.binary()))
def test_any_content(content, place):
    path = place / "any"
    path.write_bytes(content)
    survives(path, OPTIONS[1])


@tried
@given(head=st.text(st.characters(codec="utf-8", exclude_characters="\r\0")))
def test_any_beginning_is_looked_at(head):
    for known in FORMATS:
        assert known.matches(head) in (True, False)
