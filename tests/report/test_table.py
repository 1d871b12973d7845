from dataclasses import replace

import numpy as np
import pytest
from rich.console import Console

from graphmer.dialogue import LabelSpace
from graphmer.evaluation.scores import Scores
from graphmer.report.sheet import Sheet
from graphmer.report.spread import spread_table
from graphmer.report.table import PARTIAL, class_table, condition_table, confusion_table

LABELS = LabelSpace(("happy", "sad", "never"))


def constant_scores(hits=8, *, selection="validation", simulated=False, title="MoMKE"):
    """Two seeds, four conditions and three equal dialogues, so that intervals have zero width."""
    counts = np.zeros((2, 4, 3, 3, 3), dtype=np.int64)
    counts[..., 0, 0], counts[..., 0, 1], counts[..., 1, 1] = hits, 10 - hits, 10
    return Scores(
        labels=LABELS,
        modalities=("audio", "text"),
        conditions=("rate:0.5", "at", "t", "a"),
        seeds=(0, 1),
        folds={"Ses01": ("d0", "d1"), "Ses02": ("d2",)},
        counts=counts,
        missing=(0.499, 0.0, 0.5, 0.5),
        meta={"title": title, "simulated": simulated, "selection": selection},
    )


def score_scores():
    moments = np.ones((1, 1, 2, 16))
    return replace(
        constant_scores(),
        labels=LabelSpace(interval=(-3.0, 3.0)),
        conditions=("a",),
        seeds=(0,),
        folds={"test": ("d0", "d1")},
        counts=moments,
        missing=(0.5,),
    )


def rendered(sheet):
    console = Console(width=200)
    with console.capture() as capture:
        console.print(sheet.rich())
    return capture.get()


def test_rows_are_sets_then_their_mean_then_rates():
    rows = condition_table(constant_scores()).rows
    assert [row[0] for row in rows] == ["a", "t", "at", PARTIAL, "rate:0.5"]
    assert [row[1] for row in rows] == ["0.500", "0.500", "0.000", "", "0.499"]


def test_columns_are_the_metrics_in_percent_with_intervals():
    sheet = condition_table(constant_scores())
    assert sheet.header == ("condition", "missing", "WA", "UA", "weighted F1", "macro F1")
    assert sheet.rows[0][2] == "90.0 ± 0.0"
    assert condition_table(constant_scores(), interval="bounds").rows[0][2] == "90.0 [90.0, 90.0]"


def test_scores_have_their_own_columns_and_units():
    sheet = condition_table(score_scores())
    assert sheet.header[2:5] == ("MAE", "r", "Acc-2 (non-0)")
    assert sheet.rows[0][2] == "1.000 ± 0.000"
    assert sheet.rows[0][-1] == "100.0 ± 0.0"
    assert "MAE in units of the score" in sheet.notes[0]


def test_notes_define_wa_and_ua_and_give_the_counts():
    notes = " ".join(condition_table(constant_scores()).notes)
    assert "WA = accuracy over all utterances; UA = mean of the class recalls" in notes
    assert "60 utterances in 3 dialogues, 2 fold(s) pooled" in notes
    assert "SIMULATED" not in notes


def test_simulated_dialogues_and_an_oracle_are_in_the_title():
    sheet = condition_table(constant_scores(simulated=True, selection="test_oracle"))
    assert sheet.title.startswith("SIMULATED: ")
    assert sheet.title.endswith(", test_oracle")
    assert "SIMULATED" in rendered(sheet)
    assert "upper bound" in sheet.markdown()


def test_a_title_without_simulation_or_oracle_has_no_warning():
    assert condition_table(constant_scores()).title == "MoMKE"


def test_classes_are_listed_with_support_and_absent_ones_without_a_figure():
    sheet = class_table(constant_scores(simulated=True), "at")
    assert sheet.title == "SIMULATED: MoMKE, condition at"
    assert sheet.rows[0] == ("happy", "30", "80.0", "88.9")
    assert sheet.rows[2] == ("never", "0", "-", "-")


def test_a_confusion_row_is_in_percent_of_the_annotated_emotion():
    sheet = confusion_table(constant_scores(), "at")
    assert sheet.header == ("annotated", "happy", "sad", "never", "support")
    assert sheet.rows[0] == ("happy", "80.0", "20.0", "0.0", "30")
    assert sheet.rows[2] == ("never", "-", "-", "-", "0")


def test_markdown_is_a_table_with_a_title_and_notes():
    sheet = Sheet("T", ("condition", "WA"), (("a|b", "1 [0, 2]"),), ("Note.",))
    assert (
        sheet.markdown() == "**T**\n\n| condition | WA |\n| --- | ---: |\n| a\\|b | 1 [0, 2] |\n\nNote.  \n"
    )


def test_brackets_in_cells_are_text_and_not_markup():
    assert "[bold]x" in rendered(Sheet("T", ("a",), (("[bold]x",),), ()))


WIDE = Sheet(
    "T",
    ("condition", "WA", "UA", "share"),
    (("mean of partial sets", "80.0 ± 1.2", "79.0 ± 1.2", "90.0"),),
    ("Note.",),
    optional=("UA", "share"),
)


def on(width, sheet):
    console = Console(width=width)
    with console.capture() as capture:
        console.print(sheet.rich(width))
    return capture.get()


def test_a_table_that_fits_has_all_columns():
    text = on(80, WIDE)
    assert "UA" in text
    assert "Omitted" not in text


def test_a_narrow_terminal_omits_optional_columns_one_by_one_with_a_note():
    assert "Omitted for lack of width: UA; the Markdown" in " ".join(on(34, WIDE).split())
    text = on(26, WIDE)
    assert "Omitted for lack of width: UA, share;" in " ".join(text.split())
    assert "80.0 ± 1.2" in text
    assert "UA" in WIDE.markdown()


@pytest.mark.parametrize("width", [16, 20, 30, 50, 80])
def test_no_text_is_truncated(width):
    text = on(width, WIDE)
    assert "…" not in text
    assert max(map(len, text.splitlines())) <= width
    for word in ("80.0", "±", "1.2"):
        assert word in text


@pytest.mark.parametrize(
    "scores", [constant_scores(simulated=True), score_scores()], ids=["classes", "score"]
)
def test_a_table_of_results_fits_80_columns_on_single_lines(scores):
    best = None if scores.labels.is_score else dict.fromkeys(scores.conditions, 0.95)
    lines = on(80, condition_table(scores, best=best)).splitlines()
    (row,) = [line for line in lines if line.startswith("a ")]
    assert row.count("±") >= 3
    assert max(map(len, lines)) <= 80


def test_the_spread_of_simulated_scores_is_marked():
    assert (
        spread_table(constant_scores(simulated=True)).title == "SIMULATED: MoMKE: spread over seeds and folds"
    )


def test_the_calibration_error_has_a_column_where_it_is_known():
    scores = replace(constant_scores(), calibration_error=((0.1, 0.2, 0.3, 0.4), (0.2, 0.2, 0.5, 0.4)))
    sheet = condition_table(scores)
    assert sheet.header[-1] == "ECE"
    assert [row[-1] for row in sheet.rows] == ["40.0", "40.0", "20.0", "40.0", "15.0"]
    assert any(note.startswith("ECE: expected calibration error") for note in sheet.notes)
    assert "ECE" not in condition_table(constant_scores()).header
