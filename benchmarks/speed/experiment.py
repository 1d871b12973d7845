"""The whole experiment at the sizes of IEMOCAP with four emotions, on simulated dialogues, in two precisions.

Five folds are trained and tested under all conditions, as many in parallel as there are threads, and timed
together. The scores of the precisions are compared on one fold with several seeds.
"""

import tempfile
import time
from pathlib import Path
from typing import Any

import torch

from benchmarks.accuracy.runs import Quiet
from benchmarks.speed.sizes import WIDTHS

EXAMPLE = Path(__file__).parents[2] / "examples" / "simulated.yaml"
SEEDS = (1, 2, 3)


def measure(rounds: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        minutes, _ = trained(Path(folder), "32-true", "seeds=[1]")
        on_one = [f"seeds={list(SEEDS)}", "folds=[1]"]
        _, scores = trained(Path(folder), "32-true", *on_one)
        _, half = trained(Path(folder), "bf16-mixed", *on_one)
    (whole,) = (row for row in scores.average(scores.sets) if row.metric == "wa")
    (apart,) = (row for row in scores.compare(half, groups={"mean": scores.sets}) if row.metric == "wa")
    return {
        "experiment": {
            "value": minutes,
            "detail": f"{torch.get_num_threads()} folds in parallel; examples/simulated.yaml at widths "
            + "/".join(map(str, WIDTHS.values())),
        },
        "bfloat16/scores": {
            "value": abs(apart.mean) / whole.seed_spread,
            "detail": f"{100 * apart.mean:+.2f} points [{100 * apart.low:.2f}, {100 * apart.high:.2f}] on "
            f"{100 * whole.mean:.1f}; spread {100 * whole.seed_spread:.2f}; {len(SEEDS)} seeds, one fold",
        },
    }


def trained(folder: Path, precision: str, *settings: str) -> tuple[float, Any]:
    """Minutes that all models take, corpus and tests included, and their scores."""
    from graphmer.cli.options import make_fabric
    from graphmer.config.load import load_config
    from graphmer.experiment import Run

    widths = [f"data.simulation.widths.{modality}={width}" for modality, width in WIDTHS.items()]
    given = [f"name={precision}", f"training.precision={precision}", *settings, *widths]
    begin = time.perf_counter()
    run = Run.begin(load_config(EXAMPLE, given), folder, make_fabric("cpu", precision))
    scores = run.train(Quiet(precision), torch.get_num_threads())
    return (time.perf_counter() - begin) / 60, scores
