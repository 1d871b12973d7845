"""One model trained by two processes on one machine, as `torchrun` starts them."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from graphmer.processes import merged, rank_and_count
from graphmer.training.model_file import load_model
from tests.experiment.test_curriculum import HARDY
from tests.experiment.tiny import SIZES, Silent, arrays_of, begin, write_config, write_corpus

NO_DROPOUT = {
    "model__dropout": 0.0,
    "model__router_logit_dropout": 0.0,
    "model__message_passing__dropout": 0.0,
}
ROOT = Path(__file__).parents[2]


def test_one_process_alone_merges_nothing():
    assert rank_and_count() == (0, 1)
    assert merged({3: "x"}) == {3: "x"}


def one_machine() -> list[list[str]]:
    """Options of the only process group: two processes."""
    return [["--standalone", "--nproc-per-node", "2"]]


def two_machines() -> list[list[str]]:
    """Options of two process groups of one process each, as two machines start them."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = str(found.getsockname()[1])
    common = ["--nnodes", "2", "--nproc-per-node", "1", "--master-addr", "127.0.0.1", "--master-port", port]
    return [[*common, "--node-rank", rank] for rank in "01"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("machines", "added"), [(one_machine, {}), (two_machines, {}), (one_machine, HARDY)], ids=str
)
def test_two_processes_train_the_model_that_one_trains(machines, added, tmp_path):
    """Without dropout both are equal but for rounding; no dialogue is predicted twice or not at all."""
    root = write_corpus(tmp_path / "corpus")
    changes = {**NO_DROPOUT, **added, "folds": [1, 2]}
    alone = begin(tmp_path, root, **changes)
    alone.train(Silent())
    path = write_config(tmp_path / "two.yaml", root, name="two", **changes)
    train = ["-m", "graphmer", "train", str(path), "--runs", str(tmp_path / "runs"), "--device", "cpu"]
    groups = [
        subprocess.Popen(
            [sys.executable, "-m", "torch.distributed.run", *options, *train],
            env={**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for options in machines()
    ]
    for group in groups:
        out, err = group.communicate()
        assert group.returncode == 0, err
        assert "Traceback" not in out
    together = tmp_path / "runs" / "two"
    for folder in (together, alone.folder.path):
        assert (folder / "fold2-seed1" / "hardness.npz").is_file() == bool(added)
    assert {path.name for path in (tmp_path / "runs").iterdir()} == {"tiny", "two"}
    lines = [json.loads(line) for line in (together / "log.jsonl").read_text().splitlines()]
    first = [json.loads(line) for line in (alone.folder.path / "log.jsonl").read_text().splitlines()]
    assert [(line["fold"], line["number"]) for line in lines] == [
        (line["fold"], line["number"]) for line in first
    ]
    for mine, other in zip(lines, first, strict=True):
        assert mine["losses"] == pytest.approx(other["losses"], rel=1e-3)
    for fold, lengths in zip((1, 2), SIZES, strict=False):
        names = [run / f"fold{fold}-seed1" for run in (together, alone.folder.path)]
        found, expected = (arrays_of(name / "predictions" / "at.npz") for name in names)
        assert len(found["output"]) == sum(lengths)
        assert found["utterance_ids"].tolist() == expected["utterance_ids"].tolist()
        torch.testing.assert_close(
            torch.from_numpy(found["output"]), torch.from_numpy(expected["output"]), rtol=0, atol=1e-3
        )
        weights, others = (load_model(name).model.state_dict() for name in names)
        for name in weights:
            torch.testing.assert_close(weights[name], others[name], rtol=0, atol=2e-3, msg=name)
