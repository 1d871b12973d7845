import os
import re
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from graphmer.errors import GraphmerError
from graphmer.training.run_lock import locked

HOLD = """
import sys, time
from pathlib import Path
from graphmer.training.run_lock import locked
with locked(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(600)
"""


def test_a_locked_folder_is_refused_with_host_and_pid_of_its_holder(tmp_path):
    expected = (
        f"{tmp_path}: one process at a time may train a run; it is locked by process {os.getpid()} on host "
        f"{socket.gethostname()}. Wait until that has ended, or end it."
    )
    with locked(tmp_path), pytest.raises(GraphmerError, match=f"^{re.escape(expected)}$"), locked(tmp_path):
        pass


def test_a_lock_is_free_after_an_error_and_only_its_empty_file_stays(tmp_path):
    with pytest.raises(ZeroDivisionError), locked(tmp_path):
        raise ZeroDivisionError
    assert [(path.name, path.stat().st_size) for path in tmp_path.iterdir()] == [("run.lock", 0)]
    with locked(tmp_path):
        pass


def test_the_lock_of_a_killed_process_is_taken_over(tmp_path):
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)], cwd=Path(__file__).parents[2], stdout=subprocess.PIPE
    )
    assert process.stdout.readline() == b"held\n"
    with pytest.raises(GraphmerError, match=f"locked by process {process.pid} on host"), locked(tmp_path):
        pass
    process.kill()
    process.communicate()
    with locked(tmp_path):
        assert f'"pid": {os.getpid()}' in (tmp_path / "run.lock.json").read_text()


@pytest.mark.parametrize("content", ["", "[]", "{}"])
def test_a_holder_that_has_not_yet_said_who_it_is_is_no_error_of_its_own(content, tmp_path):
    with locked(tmp_path):
        (tmp_path / "run.lock.json").write_text(content)
        with pytest.raises(GraphmerError, match="locked by one that has just begun"), locked(tmp_path):
            pass
