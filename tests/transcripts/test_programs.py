"""Exports of chat programs, of programs for qualitative research and of further services."""

import json

import pytest

from graphmer.errors import CorpusError
from tests.transcripts.reading import read, timed, turns

SAID = [("Ann Lee", "Hello: all", 3.0, None), ("Bob", "Hi.", 12.0, None), ("Ann Lee", "Bye", 20.0, None)]


@pytest.mark.parametrize(
    "lines",
    [
        "[00:00:03] **Ann Lee:** Hello: all\n\n[00:00:12] **Bob:** Hi.\n\n[00:00:20] **Ann Lee:** Bye\n",
        "**Ann Lee:** [00:00:03] Hello: all\n\n**Bob:** [00:00:12] Hi.\n\n**Ann Lee:** [00:00:20] Bye\n",
        "Ann Lee: (00:03)\nHello: all\n\nBob: (00:12)\nHi.\n\nAnn Lee: (00:20)\nBye\n",
    ],
)
def test_names_in_bold_type_or_before_a_colon_have_times_beside_them(tmp_path, lines):
    assert timed(read(tmp_path, lines)) == SAID


def test_labels_of_audacity_have_times_in_seconds(tmp_path):
    found = read(
        tmp_path, "0.000000\t2.430000\tAnn: hello\n2.500000\t3.500000\tBob: hi\n3.600000\t4.5\tAnn: ok\n"
    )
    assert timed(found) == [("Ann", "hello", 0.0, 2.43), ("Bob", "hi", 2.5, 3.5), ("Ann", "ok", 3.6, 4.5)]


def test_times_of_f4_end_a_turn_and_begin_the_next(tmp_path):
    found = read(
        tmp_path,
        "I: Wie geht es? #00:00:03-1#\nB: Gut.\n\nUnd dir? #00:00:10-5#\nI: Na ja\nB: Oh #00:01:00-0#\n",
    )
    assert timed(found) == [
        ("I", "Wie geht es?", 0.0, 3.1),
        ("B", "Gut. Und dir?", 3.1, 10.5),
        ("I", "Na ja", None, None),
        ("B", "Oh", 10.5, 60.0),
    ]


def slack(user, text, ts, name=None, **rest):
    profile = {"user_profile": {"real_name": name, "display_name": ""}} if name else {}
    return {"type": "message", "user": user, "text": text, "ts": ts, **profile, **rest}


def test_messages_of_slack_have_names_in_profiles_and_entities_in_texts(tmp_path):
    found = read(
        tmp_path,
        [
            slack("U1", "hi &amp; bye", "1686650400.000100", "Ann Lee"),
            slack("U2", "<@U2> has joined the channel", "1686650401.000100", subtype="channel_join"),
            slack("U2", "1 &lt; 2", "1686650410.000100"),
            {
                "type": "message",
                "subtype": "bot_message",
                "username": "ci",
                "text": "ok",
                "ts": "1686650420.0",
            },
        ],
    )
    assert turns(found) == [("Ann Lee", "hi & bye"), ("U2", "1 < 2"), ("ci", "ok")]
    assert found.report.left_out == {"service message": 1}


def test_who_joins_a_server_of_discord_says_nothing(tmp_path):
    author = {"id": "5", "name": "ann", "nickname": "Ann"}
    messages = [
        {
            "id": "1",
            "type": kind,
            "timestamp": f"2023-06-13T10:00:0{at}.1230000+00:00",
            "content": kind,
            "author": author,
        }
        for at, kind in enumerate(("GuildMemberJoin", "Default", "Reply"))
    ]
    found = read(tmp_path, {"guild": {"id": "1"}, "messages": messages, "messageCount": 3})
    assert timed(found) == [("ann", "Default", 0.0, None), ("ann", "Reply", 1.0, None)]


