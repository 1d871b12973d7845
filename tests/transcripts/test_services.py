"""JSON of Rev, ElevenLabs and Speechmatics."""

import pytest

from graphmer.errors import CorpusError
from tests.transcripts.reading import read, timed, turns


def element(text, start=None, end=None):
    if start is None:
        return {"type": "punct", "value": text}
    return {"type": "text", "value": text, "ts": start, "end_ts": end, "confidence": 0.9}


REV = {
    "monologues": [
        {
            "speaker": 0,
            "elements": [
                *(
                    element("Hello", 0.5, 0.9),
                    element(","),
                    element(" "),
                    element("3", 1.0, 1.2),
                    element("-"),
                ),
                *(element("D", 1.2, 1.4), element("."), element(" "), element("Yes", 3.0, 3.2), element("?")),
            ],
        },
        {"speaker": 1, "elements": [element("No", 4.0, 4.2), element(".")]},
    ]
}


def test_blanks_of_rev_are_elements_and_its_speakers_are_numbers(tmp_path):
    found = read(tmp_path, REV, merge_gap=None)
    assert found.format == "Rev JSON"
    assert timed(found) == [
        ("speaker 0", "Hello, 3-D.", 0.5, 1.4),
        ("speaker 0", "Yes?", 3.0, 3.2),
        ("speaker 1", "No.", 4.0, 4.2),
    ]


def test_transcribers_of_rev_name_the_speakers_and_write_clock_times(tmp_path):
    said = {"type": "text", "value": "Hi, all.", "timestamp": "00:00:01,500", "end_timestamp": "00:01:02,250"}
    content = {
        "speakers": [{"id": 1, "name": "Ann Lee"}],
        "monologues": [
            {"speaker": 1, "elements": [said, {"type": "tag", "name": "laugh"}]},
            {"speaker": 2, "elements": [{"type": "text", "value": "Bye."}]},
        ],
    }
    found = read(tmp_path, content)
    assert timed(found) == [("Ann Lee", "Hi, all.", 1.5, 62.25), ("speaker 2", "Bye.", None, None)]
    assert "left out: 1 tag" in found.report.lines()


def scribe(*words, speaker="speaker_0"):
    kinds = {" ": "spacing", "(laughs)": "audio_event"}
    return [
        {
            "text": text,
            "start": start,
            "end": round(start + 0.3, 3),
            "type": kinds.get(text, "word"),
            "speaker_id": speaker,
            "logprob": -0.1,
        }
        for text, start in words
    ]


ONE = scribe(("Hello", 0.0), (" ", 0.3), ("there.", 0.5), (" ", 0.8), ("(laughs)", 0.9))
OTHER = scribe(("私", 2.0), ("は", 2.2), ("。", 2.4), speaker="speaker_1")


def test_words_of_scribe_have_speakers_and_blanks_are_words(tmp_path):
    found = read(tmp_path, {"language_code": "eng", "text": "Hello there.", "words": ONE + OTHER})
    assert found.format == "ElevenLabs Scribe JSON"
    assert timed(found) == [("speaker_0", "Hello there.", 0.0, 0.8), ("speaker_1", "私は。", 2.0, 2.7)]
    assert "left out: 1 sound" in found.report.lines()


def test_scribe_may_have_channels_or_segments(tmp_path):
    channels = [{"channel_index": 0, "words": ONE}, {"channel_index": 1, "words": OTHER}]
    found = read(tmp_path, {"transcripts": channels})
    assert turns(found) == [("channel 0", "Hello there."), ("channel 1", "私は。")]
    words = [{"text": "Hi.", "start_time": 1.0, "end_time": 2.0}]
    person = {"id": "speaker_0", "name": "Ann"}
    segment = {"text": "Hi.", "start_time": 1.0, "end_time": 2.0, "speaker": person, "words": words}
    found = read(tmp_path, {"language_code": "en", "segments": [segment]})
    assert (found.format, timed(found)) == ("ElevenLabs Scribe JSON", [("Ann", "Hi.", 1.0, 2.0)])


def result(text, start, speaker="S1", attaches=None, **rest):
    kind = {"type": "word"} if attaches is None else {"type": "punctuation", "attaches_to": attaches}
    return {
        **kind,
        "start_time": start,
        "end_time": round(start + 0.4, 3),
        "alternatives": [{"content": text, "confidence": 0.9, "language": "en", "speaker": speaker}],
        **rest,
    }


def speechmatics(*results, delimiter=" "):
    language = {"language_pack_info": {"word_delimiter": delimiter}}
    return {"format": "2.9", "job": {"id": "x"}, "metadata": language, "results": list(results)}


def test_marks_of_speechmatics_attach_to_words_and_uu_is_nobody(tmp_path):
    found = read(
        tmp_path,
        speechmatics(
            *(
                result("\u00bf", 0.1, attaches="next"),
                result("Que", 0.1),
                result("?", 0.5, attaches="previous"),
            ),
            {"type": "speaker_change", "start_time": 0.9, "end_time": 0.9},
            *(result("Hm", 1.0, "S2"), result("so", 1.5, "S2"), result("Eh", 4.0, "UU")),
        ),
    )
    assert found.format == "Speechmatics JSON"
    assert timed(found) == [
        ("S1", "\u00bfQue?", 0.1, 0.9),
        ("S2", "Hm so", 1.0, 1.9),
        ("unknown", "Eh", 4.0, 4.4),
    ]


def test_languages_without_blanks_and_channels_of_speechmatics(tmp_path):
    words = [result("私", 0.0), result("は", 0.4), result("。", 0.8, attaches="previous")]
    assert turns(read(tmp_path, speechmatics(*words, delimiter=""))) == [("S1", "私は。")]
    calls = [result("Hi", 0.0, "UU", channel="Agent"), result("Hey", 0.2, "UU", channel="Caller")]
    assert turns(read(tmp_path, speechmatics(*calls))) == [("Agent", "Hi"), ("Caller", "Hey")]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"monologues": [{"speaker": 0, "elements": [{"ts": "soon"}]}]}, r"monologues\[0\]\.elements\[0\]"),
        ({"language_code": "en", "words": [{"text": "a", "type": "word", "start": "x"}]}, "got 'x'"),
        (speechmatics(result("a", 0.0), {"alternatives": 5}), r"results\[1\]\.alternatives"),
    ],
)
def test_a_faulty_value_of_a_service_is_one_line(tmp_path, content, message):
    with pytest.raises(CorpusError, match=message) as error:
        read(tmp_path, content)
    assert "\n" not in str(error.value)
