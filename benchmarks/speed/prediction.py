"""`graphmer predict` from JSON lines with references to matrices, and from Parquet to Parquet.

Two models with fresh weights, that of examples/simulated.yaml and that of configs/recipe.yaml, on simulated
dialogues of IEMOCAP's lengths.

    GRAPHMER_BENCH_BEFORE=../before python -m benchmarks.speed.run prediction --rounds 3 --threads 1

times them with the code of another checkout, too, in turn with this one. Rates are of processor time, so that
whatever else runs on the machine counts less. One process predicts again and again; another one predicts one
dialogue, for the start-up.
"""

import json
import os
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from typing import Any

import torch

from benchmarks.speed.predicted import prepare, rows_apart

DIALOGUES = int(os.environ.get("GRAPHMER_BENCH_DIALOGUES", "200"))
LARGER = 4
"""How many times as large the larger input is, for memory."""
BEFORE = os.environ.get("GRAPHMER_BENCH_BEFORE")
FORMS = {"parquet": "corpus.parquet", "jsonl": "corpus/dialogues.jsonl"}
MODELS = ("simulated", "recipe")

WORKER = """
import json, resource, sys, time
begin = time.process_time()
import torch
torch_took = time.process_time() - begin
from graphmer.cli import main
for line in sys.stdin:
    sys.argv = ["graphmer", "predict", *json.loads(line)]
    wall, cpu = time.perf_counter(), time.process_time()
    try:
        main()
    except SystemExit as end:
        assert not end.code, end.code
    took = {"wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu}
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    since = time.process_time() - begin
    print(json.dumps({**took, "since": since, "torch": torch_took, "peak": peak}), flush=True)
"""
"""Predicts whenever it is told to, and prints what it took; it names nothing but what every checkout has."""


class Worker:
    """A process that predicts with the code of one checkout; a context manager.

    Args:
        root: of the checkout.
        folder: of the inputs and outputs.
    """

    def __init__(self, root: Path, folder: Path) -> None:
        self.root, self.folder = root.resolve(), folder
        self.process = subprocess.Popen(
            [sys.executable, "-c", WORKER],
            cwd=self.root,
            env={**os.environ, "OMP_NUM_THREADS": str(torch.get_num_threads())},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> "Worker":
        return self

    def __exit__(self, *error: object) -> None:
        self.process.communicate()

    def predict(self, model: str, source: str, form: str) -> dict[str, float]:
        """What one prediction takes."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        out = self.out(model, source, form)
        command = [str(self.folder / model), str(self.folder / source), "--out", str(out)]
        print(json.dumps(command), file=self.process.stdin, flush=True)
        found: dict[str, float] = json.loads(self.process.stdout.readline())
        return found

    def out(self, model: str, source: str, form: str) -> Path:
        """File of the predictions."""
        return self.folder / f"{self.root.name}.{model}.{Path(source).stem}.{form}"


def measure(rounds: int) -> dict[str, Any]:
    """All inputs and models in turn."""
    here = Path.cwd()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        turns = prepare(folder, DIALOGUES, LARGER)
        roots = {"now": here, **({"before": Path(BEFORE)} if BEFORE else {})}
        starts: dict[str, list[dict[str, float]]] = {side: [] for side in roots}
        taken: dict[tuple[str, str, str], list[dict[str, float]]] = {}
        for _ in range(rounds):
            for side, root in roots.items():
                with Worker(root, folder) as worker:
                    starts[side].append(worker.predict("simulated", "corpus/one.jsonl", "jsonl"))
        with ExitStack() as stack:
            workers = {side: stack.enter_context(Worker(root, folder)) for side, root in roots.items()}
            for number in range(-1, rounds):  # the first round does not count
                for model in MODELS:
                    for form, source in FORMS.items():
                        for side in list(roots)[:: 1 if number % 2 else -1]:
                            spent = workers[side].predict(model, source, form)
                            if number >= 0:
                                taken.setdefault((side, model, form), []).append(spent)
            outs = [worker.out("recipe", FORMS["jsonl"], "jsonl") for worker in workers.values()]
            apart = rows_apart(*outs) if BEFORE else None
        return rates(taken, turns, apart) | {"predict/start": start(starts)}


def rates(
    taken: dict[tuple[str, str, str], list[dict[str, float]]], turns: int, apart: str | None
) -> dict[str, Any]:
    """Rates by the form of the input, and what the same took before."""
    middle = {
        key: {clock: median(each[clock] for each in values) for clock in ("wall", "cpu")}
        for key, values in taken.items()
    }
    found: dict[str, Any] = {}
    for form in FORMS:
        plain, recipe = (middle["now", model, form] for model in MODELS)
        found[f"predict/{form}"] = {
            "value": turns / plain["cpu"],
            "detail": f"{turns:,} turns, {turns / plain['wall']:.0f} a second of wall time; the model of "
            f"configs/recipe.yaml {turns / recipe['cpu']:.0f}",
            "seconds": {model: middle["now", model, form] for model in MODELS},
            "turns": turns,
        }
    if apart is not None:
        ratios = {
            f"{model}, {form}": middle["before", model, form]["cpu"] / middle["now", model, form]["cpu"]
            for model in MODELS
            for form in FORMS
        }
        detail = ", ".join(f"{name} {value:.2f}" for name, value in ratios.items())
        found["predict/ratio"] = {"value": min(ratios.values()), "detail": f"{detail}; {apart}"}
    return found


def start(starts: dict[str, list[dict[str, float]]]) -> dict[str, Any]:
    """Processor time until one dialogue is predicted."""
    middle = {side: median(each["since"] for each in values) for side, values in starts.items()}
    alone = median(each["torch"] for each in starts["now"])
    before = f"; before {middle['before']:.2f} s" if "before" in middle else ""
    return {
        "value": middle["now"],
        "detail": f"`import torch` alone {alone:.2f} s{before}",
        "seconds": starts,
    }
