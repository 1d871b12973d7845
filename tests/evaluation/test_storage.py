import pytest

from graphmer.evaluation.storage import replacing


def test_an_interrupted_write_leaves_the_older_file_and_nothing_else(tmp_path):
    path = tmp_path / "scores.json"
    path.write_text("older")
    with pytest.raises(TypeError), replacing(path) as file:
        file.writelines([b"half", "no bytes"])
    assert path.read_text() == "older"
    assert list(tmp_path.iterdir()) == [path]
