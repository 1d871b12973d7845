"""Commands with a model that estimates the reliability of modalities."""

import csv
import json

import pytest

from tests.experiment.test_damage import TOGETHER
from tests.experiment.tiny import Silent, begin, write_corpus


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("damage")
    begun = begin(folder, write_corpus(folder / "corpus"), folds=[1], **TOGETHER)
    begun.train(Silent())
    return begun.folder.path


def test_evaluation_says_how_well_damage_is_detected(run, graphmer):
    conditions = "at,noise:4@t,shift:1@a"
    outcome = graphmer("evaluate", run, "--conditions", conditions, "--rates", "0.5")
    assert outcome.code == 0
    assert "detection of" in outcome.out
    assert "noise:4@t" in outcome.out
    assert "detection of damage" in (run / "evaluation.md").read_text()
    assert graphmer("evaluate", run, "--conditions", "at", "--rates", "0.5").code == 0
    assert "detection of damage" not in (run / "evaluation.md").read_text()


def test_predictions_have_the_reliability(run, graphmer, tmp_path):
    source = tmp_path / "talk.jsonl"
    turns = [{"speaker": "A", "features": {"audio": [0.1, 0.2, 0.3], "text": [1, 2, 3, 4]}}] * 3
    source.write_text(json.dumps({"id": "d", "utterances": turns}) + "\n")
    outcome = graphmer("predict", run, source)
    assert outcome.code == 0, outcome.complaint
    (turn, *_) = json.loads(outcome.out.splitlines()[0])["turns"]
    assert turn["reliability"].keys() == {"audio", "text"}
    out = tmp_path / "out.csv"
    assert graphmer("predict", run, source, "--out", out).code == 0
    with out.open() as file:
        rows = list(csv.DictReader(file))
    assert all(0 <= float(row["reliability_audio"]) <= 1 for row in rows)
