import csv
import json

import pytest

from graphmer.cli.turns import turn_table
from graphmer.errors import ConfigError
from graphmer.inference import Predictor
from graphmer.training.model_file import save_model
from tests.cli.test_predict import CHAT, chats, run
from tests.inference.test_predictor import saved, trained
from tests.talks import LABELS, talk


def with_head(folder, threshold=0.0):
    model = trained(cause=True)
    model.model.calibrate(model.model.calibration.model_copy(update={"cause_threshold": threshold}))
    (folder / "fold1-seed1").mkdir(parents=True)
    save_model(folder / "fold1-seed1", model)
    return folder


def test_json_and_csv_name_the_causes_of_a_model_with_a_cause_head(tmp_path):
    model, path = with_head(tmp_path / "run"), chats(tmp_path, CHAT)
    run(model, path, "--out", tmp_path / "p.jsonl")
    (dialogue,) = map(json.loads, (tmp_path / "p.jsonl").read_text().splitlines())
    run(model, path, "--out", tmp_path / "p.csv")
    rows = list(csv.DictReader((tmp_path / "p.csv").read_text().splitlines()))
    named = [turn for turn in dialogue["turns"] if turn["causes"]]
    assert named
    for turn, row in zip(dialogue["turns"], rows, strict=True):
        assert "+".join(cause["id"] for cause in turn["causes"]) == row["causes"]
        probabilities = [cause["probability"] for cause in turn["causes"]]
        assert probabilities == sorted(probabilities, reverse=True)
        assert [float(score) for score in row["cause_scores"].split("+") if score] == probabilities


def test_leaving_out_needs_no_cause_head(tmp_path):
    model, path = saved(tmp_path / "run", "fold1-seed1"), chats(tmp_path, CHAT, CHAT[:2])
    run(model, path, "--leave-out", "--out", tmp_path / "p.jsonl")
    dialogues = list(map(json.loads, (tmp_path / "p.jsonl").read_text().splitlines()))
    assert [len(each["turns"]) for each in dialogues] == [3, 2]
    causes = [cause for each in dialogues for turn in each["turns"] for cause in turn["causes"]]
    assert all(set(cause) == {"turn", "id", "probability_drop"} for cause in causes)
    run(model, path, "--out", tmp_path / "plain.jsonl")
    plain = json.loads((tmp_path / "plain.jsonl").read_text().splitlines()[0])
    assert "causes" not in plain["turns"][0]


def test_leaving_out_and_what_if_are_not_combined(tmp_path):
    with pytest.raises(ConfigError, match="--leave-out"):
        run(tmp_path, tmp_path, "--leave-out", "--what-if")


def test_a_table_draws_arcs_from_causes():
    model = trained(cause=True)
    model.model.calibrate(model.model.calibration.model_copy(update={"cause_threshold": 0.0}))
    table = turn_table(Predictor(model).predict(talk("AB")), LABELS)
    (column,) = [each for each in table.columns if each.header == "because of"]
    first, second = column.cells
    assert "•" in first or "─" in first
    assert "▸" in second or not second.strip(" •─")
    plain = turn_table(Predictor(trained()).predict(talk("AB")), LABELS)
    assert "because of" not in [each.header for each in plain.columns]
