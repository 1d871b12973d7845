"""Wall time of one prediction by one process, by two processes and on Ray, side by side."""

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

CORES = 2


def engines(folder: Path, turns: int, larger: int) -> dict[str, Any]:
    """Rates between a smaller and a larger input, so that no start-up counts; rows are the same.

    Args:
        folder: with the model ``recipe``, ``corpus.parquet`` and ``larger.parquet``.
        turns: of the smaller input.
        larger: how many times as large the other one is.
    """
    ways = {"one process": _plain, "two processes": _processes, "Ray": _ray}
    taken: dict[str, list[float]] = {}
    for source in ("corpus.parquet", "larger.parquet"):
        for name, way in ways.items():
            begin = time.perf_counter()
            way(folder, source)
            taken.setdefault(name, []).append(time.perf_counter() - begin)
    rate = {name: turns * (larger - 1) / (long - short) for name, (short, long) in taken.items()}
    _require_equal(folder, "larger")
    start = {name: (larger * short - long) / (larger - 1) for name, (short, long) in taken.items()}
    detail = ", ".join(f"{name} {rate[name]:.0f} after {start[name]:.0f} s" for name in ways)
    return {
        "value": rate["Ray"] / rate["one process"],
        "detail": f"turns/s of wall time on {CORES} cores: {detail}; the same rows",
        "seconds": taken,
        "turns": [turns, turns * larger],
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
