"""Exports as programs and phones write them, to the letter."""

import json
import zipfile
from xml.sax.saxutils import escape

import pytest

from graphmer.errors import CorpusError
from tests.transcripts.reading import read, timed, turns

WEBEX = """WEBVTT

1 "Jane Doe" (1234567)
00:00:03.269 --> 00:00:05.449
Hello there.

2 "Bob Ray" (2234567)
00:00:06.269 --> 00:00:07.449
Hi.
"""


def test_cues_of_webex_have_the_name_in_their_id(tmp_path):
    assert timed(read(tmp_path, WEBEX)) == [
        ("Jane Doe", "Hello there.", 3.269, 5.449),
        ("Bob Ray", "Hi.", 6.269, 7.449),
    ]


def cues(*texts):
    return "WEBVTT\n\n" + "".join(
        f"00:{10 * i}.0 --> 00:{10 * i + 1}.0\n{t}\n\n" for i, t in enumerate(texts)
    )


@pytest.mark.parametrize(
    "texts",
    [
        ("Ann: one", "Bob: two", "Ann: three", "Bob: four"),
        ("-Ann: one\n-Bob: two", "-Ann: three\n-Bob: four"),
        ("Ann: one\nBob: two", "Ann: three\nBob: four"),
        (">> Ann: one", "&gt;&gt; Bob: two", ">>Ann: three", ">> Bob: four"),
        ("Ann\uff1aone", "Bob\uff1atwo", "Ann\uff1athree", "Bob\uff1afour"),
        ("- (Ann) one", "[Bob]: two", "(Ann)\nthree", "[Bob] four"),
        ("<v.loud.first Ann>one</v>", "<v Bob>two", "<v Ann>three</v>", "<v  Bob>four"),
    ],
)
def test_the_same_dialogue_in_the_forms_of_captions(tmp_path, texts):
    said = [("Ann", "one"), ("Bob", "two"), ("Ann", "three"), ("Bob", "four")]
    assert turns(read(tmp_path, cues(*texts))) == said


def test_names_have_pronouns_and_sounds_are_no_persons(tmp_path):
    found = read(
        tmp_path, cues("Jo (he/him): a", "[music]", "Jo (he/him): b", "[music]", "[laughs] ok", "<v >c")
    )
    assert turns(found) == [
        ("Jo (he/him)", "a"),
        ("unknown", "[music]"),
        ("Jo (he/him)", "b"),
        ("unknown", "[music]"),
        ("unknown", "[laughs] ok"),
        ("unknown", "c"),
    ]


def test_names_that_occur_once_are_taken_only_if_all_cues_have_one(tmp_path):
    assert turns(read(tmp_path, cues("Ann: a", "Bob: b"))) == [("Ann", "a"), ("Bob", "b")]
    found = read(tmp_path, cues("Ann: a", "Bob: b", "Ann: c"))
    assert turns(found)[1] == ("unknown", "Bob: b")
    (note,) = found.report.notes
    assert note == "before a colon or in brackets, but once and so no names: Bob; if they are, give --roster"


TALK = [
    ("Ann Lee", "Hello: all", 3.0, None),
    ("Bob", "Hi. More.", 12.0, None),
    ("Ann Lee", "Bye", 3740.0, None),
]


