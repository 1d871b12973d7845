import json

import numpy as np
import pytest
from safetensors.numpy import save_file

from benchmarks.accuracy.same import comparison, pair, renamed

ENVIRONMENT = {"commit": "c", "versions": {}, "processor": "p", "threads": 1, "corpus": "d"}


@pytest.mark.parametrize(
    ("before", "now"),
    [
        ("messages.convolutions.1.heard.weight", "network.message_passing.convolutions.1.neighbors.weight"),
        ("messages.norms.0.bias", "network.message_passing.norms.0.bias"),
        ("emotion.weight", "network.emotion.weight"),
        ("decoders.text.bias", "network.reconstruction.text.bias"),
        ("decoder.start", "decoder.start"),
        ("network.emotion.weight", "network.emotion.weight"),
    ],
)
def test_tensors_get_the_names_that_they_have_now(before, now):
    assert renamed(before) == now


def test_the_last_bit_of_a_number_counts_and_nan_equals_nan():
    first = {"a": np.array([1.0, np.nan], np.float32), "b": np.array(["x"])}
    assert comparison(first, dict(first)).different == ()
    other = {**first, "a": np.array([np.nextafter(np.float32(1), np.float32(2)), np.nan], np.float32)}
    found = comparison(first, other)
    assert found.different == ("a",)
    assert found.largest == pytest.approx(2**-23)


@pytest.mark.parametrize("other", [{}, {"a": np.zeros(3)}, {"a": np.array([np.nan, 0.0])}])
def test_what_cannot_be_compared_has_no_largest_difference(other):
    found = comparison({"a": np.zeros(2)}, other)
    assert found.different == ("a",)
    assert found.largest is None


def test_one_changed_prediction_of_a_run_is_found(tmp_path):
    for name, value in (("before", 0.5), ("after", 0.25)):
        model = tmp_path / name / "fold1-seed1"
        (model / "predictions").mkdir(parents=True)
        save_file({"emotion.weight": np.ones(2, np.float32)}, model / "model.safetensors")
        np.savez(model / "predictions" / "at.npz", output=np.array([value]))
        facts = {"calibration": {"emotion": 1.0}, "facts": {"epoch": 1, "validation": 0.5}}
        (model / "model.json").write_text(json.dumps(facts))
        (model.parent / "environment.json").write_text(json.dumps(ENVIRONMENT))
        (model.parent / "config.yaml").write_text("data: {root: /somewhere/corpus}")
    found = pair(tmp_path / "before", tmp_path / "after")
    assert [part["equal"] for part in found["parts"].values()] == [True, False, True]
    assert found["parts"]["stored"]["different"] == ("fold1-seed1/predictions/at.npz/output",)
    assert found["parts"]["stored"]["largest"] == 0.25
    assert found["before"]["config"]["data"]["root"] == "corpus"
