import subprocess
import sys
import time
from pathlib import Path

import pytest

PARENT = """
import ctypes, multiprocessing, pickle, sys, time
from graphmer.workers import start_worker
def hold():
    "Sleep without letting another thread run."
    ctypes.PyDLL(None).sleep(600)
if __name__ == "__main__":
    context = multiprocessing.get_context("spawn")
    worker = context.Process(target=start_worker, args=(pickle.dumps(hold),))
    worker.start()
    print(worker.pid, flush=True)
    time.sleep(600)
"""


def ended(pid):
    """Whether a process is gone, or only waits to be read by its new parent."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except OSError:
        return True
    return state == "Z"


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
@pytest.mark.parametrize("started", [True, False], ids=["later", "at once"])
def test_a_worker_ends_with_its_parent(started, tmp_path):
    script = tmp_path / "parent.py"
    script.write_text(PARENT)
    parent = subprocess.Popen(
        [sys.executable, script],
        cwd=tmp_path,
        env={"PYTHONPATH": str(Path(__file__).parents[1])},
        stdout=subprocess.PIPE,
        text=True,
    )
    worker = int(parent.stdout.readline())
    if started:
        time.sleep(1)
    assert not ended(worker)
    parent.kill()
    parent.communicate()
    deadline = time.monotonic() + (2 if started else 10)
    while not ended(worker):
        assert time.monotonic() < deadline
        time.sleep(0.01)
