"""ELAN, Praat and CHAT."""

import time

import pytest

from graphmer.errors import CorpusError
from graphmer.transcripts import ReadingOptions, read_transcript
from graphmer.transcripts.talkbank_codes import spoken
from tests.transcripts.test_label_studio import annotation, export, region
from tests.transcripts.test_read import read, turns, written


def elan(tiers, slots="", media="", constraint="Symbolic_Association", before=""):
    return f"""<?xml version="1.0" encoding="UTF-8"?>
{before}<ANNOTATION_DOCUMENT AUTHOR="" DATE="2026-01-01T00:00:00+00:00" FORMAT="3.0" VERSION="3.0">
<HEADER MEDIA_FILE="" TIME_UNITS="milliseconds">{media}</HEADER>
<TIME_ORDER>{slots}</TIME_ORDER>
{tiers}
<LINGUISTIC_TYPE LINGUISTIC_TYPE_ID="default-lt" TIME_ALIGNABLE="true"/>
<LINGUISTIC_TYPE LINGUISTIC_TYPE_ID="part" TIME_ALIGNABLE="false" CONSTRAINTS="{constraint}"/>
</ANNOTATION_DOCUMENT>
"""


def slots(*times):
    return "".join(
        f'<TIME_SLOT TIME_SLOT_ID="ts{n}"' + ("" if time is None else f' TIME_VALUE="{time}"') + "/>"
        for n, time in enumerate(times, start=1)
    )


def aligned(id, first, last, text):
    return (
        f'<ANNOTATION><ALIGNABLE_ANNOTATION ANNOTATION_ID="{id}" TIME_SLOT_REF1="ts{first}" '
        f'TIME_SLOT_REF2="ts{last}"><ANNOTATION_VALUE>{text}</ANNOTATION_VALUE></ALIGNABLE_ANNOTATION>'
        "</ANNOTATION>"
    )


def referring(id, parent, text, previous=None):
    before = f' PREVIOUS_ANNOTATION="{previous}"' if previous else ""
    return (
        f'<ANNOTATION><REF_ANNOTATION ANNOTATION_ID="{id}" ANNOTATION_REF="{parent}"{before}>'
        f"<ANNOTATION_VALUE>{text}</ANNOTATION_VALUE></REF_ANNOTATION></ANNOTATION>"
    )


def tier(id, *annotations, participant=None, parent=None, type="default-lt"):
    who = f' PARTICIPANT="{participant}"' if participant else ""
    below = f' PARENT_REF="{parent}"' if parent else ""
    return f'<TIER TIER_ID="{id}" LINGUISTIC_TYPE_REF="{type}"{who}{below}>{"".join(annotations)}</TIER>'


def timed(transcript):
    return [(turn.speaker, turn.text, turn.start, turn.end) for turn in transcript.dialogues[0].turns]


SPEECH = tier("A", aligned("a1", 1, 3, "hi &amp; <![CDATA[<you>]]>"), participant="Ann  B.")
REPLY = tier("Bob", aligned("a2", 2, 4, ""))
TIMES = slots(0, 1500, 2000, 3000)


def test_the_speaker_of_a_tier_is_its_participant_or_its_id(tmp_path):
    found = read(tmp_path, elan(SPEECH + REPLY, TIMES), "talk.eaf")
    assert timed(found) == [("Ann B.", "hi & <you>", 0.0, 2.0), ("Bob", None, 1.5, 3.0)]
    assert found.format == "ELAN"
    assert "tiers read as utterances: A, Bob" in found.report.notes
    assert found.report.without_text == 1


def test_symbolic_subdivisions_divide_the_time_of_their_parent(tmp_path):
    words = tier(
        "w@A", referring("w2", "a1", "you", "w1"), referring("w1", "a1", "hi"), parent="A", type="part"
    )
    found = read(tmp_path, elan(SPEECH + REPLY + words, TIMES), tiers=("w",), merge_gap=None)
    assert timed(found) == [("Ann B.", "hi", 0.0, 1.0), ("Ann B.", "you", 1.0, 2.0)]
    assert "tiers not read, with their annotations: A (1), Bob (1)" in found.report.notes


def test_time_slots_without_a_value_lie_evenly_between_those_that_have_one(tmp_path):
    parts = (aligned("a1", 1, 2, "a"), aligned("a2", 2, 4, "b"), aligned("a3", 4, 5, "c"))
    # the third slot is of another tier, which has times of its own
    content = elan(tier("A", *parts), slots(0, None, 200, None, 3000))
    assert timed(read(tmp_path, content, merge_gap=None)) == [
        ("A", "a", 0.0, 1.0),
        ("A", "b", 1.0, 2.0),
        ("A", "c", 2.0, 3.0),
    ]


