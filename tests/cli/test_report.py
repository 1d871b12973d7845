import json

import pytest

from graphmer.inference import load
from tests.report.pages import finished_run


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    paper = {"source": "a paper", "metrics": ["wa"], "values": {"at": [91.2]}, "caveats": ["It looked."]}
    return finished_run(tmp_path_factory.mktemp("report"), published=paper).folder.path


def test_a_page_is_written_into_the_run_folder(run, graphmer):
    outcome = graphmer("report", run)
    assert outcome.code == 0
    assert "<!doctype html>" in (run / "report.html").read_text()


def test_a_page_and_figures_are_written_to_the_given_paths(run, graphmer, tmp_path):
    assert (
        graphmer("report", run, "--html", tmp_path / "out.html", "--figures", tmp_path / "figures").code == 0
    )
    assert (tmp_path / "out.html").is_file()
    assert (tmp_path / "figures" / "scores.svg").is_file()


def test_markdown_has_the_tables_and_nothing_else_is_written(run, graphmer):
    (run / "report.html").unlink(missing_ok=True)
    outcome = graphmer("report", run, "--format", "md")
    assert "| condition | missing |" in outcome.out
    assert "change of emotion" in outcome.out
    assert "SIMULATED" in outcome.out
    assert "tiny compared with a paper" in outcome.out
    assert "| at | 91.2 |" in outcome.out
    assert "It looked." in outcome.out
    assert not (run / "report.html").exists()


def test_json_is_the_content_of_the_page(run, graphmer):
    found = json.loads(graphmer("report", run, "--format", "json").out)
    assert found["format"] == "graphmer report"
    assert found["simulated"] is True
    assert set(found["measures"]["rows"]) >= {"a", "t", "at", "rate:0.5"}
    assert found["published"]["rows"]["at"][0]["published"] == 91.2
    assert found["published"]["notes"][-1] == "It looked."


def test_a_folder_that_is_not_a_run_is_one_clear_line(graphmer, tmp_path):
    assert "no run folder" in graphmer("report", tmp_path).complaint


def test_a_damaged_log_is_one_clear_line(run, graphmer):
    log = (run / "log.jsonl").read_text()
    (run / "log.jsonl").write_text("{")
    assert "log.jsonl: cannot be read" in graphmer("report", run).complaint
    (run / "log.jsonl").write_text(log)


@pytest.fixture(name="chat", scope="module")
def _chat(run, tmp_path_factory):
    widths = load(run).trained.widths
    turns = [
        {"speaker": name, "text": text, "features": {m: [0.1] * width for m, width in widths.items()}}
        for name, text in (("Ann", "hello"), ("Bob", "you again"), ("Ann", "yes"))
    ]
    path = tmp_path_factory.mktemp("chat") / "chat.jsonl"
    path.write_text(json.dumps({"id": "chat", "utterances": turns}) + "\n")
    return path


def test_a_page_of_own_dialogues_has_their_texts_and_no_scores(run, chat, graphmer, tmp_path):
    assert graphmer("report", run, chat, "--out", tmp_path / "chat.html").code == 0
    written = (tmp_path / "chat.html").read_text()
    assert "you again" in written
    found = json.loads(graphmer("report", run, chat, "--format", "json").out)
    assert found["measures"] is None
    assert found["timelines"][0]["text"] == ["hello", "you again", "yes"]
    assert graphmer("report", run, chat).code == 0
    assert (run / "chat.html").read_text() == written


@pytest.mark.parametrize("option", [["--format", "md"], ["--figures", "figures"], ["--transcripts"]])
def test_options_of_a_run_are_refused_for_own_dialogues(run, chat, graphmer, option):
    assert "belongs to the report of a run" in graphmer("report", run, chat, *option).complaint


def test_an_unknown_modality_in_own_dialogues_is_one_clear_line(run, graphmer, tmp_path):
    path = tmp_path / "chat.jsonl"
    turn = {"speaker": "Ann", "features": {"smell": [1.0]}}
    path.write_text(json.dumps({"id": "chat", "utterances": [turn]}))
    assert "smell" in graphmer("report", run, path).complaint
