import time

import pytest

from graphmer.errors import CorpusError
from graphmer.transcripts import ReadingOptions, read_transcript
from graphmer.transcripts.text_file import HEAD

MELD = (
    "Sr No.,Utterance,Speaker,Emotion,Sentiment,Dialogue_ID,Utterance_ID,Season,Episode,StartTime,EndTime\n"
)


def written(folder, content, name="file.any"):
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def read(folder, content, name="file.any", **options):
    return read_transcript(written(folder, content, name), ReadingOptions(**options))


def turns(transcript):
    return [(turn.speaker, turn.text) for turn in transcript.dialogues[0].turns]


CHAT = "Ann: hello: you\nBob:hi\nBob: well\n\n  as I said\nAnn:\nAnn: [inaudible]\n"


def test_a_chat_has_a_turn_for_each_named_line(tmp_path):
    found = read(tmp_path, CHAT.replace("Bob:hi", "Bob: hi"), "talk.txt")
    assert found.dialogues[0].id == "talk"
    assert turns(found) == [
        ("Ann", "hello: you"),
        ("Bob", "hi"),
        ("Bob", "well as I said"),
        ("Ann", None),
        ("Ann", None),
    ]
    assert found.report.without_text == 2
    assert found.summary == "chat of lines `Name: text`: 1 dialogue, 5 turns, speakers Ann (3), Bob (2)"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_encodings_and_line_ends_of_other_programs_read_alike(tmp_path, encoding, newline):
    text = newline.join(["José: wait…", "Zoë: été", ""])
    assert turns(read(tmp_path, text.encode(encoding))) == [("José", "wait…"), ("Zoë", "été")]


def test_a_character_of_another_encoding_far_down_does_not_break_a_chat(tmp_path):
    lines = b"Ann: hello\nBob: hi\n" * (HEAD // 10)
    found = read(tmp_path, lines + "José: sí".encode("cp1252"))
    assert turns(found)[-1] == ("José", "sí")


def test_a_colon_does_not_make_a_speaker(tmp_path):
    lines = ["Ann: see", "https://a.b/c", "10:30 Meeting: moved", "Note: bring tea", "Bob: ok", "Ann: bye"]
    assert turns(read(tmp_path, "\n".join(lines))) == [
        ("Ann", "see https://a.b/c 10:30 Meeting: moved Note: bring tea"),
        ("Bob", "ok"),
        ("Ann", "bye"),
    ]


def test_only_names_of_the_roster_are_speakers_of_a_chat(tmp_path):
    lines = "Ann: shopping\nMilk: two\nBob: ok\nAnn: bye\nBob: bye"
    (note,) = read(tmp_path, lines).report.notes
    assert "Milk" in note
    found = read(tmp_path, lines, roster=("Ann", "Bob"))
    assert turns(found)[0] == ("Ann", "shopping Milk: two")
    assert found.report.notes == []


def meld_row(number, utterance, dialogue, id, speaker="Ann", start="00:16:16,059", end="00:16:21,731"):
    return f'{number},"{utterance}",{speaker},joy,positive,{dialogue},{id},8,21,"{start}","{end}"\n'


def test_melds_rows_are_ordered_by_number_and_its_times_are_seconds(tmp_path):
    rows = meld_row(1, "later", 3, 7) + meld_row(2, "I\x92m first, “yes”", 3, 2) + meld_row(3, "alone", 0, 5)
    found = read(tmp_path, MELD + rows)
    assert [dialogue.id for dialogue in found.dialogues] == ["dia0", "dia3"]
    first, later = found.dialogues[1].turns
    assert (first.id, first.text, later.text) == ("dia3_utt2", "I\u2019m first, “yes”", "later")
    assert (first.start, first.end, first.emotion) == (976.059, 981.731, "joy")
    assert found.report.repaired == 1
    assert found.report.merged == 0


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (meld_row(1, "a", 0, 1) + meld_row(2, "b", 0, 1), r":3: utterance 1 of dialogue 0 is also in line 2"),
        (meld_row(1, "a", 0, 1, start="976 s"), r":2: StartTime: must be like 00:16:16,059; got '976 s'"),
        (
            meld_row(1, "a", "x", 1),
            r":2: Dialogue_ID: must be a whole number below 10\^9; got 'x'",
        ),
        ("1,a,b\n", r":2: the row has another number of fields"),
        ('1,"never closed', r":2: no valid CSV \(unexpected end of data\)"),
        ("", r"has a header but no rows"),
    ],
)
def test_a_faulty_row_of_meld_is_one_line_with_its_place(tmp_path, rows, message):
    with pytest.raises(CorpusError, match=message) as error:
        read(tmp_path, MELD + rows)
    assert "\n" not in str(error.value)


TEAMS = """\ufeffWEBVTT - a meeting
Kind: captions

STYLE
::cue { color: red }

NOTE
left by Ann
00:01.000 --> 00:02.000

NOTE-1
0:0:0.570 --> 0:0:2.100
<v Jane Doe>Tom &amp; <i>Jerry</i></v> <v.loud Bob B.>go A --> B<00:00:05.069>

7f3-guid/1
00:03.000 --> 00:00:04.000 align:start
<v Bob B.>10:30 Meeting: moved

00:05.500 --> 00:06.000
<v Bob B.>and more</v>

00:09.000 --> 00:10.000
<v Bob B.>at last</v>
"""


