import json
import logging
import subprocess

import pytest

from graphmer.errors import CheckpointError
from graphmer.training import run_folder
from graphmer.training.run_folder import RunFolder, commit, environment


def test_a_new_folder_holds_configuration_and_environment(tmp_path):
    folder = RunFolder.create(tmp_path / "runs", "demo", "name: demo\n", {"device": "cpu"})
    assert folder.path == tmp_path / "runs" / "demo"
    assert (folder.path / "config.yaml").read_text() == "name: demo\n"
    assert RunFolder(folder.path).environment["device"] == "cpu"


def test_a_taken_name_gets_a_number(tmp_path):
    names = [RunFolder.create(tmp_path, "demo", "", {}).path.name for _ in range(3)]
    assert names == ["demo", "demo-2", "demo-3"]


def test_a_folder_that_is_no_run_is_refused(tmp_path):
    with pytest.raises(CheckpointError, match=r"no run folder \(it has no config.yaml\). Name one"):
        RunFolder(tmp_path)


def log(folder: RunFolder, fold: int, number: int) -> None:
    epoch = {"stage": "mixing", "losses": {"emotion": 1.0}, "score": None, "best": False, "seconds": 0.1}
    folder.log(fold=fold, seed=1, number=number, **epoch)


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
        log(folder, fold, number)
    with (folder.path / "log.jsonl").open("a") as file:
        file.write('{"time": 1, "fo')
    folder.truncate_log({(1, 1): 1, (3, 1): 0})
    assert [(each["fold"], each["number"]) for each in folder.records()] == [(1, 1), (2, 1), (2, 2)]


def test_a_rewound_log_that_has_nothing_to_lose_is_left_as_it_is(tmp_path):
    folder = RunFolder.create(tmp_path, "demo", "", {})
    log(folder, 1, 1)
    before = (folder.path / "log.jsonl").stat()
    folder.truncate_log({(1, 1): 1})
    after = (folder.path / "log.jsonl").stat()
    assert (after.st_ino, after.st_size) == (before.st_ino, before.st_size)


DAMAGED = {
    "{": "cannot be read",
    "5": "must hold a JSON object, got int",
    "[1]": "must hold a JSON object, got list",
    "[" * 100_000: "nested too deeply",
    '{"fold": 1}': "seed: field required",
    '{"checksum": ""}': "does not match its checksum",
}


@pytest.mark.parametrize(("line", "message"), DAMAGED.items(), ids=range(len(DAMAGED)))
def test_a_damaged_line_of_a_log_is_named(line, message, tmp_path):
    folder = RunFolder.create(tmp_path, "demo", "", {})
    log(folder, 1, 1)
    with (folder.path / "log.jsonl").open("a") as file:
        file.write(line + "\n")
    with pytest.raises(
        CheckpointError, match=rf"log\.jsonl:2: .*{message}.* Restore the file, or delete this line\.$"
    ):
        folder.truncate_log({})


def test_a_log_of_an_earlier_version_is_read_without_checksums(tmp_path):
    folder = RunFolder.create(tmp_path, "demo", "", {})
    log(folder, 1, 1)
    (record,) = folder.records()
    (folder.path / "log.jsonl").write_text(json.dumps(record) + "\n")
    assert folder.records() == [record]


def test_epochs_that_a_log_lacks_are_named(tmp_path, caplog):
    folder = RunFolder.create(tmp_path, "demo", "", {})
    log(folder, 1, 2)
    folder.truncate_log({(1, 1): 3})
    (message,) = [record.getMessage() for record in caplog.records]
    assert message == f"{folder.path}/log.jsonl: no record of epochs [1, 3] of fold 1 seed 1."


def test_an_edited_configuration_is_named(tmp_path, caplog):
    folder = RunFolder.create(tmp_path, "demo", "name: demo\n", {})
    folder.warn_if_edited()
    assert not caplog.records
    (folder.path / "config.yaml").write_text("name: other\n")
    with caplog.at_level(logging.WARNING):
        folder.warn_if_edited()
    (message,) = [record.getMessage() for record in caplog.records]
    assert message.startswith(f"{folder.path}/config.yaml: edited or damaged since the run was created")