def test_the_time_origin_of_the_recording_moves_all_times(tmp_path):
    media = '<MEDIA_DESCRIPTOR MEDIA_URL="file:///a.wav" MIME_TYPE="audio/x-wav" TIME_ORIGIN="{}"/>'
    found = read(tmp_path, elan(SPEECH, TIMES, media.format(1250)))
    assert timed(found)[0][2:] == (1.25, 3.25)
    assert "times are moved by TIME_ORIGIN, 1.25 s" in found.report.notes
    several = read(tmp_path, elan(SPEECH, TIMES, media.format(1250) + media.format(0)))
    assert timed(several) == timed(found)
    assert any("recordings begin at different times" in note for note in several.report.notes)


def test_several_tiers_of_a_person_are_said_and_can_be_named(tmp_path):
    gestures = tier("Ann-gestures", aligned("g1", 1, 2, "points"), participant="Ann B.")
    below = tier("note@A", referring("n1", "a1", "aside"), parent="A", type="part")
    content = elan(SPEECH + gestures + below, TIMES)
    found = read(tmp_path, content, merge_gap=None)
    assert turns(found) == [("Ann B.", "points"), ("Ann B.", "hi & <you>")]
    assert any("Ann B. has 2 tiers, all read (A, Ann-gestures)" in note for note in found.report.notes)
    assert "tiers not read, with their annotations: note@A (1)" in found.report.notes
    assert turns(read(tmp_path, content, tiers=("A",))) == [("Ann B.", "hi & <you>")]
    with pytest.raises(CorpusError, match=r"has no tier 'B'. Name one of 'A', 'Ann-gestures', 'note@A'"):
        read(tmp_path, content, tiers=("B",))
    assert timed(read(tmp_path, content, tiers=("part",))) == [("Ann B.", "aside", 0.0, 2.0)]


def test_tiers_of_persons_outside_of_the_roster_are_listed(tmp_path):
    found = read(tmp_path, elan(SPEECH + REPLY, TIMES), roster=("Bob",))
    assert [speaker for speaker, _ in turns(found)] == ["Bob"]
    assert "tiers not read, with their annotations: A (1)" in found.report.notes
    with pytest.raises(CorpusError, match="has no annotation"):
        read(tmp_path, elan(SPEECH, TIMES), roster=("Bob",))


def test_emotions_are_values_of_a_tier_of_symbolic_association(tmp_path):
    felt = tier("Emotion_A", referring("e1", "a1", "joy"), parent="A", type="part")
    found = read(tmp_path, elan(SPEECH + REPLY + felt, TIMES))
    assert [turn.emotion for turn in found.dialogues[0].turns] == ["joy", None]
    assert "tiers read as emotions: Emotion_A" in found.report.notes
    assert not any("not read" in note for note in found.report.notes)


def test_a_top_tier_of_emotions_is_no_speech_unless_it_is_named(tmp_path):
    felt = tier("A_emotion", aligned("e1", 1, 2, "joy"), participant="A")
    content = elan(tier("A", aligned("a1", 1, 2, "hi"), participant="A") + felt, TIMES)
    found = read(tmp_path, content)
    assert turns(found) == [("A", "hi")]
    assert "tiers not read, with their annotations: A_emotion (1)" in found.report.notes
    assert turns(read(tmp_path, content, tiers=("A_emotion",))) == [("A", "joy")]


def test_turns_of_different_emotions_are_not_merged(tmp_path):
    speech = tier("A", aligned("a1", 1, 2, "a"), aligned("a2", 2, 3, "b"), aligned("a3", 3, 4, "c"))
    felt = [referring("e1", "a1", "joy"), referring("e2", "a2", "joy"), referring("e3", "a3", "fear")]
    content = elan(speech + tier("emotion@A", *felt, parent="A", type="part"), TIMES)
    found = read(tmp_path, content).dialogues[0].turns
    assert [(turn.text, turn.emotion) for turn in found] == [("a b", "joy"), ("c", "fear")]


