import datetime
import time

import pytest

from graphmer.errors import CorpusError
from tests.transcripts.reading import read, timed, turns

ROWS = [["Ann", "hello, you", "0.5", "1.5"], ["Bob", "hi", "2", "3"]]


def table(separator=",", quote='"', rows=ROWS, header=("Speaker", "Utterance", "start", "end")):
    lines = [[f"{quote}{cell}{quote}" if separator in cell else cell for cell in row] for row in rows]
    return "\n".join(separator.join(row) for row in [list(header), *lines]) + "\n"


@pytest.mark.parametrize(
    ("separator", "name"), [(",", "comma"), (";", "semicolon"), ("\t", "tab"), ("|", "bar")]
)
def test_the_separator_is_found_and_said(tmp_path, separator, name):
    found = read(tmp_path, table(separator))
    assert found.format == "table (CSV, TSV)"
    assert timed(found) == [("Ann", "hello, you", 0.5, 1.5), ("Bob", "hi", 2.0, 3.0)]
    assert f"separator: {name}" in found.report.lines()[0]


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (table(quote="'"), "hello, you"),
        ('speaker,text\nAnn,"so ""called"", yes"\nBob,"a\nb"\n', 'so "called", yes'),
        ('speaker,text\nAnn,"so \\"called\\", yes"\nBob,"hi, you"\n', 'so "called", yes'),
        ("sep=;\nspeaker;text\nAnn;a, b\n", "a, b"),
        ("Interview 3,\n,\nspeaker,text\nAnn,well\n", "well"),
        ("speaker,text,\nAnn,well,\nBob,no,\n", "well"),
    ],
)
def test_quotes_and_headers_of_other_programs(tmp_path, content, text):
    assert turns(read(tmp_path, content))[0] == ("Ann", text)


@pytest.mark.parametrize(
    "header",
    ["Speaker,Utterance", "speaker_id,sentence", "AUTHOR,Message", "Speaker Name,Transcript", "role,content"],
)
def test_columns_are_known_by_their_names(tmp_path, header):
    found = read(tmp_path, f"{header}\nAnn,hello\nBob,hi\n")
    assert turns(found) == [("Ann", "hello"), ("Bob", "hi")]
    assert f"text: column {header.split(',')[1]!r}" in found.report.lines()[0]


def test_columns_can_be_given_by_the_user(tmp_path):
    content = "wer,was,text\nAnn,hello,x\nBob,hi,y\n"
    with pytest.raises(CorpusError, match=r"no column is known to have the speaker; its columns are 'wer'"):
        read(tmp_path, content)
    given = {"speaker": "wer", "text": "was"}
    found = read(tmp_path, content, columns=given)
    assert turns(found) == [("Ann", "hello"), ("Bob", "hi")]
    assert "columns that are not read: 'text'" in found.report.notes
    with pytest.raises(CorpusError, match=r"has no column 'who'; its columns are 'wer', 'was', 'text'"):
        read(tmp_path, content, columns={"speaker": "who"})


def test_a_table_whose_text_is_not_known_says_how_to_name_it(tmp_path):
    with pytest.raises(CorpusError, match=r"no column is known to have the text; its columns are 'a', 'b'"):
        read(tmp_path, "a,b\n1,2\n3,4\n")


@pytest.mark.parametrize(
    ("start", "end", "seconds"),
    [
        ("0.5", "61.25", (0.5, 61.25)),
        ('"0,5"', '"61,25"', (0.5, 61.25)),
        ("500", "61250", (0.5, 61.25)),
        ("0:00:00.5", "00:01:01.250", (0.5, 61.25)),
        ('"00:00:00,500"', '"00:01:01,250"', (0.5, 61.25)),
        ("0:00.5", "1:01.25", (0.5, 61.25)),
        ("0.5s", "61250ms", (0.5, 61.25)),
        ("2023-06-13 10:00:00", "2023-06-13T10:01:00+00:00", (0.0, 60.0)),
        ("1686655380.5", "1686655381.5", (0.0, 1.0)),
        ("1686655380500", "1686655381500", (0.0, 1.0)),
        ("", "", (None, None)),
        ("nan", "NaN", (None, None)),
        ("-0", "3", (0.0, 3.0)),
    ],
)
def test_times_in_all_their_forms_are_seconds(tmp_path, start, end, seconds):
    found = read(tmp_path, f"speaker,text,start,end\nAnn,hello,{start},{end}\n")
    (turn,) = found.dialogues[0].turns
    assert (turn.start, turn.end) == seconds


