import multiprocessing
from collections import Counter

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from graphmer.errors import CheckpointError, GraphmerError
from graphmer.training.checkpoint import save_tensors
from tests.experiment.tiny import Silent, begin, reopen, write_corpus


class Noting(Silent):
    """Remembers how often it was told what of each model."""

    def __init__(self):
        self.told = Counter()
        self.running = set()

    def on_fold_start(self, fold, seed, epochs):
        self.running.add((fold, seed))

    def on_epoch_end(self, fold, seed, epoch):
        assert (fold, seed) in self.running
        self.told[fold, seed] += 1

    def on_fold_end(self, fold, seed):
        self.running.remove((fold, seed))


class Once(Silent):
    """Does something when it hears of the first epoch."""

    def __init__(self, act):
        self.act = act

    def on_epoch_end(self, fold, seed, epoch):
        act, self.act = self.act, lambda: None
        act()


def weights(run, fold):
    return load_file(run.folder.fold(fold, 1) / "model.safetensors")


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    return write_corpus(tmp_path_factory.mktemp("corpus"))


@pytest.fixture(scope="module")
def whole(root, tmp_path_factory):
    run = begin(tmp_path_factory.mktemp("whole"), root)
    run.train(Silent())
    return run


def assert_as_one_after_the_other(run, whole):
    for fold in (1, 2, 3):
        one, other = weights(run, fold), weights(whole, fold)
        assert all(torch.equal(one[name], other[name]) for name in one)


def test_models_trained_side_by_side_are_those_trained_one_after_the_other(root, whole, tmp_path):
    run, callback = begin(tmp_path, root), Noting()
    scores = run.train(callback, jobs=2)
    assert callback.told == {(fold, 1): 4 for fold in (1, 2, 3)}
    assert not callback.running
    assert_as_one_after_the_other(run, whole)
    assert np.array_equal(scores.counts, whole.scores(whole.kept()).counts)


def test_an_interrupted_run_ends_its_processes_and_can_be_continued(root, whole, tmp_path):
    def interrupt():
        raise KeyboardInterrupt

    run = begin(tmp_path, root)
    with pytest.raises(KeyboardInterrupt):
        run.train(Once(interrupt), jobs=2)
    assert not multiprocessing.active_children()
    assert run.unfinished
    reopen(run.folder.path).train(Silent(), jobs=2)
    assert_as_one_after_the_other(run, whole)


def test_what_a_model_raises_is_raised(root, tmp_path):
    run = begin(tmp_path, root)
    save_tensors(run.folder.fold(2, 1) / "state.safetensors", {}, {"epoch": 1})  # of another model
    with pytest.raises(CheckpointError, match=r"fold2-seed1/state\.safetensors"):
        run.train(Silent(), jobs=2)
    assert not multiprocessing.active_children()


def test_a_killed_process_is_told_with_its_remedy(root, tmp_path):
    def kill():
        for process in multiprocessing.active_children():
            process.kill()

    run = begin(tmp_path, root)
    with pytest.raises(
        GraphmerError, match=r"was killed, perhaps for want of memory\. Continue with .*--jobs 1"
    ):
        run.train(Once(kill), jobs=2)
