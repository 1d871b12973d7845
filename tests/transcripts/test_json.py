import json
import time

import pytest

from graphmer.errors import CorpusError
from graphmer.transcripts import read_transcript
from graphmer.transcripts.diarization import Diarization, Segment
from tests.transcripts.reading import read, timed, turns, written

TURNS = [
    {"speaker": "Ann", "text": "hello", "start": 0.5, "end": 1, "emotion": "joy"},
    {"speaker": "Bob", "text": "hi", "start": 2, "end": 3, "emotion": None},
]


def lines(values):
    return "\n".join(json.dumps(value) for value in values) + "\n"


@pytest.mark.parametrize(
    "content",
    [
        lines(TURNS),
        json.dumps(TURNS, indent=1),
        lines([{"id": "d", "utterances": TURNS}]),
        json.dumps([{"id": "d", "turns": TURNS}]),
        json.dumps({"id": "d", "messages": TURNS}, indent=2),
    ],
)
def test_turns_and_dialogues_of_any_program_are_read(tmp_path, content):
    found = read(tmp_path, content, "d.json")
    assert found.format == "JSON of turns"
    assert [dialogue.id for dialogue in found.dialogues] == ["d"]
    assert timed(found) == [("Ann", "hello", 0.5, 1.0), ("Bob", "hi", 2.0, 3.0)]
    assert [turn.emotion for turn in found.dialogues[0].turns] == ["joy", None]


def test_lines_of_several_dialogues_are_grouped_and_sorted(tmp_path):
    rows = [
        {"conversation_id": "b", "turn": 2, "author": "Ann", "message": "x"},
        {"conversation_id": "a", "turn": 1, "author": "Bob", "message": "y"},
        {"conversation_id": "b", "turn": 1, "author": "Bob", "message": "z"},
    ]
    found = read(tmp_path, lines(rows))
    assert [dialogue.id for dialogue in found.dialogues] == ["b", "a"]
    assert turns(found) == [("Bob", "z"), ("Ann", "x")]
    with pytest.raises(CorpusError, match=r":4: turn 1 of dialogue b is also at .*:3\."):
        read(tmp_path, lines([*rows, rows[2]]))


def test_keys_can_be_given_by_the_user(tmp_path):
    rows = [{"key": "id1", "uttered": "hello", "by": "Ann"}, {"key": "id2", "uttered": "hi", "by": "Bob"}]
    assert turns(read(tmp_path, lines(rows), columns={"text": "uttered", "speaker": "by"})) == [
        ("Ann", "hello"),
        ("Bob", "hi"),
    ]


def test_an_exported_chat_has_parts_of_text_and_messages_of_the_service(tmp_path):
    messages = [
        {"id": 1, "type": "service", "date": "2023-06-13T10:00:00", "actor": "Ann", "text": ""},
        {"id": 2, "type": "message", "date": "2023-06-13T10:00:05", "from": "Ann", "text": "hi"},
        {
            "id": 3,
            "type": "message",
            "date": "2023-06-13T10:00:09",
            "from": "Bob",
            "text": ["see ", {"type": "link", "text": "a.b"}, " there"],
        },
    ]
    found = read(tmp_path, {"name": "Ann", "type": "personal_chat", "id": 5, "messages": messages})
    assert timed(found) == [("Ann", "hi", 0.0, None), ("Bob", "see a.b there", 4.0, None)]
    assert "left out: 1 service message" in found.report.lines()


def test_messages_from_the_last_to_the_first_are_ordered_by_time(tmp_path):
    messages = [
        {"sender_name": "Bob", "timestamp_ms": 1686655380500, "content": "later"},
        {"sender_name": "Ann", "timestamp_ms": 1686655370500, "content": "first"},
    ]
    found = read(tmp_path, {"participants": [{"name": "Ann"}], "messages": messages})
    assert timed(found) == [("Ann", "first", 0.0, None), ("Bob", "later", 10.0, None)]
    messages = [
        {"timestamp": "2023-06-13T10:00:00.123+00:00", "content": "hi", "author": {"id": "5", "name": "Ann"}}
    ]
    assert turns(read(tmp_path, {"messages": messages})) == [("Ann", "hi")]


