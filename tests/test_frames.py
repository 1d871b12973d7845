import sys

import pytest

from graphmer.frames import data_frame


def test_without_pandas_the_command_that_installs_it_is_said(monkeypatch):
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(
        ImportError, match=r'^A data frame .* not installed. Run: pip install "graphmer\[pandas\]"$'
    ):
        data_frame([{"turn": 0}])


def test_a_column_of_none_has_the_type_that_is_asked_for():
    pytest.importorskip("pandas")
    frame = data_frame([{"turn": 0, "changed": None}, {"turn": 1, "changed": True}], {"changed": "boolean"})
    assert frame["turn"].tolist() == [0, 1]
    assert frame[frame["changed"]]["turn"].tolist() == [1]
