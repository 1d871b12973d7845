"""Captions of WebVTT and SRT: what is speech, who says it, and what only looks like it."""

import pytest

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
