"""Captions of WebVTT and SRT: what is speech, who says it, and what only looks like it."""

import pytest

from graphmer.errors import CorpusError
from tests.transcripts.reading import read, timed, turns

ZOOM = """WEBVTT

1
00:00:01.000 --> 00:00:02.000
Ann Lee: we meet
12:30 --> 13:30 would be better

2
00:00:13.000 --> 00:00:14.000
Bob & Co. (Berlin): 10:30 Meeting: moved

3
00:00:25.000 --> 00:00:26.000
Note: bring tea

4
00:00:37.000 --> 00:00:38.000
https://a.b is the place

5
00:00:49.000 --> 00:00:52.000
Ann Lee: ok

6
00:00:49.000 --> 00:00:50.500
Bob & Co. (Berlin): fine
"""


def test_what_looks_like_a_time_or_a_name_in_speech_is_speech(tmp_path):
    found = read(tmp_path, ZOOM)
    assert turns(found) == [
        ("Ann Lee", "we meet 12:30 --> 13:30 would be better"),
        ("Bob & Co. (Berlin)", "10:30 Meeting: moved"),
        ("unknown", "Note: bring tea"),
        ("unknown", "https://a.b is the place"),
        ("Bob & Co. (Berlin)", "fine"),
        ("Ann Lee", "ok"),
    ]
    assert "2 turns without the name of a speaker" in found.report.lines()


def test_overlapping_speech_is_ordered_by_start_then_by_end_and_all_of_it_stays(tmp_path):
    assert timed(read(tmp_path, ZOOM))[-2:] == [
        ("Bob & Co. (Berlin)", "fine", 49.0, 50.5),
        ("Ann Lee", "ok", 49.0, 52.0),
    ]


def test_settings_of_a_cue_may_follow_its_times(tmp_path):
    times = "00:01.000 --> 00:02.000 align:start position:10%,line-left line:-1 X1:40 Y2:050"
    assert timed(read(tmp_path, f"WEBVTT\n\n{times}\n<v Ann>hi\n")) == [("Ann", "hi", 1.0, 2.0)]


YOUTUBE = """WEBVTT
Kind: captions
Language: en

00:00:00.160 --> 00:00:02.310 align:start position:0%
\x20
hello<00:00:00.480><c> and</c><00:00:00.640><c> welcome</c>

00:00:02.310 --> 00:00:02.320 align:start position:0%
hello and welcome
\x20

00:00:02.320 --> 00:00:04.950 align:start position:0%
hello and welcome
to<00:00:02.480><c.colorE5E5E5> the</c><00:00:02.720><c> show</c>

00:00:04.950 --> 00:00:04.960 align:start position:0%
to the show
\x20

00:00:04.960 --> 00:00:06.000 align:start position:0%
to the show
a lonely end
"""


def test_captions_of_youtube_are_unrolled_and_lose_no_line(tmp_path):
    found = read(tmp_path, YOUTUBE, unnamed="one")
    assert timed(found) == [("A", "hello and welcome to the show a lonely end", 0.16, 6.0)]
    assert not found.report.left_out
    assert "rolling captions: 4 repeated lines removed" in found.report.notes


def test_entities_and_markup_are_no_text(tmp_path):
    cue = "<v Tom &amp; Jerry>a &lt;b&gt;&nbsp;c <c.yellow.bg_blue>d</c> <00:00:01.500>e <lang en>f</lang>"
    found = read(tmp_path, f"WEBVTT\n\n00:01.0 --> 00:02.0\n{cue}\n")
    assert turns(found) == [("Tom & Jerry", "a <b> c d e f")]


@pytest.mark.parametrize(
    "head", ["WEBVTT\n\n00:05.0 --> 00:06.0\n\n00:07.0", "1\n00:00:05,000 --> 00:00:06,000\n\n2\n00:07,0"]
)
def test_a_cue_without_text_is_a_turn_whose_text_is_missing(tmp_path, head):
    found = read(tmp_path, f"{head} --> 00:08.0\nAnn: a\n\n00:10.0 --> 00:11.0\nAnn: b\n")
    assert timed(found)[0] == ("unknown", None, 5.0, 6.0)
    assert "1 turn without text" in found.report.lines()


