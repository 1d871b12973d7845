import json

import pytest
import torch

from graphmer.errors import CheckpointError
from graphmer.evaluation.predictions import Predictions
from graphmer.experiment.fold import predictions_path
from graphmer.experiment.reporting import report_content
from graphmer.inference import load
from tests.experiment.tiny import begin
from tests.report.pages import content_of, finished_run


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return finished_run(tmp_path_factory.mktemp("reporting"))


@pytest.fixture(scope="module")
def content(run):
    return content_of(run)


def test_everything_is_json(content):
    json.dumps(content, allow_nan=False)


def test_the_timelines_are_test_dialogues_and_say_what_was_stored(run, content):
    folder = run.folder.fold(1, 1)
    stored = Predictions.load(predictions_path(folder, "at"))
    assert content["timelines"]
    for shown in content["timelines"]:
        assert shown["id"] in run.components.folds[1].test
        turns = stored.dialogue == stored.dialogue_ids.index(shown["id"])
        said = torch.tensor(shown["under"]["at"]["probability"])
        torch.testing.assert_close(said, stored.output[turns], atol=6e-4, rtol=0)
        assert shown["emotion"] == stored.target[turns].tolist()


def test_each_timeline_has_every_set_of_its_modalities(content):
    assert content["sets"] == {"nothing": (), "a": ("audio",), "t": ("text",), "at": ("audio", "text")}
    for shown in content["timelines"]:
        assert list(shown["under"]) == list(content["sets"])
    assert list(content["help"]) == list(content["sets"])
    assert content["help"]["at"] == "nothing is missing"


def test_router_weights_are_means_over_the_turns_that_have_the_input(run, content):
    weights = content["router"]
    assert weights["a"][1] == [None, None]
    assert sum(weights["at"][0]) == pytest.approx(1, abs=1e-3)
    predictor = load(run.folder.path)
    test = [d for d in run.components.corpus.dialogues if d.id in run.components.folds[1].test]
    router = torch.cat([said.router for said in predictor.predict_many(test)])
    assert weights["at"][1] == pytest.approx(router[:, 1].mean(dim=0).tolist(), abs=1e-3)


def test_the_config_the_log_and_the_machine_are_there(run, content):
    assert content["config"] == (run.folder.path / "config.yaml").read_text()
    assert [(model["fold"], model["seed"]) for model in content["training"]] == [(1, 1), (1, 2)]
    assert content["environment"]["versions"]["torch"] == torch.__version__
    assert content["corpus"]["dialogues"] == len(run.components.corpus.dialogues)


def test_a_run_that_is_not_finished_says_how_to_continue(tmp_path):
    with pytest.raises(CheckpointError, match=r"2 models are not trained yet.*--resume"):
        report_content(begin(tmp_path, folds=[1], seeds=[1, 2]))