def test_a_tier_without_times_and_without_a_parent_is_no_speech(tmp_path):
    notes = tier("Notes", referring("n1", "a1", "keep me"))
    found = read(tmp_path, elan(notes + SPEECH, TIMES))
    assert turns(found) == [("Ann B.", "hi & <you>")]
    assert "tiers not read, with their annotations: Notes (1)" in found.report.notes


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (elan(SPEECH, TIMES, before='<!DOCTYPE a [<!ENTITY b "c">]>'), r":2: a document type is not read"),
        (elan(SPEECH, TIMES).replace("hi &amp;", "&b;"), r":5: no well-formed XML \(undefined entity\)"),
        (elan(SPEECH, TIMES)[:700], "no well-formed XML"),
        (elan(SPEECH, slots(0)), "annotation 'a1' of tier 'A': its time slots have no time"),
        (elan(SPEECH, slots(0, 1, None)), "annotation 'a1' of tier 'A': its time slots have no time"),
        (elan(SPEECH, slots(9, 1, 2, 3)), "ends before it starts"),
        (elan(SPEECH, slots("9e9", 1, 2, 3)), "TIME_VALUE of 'ts1': must be milliseconds; got '9e9'"),
        (elan(SPEECH + SPEECH, TIMES), "has two tiers 'A'"),
        (elan(tier("A", parent="A"), TIMES), "tier 'A' depends on 'A'"),
        (elan(tier("A", parent="B"), TIMES), "tier 'A' depends on 'B'"),
        (elan(tier("A", referring("r", "x", "")), TIMES), "'r' of tier 'A' refers to 'x'"),
        (elan(tier("A"), TIMES), "has no annotation"),
        (elan("<TIER/>", TIMES), "<TIER> has no TIER_ID"),
        ("<X><ANNOTATION_DOCUMENT/></X>", "is no document of ELAN but <X>"),
        (
            elan(SPEECH.replace("hi", "Zo\u00eb"), TIMES).encode("cp1252"),
            "not in the encoding that it declares",
        ),
    ],
)
def test_a_faulty_document_of_elan_is_one_line(tmp_path, content, message):
    with pytest.raises(CorpusError, match=message) as error:
        read(tmp_path, content)
    assert "\n" not in str(error.value)


LONG = """File type = "ooTextFile"
Object class = "TextGrid"

xmin = -0
xmax = 4
tiers? <exists>
size = 3
item []:
    item [1]:
        class = "IntervalTier"
        name = "Ann"
        xmin = -0
        xmax = 4
        intervals: size = 3
        intervals [1]:
            xmin = -0
            xmax = 1.5
            text = "say ""hi"", intervals [2]: text = 3
class = ""IntervalTier"" "
        intervals [2]:
            xmin = 1.5
            xmax = 2
            text = ""
        intervals [3]:
            xmin = 2
            xmax = 4
            text = "xxx"
    item [2]:
        class = "IntervalTier"
        name = "Bob"
        xmin = 0
        xmax = 4
        intervals: size = 1
        intervals [1]:
            xmin = 0.25
            xmax = 4
            text = "Zo\u00eb!"
    item [3]:
        class = "TextTier"
        name = "clicks"
        xmin = 0
        xmax = 4
        points: size = 1
        points [1]:
            number = 0.5
            mark = "b"
"""
SHORT = """File type = "ooTextFile"
"TextGrid"

0 4 <exists> 3
"IntervalTier" "Ann" 0 4
3
-0
1.5
"say ""hi"", intervals [2]: text = 3
class = ""IntervalTier"" "
1.5
2
""
2 4 "xxx"
"IntervalTier" ! a comment with "quotes" and 3 numbers
"Bob"
0
4
1
0.25
4
"Zo\u00eb!"
"TextTier"
"clicks"
0
4
1
0.5
"b"
"""


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-8-sig", "cp1252"])
@pytest.mark.parametrize("form", [LONG, SHORT])
def test_long_and_short_textgrids_read_alike_in_any_encoding(tmp_path, form, encoding):
    found = read(tmp_path, form.encode(encoding))
    assert timed(found) == [
        ("Ann", 'say "hi", intervals [2]: text = 3 class = "IntervalTier"', 0.0, 1.5),
        ("Bob", "Zo\u00eb!", 0.25, 4.0),
        ("Ann", None, 2.0, 4.0),
    ]
    assert str(timed(found)[0][2]) == "0.0"
    assert found.report.left_out == {"point": 1}