def test_dialogues_with_features_are_no_transcript(tmp_path):
    chat = {"id": "a", "utterances": [{"speaker": "Ann", "text": "hi", "features": {"text": [1.0]}}]}
    with pytest.raises(CorpusError, match="no known format"):
        read(tmp_path, lines([chat]))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (lines(TURNS) + '{"speaker": "Ann", "text": ', r":3: no valid JSON"),
        (lines([*TURNS, {"utterances": TURNS}]), "both dialogues and single turns"),
        (json.dumps([*TURNS, 5]), r"entry 3: must be an object; got '5'"),
        (lines([{"speaker": "A", "text": "a"}, {"speaker": "B", "text": [5]}]), r":2: text: must be text"),
        (lines([TURNS[0], {"speaker": "A", "text": "a", "start": True}]), r":2: start: must be a time"),
        (lines([TURNS[0], {"speaker": "A", "text": "a", "start": 1e300}]), r":2: start: must be a time"),
        (
            lines([{"who": "A", "uttered": "a"}]),
            r"no column is known to have the text; its columns are 'who'",
        ),
    ],
)
def test_faulty_json_is_one_line_with_its_place(tmp_path, content, message):
    with pytest.raises(CorpusError, match=message) as error:
        read(tmp_path, content)
    assert "\n" not in str(error.value)


WHISPER = {
    "text": " Hello there. Yes.",
    "segments": [
        {"id": 0, "seek": 0, "start": 0.0, "end": 2.5, "text": " Hello there.", "tokens": [1]},
        {"id": 1, "seek": 0, "start": 2.5, "end": 4.0, "text": ""},
        {"id": 2, "seek": 0, "start": 6.5, "end": 8.0, "text": " Yes."},
    ],
    "language": "en",
}


def test_whisper_has_no_speakers_and_asks_who_speaks(tmp_path):
    with pytest.raises(CorpusError, match=r"no turn has the name of a speaker. Say who speaks: --speakers"):
        read(tmp_path, WHISPER)
    found = read(tmp_path, WHISPER, unnamed="one")
    assert found.format == "Whisper JSON"
    assert timed(found) == [("A", "Hello there.", 0.0, 4.0), ("A", "Yes.", 6.5, 8.0)]
    assert turns(read(tmp_path, WHISPER, unnamed="alternate")) == [
        ("A", "Hello there."),
        ("B", None),
        ("A", "Yes."),
    ]
    assert {turn.speaker for turn in read(tmp_path, WHISPER, unnamed="unknown").dialogues[0].turns} == {
        "unknown"
    }


def test_rttm_names_the_speakers_of_whisper_by_overlap(tmp_path):
    talk = Diarization([Segment("S1", 0.0, 1.0), Segment("S2", 0.5, 3.9), Segment("S1", 6.9, 9.0)])
    found = read(tmp_path, WHISPER, "call.json", rttm={"call": talk, "other": Diarization([])})
    assert turns(found) == [("S2", "Hello there."), ("S1", "Yes.")]
    assert "1 turn in which several persons of the RTTM speak" in found.report.notes
    with pytest.raises(CorpusError, match=r"several recordings \(a, b\), none called 'call'"):
        read(tmp_path, WHISPER, "call.json", rttm={"a": talk, "b": talk})


def test_turns_without_overlap_stay_unknown(tmp_path):
    found = read(tmp_path, WHISPER, rttm={"x": Diarization([Segment("S1", 0.0, 3.0)])})
    assert turns(found) == [("S1", "Hello there."), ("unknown", "Yes.")]
    assert found.report.unnamed == 1


def word(text, start=None, end=None, **rest):
    return {"word": text, **({} if start is None else {"start": start, "end": end}), **rest}


WHISPERX = {
    "segments": [
        {
            "start": 0.0,
            "end": 3.0,
            "text": " I paid 50 dollars. No way.",
            "words": [
                word("I", 0.0, 0.1, score=0.9, speaker="SPEAKER_00"),
                word("paid", 0.2, 0.5, score=0.9),
                word("50"),
                word("dollars.", 0.9, 1.2, score=0.9, speaker="SPEAKER_00"),
                word("No", 2.0, 2.2, score=0.9, speaker="SPEAKER_01"),
                word("way.", 2.3, 3.0, score=0.9, speaker="SPEAKER_01"),
            ],
            "speaker": "SPEAKER_00",
        },
        {"start": 3.5, "end": 4.0, "text": " Hm.", "words": []},
    ],
    "word_segments": [],
}


def test_segments_of_whisperx_are_split_at_speakers_only_if_asked(tmp_path):
    found = read(tmp_path, WHISPERX)
    assert found.format == "WhisperX JSON"
    assert turns(found) == [("SPEAKER_00", "I paid 50 dollars. No way."), ("unknown", "Hm.")]
    assert any("words of another speaker: 1; --split-words" in note for note in found.report.notes)
    assert found.report.unnamed == 1
    split = read(tmp_path, WHISPERX, split_words=True)
    assert timed(split) == [
        ("SPEAKER_00", "I paid 50 dollars.", 0.0, 1.2),
        ("SPEAKER_01", "No way.", 2.0, 3.0),
        ("unknown", "Hm.", 3.5, 4.0),
    ]


