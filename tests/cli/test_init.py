from pathlib import Path

import pytest

from graphmer.cli.init import examples
from graphmer.config.load import load_config

SOURCE = Path(__file__).parents[2] / "examples"


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    """A folder that holds nothing yet."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_without_a_name_the_simulated_example_is_written_and_the_next_command_said(graphmer, here):
    outcome = graphmer("init")
    assert outcome.code == 0
    assert load_config(here / "simulated.yaml").data.format == "simulated"
    assert "\n  graphmer train simulated.yaml\n" in outcome.out


@pytest.mark.parametrize("name", sorted(examples()))
def test_every_example_that_is_written_can_be_read(name, graphmer, here):
    assert graphmer("init", name).code == 0
    assert load_config(here / f"{name}.yaml").name == name
    assert (here / f"{name}.yaml").read_text().startswith("# ")


def test_every_example_of_the_repository_is_there():
    assert sorted(examples()) == sorted(path.stem for path in SOURCE.glob("*.yaml"))


def test_what_is_written_holds_the_settings_of_the_repository(graphmer, here):
    graphmer("init", "iemocap")
    written, source = load_config(here / "iemocap.yaml"), load_config(SOURCE / "iemocap.yaml")
    assert written.data.root == here / "data" / "IEMOCAP"
    assert written.model_dump(exclude={"data": {"root"}}) == source.model_dump(exclude={"data": {"root"}})
    assert "graphmer train iemocap.yaml" in (here / "iemocap.yaml").read_text()


def test_a_file_that_is_there_stays_as_it_is(graphmer, here):
    (here / "simulated.yaml").write_text("mine")
    assert graphmer("init").complaint == (
        "simulated.yaml: is there already and stays as it is. Move it, or go to another folder."
    )
    assert (here / "simulated.yaml").read_text() == "mine"


def test_a_name_that_is_none_is_answered_with_those_there_are(graphmer, here):
    complaint = graphmer("init", "iemocp").complaint
    assert complaint.startswith("NAME: must be one of the examples, iemocap, iemocap_hardy, ")
    assert complaint.endswith("; got iemocp.")
    assert list(here.iterdir()) == []


def test_the_list_says_what_each_example_is_and_writes_nothing(graphmer, here):
    lines = graphmer("init", "--list").out.splitlines()
    assert [line.split()[0] for line in lines] == sorted(examples())
    assert all(len(line.split()) > 4 for line in lines)
    assert list(here.iterdir()) == []