@pytest.mark.parametrize(
    "lines",
    [
        "Ann Lee  0:03\nHello: all\n\nBob  0:12\nHi.\nMore.\n\nAnn Lee  1:02:20\nBye\n",
        "Ann Lee 0:03\nHello: all\n\nBob 0:12\nHi.\nMore.\n\nAnn Lee 1:02:20\nBye\n",
        "Weekly\nThu, Jun 15, 2023 9:41AM\n\nAnn Lee  00:03\nHello: all\n\nBob  00:12\nHi.\nMore.\n\n"
        "Ann Lee  1:02:20\nBye\n\nTranscribed by https://otter.ai\n",
        "Ann Lee (00:03):\nHello: all\n\nBob (00:12):\nHi. More.\n\nAnn Lee (1:02:20):\nBye\n",
        "Ann Lee (00:03): Hello: all\nBob [00:12]: Hi. More.\nAnn Lee (1:02:20): Bye\n",
        "[00:00:03] Ann Lee: Hello: all\n[00:00:12] Bob: Hi.\nMore.\n[01:02:20] Ann Lee: Bye\n",
        "[00:00:03] Ann Lee\nHello: all\n\n[00:00:12] Bob\nHi. More.\n\n[01:02:20] Ann Lee\nBye\n",
        "00:00:03 Ann Lee: Hello: all\n00:00:12 Bob: Hi. More.\n01:02:20 Ann Lee: Bye\n",
        "00:00:03\t From Ann Lee to Everyone:\n\tHello: all\n00:00:12\t From Bob to Everyone:\n\tHi. More.\n"
        "01:02:20\t From Ann Lee to Everyone:\n\tBye\n",
        "0:03\t From Ann Lee : Hello: all\n00:12\t From Bob : Hi. More.\n01:02:20\t From Ann Lee : Bye\n",
    ],
)
def test_text_with_times_beside_names(tmp_path, lines):
    found = read(tmp_path, lines)
    assert found.format == "text with times"
    assert timed(found) == TALK


def test_the_terminal_of_whisper_has_times_and_no_names(tmp_path):
    lines = "[00:00.000 --> 00:03.000]  Hello\n[00:03.000 --> 00:05.500]  Bye\n"
    assert timed(read(tmp_path, lines, unnamed="one")) == [("A", "Hello Bye", 0.0, 5.5)]
    with pytest.raises(CorpusError, match="no turn has the name of a speaker"):
        read(tmp_path, lines)


def test_prose_that_ends_with_a_time_is_no_transcript(tmp_path):
    with pytest.raises(CorpusError, match="no known format"):
        read(tmp_path, "We met at 10:30\nand left.\nA long day.\nWe met again at 11:30\nthe end\n")


# ruff: noqa: RUF001
KOREAN = "2023. 6. 13. 오후 9:41, 철수 : 안녕: 너\n2023. 6. 13. 오후 9:42, 영희 : 네\n"
ARABIC = "١٣‏/٦‏/٢٠٢٣، ٩:٤١ م - أحمد: مرحبا\n١٣‏/٦‏/٢٠٢٣، ٩:٤٢ م - سارة: أهلا\n"
PERSIAN = "۱۳/۶/۲۰۲۳،‏ ۹:۴۱ - علی: سلام\n۱۳/۶/۲۰۲۳،‏ ۹:۴۲ - سارا: درود\n"


@pytest.mark.parametrize(
    ("chat", "names"),
    [(KOREAN, ["철수", "영희"]), (ARABIC, ["أحمد", "سارة"]), (PERSIAN, ["علی", "سارا"])],
)
def test_digits_and_stamps_of_other_scripts(tmp_path, chat, names):
    found = timed(read(tmp_path, chat))
    assert [(name, start) for name, _, start, _ in found] == [(names[0], 0.0), (names[1], 60.0)]


def test_a_poll_is_a_message_and_a_group_speaks_only_for_the_system(tmp_path):
    lines = [
        "Family: \u200eMessages and calls are end-to-end encrypted.",
        "Family: \u200eAnn created this group",
        "Ann: \u200ePOLL:\nDinner?\n\u200eOPTION: Pizza (2 votes)",
        "Bob: hi",
        "Ann: yes",
    ]
    found = read(tmp_path, "\n".join(f"[13/06/23, 09:4{i}:05] {line}" for i, line in enumerate(lines)))
    assert turns(found) == [("Ann", "POLL: Dinner? OPTION: Pizza (2 votes)"), ("Bob", "hi"), ("Ann", "yes")]
    assert found.report.left_out["system line"] == 2


SAID = [{"speaker": "A", "text": "hi"}, {"speaker": "B", "text": "yo"}]


