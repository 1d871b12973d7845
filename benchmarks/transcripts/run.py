"""Measure how long transcripts of 1,000 and 10,000 turns are read, and with how much memory.

    python -m benchmarks.transcripts.run              # all; stores results/long_transcripts.json
    python -m benchmarks.transcripts.run --format SRT # one, printed only

Each file is read in a process of its own. Time is that of the processor, which other work on the machine
changes less than the time on the clock. Memory is the peak of the process over what it had before reading,
with its modules imported.
"""

import argparse
import json
import os
import resource
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import openpyxl  # noqa: F401 - imported before it is needed, so that its memory does not count

from benchmarks.transcripts.files import TEXTS, WORDS, WRITERS, write
from graphmer.errors import CorpusError
from graphmer.training.run_folder import environment
from graphmer.transcripts import ReadingOptions, read_transcript

RESULT = Path(__file__).parent.parent / "results" / "long_transcripts.json"
SIZES = (1_000, 10_000)
NONE = "no format, 1 GB"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--format", help="measure this one only, and store nothing")
    options = parser.parse_args()
    names = [options.format] if options.format else [*TEXTS, *WRITERS, NONE]
    found: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as folder:
        for name in names:
            found[name] = measured(name, Path(folder))
            print(name, json.dumps(found[name]), flush=True)
    if options.format is None:
        machine = environment(device="cpu", cores=os.cpu_count(), load=[os.getloadavg()[0]])
        result = {"measure": "transcripts", "environment": machine, "measured": found}
        RESULT.write_text(json.dumps(result, indent=1) + "\n")


def measured(name: str, folder: Path) -> dict[str, Any]:
    """What reading takes for each number of turns, by that number."""
    if name == NONE:
        path = folder / "none"
        with path.open("w") as file:
            for _ in range(1024):
                file.write((WORDS + "\n").ljust(1024, "x") * 1024)
        found = {"refused": apart(path)}
        path.unlink()
        return found
    found = {}
    for number in SIZES:
        path = folder / f"{len([*folder.iterdir()])}_{number}"
        with ProcessPoolExecutor(1, mp_context=get_context("fork")) as pool:  # leaves no memory to reuse
            pool.submit(write, name, number, path).result()
        found[str(number)] = apart(path)
    return found


def apart(path: Path) -> Any:
    """What `reading` says in a process of its own, which has the modules of this one."""
    with ProcessPoolExecutor(1, mp_context=get_context("fork")) as pool:
        return pool.submit(reading, path).result()


def reading(path: Path) -> dict[str, Any]:
    """Seconds, memory in MB, format and turns of one file; the problem if it is refused."""
    files = [path] if path.is_file() else [file for file in path.rglob("*") if file.is_file()]
    size = sum(file.stat().st_size for file in files) / 1e6
    before, begin = peak(), time.process_time()
    try:
        found = read_transcript(path, ReadingOptions(unnamed="one", merge_gap=None))
    except CorpusError as error:
        return {
            "seconds": time.process_time() - begin,
            "peak_mb": peak() - before,
            "file_mb": size,
            "error": str(error),
        }
    seconds = time.process_time() - begin
    turns = sum(len(dialogue.turns) for dialogue in found.dialogues)
    return {
        "seconds": seconds,
        "peak_mb": peak() - before,
        "file_mb": size,
        "format": found.format,
        "turns": turns,
    }


def peak() -> float:
    """Largest resident memory of this process so far, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3


if __name__ == "__main__":
    main()
