import json

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from graphmer.corpora.dataset import read_dataset
from graphmer.corpora.parquet.write import write_parquet
from graphmer.errors import ConfigError
from tests.experiment.tiny import Silent, arrays_of, begin, write_own
from tests.talks import LABELS, WIDTHS, talk

HEADS = {"heads__change": True, "heads__decoder": "chain"}


def own(folder):
    """Four dialogues for training, two for validation, two for the test."""
    dialogues = [talk("ABABAB", id=f"d{n}", seed=n) for n in range(8)]
    parts = {f"d{n}": part for n, part in enumerate(4 * ["train"] + 2 * ["validation"] + 2 * ["test"])}
    return write_own(folder, dialogues, LABELS, WIDTHS, parts)


def on_disk(root, *, mapped, format="graphmer"):
    return {"data": {"format": format, "root": str(root), "mapped": mapped}, "split__scheme": "official"}


@pytest.mark.parametrize("format", ["graphmer", "parquet"])
def test_features_on_disk_train_the_model_that_those_in_memory_train(tmp_path, format):
    """Calibration and expected gains of modalities, which read the features once more, included."""
    root, folders = own(tmp_path / "own"), []
    stored = root
    if format == "parquet":
        pytest.importorskip("pyarrow", reason="pyarrow is not installed")
        stored = tmp_path / "own.parquet"
        write_parquet(read_dataset(root), stored)
    for mapped in (False, True):
        chosen = on_disk(stored, mapped=True, format=format) if mapped else on_disk(root, mapped=False)
        run = begin(tmp_path / str(mapped), **chosen, **HEADS)
        run.train(Silent())
        folders.append(run.folder.path / "fold1-seed1")
    one, other = (load_file(folder / "model.safetensors") for folder in folders)
    assert all(torch.equal(one[name], other[name]) for name in one)
    for name in ("model.json", "what_if.json"):
        first, second = (json.loads((folder / name).read_text()) for folder in folders)
        assert first == second, name
    first, second = (arrays_of(folder / "predictions" / "at.npz") for folder in folders)
    for name in ("output", "change", "available"):
        np.testing.assert_array_equal(first[name], second[name])


def test_a_curriculum_is_refused_where_features_stay_on_disk(tmp_path):
    with pytest.raises(ConfigError, match=r"features of the training part in memory; got `data.mapped` true"):
        begin(tmp_path, **on_disk(own(tmp_path / "own"), mapped=True), curriculum__initial_fraction=0.5)
