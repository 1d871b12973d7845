import json
from dataclasses import replace
from pathlib import Path

import pytest

from graphmer.checksums import read_json, write_json
from graphmer.errors import CheckpointError
from graphmer.evaluation.scores import Scores
from graphmer.experiment.comparing import (
    column_of,
    compare_runs,
    parameters,
    store_column,
    unique_names,
)
from graphmer.training.model_file import load_model
from tests.experiment.tiny import SIZES, Silent, begin, write_corpus
from tests.report.comparisons import column, facts


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    return write_corpus(tmp_path_factory.mktemp("comparing") / "corpus")


@pytest.fixture(scope="module")
def run(root):
    begun = begin(root.parent, root, folds=[1, 2])
    begun.train(Silent())
    return begun.folder.path


@pytest.fixture(scope="module")
def logistic(root):
    model = {"graph": None, "model": {"system": "logistic"}, "training": {"batch_nodes": 8}}
    begun = begin(root.parent, root, name="logistic", folds=[1, 2], **model)
    begun.train(Silent())
    return begun.folder.path


def result(run, fold=1):
    return json.loads((run / f"fold{fold}-seed1" / "result.json").read_text())


def test_the_time_of_the_test_is_stored_with_the_number_of_predictions(run):
    for fold in (1, 2):
        found = result(run, fold)
        assert found["predicted_utterances"] == sum(SIZES[fold - 1]) * 4
        assert 0 < found["predict_seconds"] < found["seconds"]
        assert found["mask_seed"] == 0


def test_facts_of_a_run_are_those_of_its_files(run):
    found = column_of(run).facts
    assert found["split"] == "session, 0.3 for validation"
    assert found["regime"] == "complete, then mixed"
    assert found["mask_seed"] == 0
    assert set(found["masks"]) == {"a", "t", "at", "rate:0.5"}
    assert len(set(found["masks"].values())) == 4
    assert found["validation_parts"]["1"] != found["validation_parts"]["2"]
    assert found["prediction_seconds"] == pytest.approx(
        sum(result(run, fold)["predict_seconds"] for fold in (1, 2))
        / sum(result(run, fold)["predicted_utterances"] for fold in (1, 2)),
        abs=1e-9,
    )
    trained = [result(run, fold)["seconds"] - result(run, fold)["predict_seconds"] for fold in (1, 2)]
    assert found["training_seconds"] == pytest.approx(sum(trained) / 2, abs=0.011)


def test_parameters_are_those_of_the_stored_model(run, logistic):
    model = load_model(run / "fold1-seed1").model
    assert parameters(run / "fold1-seed1") == (sum(each.numel() for each in model.parameters()), 0)
    # a classifier (4 classes) of each set of 3 and 4 features: weights, biases, means and scales; a prior
    classifiers = sum(4 * width + 4 + 2 * width for width in (3, 4, 7))
    assert column_of(logistic).facts["parameters"] - classifiers in range(4, 12)


def test_runs_of_one_protocol_are_compared(run, logistic):
    comparison = compare_runs([run, logistic], against="logistic")
    assert comparison.names == ("tiny", "logistic")
    assert comparison.reference == "logistic"
    stored = Scores.from_json(run / "scores.json")
    wa = {row.condition: row.mean for row in stored.summary() if row.metric == "wa"}
    assert [comparison.values(name, "wa")[0] for name in comparison.common] == list(wa.values())


def test_the_corpus_need_not_be_there(run, logistic, root):
    root.rename(root.with_name("away"))
    try:
        assert compare_runs([run, logistic]).names == ("tiny", "logistic")
    finally:
        root.with_name("away").rename(root)


def test_a_run_of_an_earlier_version_is_compared_without_its_times(run, logistic, tmp_path):
    old = tmp_path / "old"
    for path in (each for each in run.rglob("*") if each.is_file()):
        target = old / path.relative_to(run)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(path.read_bytes())
    for fold in (1, 2):
        path = old / f"fold{fold}-seed1" / "result.json"
        new = ("predict_seconds", "predicted_utterances", "mask_seed", "validation_part", "checksum")
        path.write_text(json.dumps({key: v for key, v in result(run, fold).items() if key not in new}))
    content = read_json(old / "scores.json")
    masks = content["meta"].pop("masks")
    write_json(old / "scores.json", content)
    found = column_of(old)
    assert "prediction_seconds" not in found.facts
    assert found.facts["masks"] == masks  # from the stored predictions
    assert compare_runs({"old": old, "new": run}).names == ("old", "new")


def test_scores_of_an_evaluation_have_the_facts_of_their_run(run, tmp_path):
    scores = Scores.from_json(run / "scores.json")
    (run / "evaluation.json").unlink(missing_ok=True)
    scores.to_json(run / "evaluation.json")
    found = column_of(run / "evaluation.json")
    assert found.facts == column_of(run).facts
    scores.to_json(tmp_path / "alone.json")
    assert set(column_of(tmp_path / "alone.json").facts) == {"masks"}


def test_a_stored_column_is_read_back(tmp_path):
    given = column("A system", 3)
    store_column(given, tmp_path / "system.json")
    found = column_of(tmp_path / "system.json")
    assert (found.name, found.facts) == ("A system", given.facts)
    assert (found.scores.counts == given.scores.counts).all()
    store_column(replace(given, facts=facts(parameters=5)), tmp_path / "system.json")
    assert column_of(tmp_path / "system.json").facts["parameters"] == 5


def test_names_that_repeat_become_those_of_systems_then_of_folders_then_numbers():
    def named(*pairs):
        return [column(name, 1, known=facts(system=system)) for name, system in pairs]

    def paths(*names):
        return [Path("/runs") / name for name in names]

    assert unique_names(named(("x", "momke"), ("y", "momke")), paths("p", "q")) == ["x", "y"]
    assert unique_names(named(("x", "momke"), ("x", "gcnet")), paths("x", "x-2")) == ["momke", "gcnet"]
    assert unique_names(named(("x", "momke"), ("x", "momke")), paths("x", "x-2")) == ["x", "x-2"]
    assert unique_names(named(("x", "momke"), ("x", "momke")), paths("x", "x")) == ["x (1)", "x (2)"]


def test_an_unfinished_run_and_a_damaged_result_are_refused(run, root, tmp_path):
    begun = begin(tmp_path, root)
    with pytest.raises(CheckpointError, match=r"Continue with `graphmer train --resume"):
        column_of(begun.folder.path)
    path = run / "fold1-seed1" / "result.json"
    content = path.read_text()
    path.write_text("{")
    with pytest.raises(CheckpointError, match=r"result\.json: cannot be read"):
        column_of(run)
    path.write_text(content)
