"""What is written is read again: the same turns, speakers, times and emotions."""

import sys
from dataclasses import replace
from xml.etree import ElementTree

import pytest
from hypothesis import strategies as st

from graphmer.dialogue import Utterance
from graphmer.errors import CorpusError
from graphmer.transcripts import ReadingOptions, TranscribedDialogue, read_transcript
from graphmer.transcripts.timed import one_line
from graphmer.transcripts.words import repaired, words
from graphmer.transcripts.write import WRITERS
from tests.properties.mutations import fuzz

TURNS = (
    Utterance("Ann", emotion="joy", text='I got the job! <3 & "more" <i>now</i>', start=0.0, end=1.5),
    Utterance("Bob B.", emotion="neutral", text="10:30 Meeting: moved --> 11:00", start=1.25, end=2.0),
    Utterance("Ann", emotion="sad & [low]", text=None, start=3.0, end=3.001),
    Utterance(
        "\u05d0\u05e0\u05d4",
        emotion="joy",
        text="- [aside] &amp; item [1]: text = 2",
        start=3.5,
        end=5000.123,
    ),
    Utterance("Ann", emotion="fear", text="Bob: said so", start=4.0, end=8.0),
    Utterance("Ann", emotion="joy", text="overlapping myself", start=5.0, end=6.0),
)
TALK = TranscribedDialogue("talk", TURNS)
UNMERGED = ReadingOptions(merge_gap=None)


def again(folder, dialogue, form):
    path = folder / f"talk.{form}"
    path.write_text(WRITERS[form](dialogue, ""), encoding="utf-8")
    return read_transcript(path, UNMERGED)


def facts(turns):
    return [(turn.speaker, turn.text, turn.start, turn.end, turn.emotion) for turn in turns]


@pytest.mark.parametrize("form", WRITERS)
def test_turns_speakers_times_and_emotions_come_back(tmp_path, form):
    found = again(tmp_path, TALK, form)
    assert facts(found.dialogues[0].turns) == facts(TURNS)
    assert found.dialogues[0].id == "talk"
    assert found.report.without_text == 1
    assert found.report.unnamed == 0


texts = st.one_of(
    st.none(), st.text(max_size=30), st.sampled_from(["<c.emotion>[a]</c>", "&lt;", '"', "-->"])
)
names = st.text(min_size=1, max_size=8)


@st.composite
def talks(draw):
    """Turns in the order of their times, no two of which begin at the same time."""
    turns, start = [], 0
    for _ in range(draw(st.integers(1, 6))):
        start += draw(st.integers(1, 10_000))
        end = (start + draw(st.integers(1, 20_000))) / 1000
        turn = Utterance(draw(names), emotion=draw(names), text=draw(texts), start=start / 1000, end=end)
        turns.append(turn)
    return TranscribedDialogue("talk", tuple(turns))


def cleaned(turn):
    text = words(repaired(one_line(turn.text or "")))  # as it is read
    return replace(turn, speaker=one_line(turn.speaker), text=text, emotion=one_line(str(turn.emotion)))


@pytest.mark.fuzz
@pytest.mark.parametrize("form", WRITERS)
@fuzz("round trip")
def test_any_names_and_texts_come_back_as_one_line_without_control_characters(data, tmp_path, form):
    talk = data.draw(talks())
    wanted = [cleaned(turn) for turn in talk.turns]
    if all(turn.speaker and turn.emotion for turn in wanted):
        found = again(tmp_path, talk, form).dialogues[0].turns
        assert facts(found) == facts(wanted)


