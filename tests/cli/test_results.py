import json
from dataclasses import replace

import pytest
import torch

from graphmer.cli import terminal
from graphmer.cli.results import show_scores
from graphmer.dialogue import LabelSpace
from graphmer.evaluation.scores import Scores
from tests.evaluation.speech import EMOTIONS, random_speech

META = {"title": "tiny", "simulated": False, "selection": "validation"}


def print_scores(predictions, labels, folder):
    """Print the tables of one seed and fold, and write them to `folder`."""
    keyed = {(1, "1", predictions.condition): predictions}
    scores = Scores.from_predictions(keyed, labels=labels, modalities=("audio", "text"), meta=META)
    show_scores(scores, keyed, {}, folder / "scores.md", folder / "change.json", folder / "causes.json")


@pytest.mark.parametrize("columns", [80, 200])
def test_changes_of_classes_are_printed_and_written(columns, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(terminal.console, "_width", columns)
    print_scores(random_speech(0), EMOTIONS, tmp_path)
    printed = capsys.readouterr().out
    assert "tiny: change of emotion" in printed
    assert "derived from the predicted emotions" in " ".join(printed.split())
    assert "ORACLE" not in printed
    assert max(map(len, printed.splitlines()[:-1])) <= columns
    assert "gold history: an ORACLE" in (tmp_path / "scores.md").read_text()
    assert set(json.loads((tmp_path / "change.json").read_text())["histories"]) == {"predicted", "gold"}


def test_a_corpus_of_scores_has_no_changes(tmp_path, capsys):
    speech = random_speech(0)
    target = torch.where(speech.target < 0, torch.nan, speech.target - 1.0)
    print_scores(
        replace(speech, target=target, output=speech.output[:, :1]), LabelSpace(interval=(-3, 3)), tmp_path
    )
    assert "MAE" in capsys.readouterr().out
    assert "change" not in (tmp_path / "scores.md").read_text()
    assert not (tmp_path / "change.json").exists()
