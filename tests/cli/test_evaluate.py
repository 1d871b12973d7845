import json

import pytest

from graphmer.evaluation.scores import Scores
from tests.experiment.tiny import Silent, begin, write_corpus


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A finished run of one fold."""
    folder = tmp_path_factory.mktemp("finished")
    begun = begin(folder, write_corpus(folder / "corpus"), folds=[1])
    begun.train(Silent())
    return begun.folder.path


def test_a_run_is_evaluated_under_all_sets_and_rates(run, graphmer):
    outcome = graphmer("evaluate", run)
    assert outcome.code == 0
    scores = Scores.from_json(run / "evaluation.json")
    assert scores.conditions == ("a", "t", "at", *(f"rate:{n / 10:g}" for n in range(8)))
    assert (run / "evaluation.md").is_file()
    assert (run / "evaluation-change.json").is_file()
    assert "change of emotion" in outcome.out
    assert "…" not in outcome.out
    assert f"Run folder: {run}" in outcome.out


def test_conditions_rates_and_output_file_can_be_chosen(run, graphmer, tmp_path):
    out = tmp_path / "mine.json"
    outcome = graphmer("evaluate", run, "--conditions", "ta,burst:2", "--rates", "0.25", "--out", out)
    assert outcome.code == 0
    assert json.loads(out.read_text())["conditions"] == ["at", "burst:2", "rate:0.25"]
    assert graphmer("evaluate", run, "--conditions", "none", "--rates", "0:0.2:0.1", "--out", out).code == 0
    assert json.loads(out.read_text())["conditions"] == ["rate:0", "rate:0.1", "rate:0.2"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--rates", "half"], "--rates: must be first:last:step, rising within 0 and 1, or a list"),
        (["--rates", "0.7:0:0.1"], "--rates: must be first:last:step, rising within 0 and 1"),
        (["--rates", "0:1:0"], "--rates: must be first:last:step, rising within 0 and 1"),
        (["--rates", "0:inf:1"], "--rates: must be first:last:step, rising within 0 and 1"),
        (["--rates", "1.5"], "--conditions or --rates: "),
        (["--rates", "nan"], "--conditions or --rates: "),
        (["--conditions", "atx"], "--conditions or --rates: Unknown missing-modality protocol 'atx'"),
        (["--conditions", ""], "--conditions or --rates: Unknown missing-modality protocol ''"),
        (["--device", "gpu"], "--device: must be auto, cpu, cuda or cuda:<number>; got gpu."),
        (["--out", "/no/where/scores.json"], "/no/where/scores.json: No such file or directory."),
    ],
)
def test_a_mistake_is_one_clear_line(arguments, message, run, graphmer):
    assert graphmer("evaluate", run, *arguments).complaint.startswith(message)


def test_a_folder_that_is_not_a_run_is_one_clear_line(graphmer, tmp_path):
    assert "no run folder (it has no config.yaml)" in graphmer("evaluate", tmp_path).complaint


def test_an_unfinished_run_is_one_clear_line(graphmer, tmp_path):
    begun = begin(tmp_path, write_corpus(tmp_path / "corpus"), folds=[1])
    assert "model.json: not there. Name a run folder" in graphmer("evaluate", begun.folder.path).complaint


def test_weights_of_another_model_are_one_clear_line(run, graphmer, tmp_path):
    other = begin(tmp_path, run.parents[1] / "corpus", folds=[1], model__width=16)
    other.train(Silent())
    name = "fold1-seed1/model.safetensors"
    (other.folder.path / name).write_bytes((run / name).read_bytes())
    outcome = graphmer("evaluate", other.folder.path)
    assert "model.safetensors: its checksum is not the one in model.json" in outcome.complaint
    (other.folder.path / name).write_bytes(b"")
    assert "the file was damaged or replaced" in graphmer("evaluate", other.folder.path).complaint


def test_simulated_scores_are_compared_with_the_best_possible_ones(graphmer, tmp_path):
    begun = begin(tmp_path, folds=[1])
    begun.train(Silent())
    outcome = graphmer("evaluate", begun.folder.path, "--conditions", "at,noise:1", "--rates", "0.5")
    assert outcome.code == 0
    assert "SIMULATED: tiny" in outcome.out
    assert "best WA" in outcome.out
