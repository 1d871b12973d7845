"""The whole experiment at the sizes of IEMOCAP with four emotions, on simulated dialogues, in two precisions.

One fold is trained and tested under all conditions, for each seed; the five folds take five times as long.
"""

import json
import tempfile
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.accuracy.run import Quiet
from benchmarks.speed.sizes import WIDTHS

EXAMPLE = Path(__file__).parents[2] / "examples" / "simulated.yaml"
FOLDS = 5
SEEDS = (1, 2, 3)


def measure(rounds: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        seconds, scores = trained(Path(folder), "32-true")
        half_seconds, half = trained(Path(folder), "bf16-mixed")
    (whole,) = (row for row in scores.average(scores.sets) if row.metric == "wa")
    groups = {"mean": scores.sets}
    (apart,) = (row for row in scores.compare(half, groups=groups) if row.metric == "wa")
    return {
        "experiment": {
            "value": FOLDS * median(seconds) / 60,
            "detail": f"one fold {median(seconds):.0f} s, times five; bfloat16 {median(half_seconds):.0f} s; "
            "examples/simulated.yaml at widths 512/1024/1024",
            "seconds": {"32-true": seconds, "bf16-mixed": half_seconds},
        },
        "bfloat16/scores": {
            "value": abs(apart.mean) / whole.seed_spread,
            "detail": f"{100 * apart.mean:+.2f} points [{100 * apart.low:.2f}, {100 * apart.high:.2f}] on "
            f"{100 * whole.mean:.1f}; spread {100 * whole.seed_spread:.2f}; {len(SEEDS)} seeds, one fold",
        },
    }


def trained(folder: Path, precision: str) -> tuple[list[float], Any]:
    """Seconds of each seed, and the scores."""
    from graphmer.cli.options import make_fabric
    from graphmer.config.load import load_config
    from graphmer.experiment import Run

    widths = [f"data.simulation.widths.{modality}={width}" for modality, width in WIDTHS.items()]
    given = [f"name={precision}", "folds=[1]", f"seeds={list(SEEDS)}", f"training.precision={precision}"]
    run = Run.begin(load_config(EXAMPLE, [*given, *widths]), folder, make_fabric("cpu", precision))
    scores = run.train(Quiet(precision))
    results = [run.folder.fold(1, seed) / "result.json" for seed in SEEDS]
    return [json.loads(result.read_text())["seconds"] for result in results], scores