def test_tiers_of_one_name_are_one_speaker_and_only_named_tiers_are_read(tmp_path):
    found = read(tmp_path, LONG.replace('"Bob"', '"Ann"'), merge_gap=None)
    assert [turn.speaker for turn in found.dialogues[0].turns] == ["Ann"] * 3
    assert "Ann has 2 tiers, all read (Ann, Ann); --tier names the right ones" in found.report.notes
    assert [turn.speaker for turn in read(tmp_path, LONG, tiers=("Bob",)).dialogues[0].turns] == ["Bob"]
    assert [turn.speaker for turn in read(tmp_path, LONG, roster=("Bob",)).dialogues[0].turns] == ["Bob"]


def test_tiers_of_aligners_are_of_the_person_before_the_dash_and_sounds_are_listed(tmp_path):
    content = LONG.replace('"Ann"', '"Ann - words"').replace('"Bob"', '"Ann - phones"')
    found = read(tmp_path, content)
    assert {speaker for speaker, _ in turns(found)} == {"Ann"}
    assert "tiers not read, with their annotations: Ann - phones (1)" in found.report.notes
    assert turns(read(tmp_path, content, tiers=("Ann - phones",))) == [("Ann - phones", "Zo\u00eb!")]
    with pytest.raises(CorpusError, match="no turn has the name of a speaker"):
        read(tmp_path, content.replace("Ann - words", "words"))


def test_a_tier_without_a_name_asks_who_speaks(tmp_path):
    content = LONG.replace('"Bob"', '""').replace('"Ann"', '" "')
    with pytest.raises(CorpusError, match="no turn has the name of a speaker"):
        read(tmp_path, content)
    assert {speaker for speaker, _ in turns(read(tmp_path, content, unnamed="one"))} == {"A"}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            LONG.replace("xmax = 1.5", "xmax = -1"),
            r":17: the interval ends before it starts \(0.0 s, -1.0 s\)",
        ),
        (LONG.replace('"TextTier"', '"Tier"'), r":40: the class of a tier must be"),
        (LONG.replace("size = 3\nitem", "size = 1e400\nitem"), "expected a number"),
        (LONG.replace("size = 3\nitem", "size = 4\nitem"), "the file ends too early"),
        (LONG.replace("size = 3\nitem", "size = -1\nitem"), "must be whole and not negative; got -1.0"),
        (LONG.replace("<exists>", "<absent>"), "no interval has a text"),
        (LONG[:400], "the file ends too early"),
        (LONG.replace('"ooTextFile"', '"Praat chronological TextGrid text file"'), "is no TextGrid of the"),
        (LONG.replace('"Bob"', "7"), "expected a text in quotation marks; got 7"),
    ],
)
def test_a_faulty_textgrid_is_one_line_with_its_place(tmp_path, content, message):
    with pytest.raises(CorpusError, match=message) as error:
        read(tmp_path, content)
    assert "\n" not in str(error.value)


CHA = """@UTF8
@Begin
@Languages:\teng
@Participants:\tCHI Ross Target_Child, MOT Mother,
\tINV Kim Investigator
@ID:\teng|x|CHI|2;06.|||Target_Child|||
*CHI:\tmore [/] more cookie (.) 0v (th)at's <I want> [//] I need . \u0015100_2500\u0015
%mor:\tqn|more n|cookie
*MOT:\tyou want
\tanother one +... \u00152500_3100\u0015
*INV:\txxx . \u00154000_4500\u0015
*CHI:\t0 [=! laughs] . \u00154500_5000\u0015 \u00155200_5500\u0015
@End
"""


def test_main_lines_of_chat_are_turns_with_times_of_their_bullets(tmp_path):
    found = read(tmp_path, "\ufeff" + CHA.replace("\n", "\r\n"), "talk.cha")
    assert timed(found) == [
        ("CHI", "more cookie that's I need.", 0.1, 2.5),
        ("MOT", "you want another one...", 2.5, 3.1),
        ("INV", None, 4.0, 4.5),
        ("CHI", None, 4.5, 5.5),
    ]
    assert (
        "participants: CHI is Ross Target_Child, MOT is Mother, INV is Kim Investigator" in found.report.notes
    )
    assert found.report.left_out == {"dependent line": 1}


def test_the_line_of_chat_is_kept_with_its_codes(tmp_path):
    lines = "@UTF8\n@Begin\n*A:\t<we> [//] I need\n\txxx . \x150_900\x15\n*A:\tit . \x15950_1900\x15\n@End\n"
    (turn,) = read(tmp_path, lines).dialogues[0].turns
    assert (turn.text, turn.raw) == ("I need. it.", "<we> [//] I need xxx .\nit .")


