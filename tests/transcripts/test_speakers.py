import pytest

from graphmer.errors import ConfigError, CorpusError
from graphmer.transcripts import read_diarization, read_merged_speakers
from tests.transcripts.reading import read, timed, turns, written

RTTM = """;; made by hand
SPKR-INFO call 1 <NA> <NA> <NA> unknown Ann <NA> <NA>
SPEAKER call 1 3.0 2.0 <NA> <NA> Bob <NA> <NA>
SPEAKER call 1 0.25 3.5 <NA> <NA> Ann <NA> <NA>
SPEAKER talk 1 0 1 <NA> <NA> <NA> <NA>
"""


def test_rttm_has_a_dialogue_for_each_recording_and_no_text(tmp_path):
    found = read(tmp_path, RTTM)
    assert found.format == "RTTM"
    assert [dialogue.id for dialogue in found.dialogues] == ["call", "talk"]
    assert turns(found, 1) == [("unknown", None)]
    assert timed(found) == [("Ann", None, 0.25, 3.75), ("Bob", None, 3.0, 5.0)]
    assert "left out: 1 SPKR-INFO line" in found.report.lines()


def test_overlapping_speakers_share_their_time():
    from graphmer.transcripts.diarization import Diarization, Segment

    talk = Diarization([Segment("Bob", 3, 5), Segment("Ann", 0, 3.75), Segment(None, 0, 9)])
    assert talk.overlaps(2, 4) == pytest.approx({"Ann": 1.75, "Bob": 1})
    assert dict(talk.overlaps(5, 8)) == {}
    assert set(talk.overlaps(3.5, 3.5)) == {"Ann", "Bob"}


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (
            "SPEAKER call 1 x 2.0 <NA> <NA> Bob <NA> <NA>",
            r":6: start and duration must be seconds >= 0; got 'x'",
        ),
        ("SPEAKER call 1 1 -2.0 <NA> <NA> Bob <NA> <NA>", r":6: start and duration must be seconds"),
        ("SPEAKER call 1 1 inf <NA> <NA> Bob <NA> <NA>", r":6: start and duration must be seconds"),
        ("SPEAKER call 1 1 2.0 <NA> <NA> Bob B. Smith <NA> <NA>", r":6: .* must have ten fields; got 12"),
        ("hello there", r":6: a line of RTTM must begin with its type; got 'hello'"),
    ],
)
def test_a_faulty_line_of_rttm_is_named(tmp_path, line, message):
    with pytest.raises(CorpusError, match=message):
        read(tmp_path, RTTM + line + "\n")


def test_a_companion_must_be_rttm(tmp_path):
    with pytest.raises(CorpusError, match="no RTTM"):
        read_diarization(written(tmp_path, "Ann: hello\n"))
    assert set(read_diarization(written(tmp_path, RTTM))) == {"call", "talk"}


def test_rttm_needs_times_and_leaves_names_as_they_are(tmp_path):
    talk = read_diarization(written(tmp_path, RTTM, "call.rttm"))
    with pytest.raises(CorpusError, match="has no times, so its turns cannot be found in the RTTM"):
        read(tmp_path, "speaker,text\n,hello\n", "call.csv", rttm=talk)
    content = "speaker,text,start,end\nZoe,a,0,1\n,b,4,5\n"
    found = read(tmp_path, content, "call.csv", rttm=talk)
    assert turns(found) == [("Zoe", "a"), ("Bob", "b")]
    assert "1 turn with a name kept it" in found.report.notes


CALL = """WEBVTT

00:01.0 --> 00:02.0
<v Ann (Host)>a

00:02.5 --> 00:03.0
<v ~ ann>b

00:04.0 --> 00:05.0
<v Bob>c
"""


def test_similar_names_are_kept_apart_and_said(tmp_path):
    found = read(tmp_path, CALL)
    assert turns(found) == [("Ann (Host)", "a"), ("~ ann", "b"), ("Bob", "c")]
    assert any("may be one person: 'Ann (Host)', '~ ann'" in line for line in found.report.lines())


def test_names_of_one_person_are_merged_if_asked(tmp_path):
    names = read_merged_speakers(written(tmp_path, 'Ann: ["Ann (Host)", "~ ann"]\n', "names.yaml"))
    found = read(tmp_path, CALL, merge_speakers=names)
    assert turns(found) == [("Ann", "a b"), ("Bob", "c")]
    assert "1 turn of '~ ann' given to 'Ann'" in found.report.notes
    chat = "Ann (Host): a\nBob: b\nAnn: c\n"
    assert dict(read(tmp_path, chat, merge_speakers=names).report.speakers) == {"Ann": 2, "Bob": 1}


def test_names_of_melds_rows_are_merged_if_asked(tmp_path):
    header = "Utterance,Speaker,Emotion,Dialogue_ID,Utterance_ID,StartTime,EndTime\n"
    found = read(
        tmp_path, header + "a,Mr. Geller,joy,0,0,,\nb,Ross,joy,0,1,,\n", merge_speakers={"Mr. Geller": "Ross"}
    )
    assert dict(found.report.speakers) == {"Ross": 2}


RECCON = [
    [{"turn": at, "speaker": name, "utterance": "a", "emotion": "joy"} for at, name in ((1, "A"), (2, "B"))]
]
EDIREF = {"episode": "e", "speakers": ["A", "B"], "emotions": ["joy"] * 2, "utterances": ["a", "b"]}
EMORYNLP = (
    "Utterance,Speaker,Emotion,Scene_ID,Utterance_ID,Season,Episode,Start_Time,End_Time\n"
    "a,\"['A']\",Mad,1,1,1,1,,\nb,\"['B']\",Mad,1,2,1,1,,\n"
)


@pytest.mark.parametrize("content", [{"tr_1": RECCON}, [EDIREF], EMORYNLP])
def test_names_of_published_corpora_are_merged_if_asked(tmp_path, content):
    found = read(tmp_path, content, merge_speakers={"B": "A"})
    assert [name for name, _ in turns(found)] == ["A", "A"]
    assert dict(found.report.speakers) == {"A": 2}
    assert "1 turn of 'B' given to 'A'" in found.report.notes


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("- Ann\n", "must give lists of names by name"),
        ("Ann: ann\n", "must give lists of names by name"),
        ("Ann: [ann\n", "no valid YAML"),
        ("", "must give lists of names by name"),
        ("Ann: [x]\nBob: [x]\n", "'x' belongs to two persons"),
        ("Ann: [Bob]\nBob: [b]\n", "'Bob' belongs to two persons"),
    ],
)
def test_a_faulty_file_of_names_is_one_line(tmp_path, content, message):
    with pytest.raises(ConfigError, match=message) as error:
        read_merged_speakers(written(tmp_path, content))
    assert "\n" not in str(error.value)


def test_a_missing_file_of_names_is_said(tmp_path):
    with pytest.raises(ConfigError, match="cannot be read"):
        read_merged_speakers(tmp_path / "nothing.yaml")


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf_16_without_a_mark_is_read(tmp_path, encoding):
    assert turns(read(tmp_path, "José: hello\nBob: hi\n".encode(encoding))) == [
        ("José", "hello"),
        ("Bob", "hi"),
    ]


def test_a_nul_character_is_named_with_its_line(tmp_path):
    with pytest.raises(CorpusError, match="binary file, not text"):
        read(tmp_path, b"Ann: hello\nBob: h\0i\n")
    far = b"Ann: hello\nBob: hi\n" * 5_000
    with pytest.raises(CorpusError, match=r":10001: has a NUL character"):
        read(tmp_path, far + b"Ann: a\0b\n")
