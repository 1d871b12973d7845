"""A training that is killed at any moment and continued equals one that was never interrupted.

Killed is the command alone, whose workers have to end by themselves, or its whole process group.
"""

import json
import os
import random
import signal
import subprocess
import sys
import time
import uuid
from collections import Counter
from pathlib import Path

import pytest
from filelock import FileLock

from graphmer.storage import PARTIAL
from graphmer.training.run_folder import RunFolder
from tests.counts import record
from tests.experiment.tiny import arrays_of, write_config, write_corpus
from tests.properties.mutations import EXAMPLES

ROOT = Path(__file__).parents[2]
KILLS = max(2, EXAMPLES * 30 // 2000)
"""Kills in all: thirty in `make fuzz`."""

PER_RUN = 3
"""Most kills of one run, which is continued after each."""

DYING = 2.0 + 0.5
"""Seconds that workers have to end in, and some for a busy machine to tell."""

STAGES = [
    {"name": "experts", "objective": "unimodal", "epochs": 3, "mask": "complete"},
    {"name": "mixing", "objective": "mixing", "epochs": 15},
]
ALIKE = ("config.yaml", "scores.json", "scores.md", "change.json")
ALIKE_OF_A_MODEL = ("model.safetensors", "model.json", "what_if.json")

pytestmark = [
    pytest.mark.fuzz,
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc"),
]


class Training:
    """The training of a small configuration in a folder of its own, as often as it takes.

    Args:
        folder: has the configuration; gets the run and the temporary files.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.run = folder / "runs" / "tiny"
        self.mark = f"GRAPHMER_TEST={uuid.uuid4().hex}"
        self.pids: set[int] = set()
        (folder / "tmp").mkdir()

    def start(self) -> subprocess.Popen:
        """Start the command, or continue the run, if there is one, in a process group of its own."""
        name, value = self.mark.split("=")
        environment = {"PYTHONPATH": str(ROOT), "TMPDIR": str(self.folder / "tmp"), name: value}
        arguments = ["--resume", "runs/tiny"] if self.run.exists() else ["tiny.yaml"]
        with (self.folder / "errors.txt").open("w") as errors:
            process = subprocess.Popen(
                [sys.executable, "-m", "graphmer", "train", *arguments, "--jobs", "2", "--device", "cpu"],
                cwd=self.folder,
                env=os.environ | environment,
                stdout=subprocess.DEVNULL,
                stderr=errors,
                start_new_session=True,
            )
        self.pids.add(process.pid)
        return process

    def finish(self) -> None:
        """Train until the end."""
        process = self.start()
        assert process.wait(600) == 0, (self.folder / "errors.txt").read_text()
        self.wait_for_end()

    def wait_for_end(self) -> None:
        """Wait until all processes have ended, as they do soon after the command."""
        deadline = time.monotonic() + DYING
        while living := self.living():
            assert time.monotonic() < deadline, f"{living} outlive the command"
            time.sleep(0.02)

    def living(self) -> set[int]:
        """Processes of the command that have not ended."""
        found = {int(path.name) for path in Path("/proc").iterdir() if path.name.isdigit()}
        found = {pid for pid in found if self.mark.encode() in read(f"/proc/{pid}/environ")}
        self.pids |= found
        return {pid for pid in found if b"State:\tZ" not in read(f"/proc/{pid}/status")}

    def records(self) -> list[dict]:
        """Whole lines of the log."""
        lines = read(self.run / "log.jsonl").split(b"\n")
        return [json.loads(line) for line in lines[:-1]]

    def left(self) -> list[str]:
        """What must not be there after the end: processes, locks, temporary files and semaphores."""
        lock = FileLock(self.run / "run.lock")
        lock.acquire(timeout=0)
        lock.release()
        names = [each.name for each in Path("/dev/shm").iterdir()]
        return [
            *map(str, self.living()),
            *map(str, (self.folder / "tmp").iterdir()),
            *map(str, self.folder.rglob(PARTIAL)),
            *map(str, self.folder.rglob("*.lock.json")),
            *(name for name in names if any(f"-{pid}-" in name for pid in self.pids)),
        ]


def read(path: str | Path) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError:  # of a process that has ended
        return b""


def key(record: dict) -> tuple:
    return record["fold"], record["seed"], record["number"]


def results(training: Training) -> dict[str, object]:
    """All that two trainings must have in common."""
    run = training.run
    found: dict[str, object] = {name: read(run / name) for name in ALIKE}
    for model in sorted(run.glob("fold*")):
        found |= {f"{model.name}/{name}": read(model / name) for name in ALIKE_OF_A_MODEL}
        for path in sorted((model / "predictions").iterdir()):
            arrays = arrays_of(path)
            found |= {f"{model.name}/{path.name}/{name}": arrays[name].tobytes() for name in arrays}
    assert all(found.values())
    records = sorted(RunFolder(run).records(), key=key)
    found["log"] = [{**each, "time": 0, "seconds": 0} for each in records]
    found["names"] = sorted(str(path.relative_to(training.folder)) for path in training.folder.rglob("*"))
    return found


@pytest.fixture(scope="module")
def make(tmp_path_factory):
    """Makes a training of the same small configuration."""
    corpus = write_corpus(tmp_path_factory.mktemp("corpus"))

    def training():
        folder = tmp_path_factory.mktemp("training")
        write_config(folder / "tiny.yaml", corpus, training__stages=STAGES, folds=[1, 2])
        return Training(folder)

    return training


def wait_for_moment(process: subprocess.Popen, training: Training, draw: random.Random, whole: int) -> None:
    """Wait for a random moment: of the beginning, of the training, or of its end and the tests after it."""
    phase = draw.choice(["beginning", "training", "training", "training", "end"])
    if phase == "beginning":
        until, delay = 0, draw.uniform(0, 8)
    elif phase == "training":
        until, delay = draw.randint(0, whole - 1), draw.uniform(0, 0.2)
    else:
        until, delay = whole, draw.uniform(0, 2)
    while phase != "beginning" and process.poll() is None and len(training.records()) <= until - 1:
        time.sleep(0.002)
    end = time.monotonic() + delay
    while process.poll() is None and time.monotonic() < end:
        time.sleep(0.002)


def kill(process: subprocess.Popen, training: Training, how: str) -> bool:
    """Kill a command, and see that its workers end; whether it was not too late."""
    if process.poll() is not None:
        return False
    (os.killpg if how == "group" else os.kill)(process.pid, signal.SIGKILL)
    process.wait()
    training.wait_for_end()
    return process.returncode == -signal.SIGKILL


def test_a_training_that_is_killed_and_continued_equals_an_uninterrupted_one(make):
    reference = make()
    reference.finish()
    expected = results(reference)
    assert not reference.left()
    keys = [key(each) for each in reference.records()]
    assert sorted(keys) == [(fold, 1, number) for fold in (1, 2) for number in range(1, 19)]
    draw, kills, survived = random.Random(19), Counter(), Counter()
    while kills.total() < KILLS:
        training = make()
        wanted = kills.total() + min(PER_RUN, KILLS - kills.total())
        while kills.total() < wanted:
            how = ("group", "parent alone")[kills.total() % 2]
            process = training.start()
            wait_for_moment(process, training, draw, len(keys))
            kills[how] += kill(process, training, how)
            record(f"training, killed: {how}", "kill", kills[how], survived[how])
            if process.returncode == 0:  # it was too late
                break
        training.finish()
        assert results(training) == expected
        assert not training.left()
        survived = kills.copy()
        for how in kills:
            record(f"training, killed: {how}", "kill", kills[how], survived[how])
