"""Compare runs of two versions of the code, bit for bit: weights, predictions, hardness and calibration.

    python -m benchmarks.accuracy.same before/iemocap after/iemocap before/live after/live

Each run folder is followed by the one that it is compared with. Attributes of models that were renamed in
between are mapped by `RENAMED`. The result goes to ``benchmarks/results/versions/same_bits.json``; the exit
code is 0 if all bits are equal, and 1 otherwise.
"""

import argparse
import json
import re
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from safetensors.numpy import load_file

RESULT = Path(__file__).parent.parent / "results" / "versions" / "same_bits.json"

RENAMED = (
    (r"^messages\.convolutions\.(\d+)\.own\.", r"messages.convolutions.\1.root."),
    (r"^messages\.convolutions\.(\d+)\.heard\.", r"messages.convolutions.\1.neighbors."),
    (r"^messages\.", "network.message_passing."),
    (r"^surroundings\.", "network.neighborhood_averages."),
    (r"^decoders\.", "network.reconstruction."),
    (r"^(mixture|unimodal_heads|joint|emotion)\.", r"network.\1."),
)
"""Names of tensors before commit 320a90f and the names they have now; applied in this order."""

Arrays = Mapping[str, np.ndarray]


@dataclass(frozen=True)
class Comparison:
    """How the arrays of two runs differ.

    Attributes:
        arrays: number of arrays that either run has.
        values: number of values in them.
        different: names of the arrays that are not equal bit for bit, or that one run lacks.
        largest: largest absolute difference of two numbers; ``None`` where arrays cannot be compared.
    """

    arrays: int
    values: int
    different: tuple[str, ...]
    largest: float | None


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("runs", type=Path, nargs="+", help="run folders: before, after, before, after, ...")
    runs = parser.parse_args().runs
    if len(runs) % 2:
        parser.error(f"run folders must come in pairs; got {len(runs)}")
    found = [pair(before, after) for before, after in zip(runs[::2], runs[1::2], strict=True)]
    RESULT.parent.mkdir(parents=True, exist_ok=True)
    RESULT.write_text(json.dumps({"runs": found}, indent=1) + "\n")
    for run in found:
        print(described(run))
    sys.exit(0 if all(part["equal"] for run in found for part in run["parts"].values()) else 1)


def pair(before: Path, after: Path) -> dict[str, Any]:
    """Comparison of two run folders, model by model, with the provenance of both."""
    models = sorted(path.parent.name for path in before.glob("*/model.json"))
    if models != sorted(path.parent.name for path in after.glob("*/model.json")) or not models:
        raise SystemExit(f"{before} and {after} must have the same models, one or more; train both again")
    parts: dict[str, Any] = {}
    for part, read in {"weights": weights, "stored": stored, "calibration": calibration}.items():
        first, other = (
            {f"{name}/{key}": array for name in models for key, array in read(run / name).items()}
            for run in (before, after)
        )
        compared = comparison(first, other)
        parts[part] = {"equal": not compared.different, **asdict(compared)}
    sides = {"before": provenance(before), "after": provenance(after)}
    return {"name": before.name, "models": models, "parts": parts, **sides}


def weights(model: Path) -> dict[str, np.ndarray]:
    """Tensors of a model by the name that they have now."""
    return {renamed(name): tensor for name, tensor in load_file(model / "model.safetensors").items()}


def renamed(name: str) -> str:
    """Present name of a tensor.

    Example:
        >>> renamed("messages.convolutions.0.own.bias")
        'network.message_passing.convolutions.0.root.bias'
    """
    for pattern, now in RENAMED:
        name = re.sub(pattern, now, name)
    return name


def stored(model: Path) -> dict[str, np.ndarray]:
    """All other stored arrays: predictions of every condition, and hardness."""
    found = {}
    for path in sorted(model.rglob("*.npz")):
        with np.load(path, allow_pickle=False) as file:
            found |= {f"{path.relative_to(model)}/{name}": file[name] for name in file.files}
    return found


def calibration(model: Path) -> dict[str, np.ndarray]:
    """Temperatures and threshold, and the validation score of the selected epoch."""
    described = json.loads((model / "model.json").read_text(encoding="utf-8"))
    facts = {name: described["facts"][name] for name in ("epoch", "validation")}
    return {name: np.array(value) for name, value in {**described["calibration"], **facts}.items()}


def comparison(first: Arrays, other: Arrays) -> Comparison:
    """Compare arrays by name."""
    names = sorted(first.keys() | other.keys())
    shared = [name for name in names if name in first and name in other]
    apart = [name for name in names if name not in shared or not same_bits(first[name], other[name])]
    numbers = [difference(first[name], other[name]) for name in apart if name in shared]
    comparable = len(shared) == len(names) and None not in numbers
    largest = max((number for number in numbers if number is not None), default=0.0) if comparable else None
    return Comparison(len(names), sum(first[name].size for name in shared), tuple(apart), largest)


def same_bits(first: np.ndarray, other: np.ndarray) -> bool:
    kinds = first.dtype == other.dtype and first.shape == other.shape
    return kinds and first.tobytes() == other.tobytes()


def difference(first: np.ndarray, other: np.ndarray) -> float | None:
    """Largest absolute difference; NaN in both is none. ``None`` for other shapes, types or words."""
    if first.shape != other.shape or first.dtype.kind != other.dtype.kind or first.dtype.kind not in "fiub":
        return None
    one, two = first.astype(float), other.astype(float)
    if (np.isnan(one) != np.isnan(two)).any():
        return None
    return float(np.abs(np.nan_to_num(one) - np.nan_to_num(two)).max(initial=0.0))


def provenance(run: Path) -> dict[str, Any]:
    """Commit, versions and configuration of a run; of the place of its corpus, the last folder alone."""
    environment = json.loads((run / "environment.json").read_text(encoding="utf-8"))
    kept = {key: environment[key] for key in ("commit", "versions", "processor", "threads", "corpus")}
    config = yaml.safe_load((run / "config.yaml").read_text(encoding="utf-8"))
    if config["data"].get("root"):
        config["data"]["root"] = Path(config["data"]["root"]).name
    return {**kept, "config": config}


def described(run: Mapping[str, Any]) -> str:
    """What was found, in one line for each part."""
    lines = [f"{run['name']} ({', '.join(run['models'])})"]
    for name, part in run["parts"].items():
        size = f"{part['arrays']} arrays, {part['values']:,} values"
        verdict = "equal bit for bit"
        if not part["equal"]:
            largest = (
                "not comparable" if part["largest"] is None else f"largest difference {part['largest']:.3g}"
            )
            verdict = f"{len(part['different'])} differ, {largest}; the first is {part['different'][0]}"
        lines.append(f"  {name}: {size}: {verdict}")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
