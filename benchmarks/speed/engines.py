"""Wall time of one prediction by one process, by two processes and on Ray, side by side."""

import os
import subprocess
import sys
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from benchmarks.speed.predicted import prepare

CORES = 2
DIALOGUES = 200
TIMES = 8
"""How many times as many dialogues are predicted."""


def measure(rounds: int) -> dict[str, Any]:
    """Each engine once, from Parquet to Parquet; the rows must be the same."""
    if find_spec("ray") is None:
        return {"predict/engines": {"why": "not measured: Ray was not installed"}}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        turns = prepare(folder, DIALOGUES, TIMES) * TIMES
        seconds = {}
        for engine, way in {"one process": _plain, "two processes": _processes, "Ray": _ray}.items():
            begin = time.perf_counter()
            way(folder, "larger.parquet")
            seconds[engine] = time.perf_counter() - begin
        _require_equal(folder, "larger")
    detail = ", ".join(f"{engine} {turns / spent:.0f}" for engine, spent in seconds.items())
    return {
        "predict/engines": {
            "value": seconds["one process"] / seconds["Ray"],
            "detail": f"{turns:,} turns, turns/s of wall time with start-up on {CORES} cores: {detail}; the "
            "same rows",
            "seconds": seconds,
        }
    }


def _predict(folder: Path, source: str, out: str, *options: str) -> "subprocess.Popen[bytes]":
    command = [sys.executable, "-m", "graphmer", "predict", str(folder / "recipe"), str(folder / source)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    return subprocess.Popen([*command, "--out", str(folder / out), *options], env=environment)


def _plain(folder: Path, source: str) -> None:
    assert _predict(folder, source, f"plain.{source}").wait() == 0


def _processes(folder: Path, source: str) -> None:
    shards = range(1, CORES + 1)
    started = [_predict(folder, source, f"{i}.{source}", "--shard", f"{i}/{CORES}") for i in shards]
    assert [process.wait() for process in started] == [0] * CORES


def _ray(folder: Path, source: str) -> None:
    options = ("--engine", "ray", "--format", "parquet")
    assert _predict(folder, source, f"ray.{Path(source).stem}", *options).wait() == 0


def _require_equal(folder: Path, name: str) -> None:
    from pyarrow import concat_tables, parquet

    parts = sorted((folder / f"ray.{name}").glob("part-*.parquet"))
    assert concat_tables(map(parquet.read_table, parts)).equals(
        parquet.read_table(folder / f"plain.{name}.parquet")
    )
