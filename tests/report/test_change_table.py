from dataclasses import replace

import pytest
from rich.console import Console

from graphmer.evaluation.change_scores import ChangeScores
from graphmer.evaluation.scores import Scores
from graphmer.report.change_table import change_table
from tests.evaluation.speech import EMOTIONS, random_speech, spoken, with_change

META = {"title": "tiny", "simulated": False, "selection": "validation"}


def sheet(predictions, history="predicted", **meta):
    keyed = {(1, "1", predictions.condition): predictions}
    scores = Scores.from_predictions(
        keyed, labels=EMOTIONS, modalities=("audio", "text"), meta={**META, **meta}
    )
    return change_table(ChangeScores.from_predictions(keyed, EMOTIONS, history=history), scores)


def test_a_row_has_the_base_rates_and_the_metrics():
    found = sheet(spoken("A00 A11 A10 A00 A00"))
    assert found.title == "tiny: change of emotion"
    assert found.header[1:4] == ("prevalence", "always F1", "shift F1")
    assert found.header[4:] == ("MCC", "kappa", "shift pairs")
    assert found.rows[0][:4] == ("at", "50.0", "66.7", "50.0 ± 0.0")
    assert found.rows[0][6] == "50.0 ± 0.0"


def test_the_notes_define_a_change_and_give_the_counts():
    notes = " ".join(sheet(spoken("A00 B22 A11 A10 A00 A00")).notes)
    assert "derived from the predicted emotions" in notes
    assert "4 eligible turns" in notes
    assert "2 shifts: prevalence 50.0 %; always predicting a shift has F1 66.7 %" in notes


def test_a_gold_history_is_marked_as_an_oracle_in_title_and_notes():
    found = sheet(random_speech(0), history="gold")
    assert found.title.endswith("gold history: an ORACLE")
    assert found.notes[0].startswith("ORACLE")


def test_simulated_dialogues_are_in_the_title():
    assert sheet(random_speech(0), simulated=True).title.startswith("SIMULATED: ")


@pytest.mark.parametrize("text", ["A00 B11", "A00 A00"])
def test_an_undefined_metric_is_a_dash(text):
    assert sheet(spoken(text)).rows[0][2:] == ("-",) * 5


def test_it_fits_a_terminal_of_eighty_columns():
    found = sheet(replace(random_speech(0), condition="rate:0.5"))
    console = Console(width=80)
    with console.capture() as capture:
        console.print(found.rich(80))
    assert all(name in capture.get() for name in ("shift F1", "MCC", "kappa", "shift pairs"))
    assert "…" not in capture.get()


def test_direct_change_metrics_follow_the_derived_ones():
    found = sheet(with_change(random_speech(0), 0))
    assert found.header[-2:] == ("direct MCC", "disagree")
    assert "±" in found.rows[0][-1]
    assert any(note.startswith("Direct: the change predicted by the change head") for note in found.notes)
    assert "direct MCC" not in sheet(random_speech(0)).header
    console = Console(width=80)
    with console.capture() as capture:
        console.print(found.rich(80))
    assert all(name in capture.get() for name in ("MCC", "direct MCC", "disagree"))
