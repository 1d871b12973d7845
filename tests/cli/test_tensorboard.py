import sys

import pytest

from graphmer.cli.progress import Together
from graphmer.cli.tensorboard import TensorBoardListener
from graphmer.errors import ConfigError
from graphmer.training.trainer import Epoch


def test_a_missing_tensorboard_is_named_with_its_remedy(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)
    with pytest.raises(ConfigError, match=r"--tensorboard: .*pip install \"graphmer\[tensorboard\]\""):
        TensorBoardListener(tmp_path)


def test_losses_and_validation_of_each_epoch_are_written(tmp_path):
    pytest.importorskip("tensorboard", reason="tensorboard is not installed")
    listener = TensorBoardListener(tmp_path)
    listener.fold_begins(2, 1, 3)
    listener.epoch_ends(2, 1, Epoch("mixing", 1, {"emotion": 1.5}, 0.25, best=True, seconds=1.0))
    listener.fold_ends(2, 1)
    assert list((tmp_path / "tensorboard" / "fold2-seed1").glob("events*"))


def test_several_listeners_hear_everything_in_order():
    heard = []

    class Noting:
        def __init__(self, name):
            self.name = name

        def fold_begins(self, fold, seed, epochs):
            heard.append((self.name, "begins", fold))

        def epoch_ends(self, fold, seed, epoch):
            heard.append((self.name, "epoch", epoch.number))

        def fold_ends(self, fold, seed):
            heard.append((self.name, "ends", fold))

    both = Together([Noting("a"), Noting("b")])
    both.fold_begins(1, 1, 2)
    both.epoch_ends(1, 1, Epoch("mixing", 7, {}, None, best=False, seconds=0.0))
    both.fold_ends(1, 1)
    assert heard == [(n, *what) for what in (("begins", 1), ("epoch", 7), ("ends", 1)) for n in "ab"]