def test_dialogues_may_be_within_other_objects(tmp_path):
    message = {
        "id": 2,
        "type": "message",
        "date": "2023-06-13T10:00:05",
        "from": "Ann",
        "text": "hi",
        "file": "x",
    }
    chats = [{"name": name, "id": at, "messages": [message]} for at, name in enumerate(("Bob", "Cid"))]
    found = read(tmp_path, {"about": "x", "chats": {"about": "y", "list": chats}})
    assert [dialogue.id for dialogue in found.dialogues] == ["0", "1"]
    assert turns(found, 1) == [("Ann", "hi")]
    assert "dialogue" not in found.report.taken
    spoken = [
        {"text": "Hello.", "start": 0.1, "end": 0.5, "speaker": 0},
        {"text": "Hi.", "start": 0.9, "end": 1.2, "speaker": 1},
    ]
    found = read(
        tmp_path, {"status": "done", "result": {"metadata": {}, "transcription": {"utterances": spoken}}}
    )
    assert timed(found) == [("0", "Hello.", 0.1, 0.5), ("1", "Hi.", 0.9, 1.2)]


def test_names_of_messenger_are_repaired_as_its_texts_are(tmp_path):
    messages = [
        {"sender_name": "Zo\u00c3\u00ab", "timestamp_ms": 1686650420000, "content": "caf\u00c3\u00a9"}
    ]
    assert turns(read(tmp_path, json.dumps({"messages": messages}))) == [("Zo\u00eb", "caf\u00e9")]


@pytest.mark.parametrize(
    ("header", "first", "second"),
    [
        ("start,duration", "0.5,1.5", "61.25,2"),
        ("offset,duration", "0.5,1.5", "61.25,2"),
        ("start_ms,duration_ms", "500,1500", "61250,2000"),
        ("start,duration", "00:00:00.5,1.5", "00:01:01.250,2"),
        ("start,duration_ms", "0.5,1500", "61.25,2000"),
    ],
)
def test_durations_stand_for_ends(tmp_path, header, first, second):
    found = read(tmp_path, f"speaker,text,{header}\nAnn,a,{first}\nBob,b,{second}\n")
    assert timed(found) == [("Ann", "a", 0.5, 2.0), ("Bob", "b", 61.25, 63.25)]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("6/13/2023 9:41 PM", "6/13/2023 9:42 PM"),
        ("13.06.2023 21:41", "13.06.2023 21:42"),
        ("2023-06-13 21:41:00 UTC", "2023-06-13 21:42:00 UTC"),
        ("2023-06-13T21:41:00.1230000+00:00", "2023-06-13T21:42:00.1230000+00:00"),
        ("2023-06-13T21:41:00.12Z", "2023-06-13T23:42:00.12+0200"),
    ],
)
def test_dates_of_programs_are_seconds_after_the_first(tmp_path, first, second):
    found = read(tmp_path, f"sender,message,created_at\nAnn,a,{first}\nBob,b,{second}\n")
    assert timed(found) == [("Ann", "a", 0.0, None), ("Bob", "b", 60.0, None)]


def test_words_of_watson_are_joined_to_their_speakers_by_time(tmp_path):
    words = [["hello", 0.1, 0.5], ["there", 0.6, 0.9], ["hi", 1.2, 1.5]]
    content = {
        "result_index": 0,
        "results": [
            {"final": True, "alternatives": [{"transcript": "hello there hi ", "timestamps": words}]}
        ],
        "speaker_labels": [{"from": start, "to": end, "speaker": int(start > 1)} for _, start, end in words],
    }
    found = read(tmp_path, content)
    assert found.format == "IBM Watson JSON"
    assert timed(found) == [("speaker 0", "hello there", 0.1, 0.9), ("speaker 1", "hi", 1.2, 1.5)]


def test_durations_of_azure_may_be_written_as_iso_8601(tmp_path):
    phrase = {
        "recognitionStatus": "Success",
        "speaker": 1,
        "offset": "PT1M0.5S",
        "duration": "PT2S",
        "nBest": [{"display": "Hi."}],
    }
    found = read(tmp_path, {"combinedRecognizedPhrases": [], "recognizedPhrases": [phrase]})
    assert timed(found) == [("speaker 1", "Hi.", 60.5, 62.5)]


def test_whisper_of_other_services_has_ids_of_speakers_or_words_alone(tmp_path):
    segments = [{"text": "Hi.", "start": 0.1, "end": 0.5, "speaker_id": "speaker_1"}]
    assert turns(read(tmp_path, {"model": "voxtral", "text": "Hi.", "segments": segments})) == [
        ("speaker_1", "Hi.")
    ]
    words = [{"word": "Hello", "start": 0.0, "end": 0.5}, {"word": "you", "start": 0.5, "end": 0.9}]
    found = read(
        tmp_path, {"task": "transcribe", "duration": 1.0, "text": "Hello you.", "words": words}, unnamed="one"
    )
    assert timed(found) == [("A", "Hello you", 0.0, 0.9)]


