import csv
import json

import pytest

from tests.experiment.tiny import Silent, begin

LOGISTIC = {"graph": None, "model": {"system": "logistic"}, "training": {"batch_nodes": 8}}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("compare")


def trained(folder, name, **changes):
    run = begin(folder, name=name, **{"folds": [1], **changes})
    run.train(Silent())
    return run.folder.path


@pytest.fixture(scope="module")
def ours(folder):
    return trained(folder, "ours_1")


@pytest.fixture(scope="module")
def floor(folder):
    return trained(folder, "floor", **LOGISTIC)


def test_the_tables_are_printed_and_nothing_is_written(ours, floor, graphmer):
    before = sorted(ours.rglob("*"))
    outcome = graphmer("compare", ours, floor, columns=120)
    assert outcome.code == 0
    assert "SIMULATED: Comparison: WA" in outcome.out
    assert "WA minus ours_1" in outcome.out
    assert "mean rank" in outcome.out
    assert "ours_1 under complete, then mixed; floor under its own fit" in " ".join(outcome.out.split())
    assert sorted(ours.rglob("*")) == before


def test_every_format_is_printed_or_written_by_the_ending_of_its_file(ours, floor, graphmer, tmp_path):
    files = {form: tmp_path / f"table.{form}" for form in ("md", "tex", "csv", "json", "html")}
    files["md"].write_text("old")
    outs = [argument for path in files.values() for argument in ("--out", path)]
    outcome = graphmer("compare", ours, floor, "--against", "floor", "--metric", "ua", *outs)
    assert outcome.code == 0
    assert outcome.out == ""
    written = {form: path.read_text(encoding="utf-8") for form, path in files.items()}
    assert written["md"].startswith("**SIMULATED: Comparison: UA**")
    assert r"\caption{SIMULATED: Comparison: UA minus floor}" in written["tex"]
    assert r"& ours\_1 & floor \\" in written["tex"]
    assert {row["reference"] for row in csv.DictReader(written["csv"].splitlines())} == {"floor"}
    assert json.loads(written["json"])["format"] == "graphmer comparison"
    assert "<!doctype html>" in written["html"]
    for form, text in written.items():
        printed = graphmer("compare", ours, floor, "--against", "floor", "--metric", "ua", "--format", form)
        assert printed.out == text


def test_a_transposed_table_has_a_row_for_each_run(ours, floor, graphmer):
    lines = graphmer("compare", ours, floor, "--format", "md", "--transpose").out.splitlines()
    assert lines[2].startswith("| condition | a | t | at |")
    assert [line.split(" | ")[0] for line in lines[4:6]] == ["| ours_1", "| floor"]


def test_figures_are_written_to_the_given_folder(ours, floor, graphmer, tmp_path):
    assert graphmer("compare", ours, floor, "--figures", tmp_path / "figures").code == 0
    assert (tmp_path / "figures" / "comparison_wa.svg").is_file()


def test_a_claim_names_runs_title_reference_and_metric(ours, floor, graphmer, tmp_path):
    claim = tmp_path / "claim.yaml"
    claim.write_text(
        f"title: Ours is worse\nruns: {{A: {ours}, B: {floor}}}\nagainst: B\nmetric: [weighted_f1]\n"
    )
    outcome = graphmer("compare", "--claim", claim, "--format", "md")
    assert "**SIMULATED: Ours is worse: weighted F1 minus B**" in outcome.out
    assert "| condition | A | B |" in outcome.out
    outcome = graphmer("compare", "--claim", claim, "--metric", "wa", "--against", "A", "--format", "md")
    assert "Ours is worse: WA minus A**" in outcome.out


def test_runs_of_different_protocols_are_refused_with_a_line_for_each_difference(ours, folder, graphmer):
    other = trained(folder, "other", split__validation=0.4, training__selection="last")
    outcome = graphmer("compare", ours, other)
    assert outcome.code == 2
    assert [line.split(": ")[1] for line in outcome.err.splitlines()] == [
        "ours_1 and other differ in split",
        "ours_1 and other differ in validation dialogues of fold 1",
        "ours_1 and other differ in selection",
    ]
    assert "validation against last. Train both with the same `training.selection`." in outcome.err


def test_another_corpus_and_other_folds_are_refused(ours, folder, graphmer):
    simulation = {"seed": 1, "dialogues": 5, "widths": {"audio": 12, "text": 12}}
    other = trained(folder, "corpus", data={"format": "simulated", "simulation": simulation}, **LOGISTIC)
    assert "ours_1 and corpus differ in corpus: " in graphmer("compare", ours, other).err
    other = trained(folder, "second", **{**LOGISTIC, "folds": [2]})
    assert "ours_1 and second differ in folds: 1 against 2." in graphmer("compare", ours, other).err


def test_other_seeds_and_conditions_are_noted_not_refused(ours, folder, graphmer):
    other = trained(folder, "two", **{**LOGISTIC, "seeds": [2, 3], "evaluation": {"rates": [0.3]}})
    text = graphmer("compare", ours, other, "--format", "md").out
    assert "The seeds differ: ours_1 1; two 2, 3." in text
    assert "Left out, as not all systems were tested under them: rate:0.5, rate:0.3." in text


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ([], "give either two or more run folders, or --claim FILE"),
        (["RUN"], "needs two or more runs; got 1"),
        (["RUN", "FLOOR", "--against", "nobody"], "The reference must be one of ['ours_1', 'floor']"),
        (["RUN", "FLOOR", "--metric", "mae"], "A metric must be one of ['wa', 'ua'"),
        (["RUN", "FLOOR", "--out", "table.docx"], "--out table.docx: must end with .md, .tex, .csv"),
        (["RUN", "nowhere"], "nowhere: no run folder"),
        (["RUN", "--claim", "claim.yaml"], "give either two or more run folders, or --claim FILE"),
    ],
)
def test_a_mistake_is_one_clear_line(options, message, ours, floor, graphmer):
    names = {"RUN": ours, "FLOOR": floor}
    assert message in graphmer("compare", *(names.get(option, option) for option in options)).complaint


def test_a_file_that_cannot_be_written_is_one_clear_line(ours, floor, graphmer, tmp_path):
    complaint = graphmer("compare", ours, floor, "--out", tmp_path / "nowhere" / "table.md").complaint
    assert "No such file" in complaint
