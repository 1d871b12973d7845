import json
from dataclasses import replace

import pytest
import torch
from typer.testing import CliRunner

from graphmer.cli.app import app
from graphmer.dialogue import LabelSpace
from graphmer.errors import ConfigError
from graphmer.experiment import Run
from tests.experiment.tiny import Silent, begin, write_config, write_own
from tests.talks import LABELS, WIDTHS, talk

PARTS = ("train", "train", "train", "val", "test")


def corpus(folder, labels=LABELS, causes=True):
    dialogues = [talk("ABABAB", id=f"v{n}", seed=n) for n in range(10)]
    if causes:
        dialogues = [replace(each, causes={1: (0, 1), 4: (), 5: (4,)}) for each in dialogues]
    if labels.is_score:
        dialogues = [replace(each, emotion=(1.0, -1.0) * 3) for each in dialogues]
    parts = {f"v{n}": PARTS[n % 5] for n in range(10)}
    return write_own(folder / "own", dialogues, labels, WIDTHS, parts)


def changes(root, **more):
    return {
        "data": {"format": "graphmer", "root": str(root)},
        "split__scheme": "official",
        "evaluation": {"rates": [], "conditions": ["atv", "t"]},
        "heads__cause": True,
        **more,
    }


def test_a_run_learns_stores_and_scores_causes(tmp_path):
    run = begin(tmp_path, **changes(corpus(tmp_path)))
    run.train(Silent())
    predictions = run.kept()
    scores = run.cause_scores(predictions)
    assert scores.conditions == ("atv", "t")
    assert (scores.pairs, scores.causes) == (2 * (2 + 5 + 6), 2 * 3)
    again = Run.reopen(run.folder.path).predict(run.components.protocols)
    for key, found in predictions.items():
        torch.testing.assert_close(again[key].cause, found.cause, equal_nan=True)
    losses = [record["losses"] for record in run.folder.records()]
    assert "cause" in losses[-1]


def test_training_on_the_command_line_writes_the_scores_of_causes(tmp_path):
    file = write_config(tmp_path / "tiny.yaml", **changes(corpus(tmp_path)))
    result = CliRunner().invoke(
        app, ["train", str(file), "--runs", str(tmp_path / "runs"), "--device", "cpu"]
    )
    assert result.exit_code == 0, result.output
    stored = json.loads((tmp_path / "runs" / "tiny" / "causes.json").read_text())
    assert set(stored["conditions"]) == {"atv", "t"}
    assert "last turn of another speaker" in stored["rules"]
    assert "causes of emotions" in (tmp_path / "runs" / "tiny" / "scores.md").read_text()


def test_a_cause_head_is_refused_without_annotated_causes(tmp_path):
    with pytest.raises(ConfigError, match=r"heads.cause: must be false for a corpus without causes"):
        begin(tmp_path, **changes(corpus(tmp_path, causes=False)))


def test_a_cause_head_is_refused_for_scores(tmp_path):
    root = corpus(tmp_path, LabelSpace(interval=(-3.0, 3.0)))
    with pytest.raises(ConfigError, match=r"heads.cause: must be false for a corpus of scores"):
        begin(tmp_path, **changes(root))
