"""A command that dies while it writes; started as a process, which forks for each command.

Each line of its input is a request: arguments of `run`. Its answer is the exit code, negative for a signal.
A change is what Python announces before it happens: a file that is opened for writing, a folder that is made,
a name that is changed or removed.
"""

import io
import json
import os
import resource
import signal
import sys
import traceback
from pathlib import Path
from typing import Any

WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC
CHANGES = ("os.rename", "os.mkdir", "os.remove", "os.rmdir", "os.truncate", "os.link", "os.symlink")


def preload() -> None:
    """Import what the commands need, so that each starts at once."""
    import matplotlib
    import matplotlib.backends.backend_agg
    import matplotlib.backends.backend_svg
    import torch

    import graphmer.cli.predict
    import graphmer.cli.results
    import graphmer.cli.writers
    import graphmer.curriculum.hardness
    import graphmer.experiment.reporting
    import graphmer.report.comparison_figures
    import graphmer.report.comparison_page
    import graphmer.report.page
    import graphmer.report.picture  # noqa: F401
    from graphmer.experiment import extractors
    from tests.features.fake import LETTERS

    extractors.EXTRACTORS = LETTERS
    matplotlib.rcParams["svg.hashsalt"] = "graphmer"  # the same ids in each file
    torch.set_num_threads(1)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def changes(event: str, given: tuple[Any, ...], place: str) -> bool:
    """Whether an audit event announces a change of the folder."""
    if event == "open":
        path, _, flags = given
        return isinstance(path, str) and path.startswith(place) and bool(flags & WRITING)
    return event in CHANGES and any(str(each).startswith(place) for each in given)


def run(arguments: list[str], place: str, moment: int, delay: float, answer: str) -> None:
    """Run a command in this process, which dies at a change, or some seconds after it.

    Args:
        arguments: of the command.
        place: folder whose changes are counted.
        moment: number of the change, from 1; 0 for none.
        delay: seconds between the change and death.
        answer: file of what the command prints, with the number of changes in its last line.
    """
    count = 0

    def watch(event: str, given: tuple[Any, ...]) -> None:
        nonlocal count
        if changes(event, given, place):
            count += 1
            if count == moment and delay:
                signal.setitimer(signal.ITIMER_REAL, delay)
            elif count == moment:
                os.kill(os.getpid(), signal.SIGKILL)

    from graphmer.cli import main

    sys.stdout = sys.stderr = printed = io.StringIO()
    sys.addaudithook(watch)
    sys.argv = ["graphmer", *arguments]
    code = 1
    try:
        main()
    except SystemExit as left:
        code = int(left.code or 0)
    except BaseException:
        traceback.print_exc()
    Path(answer).write_text(f"{printed.getvalue()}\n{count}")
    os._exit(code)


def serve() -> None:
    """Answer requests until there are no more."""
    preload()
    for line in sys.stdin:
        child = os.fork()
        if not child:
            run(**json.loads(line))
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        sys.stdout.write(f"{code}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    serve()