@pytest.mark.parametrize("form", WRITERS)
@pytest.mark.parametrize(
    ("times", "message"),
    [
        ((None, None), r"Dialogue 'talk', turn 1: has no start and end, which .* needs. Write jsonl"),
        ((1.0, None), "has no start and end"),
        ((float("nan"), 2.0), "has no start and end"),
        ((2.0, 1.0), r"is from 2.0 s to 1.0 s, which .* cannot have"),
        ((-1.0, 1.0), r"is from -1.0 s to 1.0 s"),
    ],
)
def test_turns_without_times_are_refused_in_one_line(form, times, message):
    turn = Utterance("Ann", emotion="joy", text="a", start=times[0], end=times[1])
    with pytest.raises(CorpusError, match=message) as error:
        WRITERS[form](TranscribedDialogue("talk", (turn,)), "")
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("form", ["eaf", "textgrid"])
def test_turns_without_duration_are_refused_where_a_tier_cannot_have_them(form):
    turn = Utterance("Ann", text="a", start=1.0, end=1.0)
    with pytest.raises(CorpusError, match=r"is from 1.0 s to 1.0 s, which .* cannot have"):
        WRITERS[form](TranscribedDialogue("talk", (turn,)), "")


def test_scores_are_written_with_three_decimals(tmp_path):
    turns = tuple(replace(turn, emotion=-0.5) for turn in TURNS)
    found = again(tmp_path, TranscribedDialogue("talk", turns), "vtt").dialogues[0].turns
    assert {turn.emotion for turn in found} == {"-0.500"}


def test_voices_of_one_cue_keep_their_order_in_elan(tmp_path):
    turns = tuple(replace(turn, start=1.0, end=2.0) for turn in (TURNS[0], TURNS[1], TURNS[3], TURNS[2]))
    found = again(tmp_path, TranscribedDialogue("talk", turns[1:]), "eaf")
    assert facts(found.dialogues[0].turns) == facts(turns[1:])


def test_elan_of_pympi_has_the_turns_and_their_emotions(tmp_path, monkeypatch):
    # pympi imports a module that Python 3.9 removed
    monkeypatch.setitem(sys.modules, "xml.etree.cElementTree", ElementTree)
    monkeypatch.setattr("xml.etree.cElementTree", ElementTree, raising=False)
    pympi = pytest.importorskip("pympi", reason="pympi-ling is not installed")
    path = tmp_path / "talk.eaf"
    path.write_text(WRITERS["eaf"](TALK, ""), encoding="utf-8")
    document = pympi.Elan.Eaf(str(path))
    assert document.get_annotation_data_for_tier("Bob B.") == [(1250, 2000, TURNS[1].text)]
    felt = document.get_ref_annotation_data_for_tier("emotion@Ann")
    assert [(start, end, value) for start, end, value, _ in felt] == [
        (0, 1500, "joy"),
        (3000, 3001, "sad & [low]"),
        (4000, 8000, "fear"),
    ]
    assert document.get_parameters_for_tier("Ann (2)")["PARTICIPANT"] == "Ann"
    document.to_file(str(tmp_path / "resaved.eaf"))
    assert facts(read_transcript(tmp_path / "resaved.eaf", UNMERGED).dialogues[0].turns) == facts(TURNS)


def test_praatio_reads_the_textgrid_and_its_forms_are_read(tmp_path):
    textgrid = pytest.importorskip("praatio.textgrid", reason="praatio is not installed")
    turns = [replace(turn, text="yes" if turn.text else None) for turn in TURNS[:4]]
    path = tmp_path / "talk.TextGrid"
    path.write_text(WRITERS["textgrid"](TranscribedDialogue("talk", tuple(turns)), ""), encoding="utf-8")
    grid = textgrid.openTextgrid(str(path), includeEmptyIntervals=False)
    assert [tuple(entry) for entry in grid.getTier("emotion@Ann").entries] == [
        (0.0, 1.5, "joy"),
        (3.0, 3.001, "sad & [low]"),
    ]
    grid = textgrid.openTextgrid(str(path), includeEmptyIntervals=True)
    for form in ("short_textgrid", "long_textgrid"):
        grid.save(str(path), format=form, includeBlankSpaces=True)
        assert facts(read_transcript(path, UNMERGED).dialogues[0].turns) == facts(turns)
