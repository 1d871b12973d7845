import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import mkdtemp

import pytest

from graphmer import storage
from graphmer.storage import PARTIAL, is_stream, remove_partials, replacing, write_text


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
        assert partial.name == path.name
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


def test_a_folder_is_written_whole_and_replaces_an_empty_one(tmp_path):
    target = tmp_path / "corpus"
    target.mkdir()
    with replacing(target) as partial:
        partial.mkdir()
        (partial / "a").write_text("1")
        assert not list(target.iterdir())
    assert (target / "a").read_text() == "1"


def test_a_folder_in_use_stays_as_it_is(tmp_path):
    target = tmp_path / "corpus"
    target.mkdir()
    (target / "a").write_text("1")
    with pytest.raises(OSError, match="not empty") as raised, replacing(target) as partial:
        shutil.copytree(target, partial)
    assert raised.value.filename == str(target)
    assert list(tmp_path.rglob("*")) == [target, target / "a"]


def test_a_symbolic_link_stays_and_what_it_leads_to_is_replaced(tmp_path):
    (tmp_path / "disk").mkdir()
    (tmp_path / "disk" / "scores.json").write_text("old")
    link = tmp_path / "scores.json"
    link.symlink_to(Path("disk") / "scores.json")
    write_text(link, "new")
    assert link.is_symlink()
    assert (tmp_path / "disk" / "scores.json").read_text() == "new"
    assert [path.name for path in (tmp_path / "disk").iterdir()] == ["scores.json"]


def test_a_pipe_is_not_replaced_by_a_file(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with pytest.raises(OSError, match="Not a regular file") as raised:
        write_text(pipe, "text")
    assert raised.value.filename == str(pipe)
    assert pipe.is_fifo()
    assert is_stream(pipe)


def test_an_error_of_another_file_names_that_one(tmp_path):
    with pytest.raises(FileNotFoundError) as raised, replacing(tmp_path / "a"):
        (tmp_path / "b").read_text()
    assert raised.value.filename == str(tmp_path / "b")
    with pytest.raises(OSError, match="full") as raised, replacing(tmp_path / "a"):
        raise OSError(28, "full")
    assert raised.value.filename == str(tmp_path / "a")


def test_a_name_may_be_as_long_as_the_system_allows(tmp_path):
    write_text(tmp_path / ("n" * 255), "text")
    assert [len(path.name) for path in tmp_path.iterdir()] == [255]


WRITER = """
import sys, time
from pathlib import Path
from graphmer.storage import replacing
with replacing(Path(sys.argv[1])) as partial:
    partial.write_text("half")
    print("writing", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def writer(tmp_path):
    """Starts a process that has written half of a file in the folder."""
    started = []

    def start(path):
        process = subprocess.Popen(
            [sys.executable, "-c", WRITER, path],
            cwd=Path(__file__).parents[1],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        started.append(process)
        assert process.stdout.readline() == b"writing\n"
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def temporary(folder):
    return list(folder.rglob(PARTIAL))


def test_what_a_killed_writer_left_is_removed_by_the_next_one_and_what_a_living_one_has_is_not(
    tmp_path, writer
):
    path = tmp_path / "note.txt"
    path.write_text("old")
    killed, living = writer(path), writer(path)
    killed.kill()
    killed.wait()
    assert len(temporary(tmp_path)) == 2
    write_text(tmp_path / "other.txt", "text")
    assert len(temporary(tmp_path)) == 1
    assert path.read_text() == "old"
    living.communicate()
    assert path.read_text() == "half"
    assert not temporary(tmp_path)


def test_partials_of_killed_writers_are_removed_in_all_folders_and_nothing_else_is(tmp_path, writer):
    (tmp_path / "fold1").mkdir()
    killed, living = writer(tmp_path / "fold1" / "a"), writer(tmp_path / "fold1" / "b")
    killed.kill()
    killed.wait()
    (tmp_path / ".graphmer-notes").touch()
    remove_partials(tmp_path)
    assert len(temporary(tmp_path)) == 1
    living.communicate()
    assert sorted(path.name for path in tmp_path.rglob("*")) == [".graphmer-notes", "b", "fold1"]


def test_a_folder_that_was_left_before_it_could_be_locked_is_removed(tmp_path):
    (tmp_path / PARTIAL.replace("*", "abc")).mkdir()
    write_text(tmp_path / "note.txt", "text")
    assert [path.name for path in tmp_path.iterdir()] == ["note.txt"]


def test_a_new_temporary_folder_that_another_process_takes_for_abandoned_is_no_error(tmp_path, monkeypatch):
    made = []

    def intrude(**given):
        made.append(mkdtemp(**given))
        if len(made) == 1:
            remove_partials(tmp_path)
        return made[-1]

    monkeypatch.setattr(storage, "mkdtemp", intrude)
    write_text(tmp_path / "note.txt", "text")
    assert made
    assert [path.name for path in tmp_path.iterdir()] == ["note.txt"]


def test_where_the_system_has_no_locks_files_are_written_all_the_same(tmp_path, monkeypatch):
    monkeypatch.setattr(storage, "_acquired", lambda lock: False)
    write_text(tmp_path / "note.txt", "text")
    with replacing(tmp_path / "note.txt") as partial:
        partial.write_text("new")
        write_text(tmp_path / "other.txt", "text")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["note.txt", "other.txt"]
    assert (tmp_path / "note.txt").read_text() == "new"


def test_many_threads_may_write_the_same_file(tmp_path):
    path = tmp_path / "note.txt"
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: write_text(path, f"{number}" * 1000), range(200)))
    assert path.read_text() in {f"{number}" * 1000 for number in range(200)}
    assert [each.name for each in tmp_path.iterdir()] == ["note.txt"]
