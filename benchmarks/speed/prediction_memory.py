"""Peak memory of `graphmer predict`, Parquet to Parquet, for inputs of two sizes."""

import tempfile
from pathlib import Path
from typing import Any

from benchmarks.speed.predicted import prepare
from benchmarks.speed.prediction import LARGER, Worker

DIALOGUES = 200


def measure(rounds: int) -> dict[str, Any]:
    """Each input in a process of its own, once."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        turns = prepare(folder, DIALOGUES, LARGER)
        peaks = []
        for source in ("corpus", "larger"):
            with Worker(Path.cwd(), folder) as worker:
                peaks.append(worker.predict("recipe", f"{source}.parquet", "parquet")["peak"])
    small, large = (peak / 2**20 for peak in peaks)
    return {
        "predict/memory": {
            "value": large / small,
            "detail": f"{large:.0f} against {small:.0f} MiB for {turns * LARGER:,} and {turns:,} turns",
        }
    }
