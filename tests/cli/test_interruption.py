import os
import pty
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from graphmer.storage import PARTIAL
from tests.experiment.tiny import write_config, write_corpus

ROOT = Path(__file__).parents[2]
HANDLING = "import runpy, signal; signal.signal(signal.SIGHUP, signal.SIG_DFL); "
DYING = 2.0 + 0.5
"""Seconds that workers have to end in, and some for a busy machine to tell."""

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")


def state_of(pid):
    """State and parent of a process; ``Z``, as of one that has ended, if it is gone."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    except OSError:
        return "Z", 0
    return fields[0], int(fields[1])


def workers_of(pid):
    found = [int(path.name) for path in Path("/proc").iterdir() if path.name.isdigit()]
    children = [child for child in found if state_of(child)[1] == pid]
    return [child for child in children if b"spawn_main" in Path(f"/proc/{child}/cmdline").read_bytes()]


def assert_all_end(pids):
    deadline = time.monotonic() + DYING
    while any(state_of(pid)[0] != "Z" for pid in pids):
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.fixture
def train(tmp_path, monkeypatch):
    """Starts an endless training of two models in parallel; ends what is left of it."""
    monkeypatch.chdir(tmp_path)
    endless = [{"name": "mixing", "objective": "mixing", "epochs": 100000}]
    config = write_config(tmp_path / "tiny.yaml", write_corpus(tmp_path / "corpus"), training__stages=endless)
    started = []

    def start(**streams):
        code = HANDLING + "runpy.run_module('graphmer', run_name='__main__')"
        environment = os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
        process = subprocess.Popen(
            [sys.executable, "-c", code, "train", config, "--jobs", "2"], env=environment, **streams
        )
        started.append(process)
        log, deadline = tmp_path / "runs" / "tiny" / "log.jsonl", time.monotonic() + 300
        while not (log.exists() and log.stat().st_size):
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.05)
        started.extend(workers_of(process.pid))
        assert len(started) == 3
        return process, started[1:]

    yield start
    for each in started:
        if isinstance(each, subprocess.Popen):
            each.kill()
            each.wait()
        elif state_of(each)[0] != "Z":
            os.kill(each, signal.SIGKILL)


def test_workers_end_when_their_parent_is_killed_and_its_lock_ends_with_it(train, graphmer):
    process, workers = train(stdout=subprocess.DEVNULL)
    assert graphmer("train", "--resume", "runs/tiny").complaint == (
        "runs/tiny: one process at a time may train a run; it is locked by process "
        f"{process.pid} on host {socket.gethostname()}. Wait until that has ended, or end it."
    )
    process.kill()
    assert_all_end(workers)
    (Path("runs/tiny/fold1-seed1") / PARTIAL.replace("*", "abc")).mkdir()
    config = Path("runs/tiny/config.yaml")
    config.write_text(re.sub(r"epochs: 100000", "epochs: 1", config.read_text()))
    assert graphmer("train", "--resume", "runs/tiny", "--jobs", "1").code == 0
    assert not list(Path("runs").rglob(PARTIAL))
    assert not Path("runs/tiny/run.lock.json").exists()


@pytest.mark.parametrize(
    ("number", "send"), [(signal.SIGTERM, os.kill), (signal.SIGTERM, os.killpg), (signal.SIGHUP, os.kill)]
)
def test_a_signal_ends_the_command_with_its_workers_and_prints_how_to_continue(number, send, train):
    process, workers = train(
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    send(process.pid, number)
    assert_all_end(workers)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 128 + number
    assert err == "error: interrupted; continue with: graphmer train --resume runs/tiny\n"
    assert not [path for path in Path("runs").rglob("*") if path.name.endswith((".part", "lock.json"))]


def test_a_terminal_that_closes_ends_the_command_with_its_workers(train):
    import fcntl
    import termios

    ours, theirs = pty.openpty()
    process, workers = train(
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
    )
    os.close(theirs)
    os.close(ours)
    assert_all_end(workers)
    assert process.wait(60) == 128 + signal.SIGHUP
    assert not [path for path in Path("runs").rglob("*") if path.name.endswith((".part", "lock.json"))]