@pytest.mark.parametrize(
    "content",
    [
        {"d1": SAID, "d2": SAID},
        {"d1": {"turns": SAID}, "d2": {"turns": SAID}},
        [SAID, SAID],
        [{"conversations": [{"from": each["speaker"], "value": each["text"]} for each in SAID]}] * 2,
    ],
)
def test_dialogues_in_lists_and_by_id(tmp_path, content):
    found = read(tmp_path, json.dumps(content))
    assert [turns(found, dialogue) for dialogue in (0, 1)] == [[("A", "hi"), ("B", "yo")]] * 2


def test_whisper_cpp_may_have_nothing_but_written_times(tmp_path):
    segment = {"timestamps": {"from": "00:00:01,500", "to": "00:01:02,000"}, "text": " Hi"}
    found = read(tmp_path, json.dumps({"transcription": [segment]}), unnamed="one")
    assert timed(found) == [("A", "Hi", 1.5, 62.0)]


def test_tasks_of_label_studio_need_no_labels(tmp_path):
    data = {"dialogue": [{"author": "Ann", "text": "hi"}, {"author": "Bob", "text": "yo"}]}
    for task in ({"data": data}, {"id": 7, "annotations": [], "drafts": [], "data": data, "meta": {}}):
        assert turns(read(tmp_path, json.dumps([task]))) == [("Ann", "hi"), ("Bob", "yo")]


def test_tables_in_markdown_and_with_blanks_after_separators(tmp_path):
    assert turns(read(tmp_path, "| speaker | text |\n|:---|---|\n| Ann | hi |\n")) == [("Ann", "hi")]
    assert turns(read(tmp_path, 'speaker, text\nAnn, "hi, you"\nBob, "yo"\n')) == [
        ("Ann", "hi, you"),
        ("Bob", "yo"),
    ]


def test_columns_of_meld_with_names_of_dialogues_are_a_table(tmp_path):
    found = read(tmp_path, "Dialogue_ID,Utterance_ID,Speaker,Utterance\nd_1,2,A,b\nd_1,1,B,a\n")
    assert turns(found) == [("B", "a"), ("A", "b")]


def test_marks_of_silence_are_no_words(tmp_path):
    grid = (
        'File type = "ooTextFile"\nObject class = "TextGrid"\n\n0\n5\n<exists>\n1\n"IntervalTier"\n"Ann"\n0\n'
        '5\n3\n0\n1.5\n"Hi"\n1.5\n2\n"<SIL>"\n2\n5\n"sp"\n'
    )
    found = read(tmp_path, grid)
    assert timed(found) == [("Ann", "Hi", 0.0, 1.5)]
    assert "left out: 2 silence marks" in found.report.lines()


def document(path, *paragraphs):
    """A Word document in which each paragraph has a run; line feeds are breaks, tabs are tabs."""
    runs = [
        f"<w:t xml:space='preserve'>{escape(text)}</w:t>".replace("\n", "</w:t><w:br/><w:t>").replace(
            "\t", "</w:t><w:tab/><w:t xml:space='preserve'>"
        )
        for text in paragraphs
    ]
    body = "".join(f"<w:p><w:pPr/><w:r>{run}</w:r></w:p>" for run in runs)
    space = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr(
            "word/document.xml", f'<w:document xmlns:w="{space}"><w:body>{body}</w:body></w:document>'
        )
    return path.read_bytes()


TEAMS = [
    "Weekly-20230613_100000-Meeting Recording",
    "June 13, 2023, 8:00AM",
    "30m 12s",
    "Ann Lee started transcription",
    "Ann Lee   0:03\nHello: all",
    "Bob   0:12\nHi.\nMore.",
    "Ann Lee   1:02:20\nBye",
    "Ann Lee stopped transcription",
]


def test_word_documents_of_teams_have_names_and_times_above_the_words(tmp_path):
    found = read(tmp_path, document(tmp_path / "x.docx", *TEAMS), "weekly.docx")
    assert found.format == "Word"
    assert timed(found) == TALK
    assert found.report.left_out == {"heading line": 3, "line of the program": 2}
    assert timed(read(tmp_path, "\n".join(TEAMS))) == TALK


OLD_TEAMS = "00:00:0{}.0 --> 00:00:0{}.5\nAnn Lee\nHello {}"


