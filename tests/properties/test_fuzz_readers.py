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
from tests.transcripts import test_json as docs, test_services as services, test_speakers
from tests.transcripts.test_captions import YOUTUBE, event
from tests.transcripts.test_exports import MEET, TEAMS as TEAMS_TEXT, document
from tests.transcripts.test_programs import ASS, audio_region, slack, transcribed
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
    YOUTUBE,
    ASS,
    "\n".join(MEET),
    "\n".join(TEAMS_TEXT),
    "0:00:00.599,0:00:04.160\n>> ANN: Hi\n\n0:00:05.0,0:00:06.0\n>> ANN: Hm\n",
    "I: Wie? #00:00:03-1#\nB: Gut. #00:00:10-5#\nI: Ja\n",
    "Ann\n0:03\nHello: all\nBob\n0:12\nHi\n",
    "speaker,text,Date,Time,duration\nAnn,a,13/06/2023,10:11,1.5\n",
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
    services.REV,
    {"language_code": "en", "words": services.ONE},
    services.speechmatics(services.result("a", 0.1), services.result(".", 0.5, attaches="previous")),
    {"wireMagic": "pb3", "events": [event(160, 4790, "hello", " and"), event(2310, 10, "\n", aAppend=1)]},
    {"results": [{"final": True, "alternatives": [{"transcript": "a", "timestamps": [["a", 0.1, 0.5]]}]}]},
    {"combinedPhrases": [], "phrases": [{"speaker": 0, "offset": "PT1.5S", "duration": "PT2S", "text": "a"}]},
    {"task": "transcribe", "text": "a", "words": [{"word": "a", "start": 0.0, "end": 0.5}]},
    [slack("U1", "hi &amp; bye", "1686650400.0001", "Ann")],
    {"chats": {"list": [{"name": "Bob", "messages": [{"date": "2023-06-13", "from": "Ann", "text": "hi"}]}]}},
    [transcribed(audio_region("a", 0.1, 1.5, "labels", "labels", ["S"]))],
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


@pytest.fixture(scope="module")
def paragraphs(place):
    return document(place / "talk.docx", *TEAMS_TEXT)


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
def test_damaged_word_documents(data, place, paragraphs):
    path = place / "damaged.docx"
    path.write_bytes(data.draw(damaged(paragraphs)))
    survives(path, ReadingOptions())


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