def test_srt_needs_no_numbers(tmp_path):
    cues = ["Ann: a", "Bob: b", "[Ann] c", "Bob: d"]
    text = "\n".join(
        f"00:00:{10 * at:02},000 --> 00:00:{10 * at + 1},500\n{cue}\n" for at, cue in enumerate(cues)
    )
    found = read(tmp_path, text)
    assert found.format == "SRT"
    assert turns(found) == [("Ann", "a"), ("Bob", "b"), ("Ann", "c"), ("Bob", "d")]


def event(start, length, *texts, **rest):
    segments = [{"utf8": text, **({"tOffsetMs": 90 * at} if at else {})} for at, text in enumerate(texts)]
    return {"tStartMs": start, "dDurationMs": length, "wWinId": 1, "segs": segments, **rest}


def test_generated_captions_of_youtube_end_where_the_next_begin(tmp_path):
    events = [
        {"tStartMs": 0, "dDurationMs": 90_000, "id": 1, "wpWinPosId": 1},
        event(160, 4790, "hello", " and", " welcome"),
        event(2310, 2640, "\n", aAppend=1),
        event(2320, 3680, "to", " the", " show.", " >>", " Yes."),
    ]
    content = {"wireMagic": "pb3", "pens": [{}], "wsWinStyles": [{}], "events": events}
    found = read(tmp_path, content, unnamed="alternate")
    assert found.format == "YouTube captions JSON"
    assert timed(found) == [
        ("A", "hello and welcome", 0.16, 2.32),
        ("B", "to the show.", 2.32, 6.0),
        ("A", "Yes.", 2.32, 6.0),
    ]


def test_captions_of_youtube_without_any_text_are_refused(tmp_path):
    with pytest.raises(CorpusError, match="YouTube captions JSON without any speech"):
        read(tmp_path, {"wireMagic": "pb3", "events": [event(2310, 10, "\n", aAppend=1)]})


def test_written_captions_of_youtube_have_names(tmp_path):
    said = ["Ann: I have\nnews.", "Bob: Go on", "Ann: &gt; nothing", "Bob: oh"]
    events = [
        {"tStartMs": 2000 * at, "dDurationMs": 1500, "segs": [{"utf8": text}]} for at, text in enumerate(said)
    ]
    found = read(tmp_path, {"wireMagic": "pb3", "events": events})
    assert timed(found)[:2] == [("Ann", "I have news.", 0.0, 1.5), ("Bob", "Go on", 2.0, 3.5)]
    assert turns(found)[2:] == [("Ann", "> nothing"), ("Bob", "oh")]


def test_captions_of_sbv_have_times_with_a_comma_between(tmp_path):
    lines = (
        "0:00:00.599,0:00:04.160\n>> ANN: Hi, all.\nWelcome.\n\n0:00:04.160,0:00:06.770\n>> BOB: Thanks\n\n"
    )
    found = read(tmp_path, lines, "captions.sbv")
    assert found.format == "SBV"
    assert timed(found) == [("ANN", "Hi, all. Welcome.", 0.599, 4.16), ("BOB", "Thanks", 4.16, 6.77)]
    head = "[INFORMATION]\n[TITLE]x\n[END INFORMATION]\n[SUBTITLE]\n"
    found = read(
        tmp_path,
        f"{head}00:00:01.50,00:00:02.25\nAnn: a[br]Bob: b\n\n00:00:03.00,00:00:04.00\nAnn: c[br]Bob: d\n",
    )
    assert timed(found)[:2] == [("Ann", "a", 1.5, 2.25), ("Bob", "b", 1.5, 2.25)]


def test_names_may_stand_above_the_words(tmp_path):
    said = [("Ann Lee", "Hi, all."), ("Bob", "Thanks. Yes?"), ("Ann Lee", "Well"), ("Bob", "Ok\nthen")]
    blocks = [
        f"0:0:{10 * at}.0 --> 0:0:{10 * at + 1}.900\n{name}\n{text}\n" for at, (name, text) in enumerate(said)
    ]
    found = read(tmp_path, "\n".join(blocks), "meeting.txt")
    assert turns(found) == [(name, " ".join(text.split())) for name, text in said]
    assert found.report.taken["speaker"] == "names above the text"
    lyrics = [f"0:0:{10 * at}.0 --> 0:0:{10 * at + 1}.900\nOh my\nline {at}\n" for at in range(4)]
    assert turns(
        read(tmp_path, "\n".join([*lyrics, "0:1:0.0 --> 0:1:1.0\nIt is over.\nGo\n"]), unnamed="one")
    )[0] == ("A", "Oh my line 0")