def test_a_group_in_which_one_other_sends_only_media_is_no_person(tmp_path):
    said = [
        "Family: \u200eMessages and calls are end-to-end encrypted. No one outside can read them.",
        "Family: \u200eAnn created this group",
        "Ann: hi",
        "Bob: \u200eimage omitted",
    ]
    lines = "\n".join(f"[13/06/23, 09:4{at}:05] {line}" for at, line in enumerate(said))
    assert turns(read(tmp_path, lines)) == [("Ann", "hi"), ("Bob", None)]


@pytest.mark.parametrize(
    "text", ["यह मैसेज मिटाया गया था", "تم حذف هذه الرسالة", "Данное сообщение удалено.", "Bu mesaj silindi"]
)
def test_deleted_messages_of_more_languages_have_no_text(tmp_path, text):
    found = read(tmp_path, f"13/06/23, 21:41 - Ann: hi\n13/06/23, 21:42 - Bob: {text}\n")
    assert turns(found) == [("Ann", "hi"), ("Bob", None)]


def test_kinds_that_are_counted_have_a_plural(tmp_path):
    lines = "Ann: a\n00:05:00\nBob: b\n00:10:00\nAnn: c\nBob: d\n"
    assert "left out: 2 lines with a time" in read(tmp_path, lines).report.lines()


ASS = """[Script Info]
Title: Weekly: one
[V4+ Styles]
Format: Name, Fontname
Style: Default,Arial
[Events]
Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text
Comment: 0,0:00:00.00,0:00:01.00,Default,,0,0,0,,a note
Dialogue: 0,0:00:01.00,0:00:02.50,Default,Ann,0,0,0,,{\\i1}Hello{\\i0}, you\\Nthere
Dialogue: 0,0:00:02.00,0:00:03.00,Default,,0,0,0,,{\\p1}m 0 0 l 1 1{\\p0}
Dialogue: 0,0:00:03.00,0:00:04.00,Default,Bob,0,0,0,,Hi: all
"""


def test_subtitles_of_substation_have_a_column_of_names(tmp_path):
    found = read(tmp_path, ASS, "talk.ass")
    assert found.format == "SubStation Alpha"
    assert timed(found) == [("Ann", "Hello, you there", 1.0, 2.5), ("Bob", "Hi: all", 3.0, 4.0)]
    assert found.report.left_out == {"comment": 1, "drawing": 1}
    with pytest.raises(CorpusError, match=r":9: must have a start and an end .* got 'x'"):
        read(tmp_path, ASS.replace("0:00:01.00,0:00:02.50", "x,0:00:02.50"))
    with pytest.raises(CorpusError, match="has no line `Dialogue:`"):
        read(tmp_path, ASS.partition("[Events]")[0])


def test_times_of_editing_programs_lose_their_frames_and_this_is_said(tmp_path):
    said = [("Ann Lee", "Hello there"), ("Bob", "Hi"), ("Ann Lee", "Bye: all")]
    lines = [
        f"00:00:{4 * at:02};12 - 00:00:{4 * at + 2:02}:24\n{name}\n{text}\n"
        for at, (name, text) in enumerate(said)
    ]
    found = read(tmp_path, "\n".join(lines))
    assert timed(found) == [(name, text, 4.0 * at, 4.0 * at + 2) for at, (name, text) in enumerate(said)]
    assert "frames of times are not read: times are whole seconds" in found.report.notes


def audio_region(id, start, end, tag, key, value):
    return {
        "id": id,
        "from_name": tag,
        "type": key,
        "value": {"start": start, "end": end, "channel": 0, key: value},
    }


def transcribed(*results, **task):
    return {
        "id": 3,
        "annotations": [{"completed_by": 1, "result": list(results)}],
        "data": {"audio": "a.wav"},
        **task,
    }


