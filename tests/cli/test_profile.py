import pytest
import torch

from graphmer.cli.profile import ProfileCallback
from graphmer.dialogue import Complete
from graphmer.systems.experts import OBJECTIVES
from graphmer.training.stage import Stage
from graphmer.training.trainer import Epoch
from tests.experiment.tiny import write_config, write_corpus


def test_the_first_epoch_of_each_stage_of_the_first_model_is_profiled(tmp_path):
    stages = [
        Stage("experts", 2, OBJECTIVES["unimodal"], Complete()),
        Stage("mixing", 2, OBJECTIVES["unimodal"], Complete()),
    ]
    callback = ProfileCallback(tmp_path / "profile.txt", stages)
    profiled = []
    for fold in (1, 2):
        callback.on_fold_start(fold, 1, 4)
        for number in range(1, 5):
            torch.ones(8, 8).mm(torch.ones(8, 8))
            if callback.running is not None:
                profiled.append((fold, number))
            name = stages[(number - 1) // 2].name
            callback.on_epoch_end(fold, 1, Epoch(name, number, {}, None, best=False, seconds=1.0))
        callback.on_fold_end(fold, 1)
    assert profiled == [(1, 1), (1, 3)]
    text = (tmp_path / "profile.txt").read_text()
    assert "Stage experts, epoch 1" in text
    assert "Stage mixing, epoch 3" in text
    assert text.count("aten::mm") == 2
    assert "MiB" in text


@pytest.mark.slow
def test_train_profile_writes_the_times_of_operations(graphmer, tmp_path):
    config = write_config(tmp_path / "tiny.yaml", write_corpus(tmp_path / "corpus"))
    done = graphmer("train", config, "--runs", tmp_path / "runs", "--profile", "--folds", "1", columns=120)
    assert done.code == 0, done.err
    assert "aten::addmm" in (tmp_path / "runs" / "tiny" / "profile.txt").read_text()
    assert "own ms" in done.out
