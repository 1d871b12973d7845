import pytest

from graphmer.storage import remove_partials, replacing, write_text


def test_a_file_is_written_whole(tmp_path):
    write_text(tmp_path / "note.txt", "Zürich\n")
    assert (tmp_path / "note.txt").read_text(encoding="utf-8") == "Zürich\n"
    assert [path.name for path in tmp_path.iterdir()] == ["note.txt"]


def test_the_old_file_is_kept_until_the_new_one_is_complete(tmp_path):
    path = tmp_path / "note.txt"
    path.write_text("old")
    with replacing(path) as partial:
        partial.write_text("new")
        assert path.read_text() == "old"
        assert partial.parent == tmp_path
    assert path.read_text() == "new"


@pytest.mark.parametrize("old", ["old", None])
def test_after_a_failure_the_folder_is_unchanged(old, tmp_path):
    path = tmp_path / "note.txt"
    if old is not None:
        path.write_text(old)
    with pytest.raises(TypeError), replacing(path) as partial, partial.open("w") as file:
        file.writelines(["half", None])
    assert [file.read_text() for file in tmp_path.iterdir()] == ([] if old is None else [old])


def test_a_missing_folder_is_an_error(tmp_path):
    with pytest.raises(FileNotFoundError):
        write_text(tmp_path / "nowhere" / "note.txt", "text")


def test_partials_are_removed_wherever_they_are_and_nothing_else_is(tmp_path):
    (tmp_path / "fold1").mkdir()
    left = ["fold1/.model.json.12.part", ".scores.json.7.part"]
    kept = ["fold1/model.json", ".notes.part", "a.7.part"]
    for name in (*left, *kept):
        (tmp_path / name).touch()
    remove_partials(tmp_path)
    assert sorted(str(p.relative_to(tmp_path)) for p in tmp_path.rglob("*") if p.is_file()) == sorted(kept)
