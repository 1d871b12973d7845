from dataclasses import replace

from graphmer.report.comparison import Comparison, Facts
from graphmer.report.comparison_table import comparison_table, comparison_tables, difference_table
from graphmer.report.table import PARTIAL
from tests.report.comparisons import column, facts, regressor, three


def bold(sheet):
    """Emphasised cells by the name of their row."""
    return {
        sheet.rows[row][0]: {sheet.header[column] for at, column in sheet.bold if at == row}
        for row, _ in sheet.bold
    }


def test_rows_are_conditions_then_ranks_and_costs():
    sheet = comparison_table(Comparison.of(three(), title="Ours"), "wa")
    assert sheet.title == "Ours: WA"
    assert sheet.header == ("condition", "weak", "middle", "strong")
    assert [row[0] for row in sheet.rows] == [
        "a", "t", "at", PARTIAL, "rate:0.5", "mean rank", "parameters", "training, s", "prediction, µs",
    ]  # fmt: skip
    assert sheet.breaks == (5,)
    assert sheet.rows[-3:] == (
        ("parameters", *["1.23 M"] * 3),
        ("training, s", *["12.5"] * 3),
        ("prediction, µs", *["123"] * 3),
    )


def test_the_best_values_of_a_row_are_bold_also_when_they_print_alike():
    comparison = Comparison.of([*three(), replace(column("twin", 5), name="twin")])
    sheet = comparison_table(comparison, "wa")
    for row in sheet.rows[:5]:
        printed = [float(cell.split(" ")[0]) for cell in row[1:]]
        best = {name for name, value in zip(comparison.names, printed, strict=True) if value == max(printed)}
        assert bold(sheet)[row[0]] == best
    assert bold(sheet)["mean rank"] >= {"strong", "twin"}
    assert "parameters" not in bold(sheet)


def test_the_lowest_error_is_bold():
    sheet = comparison_table(Comparison.of([regressor("bad", 2.0), regressor("good", 0.1)]), "mae")
    assert all(names == {"good"} for names in bold(sheet).values())
    assert any("Bold: the best of a row, the lowest." in note for note in sheet.notes)


def test_differences_are_bold_where_their_interval_excludes_zero():
    comparison = Comparison.of(three())
    sheet = difference_table(comparison, "wa")
    assert sheet.header == ("condition", "middle", "strong")
    for condition in comparison.rows:
        clear = {
            name
            for name in ("middle", "strong")
            if (found := comparison.differences[name, condition, "wa"]).low > 0 or found.high < 0
        }
        assert bold(sheet).get(condition, set()) == clear
    assert sheet.bold
    assert "-" in sheet.rows[0][1] or "[" in sheet.rows[0][1]


def test_unknown_costs_are_dashes_and_a_teacher_is_apart():
    bare = replace(column("bare", 2), facts=Facts())
    taught = replace(column("taught", 3), facts=facts(parameters=99960, teacher_parameters=812))
    sheet = comparison_table(Comparison.of([bare, taught]), "wa")
    assert sheet.rows[-3:] == (
        ("parameters", "-", "100 k + 812"),
        ("training, s", "-", "12.5"),
        ("prediction, µs", "-", "123"),
    )
    assert any("teacher that only training reads" in note for note in sheet.notes)


def test_simulated_dialogues_and_an_oracle_are_marked_in_every_table():
    columns = [column(name, 2, simulated=True, selection="test_oracle") for name in ("one", "two")]
    for sheet in comparison_tables(Comparison.of(columns)):
        assert sheet.title.startswith("SIMULATED: ")
        assert sheet.title.endswith(", test_oracle")
        assert "do not apply to any real corpus" in sheet.markdown()
        assert "upper bound" in sheet.markdown()


def test_markdown_has_bold_cells_and_a_transposed_table_a_row_per_system():
    sheet = comparison_table(Comparison.of(three()), "wa")
    assert "| **1.00 |" not in sheet.markdown()
    turned = sheet.transposed()
    assert turned.header == tuple(row for row in ("condition", *(row[0] for row in sheet.rows)))
    assert [row[0] for row in turned.rows] == ["weak", "middle", "strong"]
    assert {(turned.header[c], turned.rows[r][0]) for r, c in turned.bold} == {
        (sheet.rows[r][0], sheet.header[c]) for r, c in sheet.bold
    }
    row, at = min(sheet.bold)
    assert f"**{sheet.rows[row][at]}**" in sheet.markdown()
    assert turned.transposed().rows == sheet.rows


def test_each_metric_has_a_table_of_values_and_one_of_differences():
    sheets = comparison_tables(Comparison.of(three(), metrics=["ua", "wa"]))
    assert [sheet.title for sheet in sheets] == [
        "Comparison: UA", "Comparison: UA minus weak", "Comparison: WA", "Comparison: WA minus weak",
    ]  # fmt: skip