def test_the_unit_of_times_and_a_decimal_comma_are_said(tmp_path):
    content = "speaker;text;start;end\nAnn;a;0;1200\nBob;b;1500;2750\n"
    assert "times: milliseconds" in read(tmp_path, content).report.lines()[0]
    content = "speaker;text;start;end\nAnn;a;0,5;1,25\nBob;b;2;3\n"
    assert "times: seconds, decimal comma" in read(tmp_path, content).report.lines()[0]
    content = "speaker,text,start_ms,end_ms\nAnn,a,5,80\n"
    assert timed(read(tmp_path, content)) == [("Ann", "a", 0.005, 0.08)]


def test_rows_are_sorted_by_dialogue_and_number_and_never_by_text(tmp_path):
    content = "dialogue_id,utterance_id,speaker,text\n10,1,Ann,a\n"
    content += "2,10,Bob,zz\n2,9,Ann,zz\n2,2,Ann,zzz\n10,0,Bob,z\n"
    found = read(tmp_path, content)
    assert [dialogue.id for dialogue in found.dialogues] == ["2", "10"]
    assert turns(found) == [("Ann", "zzz"), ("Ann", "zz"), ("Bob", "zz")]
    assert turns(found, 1) == [("Bob", "z"), ("Ann", "a")]
    assert "4 rows out of order, sorted by 'utterance_id'" in found.report.notes


def test_rows_without_a_number_keep_their_order(tmp_path):
    assert turns(read(tmp_path, "speaker,text\nZoe,z\nAnn,a\nZoe,b\n")) == [
        ("Zoe", "z"),
        ("Ann", "a"),
        ("Zoe", "b"),
    ]


def test_turn_numbers_come_before_times(tmp_path):
    found = read(tmp_path, "turn,speaker,text,start,end\n2,Ann,late,0,1\n1,Bob,early,5,6\n")
    assert turns(found) == [("Bob", "early"), ("Ann", "late")]


def test_names_of_turns_are_ids(tmp_path):
    found = read(tmp_path, "utterance_id,speaker,text\nu2,Ann,a\nu1,Bob,b\n")
    assert [(turn.id, turn.speaker) for turn in found.dialogues[0].turns] == [("u2", "Ann"), ("u1", "Bob")]


def test_cues_are_merged_but_rows_with_a_label_or_a_number_are_turns(tmp_path):
    rows = "Ann,a,0,1{}\nAnn,b,1.5,2{}\n"
    found = read(tmp_path, "speaker,text,start,end\n" + rows.format("", ""))
    assert turns(found) == [("Ann", "a b")]
    assert found.report.merged == 1
    labelled = read(tmp_path, "speaker,text,start,end,emotion\n" + rows.format(",joy", ",joy"))
    assert [turn.emotion for turn in labelled.dialogues[0].turns] == ["joy", "joy"]
    numbered = read(tmp_path, "speaker,text,start,end,turn\n" + rows.format(",1", ",2"))
    assert len(numbered.dialogues[0].turns) == 2


def test_labels_may_be_missing(tmp_path):
    found = read(tmp_path, "speaker,text,emotion\nAnn,a,joy\nBob,b,\nAnn,c,NaN\n")
    assert [turn.emotion for turn in found.dialogues[0].turns] == ["joy", None, None]