def test_words_of_whisper_are_split_by_rttm_if_asked(tmp_path):
    words = [word(" Hello", 0.0, 1.0), word(" Bob.", 1.0, 2.0), word(" Hi.", 2.1, 2.5)]
    content = {"text": "", "segments": [{"start": 0, "end": 2.5, "text": " Hello Bob. Hi.", "words": words}]}
    talk = {"x": Diarization([Segment("S1", 0.0, 2.0), Segment("S2", 2.0, 3.0)])}
    assert turns(read(tmp_path, content, rttm=talk)) == [("S1", "Hello Bob. Hi.")]
    assert turns(read(tmp_path, content, rttm=talk, split_words=True)) == [
        ("S1", "Hello Bob."),
        ("S2", "Hi."),
    ]


def test_chunks_of_transformers_have_pairs_of_times(tmp_path):
    chunks = [{"timestamp": [0.0, 1.5], "text": " Hello."}, {"timestamp": [1.5, None], "text": " Hi."}]
    found = read(tmp_path, {"text": " Hello. Hi.", "chunks": chunks}, unnamed="alternate")
    assert timed(found) == [("A", "Hello.", 0.0, 1.5), ("B", "Hi.", 1.5, None)]
    speakers = [{**chunk, "speaker": f"SPEAKER_0{n}"} for n, chunk in enumerate(chunks)]
    found = read(tmp_path, {"speakers": speakers, "chunks": chunks, "text": ""})
    assert turns(found) == [("SPEAKER_00", "Hello."), ("SPEAKER_01", "Hi.")]


def test_a_long_text_before_the_segments_does_not_hide_whisper(tmp_path):
    long = {**WHISPER, "text": 'so "quoted" \u00e9 ' * 10_000}
    assert read(tmp_path, long, unnamed="one").format == "Whisper JSON"


def test_times_of_whisper_cpp_are_hundredths_or_milliseconds(tmp_path):
    offsets = {
        "systeminfo": "AVX",
        "transcription": [
            {"offsets": {"from": 0, "to": 1500}, "text": " Hello[_TT_75]", "speaker": "0"},
            {"offsets": {"from": 1500, "to": 2000}, "text": " [BLANK_AUDIO]", "speaker": "?"},
        ],
    }
    found = read(tmp_path, offsets)
    assert found.format == "whisper.cpp JSON"
    assert timed(found) == [("0", "Hello", 0.0, 1.5), ("unknown", None, 1.5, 2.0)]
    for content in (
        [{"t0": 0, "t1": 150, "text": " Hello"}],
        {"segments": [{"t0": 0, "t1": 150, "text": "Hello"}]},
    ):
        found = read(tmp_path, content, unnamed="one")
        assert timed(found) == [("A", "Hello", 0.0, 1.5)]
        assert found.report.taken["times"] == "`t0`, `t1` in hundredths"


def item(text, start=None, end=None, **rest):
    kind = "punctuation" if start is None else "pronunciation"
    times = {} if start is None else {"start_time": str(start), "end_time": str(end)}
    return {"type": kind, "alternatives": [{"confidence": "0.9", "content": text}], **times, **rest}


ITEMS = [item("Hello", 0.1, 0.5), item("."), item("Hi", 1.0, 1.2), item("Ann", 1.3, 1.5), item("?")]


def amazon(**results):
    return {"jobName": "x", "results": {"transcripts": [{"transcript": "Hello. Hi Ann?"}], **results}}


def test_amazon_has_speakers_channels_or_neither(tmp_path):
    labels = [
        {"start_time": str(start), "speaker_label": f"spk_{spoken}", "end_time": "9"}
        for start, spoken in [(0.1, 0), (1.0, 1), (1.3, 1)]
    ]
    segments = [{"start_time": "0.1", "speaker_label": "spk_0", "end_time": "1.5", "items": labels}]
    found = read(tmp_path, amazon(items=ITEMS, speaker_labels={"speakers": 2, "segments": segments}))
    assert found.format == "Amazon Transcribe JSON"
    assert timed(found) == [("spk_0", "Hello.", 0.1, 0.5), ("spk_1", "Hi Ann?", 1.0, 1.5)]
    channels = [
        {"channel_label": "ch_0", "items": ITEMS[2:]},
        {"channel_label": "ch_1", "items": ITEMS[:2]},
    ]
    found = read(tmp_path, amazon(items=ITEMS, channel_labels={"channels": channels}))
    assert turns(found) == [("ch_1", "Hello."), ("ch_0", "Hi Ann?")]
    with pytest.raises(CorpusError, match="no turn has the name of a speaker"):
        read(tmp_path, amazon(items=ITEMS))
    assert turns(read(tmp_path, amazon(items=ITEMS), unnamed="alternate")) == [
        ("A", "Hello."),
        ("B", "Hi Ann?"),
    ]


