"""The wheel alone: a pack predicts in an empty environment."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from graphmer.experiment.packing import pack
from tests.experiment.tiny import WIDTHS, Silent, begin, write_corpus

ROOT = Path(__file__).parents[2]
CPU_TORCH = ("--no-deps", "--extra-index-url", "https://download.pytorch.org/whl/cpu", "torch==2.13.0+cpu")
"""As in the Makefile; where it cannot be had, pip chooses."""


def done(*command, folder):
    return subprocess.run([str(part) for part in command], cwd=folder, capture_output=True, text=True)


@pytest.mark.slow
def test_a_pack_predicts_in_an_empty_environment_with_the_wheel_only(tmp_path):
    root = write_corpus(tmp_path / "IEMOCAP")
    run = begin(tmp_path, root, folds=[1])
    run.train(Silent())
    pack(run.folder.path, tmp_path / "model.zip")

    pip = (sys.executable, "-m", "pip", "--disable-pip-version-check")
    made = done(*pip, "wheel", "-q", "--no-deps", "-w", tmp_path / "wheel", ROOT, folder=tmp_path)
    (wheel,) = (tmp_path / "wheel").glob("graphmer-*.whl") if made.returncode == 0 else [None]
    if wheel is None:
        pytest.skip(f"no wheel can be built here: {made.stderr[-200:]}")
    done(sys.executable, "-m", "venv", tmp_path / "env", folder=tmp_path)
    python = tmp_path / "env" / "bin" / "python"
    install = (python, "-m", "pip", "--disable-pip-version-check", "install", "-q")
    done(*install, *CPU_TORCH, folder=tmp_path)
    installed = done(*install, wheel, folder=tmp_path)
    if installed.returncode:
        pytest.skip(f"the dependencies cannot be installed here: {installed.stderr[-200:]}")

    features = {name: [0.5] * width for name, width in WIDTHS.items()}
    turns = [{"speaker": "Ann", "features": features}, {"speaker": "Bob", "features": {}}]
    (tmp_path / "talk.jsonl").write_text(json.dumps({"id": "talk", "utterances": turns}) + "\n")
    predicted = done(python, "-m", "graphmer", "predict", "model.zip", "talk.jsonl", folder=tmp_path)
    assert predicted.returncode == 0, predicted.stderr
    assert [turn["speaker"] for turn in json.loads(predicted.stdout)["turns"]] == ["Ann", "Bob"]