def test_cells_without_a_name_are_counted(tmp_path):
    found = read(tmp_path, "speaker,text\nAnn,a\n,b\n,\nBob,\n")
    assert turns(found) == [("Ann", "a"), ("unknown", "b"), ("Bob", None)]
    assert (found.report.unnamed, found.report.without_text) == (1, 1)
    assert "left out: 1 empty row" in found.report.lines()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("turn,speaker,text\n1,Ann,a\n2,Bob,b\n1,Bob,c\n", r":4: turn 1 of dialogue file is also at .*:2\. "),
        ("dialogue,speaker,text\n1,Ann,a\n,Bob,b\n", r":3: dialogue: must not be empty"),
        ("turn,speaker,text\n1,Ann,a\n,Bob,b\n", r":3: has no turn number"),
        ("speaker,text\nAnn,hello, you\nBob,hi\n", r":2: the row has more cells than the header"),
        ("speaker,text,start\nAnn\n", r":2: the row has 1 cell, the header 3"),
        ("speaker,text,note\nAnn,first\nsecond,x\n", r":3: the row has 2 cells, the header 3"),
        ('speaker,text\nAnn,"a"\nBob,"never closed\n', r":3: no valid table"),
        ("speaker,text,start\nAnn,a,1\nBob,b,later\n", r":3: start: must be a time .*got 'later'"),
        ("speaker;text;start\nAnn;a;1,5\nBob;b;2.5\n", r":2: start: has a decimal comma"),
        ("speaker,text,start,end\nAnn,a,5,4\n", r":2: the turn ends before it starts"),
        ("speaker,text\n", r"has a header but no rows"),
        ("speaker,text,Speaker,text\nAnn,a,b,c\n", r":1: two columns are called 'text'"),
        ("start,end,text\n0,1,a\n", r"no column is known to have the speaker; .*--speakers one"),
    ],
)
def test_a_faulty_table_is_one_line_with_its_place(tmp_path, content, message):
    with pytest.raises(CorpusError, match=message) as error:
        read(tmp_path, content)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (",speaker,text\n0,Ann,a\n1,Bob,b\n", [("Ann", "a"), ("Bob", "b")]),
        ("\tspeaker\ttext\n0\tAnn\ta\n1\tBob\tb\n", [("Ann", "a"), ("Bob", "b")]),
        ("Character,Dialogue\nAnn,a\nBob,b\n", [("Ann", "a"), ("Bob", "b")]),
        ('speaker\ttext\nAnn\t"so she\nBob\tsaid" he\n', [("Ann", '"so she'), ("Bob", 'said" he')]),
        ('speaker\ttext\nAnn\t"so ""she"""\nBob\tb\n', [("Ann", 'so "she"'), ("Bob", "b")]),
        ('speaker\ttext\nAnn\ta\nBob\t"so" be it\n', [("Ann", "a"), ("Bob", '"so" be it')]),
        ("from,to,message\nAnn,Bob,a\nBob,Ann,b\n", [("Ann", "a"), ("Bob", "b")]),
    ],
)
def test_tables_of_other_programs_are_read(tmp_path, content, expected):
    assert turns(read(tmp_path, content)) == expected


def test_from_and_to_may_be_times(tmp_path):
    found = read(tmp_path, "from,to,text\n0.5,1.5,a\n2.0,3.0,b\n", unnamed="alternate")
    assert timed(found) == [("A", "a", 0.5, 1.5), ("B", "b", 2.0, 3.0)]


def test_ids_that_are_unique_within_a_dialogue_get_its_name(tmp_path):
    found = read(tmp_path, "dialogue,turn,speaker,text\na,u1,Ann,x\nb,u1,Bob,y\n")
    assert [turn.id for dialogue in found.dialogues for turn in dialogue.turns] == ["a_u1", "b_u1"]


def test_a_row_over_several_lines_that_never_ends_is_named_by_its_first(tmp_path):
    with pytest.raises(CorpusError, match=r":4: no valid table"):
        read(tmp_path, 'speaker,text\nAnn,"a\nb"\nBob,"never\nclosed\n')


