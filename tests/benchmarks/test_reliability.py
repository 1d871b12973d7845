import json

import pytest

from benchmarks import reliability
from tests.counts import record

FUZZ = "tests/properties/test_fuzz.py"


def test_counts_are_recorded_only_where_they_are_asked_for(tmp_path, monkeypatch):
    monkeypatch.delenv("GRAPHMER_FUZZ_COUNTS", raising=False)
    record("a test", "mutation", 2, 1)
    monkeypatch.setenv("GRAPHMER_FUZZ_COUNTS", str(tmp_path))
    record("a test", "mutation", 2, 1)
    (path,) = tmp_path.iterdir()
    assert json.loads(path.read_text()) == {"test": "a test", "kind": "mutation", "tried": 2, "survived": 1}


def test_a_test_counts_the_inputs_that_it_tried(tmp_path):
    (row,) = reliability.counted(tmp_path, 3, [FUZZ, "-k", "test_headers_of_other_content"])
    assert (row["kind"], row["survived"]) == ("mutation", row["tried"])
    assert row["tried"] >= 3


def test_nothing_is_stored_if_a_test_fails(tmp_path):
    with pytest.raises(SystemExit, match="nothing was stored"):
        reliability.counted(tmp_path, 3, [FUZZ, "-k", "no_such_test"])


def test_counts_are_summed_by_kind():
    rows = [("a", "kill", 30, 30), ("b", "mutation", 5, 5), ("c", "mutation", 2, 1)]
    tests = [dict(zip(("test", "kind", "tried", "survived"), row, strict=True)) for row in rows]
    assert reliability.totals(tests) == {"mutation": (7, 6), "kill": (30, 30)}


@pytest.mark.skipif(not reliability.RESULT.is_file(), reason="no counts are stored")
def test_every_stored_input_was_survived():
    stored = json.loads(reliability.RESULT.read_text())
    assert stored["examples"] >= 2000
    assert not stored["environment"]["commit"].endswith("-dirty")
    for tried, survived in reliability.totals(stored["tests"]).values():
        assert tried == survived > 0