def test_call_analytics_of_amazon_have_roles(tmp_path):
    spoken = [
        {"ParticipantRole": "AGENT", "Content": "Hello.", "BeginOffsetMillis": 100, "EndOffsetMillis": 500},
        {"ParticipantRole": "CUSTOMER", "Content": "Hi.", "BeginOffsetMillis": 700, "EndOffsetMillis": 900},
    ]
    found = read(tmp_path, {"JobName": "x", "Transcript": spoken})
    assert timed(found) == [("AGENT", "Hello.", 0.1, 0.5), ("CUSTOMER", "Hi.", 0.7, 0.9)]


def deepgram_word(text, start, speaker):
    return {
        "word": text.lower(),
        "punctuated_word": text,
        "start": start,
        "end": start + 0.3,
        "speaker": speaker,
    }


def test_deepgram_has_utterances_words_or_channels(tmp_path):
    spoken = [
        {"start": 0.1, "end": 0.5, "channel": 0, "transcript": "Hello.", "speaker": 0},
        {"start": 0.7, "end": 0.9, "channel": 1, "transcript": "Hi.", "speaker": 0},
    ]
    words = [deepgram_word("Hello.", 0.1, 0), deepgram_word("Hi.", 0.7, 1)]
    channel = {"alternatives": [{"transcript": "Hello. Hi.", "words": words}]}
    content = {"metadata": {}, "results": {"channels": [channel]}}
    found = read(tmp_path, content)
    assert found.format == "Deepgram JSON"
    assert turns(found) == [("speaker 0", "Hello."), ("speaker 1", "Hi.")]
    content = {"results": {"channels": [channel, channel], "utterances": spoken}}
    assert turns(read(tmp_path, content)) == [
        ("channel 0 speaker 0", "Hello."),
        ("channel 1 speaker 0", "Hi."),
    ]
    content["results"]["channels"] = [channel]
    content["results"]["utterances"] = [{**each, "speaker": number} for number, each in enumerate(spoken)]
    assert timed(read(tmp_path, content))[1] == ("speaker 1", "Hi.", 0.7, 0.9)


def test_times_of_assemblyai_are_milliseconds(tmp_path):
    words = [
        {"text": "Hello.", "start": 100, "end": 500, "speaker": "A"},
        {"text": "Hi.", "start": 700, "end": 900, "speaker": "B"},
    ]
    content = {"id": "x", "status": "completed", "audio_url": "u", "text": "", "words": words}
    for utterances in (None, words):
        found = read(tmp_path, {**content, "utterances": utterances})
        assert found.format == "AssemblyAI JSON"
        assert timed(found) == [("A", "Hello.", 0.1, 0.5), ("B", "Hi.", 0.7, 0.9)]
    with pytest.raises(CorpusError, match="status: input should be 'completed'; got 'error'"):
        read(tmp_path, {**content, "status": "error"})


def test_the_last_result_of_google_repeats_the_words(tmp_path):
    words = [
        {"startTime": "0.100s", "endTime": "0.500s", "word": "Hello.", "speakerTag": 1},
        {"startTime": "0.700s", "endTime": "0.900s", "word": "Hi.", "speakerTag": 2},
    ]
    plain = [{key: value for key, value in each.items() if key != "speakerTag"} for each in words]
    first = {"alternatives": [{"transcript": "Hello. Hi.", "words": plain}], "resultEndTime": "0.9s"}
    content = {"results": [first, {"alternatives": [{"words": words}]}]}
    for wrapped in (content, {"name": "1", "done": True, "response": content}):
        found = read(tmp_path, wrapped)
        assert found.format == "Google Speech-to-Text JSON"
        assert timed(found) == [("speaker 1", "Hello.", 0.1, 0.5), ("speaker 2", "Hi.", 0.7, 0.9)]
    found = read(tmp_path, {"results": [first]}, unnamed="one")
    assert timed(found) == [("A", "Hello. Hi.", 0.1, 0.9)]


