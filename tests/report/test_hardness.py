import numpy as np
import pytest

from graphmer.errors import CheckpointError
from graphmer.report.hardness import BINS, hardness_counts

SETS = {"nothing": (), "a": ("audio",), "t": ("text",), "at": ("audio", "text")}


def test_each_set_has_the_counts_of_its_column(tmp_path):
    value = np.array([[np.nan, 0.01, 0.5, 0.99], [np.nan, 0.02, 0.5, 0.99]])
    np.savez(tmp_path / "hardness.npz", value=value)
    found = hardness_counts(tmp_path / "hardness.npz", SETS, ("audio", "text"))
    assert list(found) == ["a", "t", "at"]
    assert (found["a"][0], found["t"][BINS // 2], found["at"][-1]) == (2, 2, 2)
    assert all(sum(counts) == 2 for counts in found.values())


def test_a_model_without_a_hardness_file_has_no_histogram(tmp_path):
    assert hardness_counts(tmp_path / "hardness.npz", SETS, ("audio", "text")) is None


@pytest.mark.parametrize("content", [{"other": np.zeros(3)}, {"value": np.zeros((3, 8))}])
def test_a_file_with_other_content_is_refused(tmp_path, content):
    np.savez(tmp_path / "hardness.npz", **content)
    with pytest.raises(CheckpointError, match=r"hardness.npz: cannot be read as hardness"):
        hardness_counts(tmp_path / "hardness.npz", SETS, ("audio", "text"))
