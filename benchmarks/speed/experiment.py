"""The whole experiment at the sizes of IEMOCAP with four emotions, on simulated dialogues.

One fold is trained and tested under all conditions; the five folds take five times as long.
"""

import json
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.accuracy.run import Quiet
from benchmarks.speed.sizes import WIDTHS

EXAMPLE = Path(__file__).parents[2] / "examples" / "simulated.yaml"
FOLDS = 5


def measure(rounds: int) -> dict[str, Any]:
    from graphmer.cli.options import make_fabric
    from graphmer.config.load import load_config
    from graphmer.experiment import Run

    widths = [f"data.simulation.widths.{modality}={width}" for modality, width in WIDTHS.items()]
    config = load_config(EXAMPLE, ["folds=[1]", *widths])
    with tempfile.TemporaryDirectory() as folder:
        run = Run.begin(config, Path(folder), make_fabric("cpu", "32-true"))
        run.train(Quiet("simulated"))
        result = json.loads((run.folder.fold(1, 1) / "result.json").read_text())
    minutes = FOLDS * result["seconds"] / 60
    detail = (
        f"one fold {result['seconds']:.0f} s, times five; examples/simulated.yaml at widths 512/1024/1024"
    )
    return {"experiment": {"value": minutes, "detail": detail, "seconds": result["seconds"]}}