def test_regions_of_recordings_in_label_studio_are_turns(tmp_path):
    results = [
        audio_region("b", 2.0, 3.5, "labels", "labels", ["Speaker 2"]),
        audio_region("b", 2.0, 3.5, "transcription", "text", ["Hi."]),
        audio_region("a", 0.1, 1.5, "labels", "labels", ["Speaker 1"]),
        audio_region("a", 0.1, 1.5, "transcription", "text", ["Hello.", "You?"]),
        audio_region("a", 0.1, 1.5, "emotion", "choices", ["joy"]),
    ]
    found = read(tmp_path, [transcribed(*results)])
    assert timed(found) == [("Speaker 1", "Hello. You?", 0.1, 1.5), ("Speaker 2", "Hi.", 2.0, 3.5)]
    assert [turn.emotion for turn in found.dialogues[0].turns] == ["joy", None]
    twice = transcribed(*results)["annotations"] * 2
    with pytest.raises(CorpusError, match="task 3: 2 annotators transcribed the recording"):
        read(tmp_path, [transcribed(annotations=twice)])


def test_scenes_of_scripts_are_no_speakers(tmp_path):
    found = read(
        tmp_path, "ANN: One\nBOB: Two\n[Scene: Central Perk]\nANN: Three\nBOB: (to Ann: well) Four\n"
    )
    assert turns(found) == [("ANN", "One"), ("BOB", "Two"), ("ANN", "Three"), ("BOB", "(to Ann: well) Four")]
    assert found.report.left_out["line in brackets"] == 1


def test_numbered_speakers_are_names_even_where_they_occur_once(tmp_path):
    cues = ["[SPEAKER_00]: Hello", "[SPEAKER_01]: Hi", "Speaker 3: Hm", "so: bye", "bye"]
    text = "".join(f"{at}\n00:00:0{at},0 --> 00:00:0{at},500\n{cue}\n\n" for at, cue in enumerate(cues))
    assert [name for name, _ in turns(read(tmp_path, text))] == [
        "SPEAKER_00",
        "SPEAKER_01",
        "Speaker 3",
        "unknown",
        "unknown",
    ]


def test_a_column_that_differs_in_each_row_is_no_dialogue(tmp_path):
    found = read(tmp_path, "file,speaker,text\na.wav,Ann,one\nb.wav,Bob,two\nc.wav,Ann,three\n")
    assert turns(found) == [("Ann", "one"), ("Bob", "two"), ("Ann", "three")]
    assert "column 'file' is different in each row, so it is no dialogue" in found.report.notes
    given = read(
        tmp_path,
        "file,speaker,text\na.wav,Ann,one\nb.wav,Bob,two\nc.wav,Ann,three\n",
        columns={"dialogue": "file"},
    )
    assert len(given.dialogues) == 3


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("13/06/2023,23:59", "14/06/2023,00:00"),
        ("2023-06-13,23:59:00", "2023-06-14,00:00:00"),
        ("6/13/23,11:59 PM", "6/14/23,12:00 AM"),
    ],
)
def test_times_of_day_have_the_date_of_their_column(tmp_path, first, second):
    found = read(tmp_path, f"Date,Time,Author,Message\n{first},Ann,a\n{second},Bob,b\n")
    assert timed(found) == [("Ann", "a", 0.0, None), ("Bob", "b", 60.0, None)]


def test_a_header_of_two_rows_is_read_as_one(tmp_path):
    lines = "Interview 3,,,\nSpeaker,Time,,Text\n,Start,End,\nAnn,0.5,1.5,hello\nBob,2,3,hi\n"
    assert timed(read(tmp_path, lines)) == [("Ann", "hello", 0.5, 1.5), ("Bob", "hi", 2.0, 3.0)]


def test_chats_that_are_copied_from_teams_have_names_beside_dates(tmp_path):
    found = read(tmp_path, "[13/06/2023 10:00] Ann Lee\nHello: there\n[13/06/2023 10:01] Bob\nHi\n")
    assert timed(found) == [("Ann Lee", "Hello: there", 0.0, None), ("Bob", "Hi", 60.0, None)]


def test_a_tier_of_emotions_in_praat_is_no_speech(tmp_path):
    tier = '"IntervalTier"\n"{}"\n0\n2\n1\n0\n2\n"{}"\n'
    tiers = tier.format("Ann", "hi") + tier.format("Emotion", "joy")
    grid = f'File type = "ooTextFile"\n"TextGrid"\n\n0\n2\n<exists>\n2\n{tiers}'
    found = read(tmp_path, grid)
    assert turns(found) == [("Ann", "hi")]
    assert "tiers not read, with their annotations: Emotion (1)" in found.report.notes
