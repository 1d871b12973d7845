import sys

import pytest

from graphmer.cli.progress import CallbackList
from graphmer.cli.tensorboard import TensorBoardCallback
from graphmer.errors import ConfigError
from graphmer.training.trainer import Epoch


def test_a_missing_tensorboard_is_named_with_its_remedy(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)
    with pytest.raises(ConfigError, match=r"--tensorboard: .*pip install \"graphmer\[tensorboard\]\""):
        TensorBoardCallback(tmp_path)


def test_losses_and_validation_of_each_epoch_are_written(tmp_path):
    pytest.importorskip("tensorboard", reason="tensorboard is not installed")
    callback = TensorBoardCallback(tmp_path)
    callback.on_fold_start(2, 1, 3)
    callback.on_epoch_end(2, 1, Epoch("mixing", 1, {"emotion": 1.5}, 0.25, best=True, seconds=1.0))
    callback.on_fold_end(2, 1)
    assert list((tmp_path / "tensorboard" / "fold2-seed1").glob("events*"))


def test_several_callbacks_are_called_in_order():
    calls = []

    class Recorder:
        def __init__(self, name):
            self.name = name

        def on_fold_start(self, fold, seed, epochs):
            calls.append((self.name, "begins", fold))

        def on_epoch_end(self, fold, seed, epoch):
            calls.append((self.name, "epoch", epoch.number))

        def on_fold_end(self, fold, seed):
            calls.append((self.name, "ends", fold))

    both = CallbackList([Recorder("a"), Recorder("b")])
    both.on_fold_start(1, 1, 2)
    both.on_epoch_end(1, 1, Epoch("mixing", 7, {}, None, best=False, seconds=0.0))
    both.on_fold_end(1, 1)
    assert calls == [(n, *what) for what in (("begins", 1), ("epoch", 7), ("ends", 1)) for n in "ab"]