def test_phrases_of_azure_have_ticks_or_milliseconds(tmp_path):
    phrase = {
        "recognitionStatus": "Success",
        "channel": 0,
        "speaker": 1,
        "offsetInTicks": 1_000_000.0,
        "durationInTicks": 4_000_000.0,
        "nBest": [{"confidence": 0.9, "lexical": "hello", "display": "Hello."}],
    }
    lost = {"recognitionStatus": "Failure", "channel": 0}
    found = read(
        tmp_path, {"source": "u", "combinedRecognizedPhrases": [], "recognizedPhrases": [phrase, lost]}
    )
    assert found.format == "Azure Speech JSON"
    assert timed(found) == [("speaker 1", "Hello.", 0.1, 0.5)]
    assert "left out: 1 phrase that was not recognised" in found.report.lines()
    fast = [
        {"channel": 0, "offsetMilliseconds": 100, "durationMilliseconds": 400, "text": "Hello."},
        {"channel": 1, "offsetMilliseconds": 700, "durationMilliseconds": 200, "text": "Hi."},
    ]
    found = read(tmp_path, {"durationMilliseconds": 900, "combinedPhrases": [], "phrases": fast})
    assert timed(found) == [("channel 0", "Hello.", 0.1, 0.5), ("channel 1", "Hi.", 0.7, 0.9)]


def test_an_end_before_its_start_is_left_out_and_counted(tmp_path):
    content = {"segments": [{"start": 5.0, "end": 4.0, "text": "a", "speaker": "A"}]}
    found = read(tmp_path, content)
    assert timed(found) == [("A", "a", 5.0, None)]
    assert "left out: 1 time of an end before its start" in found.report.lines()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            {"segments": [{"start": "x", "text": "a"}], "word_segments": []},
            r"segments\[0\]\.start: .*got 'x'",
        ),
        ({"segments": [{"start": 0, "text": "a"}, 5]}, r"segments\[1\]: "),
        ({"segments": [], "word_segments": []}, "WhisperX JSON without any speech"),
        ({"text": "only words"}, "segments: field required"),
        ('{"segments": [{"start": 0, "text": "a"}', r":1: no valid JSON"),
        ({"results": {"transcripts": [], "items": "x"}}, r"results\.items: "),
        ({"anything": [1, 2]}, "no known format"),
        ("[" * 70_000, "no known format"),
    ],
)
def test_other_structures_are_refused_in_one_line(tmp_path, content, message):
    with pytest.raises(CorpusError, match=message) as error:
        read(tmp_path, content)
    assert "\n" not in str(error.value)


def test_a_large_json_of_another_program_is_refused_from_its_beginning(tmp_path):
    path = written(tmp_path, '{"rows": [' + '{"x": 1, "y": 2}, ' * 5_000)
    with path.open("ab") as file:
        file.truncate(2**33)  # sparse: reading it whole would not fit
    with pytest.raises(CorpusError, match="no known format"):
        read_transcript(path)


def test_a_transcript_of_more_than_the_limit_is_refused(tmp_path):
    path = written(tmp_path, {"segments": [{"start": 0, "text": "a" * 70_000}]})
    with path.open("ab") as file:
        file.truncate(2**33)  # sparse
    with pytest.raises(CorpusError, match=r"at most 512 MiB; got 8192 MiB. Split it"):
        read_transcript(path)


def test_ten_thousand_segments_are_read_in_seconds(tmp_path):
    segments = [
        {"start": i, "end": i + 0.9, "text": f" word {i}", "words": [word("word", i, i + 0.5, score=1)] * 5}
        for i in range(10_000)
    ]
    talk = Diarization([Segment(f"S{i % 7}", i / 2, i / 2 + 5) for i in range(20_000)])
    path = written(tmp_path, {"segments": segments})
    start = time.process_time()
    from graphmer.transcripts import ReadingOptions

    found = read_transcript(path, ReadingOptions(rttm={"x": talk}, merge_gap=None))
    assert len(found.dialogues[0].turns) == 10_000
    assert time.process_time() - start < 20


def test_half_a_surrogate_pair_in_json_is_replaced(tmp_path):
    spoken = [
        {"ParticipantRole": "A\ud800", "Content": "so \udc00", "BeginOffsetMillis": 0, "EndOffsetMillis": 9}
    ]
    assert turns(read(tmp_path, {"JobName": "x", "Transcript": spoken})) == [("A\ufffd", "so \ufffd")]


def test_many_words_of_amazon_are_read_in_seconds(tmp_path):
    words = [item(f"w{at}.", at, at + 0.5, speaker_label=f"spk_{at % 2}") for at in range(20_000)]
    path = written(tmp_path, amazon(items=words))
    start = time.process_time()
    assert len(read_transcript(path).dialogues[0].turns) == 20_000
    assert time.process_time() - start < 20
