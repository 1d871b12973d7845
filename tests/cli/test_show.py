import matplotlib as mpl
import pytest

from graphmer.dialogue import Dialogue, LabelSpace, Utterance
from tests.experiment.tiny import write_config, write_corpus, write_own


@pytest.fixture
def config(tmp_path):
    return write_config(tmp_path / "tiny.yaml", write_corpus(tmp_path / "corpus"))


def test_a_dialogue_is_shown_with_its_turns_and_edges(config, graphmer):
    outcome = graphmer("show", config, "--dialogue", "Ses02F_d0")
    assert outcome.code == 0
    assert "Ses02F_d0, complete" in outcome.out
    assert "turn 3" in outcome.out
    assert "3 edges near/past/inter" in outcome.out
    assert "…" not in outcome.out
    assert max(map(len, outcome.out.splitlines())) <= 80


def test_the_first_dialogue_is_shown_through_a_protocol(config, graphmer):
    outcome = graphmer("show", config, "--missing", "t")
    assert "Ses01F_d0, t" in outcome.out
    rows = [line.split("│")[3:5] for line in outcome.out.splitlines() if line.startswith("│")]
    assert [[cell.strip() for cell in row] for row in rows] == [["-", "yes"]] * 3


def test_a_simulated_dialogue_is_called_so(graphmer, tmp_path):
    outcome = graphmer("show", write_config(tmp_path / "tiny.yaml"))
    assert "SIMULATED: Ses01_sim001, complete" in outcome.out


@pytest.mark.parametrize("ending", ["png", "svg"])
def test_the_graph_is_drawn(ending, config, graphmer, tmp_path):
    file = tmp_path / f"graph.{ending}"
    assert f"Drawn: {file}" in graphmer("show", config, "--png", file).out
    assert file.stat().st_size > 1000


def test_turns_and_relations_to_draw_are_chosen_by_number_id_and_rule(config, graphmer, tmp_path):
    file = tmp_path / "graph.svg"
    with mpl.rc_context({"svg.fonttype": "none"}):
        chosen = ("--turn", "2", "--turn", "Ses01F_d0_M001", "--relation", "near/past")
        outcome = graphmer("show", config, "--png", file, *chosen)
    assert outcome.code == 0
    drawn = file.read_text()
    assert "Incoming edges of turn 1, M: 1" in drawn
    assert "Incoming edges of turn 2, F: 1" in drawn
    assert "near/past/inter" in drawn
    assert "near/future/inter" not in drawn
    assert "own/past/intra" not in drawn


def test_all_relations_are_drawn_beside_a_turn(config, graphmer, tmp_path):
    file = tmp_path / "graph.svg"
    with mpl.rc_context({"svg.fonttype": "none"}):
        graphmer("show", config, "--png", file, "--turn", "0", "--relation", "all")
    drawn = file.read_text()
    assert "Incoming edges of turn 0" in drawn
    assert "Edges by relation" in drawn
    assert "own/past/intra" in drawn


def test_what_is_left_out_of_the_picture_is_said(config, graphmer, tmp_path):
    outcome = graphmer("show", config, "--png", tmp_path / "graph.png")
    assert "Without edges in this dialogue: near/past/intra, near/future/intra." in outcome.out


def test_words_in_brackets_are_shown_as_they_are(graphmer, tmp_path):
    turn = Utterance("[b]A[/x]", {"text": [0.0]}, "calm", text="[laughter] no")
    root = write_own(
        tmp_path / "mine", [Dialogue.from_utterances("d", [turn])], LabelSpace(("calm",)), {"text": 1}
    )
    config = write_config(tmp_path / "mine.yaml", data={"format": "graphmer", "root": str(root)})
    outcome = graphmer("show", config)
    assert "[laughter] no" in outcome.out
    assert "[b]A[/x]" in outcome.out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["--dialogue", "Ses02F_d"],
            "--dialogue: IEMOCAP has no dialogue 'Ses02F_d'. Did you mean 'Ses02F_d",
        ),
        (["--missing", "everything"], "--missing: Unknown missing-modality protocol 'everything'"),
        (["--png", "graph.xyz"], "--png: must end in .png, .svg or .pdf; got graph.xyz."),
        (["--turn", "1"], "--turn chooses what is drawn; say where to draw it with --png."),
        (["--relation", "near"], "--relation chooses what is drawn; say where to draw it with --png."),
        (
            ["--png", "x.png", "--turn", "3"],
            "--turn: must be a number from 0 to 2 or an id such as 'Ses01F_d0_F000'; got '3'.",
        ),
        (["--png", "x.png", "--turn", "-1"], "--turn: must be a number from 0 to 2 or an id"),
        (
            ["--png", "x.png", "--relation", "near/pst"],
            "--relation: no relation 'near/pst'. Did you mean 'near/past'?",
        ),
        (["--png", "/no/where/graph.png"], "/no/where/graph.png: No such file or directory."),
    ],
)
def test_a_mistake_is_one_clear_line(arguments, message, config, graphmer):
    assert graphmer("show", config, *arguments).complaint.startswith(message)
