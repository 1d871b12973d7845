import pytest

from graphmer.errors import CorpusError
from tests.transcripts.test_read import read, turns

ANDROID = """13/06/2023, 10:11 - Messages and calls are end-to-end encrypted. Tap to learn more.
13/06/2023, 10:11 - Ann changed the group name to "Trip: 2023"
13/06/2023, 10:12 - Ann: hello: you

10:30 is late
13/06/2023, 10:13 - +49 151 2345678: <Media omitted>
13/06/2023, 10:13 - Bob: This message was deleted
14/06/2023, 09:14 - Ann: ok <This message was edited>
14/06/2023, 09:15 - Bob: IMG-1.jpg (Datei angeh\u00e4ngt)
nice one
"""
IOS = """\ufeff\u200e[6/13/23, 3:20:01\u202fPM] Family: \u200eMessages are encrypted from one end to another.
[6/13/23, 3:20:05\u202fPM] Ann: hi
[6/13/23, 3:20:06\u202fPM] Ann: \u200eAnn changed the group icon
\u200e[6/13/23, 3:21:05\u202fPM] ~\u202fBob: \u200eBild weggelassen
[6/13/23, 3:21:05\u202fPM] ~\u202fBob: Report.pdf \u2022 \u200e12 pages \u200edocument omitted
[6/14/23, 12:21:05\u202fAM] ~\u202fBob: look \u200e<attached: 1.jpg>
[6/14/23, 12:21:06\u202fAM] Ann: fixed \u200e<Diese Nachricht wurde bearbeitet.>
"""


def started(transcript):
    return [turn.start for turn in transcript.dialogues[0].turns]


def test_messages_of_android_are_turns_and_lines_without_a_date_continue_them(tmp_path):
    found = read(tmp_path, ANDROID)
    assert found.format == "WhatsApp"
    assert turns(found) == [
        ("Ann", "hello: you 10:30 is late"),
        ("+49 151 2345678", None),
        ("Bob", None),
        ("Ann", "ok"),
        ("Bob", "nice one"),
    ]
    assert started(found) == [60.0, 120.0, 120.0, 82_980.0, 83_040.0]
    assert found.report.left_out == {"system line": 2}
    assert found.report.without_text == 2
    assert turns(read(tmp_path, ANDROID.replace("\n", "\r\n").encode("utf-16"))) == turns(found)


def test_what_ios_writes_itself_is_no_speech(tmp_path):
    found = read(tmp_path, IOS)
    assert turns(found) == [("Ann", "hi"), ("Bob", None), ("Bob", None), ("Bob", "look"), ("Ann", "fixed")]
    assert started(found) == [4.0, 64.0, 64.0, 32_464.0, 32_465.0]
    assert found.report.left_out == {"system line": 2}


def test_an_unknown_contact_stays_apart_from_a_known_one_of_that_name(tmp_path):
    lines = "13.6.23, 10:11 - ~ Ann: a\n13.6.23, 10:11 - Ann: b\n13.6.23, 10:11 - ~Bob: c\n"
    assert [speaker for speaker, _ in turns(read(tmp_path, lines))] == ["~ Ann", "Ann", "Bob"]
    assert "`~` of unknown contacts cut off: Bob" in read(tmp_path, lines).report.notes


@pytest.mark.parametrize(
    ("first", "second", "seconds"),
    [
        ("13.06.2023, 10:11", "01.07.2023, 10:11", 18 * 86_400),
        ("6/13/23, 11:59 PM", "6/14/23, 12:00 AM", 60),
        ("2023-06-02 10:11", "2023-06-03 10:11", 86_400),
        ("13/6/23, 11:00\u00a0a.\u00a0m.", "13/6/23, 12:00\u00a0p.\u00a0m.", 3_600),
        ("2023. 6. 13. \uc624\uc804 11:00", "2023. 6. 13. \uc624\ud6c4 1:00", 7_200),
        ("2023/6/13 \u4e0a\u534811:00", "2023/6/13 \u4e0b\u53481:00", 7_200),
        ("13/06/2023 \u00e0 10:11", "13/06/2023 \u00e0 10:12", 60),
        ("13-06-2023 10.11", "13-06-2023 10.12", 60),
    ],
)
def test_dates_of_any_phone(tmp_path, first, second, seconds):
    android = read(tmp_path, f"{first} - Ann: a\n{second} - Bob: b\n")
    ios = read(tmp_path, f"[{first}] Ann: a\n\u200e[{second}] Bob: b\n")
    assert started(android) == started(ios) == [0.0, seconds]
    assert turns(android) == [("Ann", "a"), ("Bob", "b")]
    assert not any("dates may be" in note for note in android.report.notes)


def test_one_date_of_the_file_decides_the_order_of_all(tmp_path):
    lines = [f"{date}, 10:11 - Ann: a" for date in ("1/2/23", "1/3/23", "2/13/23")]
    assert started(read(tmp_path, "\n".join(lines))) == [0.0, 86_400.0, 42 * 86_400.0]


def test_an_ambiguous_order_is_that_in_which_time_does_not_run_backwards_and_is_said(tmp_path):
    found = read(tmp_path, "1/2/23, 15:20 - Ann: a\n3/1/23, 15:20 - Ann: b\n")
    assert started(found) == [0.0, 58 * 86_400.0]
    (note,) = found.report.notes
    assert note.startswith("dates may be day.month.year or month/day/year; read as month/day/year")
    found = read(tmp_path, "1/2/23, 15:20 - Ann: a\n1/2/23, 15:21 - Ann: b\n")
    assert "read as day.month.year" in found.report.notes[0]


def test_a_clock_that_was_put_back_does_not_change_the_order(tmp_path):
    found = read(tmp_path, "29.10.23, 02:59 - Ann: a\n29.10.23, 02:01 - Bob: b\n")
    assert turns(found) == [("Ann", "a"), ("Bob", "b")]
    assert started(found) == [58 * 60.0, 0.0]
    assert "time runs backwards 1 times; the order of the file is kept" in found.report.notes


def test_the_notice_of_encryption_is_no_message_even_without_its_mark(tmp_path):
    notice = "[13.6.23, 10:11:00] Ann: Nachrichten sind Ende-zu-Ende-verschl\u00fcsselt.\n"
    lines = f"{notice}[13.6.23, 10:12:00] Ann: hi"
    found = read(tmp_path, lines)
    assert turns(found) == [("Ann", "hi")]
    assert found.report.left_out == {"system line": 1}


def test_only_authors_of_the_roster_speak(tmp_path):
    found = read(tmp_path, ANDROID, roster=("Ann",))
    assert {speaker for speaker, _ in turns(found)} == {"Ann"}
    assert found.report.left_out == {"system line": 5}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("31/13/2023, 10:11 - Ann: a\n", "its dates, such as '31/13/2023, 10:11', are none under any order"),
        ("1/13/23, 10:11 - Ann: a\n13/1/23, 10:12 - Ann: b\n", "are none under any order"),
        ("13/06/2023, 10:11 - Messages are encrypted.\n", "has no message of a person"),
    ],
)
def test_a_faulty_chat_is_one_line(tmp_path, content, message):
    with pytest.raises(CorpusError, match=message) as error:
        read(tmp_path, content)
    assert "\n" not in str(error.value)