def test_older_documents_of_teams_have_ranges_above_the_names(tmp_path):
    blocks = [OLD_TEAMS.format(at, at, at) for at in (1, 4, 8)]
    found = read(tmp_path, document(tmp_path / "x.docx", *blocks))
    assert timed(found) == [
        ("Ann Lee", "Hello 1", 1.0, 1.5),
        ("Ann Lee", "Hello 4", 4.0, 4.5),
        ("Ann Lee", "Hello 8", 8.0, 8.5),
    ]


PANEL = [("Ann Lee", "Hello: all", 3), ("Bob", "Hi. More.", 12), ("Ann Lee", "Bye", 20)]


@pytest.mark.parametrize(
    "block",
    [
        "{name}\n0:{at:02}\n{text}\n",
        "{name}\n[00:{at:02}]\n\n{text}\n\n",
        "{name}\n0 minutes {at} seconds\n0:{at:02}\n{name} 0 minutes {at} seconds\n{text}\n",
        "{name}\n0 minutes {at} seconds0:{at:02}\n{name} 0 minutes {at} seconds\n{text}\n",
        "{name}\n0:{at:02}\n{name}\n{text}\n",
    ],
)
def test_names_and_times_may_stand_in_lines_of_their_own(tmp_path, block):
    lines = "Weekly\n\n" + "".join(block.format(name=name, text=text, at=at) for name, text, at in PANEL)
    assert timed(read(tmp_path, lines)) == [(name, text, float(at), None) for name, text, at in PANEL]


def test_the_panel_of_youtube_has_times_and_no_names(tmp_path):
    lines = "Transcript\n0:00\nhello and\n0:02\nwelcome to the show\n0:05\n[Music]\n"
    found = read(tmp_path, lines, unnamed="one")
    assert [(text, start) for _, text, start, _ in timed(found)] == [
        ("hello and", 0.0),
        ("welcome to the show", 2.0),
        ("[Music]", 5.0),
    ]
    with pytest.raises(CorpusError, match="no turn has the name of a speaker"):
        read(tmp_path, lines)


MEET = [
    "Weekly (2023-06-13 10:00 GMT+2) - Transcript",
    "Attendees",
    "Ann Lee, Bob Ray",
    "Transcript",
    "Ann Lee: Hello: all.",
    "Bob Ray: Hi.",
    "00:05:00",
    "Ann Lee: More.",
    "Bob Ray: Bye.",
    "Transcription ended after 00:07:12",
    "This editable transcript was computer generated and might contain errors. People can also change it.",
]
SAID_IN_MEET = [("Ann Lee", "Hello: all."), ("Bob Ray", "Hi."), ("Ann Lee", "More."), ("Bob Ray", "Bye.")]


def test_transcripts_of_meet_have_headings_and_times_between_messages(tmp_path):
    for content in ("\n".join(MEET), document(tmp_path / "x.docx", *MEET)):
        found = read(tmp_path, content)
        assert turns(found) == SAID_IN_MEET
        assert found.report.left_out == {"heading line": 4, "line with a time": 1, "line of the program": 2}


def test_names_in_markdown_are_names(tmp_path):
    lines = ["# Weekly", "### 00:00:00", *(f"**{name}:** {text}  " for name, text in SAID_IN_MEET)]
    lines += [
        "### Transcription ended after 00:07:12",
        "*This editable transcript was computer generated and might contain errors.*",
    ]
    assert turns(read(tmp_path, "\n\n".join(lines))) == SAID_IN_MEET
    assert turns(read(tmp_path, "**Ann**: a\n**Bob**: b ** c: d\n**Ann**: e\n")) == [
        ("Ann", "a"),
        ("Bob", "b ** c: d"),
        ("Ann", "e"),
    ]


def test_a_word_document_of_no_transcript_is_refused_in_one_line(tmp_path):
    content = document(tmp_path / "x.docx", "An essay", "Some prose.", "And more of it.")
    with pytest.raises(CorpusError, match=r"no known format of transcripts in its paragraphs") as error:
        read(tmp_path, content)
    assert "\n" not in str(error.value)
    with pytest.raises(CorpusError, match="damaged Word document"):
        read(tmp_path, content[:-30])
