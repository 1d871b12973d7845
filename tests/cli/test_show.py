import pytest

from tests.experiment.tiny import write_config, write_corpus


@pytest.fixture
def config(tmp_path):
    return write_config(tmp_path / "tiny.yaml", write_corpus(tmp_path / "corpus"))


def test_a_dialogue_is_shown_with_its_turns_and_edges(config, graphmer):
    said = graphmer("show", config, "--dialogue", "Ses02F_d0")
    assert said.code == 0
    assert "Ses02F_d0, complete" in said.out
    assert "turn 3" in said.out
    assert "3 edges near/past/inter" in said.out
    assert "…" not in said.out
    assert max(map(len, said.out.splitlines())) <= 80


def test_the_first_dialogue_is_shown_through_a_protocol(config, graphmer):
    said = graphmer("show", config, "--missing", "t")
    assert "Ses01F_d0, t" in said.out
    rows = [line.split("│")[3:5] for line in said.out.splitlines() if line.startswith("│")]
    assert [[cell.strip() for cell in row] for row in rows] == [["-", "yes"]] * 3


def test_a_simulated_dialogue_is_called_so(graphmer, tmp_path):
    said = graphmer("show", write_config(tmp_path / "tiny.yaml"))
    assert "SIMULATED: Ses01_sim001, complete" in said.out


@pytest.mark.parametrize("ending", ["png", "svg"])
def test_the_graph_is_drawn(ending, config, graphmer, tmp_path):
    file = tmp_path / f"graph.{ending}"
    assert f"Drawn: {file}" in graphmer("show", config, "--png", file).out
    assert file.stat().st_size > 1000


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["--dialogue", "Ses02F_d"],
            "--dialogue: IEMOCAP has no dialogue 'Ses02F_d'. Did you mean 'Ses02F_d",
        ),
        (["--missing", "everything"], "--missing: Unknown missing-modality protocol 'everything'"),
        (["--png", "graph.xyz"], "--png: must end in .png, .svg or .pdf; got graph.xyz."),
        (["--png", "/no/where/graph.png"], "/no/where/graph.png: No such file or directory."),
    ],
)
def test_a_mistake_is_one_clear_line(arguments, message, config, graphmer):
    assert graphmer("show", config, *arguments).complaint.startswith(message)
