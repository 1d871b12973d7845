import json
import subprocess

import pytest

from graphmer.errors import CheckpointError
from graphmer.training import run_folder
from graphmer.training.run_folder import RunFolder, commit, environment


def test_a_new_folder_holds_configuration_and_environment(tmp_path):
    folder = RunFolder.create(tmp_path / "runs", "demo", "name: demo\n", {"device": "cpu"})
    assert folder.path == tmp_path / "runs" / "demo"
    assert (folder.path / "config.yaml").read_text() == "name: demo\n"
    assert RunFolder(folder.path).environment == {"device": "cpu"}


def test_a_taken_name_gets_a_number(tmp_path):
    names = [RunFolder.create(tmp_path, "demo", "", {}).path.name for _ in range(3)]
    assert names == ["demo", "demo-2", "demo-3"]


def test_a_folder_that_is_no_run_is_refused(tmp_path):
    with pytest.raises(CheckpointError, match=r"no run folder \(it has no config.yaml\). Name one"):
        RunFolder(tmp_path)


def test_the_log_grows_line_by_line(tmp_path):
    folder = RunFolder.create(tmp_path, "demo", "", {})
    folder.log(fold=1, score=0.5)
    folder.log(fold=2, score=None)
    lines = [json.loads(line) for line in (folder.path / "log.jsonl").read_text().splitlines()]
    assert [(line["fold"], line["score"]) for line in lines] == [(1, 0.5), (2, None)]
    assert lines[0]["time"] <= lines[1]["time"]


def test_every_fold_and_seed_has_its_folder(tmp_path):
    folder = RunFolder.create(tmp_path, "demo", "", {})
    assert folder.fold(3, 7).name == "fold3-seed7"
    assert folder.fold(3, 7).is_dir()


def test_the_environment_names_versions_and_machine_and_is_json():
    found = json.loads(json.dumps(environment(device="cpu")))
    assert {"versions", "commit", "platform", "processor", "threads", "device"} <= set(found)
    assert {"python", "torch", "torch-geometric", "numpy"} <= set(found["versions"])


def test_a_package_that_is_not_there_is_said_to_be_so(monkeypatch):
    monkeypatch.setattr(run_folder, "PACKAGES", ("no-such-package-of-anyone",))
    assert environment()["versions"]["no-such-package-of-anyone"] == "not installed"


def test_without_git_there_is_no_commit(monkeypatch):
    def fail(*args, **kwargs):
        raise subprocess.CalledProcessError(128, "git")

    monkeypatch.setattr(subprocess, "run", fail)
    assert commit() is None


def test_a_rewound_log_has_lost_the_epochs_that_come_again_and_a_torn_line(tmp_path):
    folder = RunFolder.create(tmp_path, "demo", "", {})
    for fold, number in ((1, 1), (2, 1), (1, 2), (2, 2), (3, 1)):
        folder.log(fold=fold, seed=1, number=number)
    with (folder.path / "log.jsonl").open("a") as file:
        file.write('{"time": 1, "fo')
    folder.truncate_log({(1, 1): 1, (3, 1): 0})
    assert [(each["fold"], each["number"]) for each in folder.records()] == [(1, 1), (2, 1), (2, 2)]


def test_a_rewound_log_that_has_nothing_to_lose_is_left_as_it_is(tmp_path):
    folder = RunFolder.create(tmp_path, "demo", "", {})
    folder.log(fold=1, seed=1, number=1)
    before = (folder.path / "log.jsonl").stat()
    folder.truncate_log({(1, 1): 1})
    after = (folder.path / "log.jsonl").stat()
    assert (after.st_ino, after.st_size) == (before.st_ino, before.st_size)


@pytest.mark.parametrize("line", ["{\n", "5\n", "[1]\n"])
def test_a_damaged_log_is_named(line, tmp_path):
    folder = RunFolder.create(tmp_path, "demo", "", {})
    (folder.path / "log.jsonl").write_text(line)
    with pytest.raises(CheckpointError, match=r"log\.jsonl: cannot be read"):
        folder.truncate_log({})