def test_a_column_that_only_sounds_like_times_is_not_read(tmp_path):
    found = read(tmp_path, "speaker,text,time\nAnn,a,morning\nBob,b,noon\n")
    assert "column 'time' has no times and is not read" in found.report.notes


def test_the_output_of_whisper_as_a_table_is_read(tmp_path):
    found = read(tmp_path, "start\tend\ttext\n0\t4500\tHello.\n4500\t9000\tYes.\n", unnamed="alternate")
    assert timed(found) == [("A", "Hello.", 0.0, 4.5), ("B", "Yes.", 4.5, 9.0)]


def test_a_large_table_without_words_is_refused_from_its_beginning(tmp_path):
    path = tmp_path / "sensors.csv"
    path.write_text("time_s,x,y\n" + "0.5,1.5,2.5\n" * 10_000)
    with path.open("ab") as file:
        file.truncate(2**33)  # sparse: reading it whole would not fit
    from graphmer.transcripts import read_transcript

    with pytest.raises(CorpusError, match="no column is known to have the text"):
        read_transcript(path)


def workbook(path, sheets):
    openpyxl = pytest.importorskip("openpyxl", reason="needs the extra transcripts")
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    book.save(path)
    return path.read_bytes()


def test_a_workbook_is_read_with_its_times_and_other_sheets_are_said(tmp_path):
    clock = datetime.time(0, 1, 1, 250_000)
    rows = [
        ["Interview", None],
        [None, None],
        ["Dialogue", "Turn", "Who", "Sentence", "Start", "Emotion"],
        ["a", 2, "Ann", "late", clock, None],
        ["a", 1, "Bob", "early", datetime.timedelta(hours=25), "joy"],
        ["b", 1, None, 12, None, None],
    ]
    content = workbook(tmp_path / "x.xlsx", {"about": [["read me"]], "turns": rows, "more": [["x"]]})
    found = read(tmp_path, content, "renamed.bin")
    assert found.format == "Excel"
    assert [(turn.speaker, turn.text, turn.start, turn.emotion) for turn in found.dialogues[0].turns] == [
        ("Bob", "early", 90_000.0, "joy"),
        ("Ann", "late", 61.25, None),
    ]
    assert turns(found, 1) == [("unknown", "12")]
    assert "sheet: 'turns'" in found.report.lines()[0]
    assert "sheets that are not read: 'about', 'more'" in found.report.notes


def test_what_is_no_workbook_is_refused_in_one_line(tmp_path):
    content = workbook(tmp_path / "x.xlsx", {"turns": [["speaker", "text"], ["Ann", "a"], ["Ann", 5]]})
    with pytest.raises(CorpusError, match="damaged Excel file"):
        read(tmp_path, content[: len(content) // 2])
    with pytest.raises(CorpusError, match=r"old binary Office file. Save it as .xlsx"):
        read(tmp_path, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600)
    import zipfile

    with zipfile.ZipFile(tmp_path / "slides.pptx", "w") as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("ppt/presentation.xml", "<presentation/>")
    with pytest.raises(CorpusError, match="no Excel workbook"):
        read(tmp_path, (tmp_path / "slides.pptx").read_bytes())


def test_a_workbook_that_unpacks_to_too_much_is_refused(tmp_path, monkeypatch):
    content = workbook(tmp_path / "x.xlsx", {"turns": [["speaker", "text"], ["Ann", "a"]]})
    monkeypatch.setattr("graphmer.transcripts.excel.LARGEST", 100)
    with pytest.raises(CorpusError, match="unpacked"):
        read(tmp_path, content)


def test_ten_thousand_rows_are_read_in_seconds(tmp_path):
    rows = "".join(f"{i},Ann {i % 3},words and words,{i}.5,{i}.9,joy\n" for i in range(10_000))
    start = time.process_time()
    found = read(tmp_path, "turn,speaker,text,start,end,emotion\n" + rows)
    assert len(found.dialogues[0].turns) == 10_000
    assert time.process_time() - start < 20