def test_voices_of_webvtt_are_turns_and_near_cues_are_merged(tmp_path):
    found = read(tmp_path, TEAMS)
    assert turns(found) == [
        ("Jane Doe", "Tom & Jerry"),
        ("Bob B.", "go A --> B 10:30 Meeting: moved and more"),
        ("Bob B.", "at last"),
    ]
    assert (found.dialogues[0].turns[0].start, found.dialogues[0].turns[1].end) == (0.57, 6.0)
    assert found.report.merged == 2
    assert len(turns(read(tmp_path, TEAMS, merge_gap=None))) == 5


def test_many_cues_without_blank_lines_are_read_in_seconds(tmp_path):
    cues = "".join(
        f"{i // 60:02}:{i % 60:02}.000 --> {i // 60:02}:{i % 60:02}.900\n<v P{i % 3}>a\n"
        for i in range(6_000)
    )
    start = time.process_time()
    assert len(turns(read(tmp_path, f"WEBVTT\n\n{cues}"))) == 6_000
    assert time.process_time() - start < 20


def test_the_end_of_a_merged_turn_is_the_last_end_of_overlapping_cues(tmp_path):
    cues = "WEBVTT\n\n00:00.0 --> 00:09.0\n<v A>a\n\n00:01.0 --> 00:02.0\n<v A>b\n"
    (turn,) = read(tmp_path, cues).dialogues[0].turns
    assert (turn.text, turn.start, turn.end) == ("a b", 0.0, 9.0)


def test_written_names_are_speakers_where_they_recur(tmp_path):
    cues = ["Ann: hello", "Bob: hi", "Ann: bye", "Warning: hot", "Bob: ok", "[Ann] (laughs)", "(Bob)\nyes"]
    text = "".join(f"{i}\n00:00:{10 * i},5 --> 00:00:{10 * i + 1}.0\n{cue}\n\n" for i, cue in enumerate(cues))
    found = read(tmp_path, text.replace("00:00:", "00:1:"))
    assert turns(found) == [
        ("Ann", "hello"),
        ("Bob", "hi"),
        ("Ann", "bye"),
        ("unknown", "Warning: hot"),
        ("Bob", "ok"),
        ("Ann", "(laughs)"),
        ("Bob", "yes"),
    ]
    assert "1 turn without the name of a speaker" in found.report.lines()
    assert turns(read(tmp_path, text, unnamed="continue"))[3] == ("Ann", "Warning: hot")


SRT = """1
00:00:01,5 --> 00:00:02,000
- What is it?
- Nothing.
1
00:00:03.000 --> 00:00:04,000
It ends

here"""


def test_srt_without_names_asks_who_speaks(tmp_path):
    with pytest.raises(CorpusError, match=r"no turn has the name of a speaker. Say who speaks: --speakers"):
        read(tmp_path, SRT)
    said = ["What is it?", "Nothing.", "It ends here"]
    alternate = [("A", said[0]), ("B", said[1]), ("A", said[2])]
    assert turns(read(tmp_path, SRT, unnamed="alternate")) == alternate
    assert turns(read(tmp_path, SRT, unnamed="one", merge_gap=None)) == [("A", text) for text in said]
    assert turns(read(tmp_path, SRT, unnamed="unknown")) == [("unknown", text) for text in said]


def test_rolling_captions_are_unrolled(tmp_path):
    shown = [["one"], ["one", "two"], ["two", "three"], ["three"], ["three", "four"]]
    cues = "".join(
        f"00:0{i}.000 --> 00:0{i + 1}.000\n" + "\n".join(lines) + "\n\n" for i, lines in enumerate(shown)
    )
    found = read(tmp_path, f"WEBVTT\n\n{cues}", unnamed="one")
    assert turns(found) == [("A", "one two three four")]
    assert "rolling captions: 4 repeated lines removed" in found.report.notes


def test_speech_outside_of_a_cue_is_counted(tmp_path):
    found = read(tmp_path, "WEBVTT\n\n00:01.0 --> 00:02.0\n<v A>a\n\nlost\nwords\n\nNOTE all\nof it\n")
    assert "left out: 2 stray lines" in found.report.lines()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "empty file"),
        (b" \n\n", "empty file"),
        (b"\x89PNG\r\n\x1a\n\0\0" * 20, "binary file, not text"),
        ("WEBVTT\n\n", "has no cue"),
        ("WEBVTT\n\n00:05.0 --> 00:02.0\n<v A>a", ":3: the cue ends before it starts"),
        ('{"a": 1}', "no known format of transcripts"),
        ("some\nprose: of no format\n", "no known format of transcripts"),
        ("a: 1\nb: 2\nc: 3\nd: 4\ne: 5\n", "no known format of transcripts"),
    ],
)
def test_what_is_no_transcript_is_refused_in_one_line(tmp_path, content, message):
    with pytest.raises(CorpusError, match=message) as error:
        read(tmp_path, content)
    assert "\n" not in str(error.value)


def test_a_large_file_of_no_format_is_refused_from_its_beginning(tmp_path, monkeypatch):
    path = written(tmp_path, "2026-01-01 12:00:00 INFO started\n" * 2_000)
    with path.open("ab") as file:
        file.truncate(2**33)  # sparse: reading it whole would not fit
    with pytest.raises(CorpusError, match="no known format"):
        read_transcript(path)


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(CorpusError, match=r"nothing\.txt: no such file"):
        read_transcript(tmp_path / "nothing.txt")


def test_a_merge_gap_is_a_number_of_seconds():
    with pytest.raises(ValueError, match="`merge_gap` must be seconds >= 0"):
        ReadingOptions(merge_gap=-1.0)