def test_bullets_that_were_made_visible_are_times_too(tmp_path):
    assert timed(read(tmp_path, CHA.replace("\u0015", "\u2022"))) == timed(read(tmp_path, CHA))


def test_chat_without_times_stays_in_its_order_and_says_what_it_lacks(tmp_path):
    content = CHA.replace("\u0015100_2500\u0015", "").replace("@End\n", "").replace("*INV", "*ZZZ")
    found = read(tmp_path, content)
    assert [turn.start for turn in found.dialogues[0].turns] == [None, 2.5, 4.0, 4.5]
    assert "speakers that @Participants has not: ZZZ" in found.report.notes
    assert "no @End: the file may be cut off" in found.report.notes
    assert any(note.startswith("1 of 4 utterances without times") for note in found.report.notes)
    left = read(tmp_path, CHA, roster=("CHI", "MOT"))
    assert left.report.left_out["line of INV"] == 1


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("more [/] more cookie .", "more cookie."),
        ("<I want> [//] I need it .", "I need it."),
        ("<<a b> [/] a b c> [///] well yes", "well yes"),
        ("(th)at (be)cause (.) (..) (1.5) hm", "that because hm"),
        ("I 0v 0is going +...", "I going..."),
        ("what +/?", "what?"),
        ('+< and +"/.', "and."),
        ("gonna [: going to] goed [* m:=ed] [:: went] now", "going to went now"),
        ("&-um &+fr &~gaga &=laughs &*MOT:mhm hi", "um hi"),
        ("xxx yyy www .", ""),
        ("0 [=! cries] .", ""),
        ("doggie@f b@l ami@s:fra no:o ba^by teddy_bear", "doggie b ami noo baby teddy bear"),
        ("it's 10:30 , or x ? [+ bch]", "it's 10:30, or x?"),
        ("[- spa] hola <a <b", "hola a b"),
        ("<" * 5000 + "a" + ">" * 5000 + " b", "a b"),
    ],
)
def test_codes_of_transcription_are_no_words(line, said):
    assert spoken(line) == said


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            CHA.replace("*MOT:\tyou want", "you want"),
            r":9: a line must begin with @, \*, % or a tab; got 'you",
        ),
        (CHA.replace("*MOT:", "*MOT "), r":9: must be \*CODE: and the words"),
        (CHA.replace("100_2500", "2500_100"), r":7: the utterance ends before it starts"),
        (CHA[:100], "has no utterance"),
    ],
)
def test_a_faulty_line_of_chat_is_one_line_with_its_place(tmp_path, content, message):
    with pytest.raises(CorpusError, match=message) as error:
        read(tmp_path, content)
    assert "\n" not in str(error.value)


MANY = 10_000


def many_elan():
    said = [aligned(f"a{n}", 2 * n + 1, 2 * n + 2, f"word {n}") for n in range(MANY)]
    felt = [referring(f"e{n}", f"a{n}", "joy") for n in range(MANY)]
    below = tier("emotion@A", *felt, parent="A", type="part")
    return elan(tier("A", *said) + below, slots(*(500 * n for n in range(2 * MANY))))


def many_intervals():
    intervals = "\n".join(f'{n}\n{n + 1}\n"word {n}"' for n in range(MANY))
    tier = f'"IntervalTier" "A" 0 {MANY} {MANY}\n{intervals}'
    return f'File type = "ooTextFile"\n"TextGrid"\n\n0 {MANY} <exists> 1 {tier}'


def many_lines():
    lines = "".join(f"*CHI:\tword {n} [/] &-um . \u0015{n}000_{n}900\u0015\n" for n in range(MANY))
    return f"@UTF8\n@Begin\n@Participants:\tCHI Child\n{lines}@End\n"


def many_messages():
    return "".join(
        f"{1 + n % 28}/{1 + n // 28 % 12}/{2000 + n // 336}, 10:11 - A: {n}\n" for n in range(MANY)
    )


def many_regions():
    dialogue = [{"author": "A", "text": f"word {n}"} for n in range(MANY)]
    return export(annotation(*(region(n, "joy") for n in range(MANY))), dialogue=dialogue)


@pytest.mark.parametrize("make", [many_elan, many_intervals, many_lines, many_messages, many_regions])
def test_ten_thousand_turns_are_read_in_seconds(tmp_path, make):
    path = written(tmp_path, make())
    begin = time.process_time()
    found = read_transcript(path, ReadingOptions(merge_gap=None))
    assert len(found.dialogues[0].turns) == MANY
    assert time.process_time() - begin < 5
