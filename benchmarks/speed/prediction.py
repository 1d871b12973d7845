"""`graphmer predict` from JSON lines with references to matrices, and from Parquet to Parquet.

The model of examples/simulated.yaml with fresh weights, on simulated dialogues of IEMOCAP's lengths.

    GRAPHMER_BENCH_BEFORE=../before python -m benchmarks.speed.run prediction --rounds 3 --threads 1

times the JSON lines with the code of another checkout, too, in turn with this one. Rates are of processor
time, so that whatever else runs on the machine counts less.
"""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median
from typing import Any

import torch

DIALOGUES = int(os.environ.get("GRAPHMER_BENCH_DIALOGUES", "400"))
LARGER = 4
"""How many times as large the larger input is, for memory."""
BEFORE = os.environ.get("GRAPHMER_BENCH_BEFORE")

WORKER = """
import json, resource, sys, time
begin = time.perf_counter(), time.process_time()
import torch
torch_took = time.perf_counter() - begin[0], time.process_time() - begin[1]
sys.argv = ["graphmer", "predict", *sys.argv[1:]]
from graphmer.cli import main
try:
    main()
except SystemExit as end:
    assert not end.code, end.code
took = time.perf_counter() - begin[0], time.process_time() - begin[1]
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
print(json.dumps({"wall": took[0], "cpu": took[1], "torch": torch_took, "peak": peak}))
"""
"""Runs a command and prints what it took; it names nothing but what every checkout has."""


def measure(rounds: int) -> dict[str, Any]:
    """All commands in turn, each in a process of its own."""
    here = Path.cwd()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        turns = prepare(folder)
        sources = {"jsonl": ("corpus/dialogues.jsonl", "jsonl"), "parquet": ("corpus.parquet", "parquet")}
        ways = {way: (here, *source) for way, source in sources.items()}
        ways |= {
            "one jsonl": (here, "corpus/one.jsonl", "jsonl"),
            "one parquet": (here, "one.parquet", "parquet"),
        }
        if BEFORE:
            ways |= {"before": (Path(BEFORE).resolve(), "corpus/dialogues.jsonl", "jsonl")}
            ways |= {"one before": (Path(BEFORE).resolve(), "corpus/one.jsonl", "jsonl")}
        taken: dict[str, list[dict[str, Any]]] = {way: [] for way in ways}
        for number in range(rounds):
            names = list(ways)
            for place in range(len(names)):
                way = names[(number + place) % len(names)]
                taken[way].append(run(folder, *ways[way]))
        larger = run(folder, here, "larger.parquet", "parquet")["peak"]
    return rows(taken, turns, larger)


def rows(taken: dict[str, list[dict[str, Any]]], turns: int, larger: int) -> dict[str, Any]:
    """Rows of the table: rates without start-up, start-up and memory."""
    middle = {
        way: {clock: median(each[clock] for each in values) for clock in ("wall", "cpu", "peak")}
        for way, values in taken.items()
    }
    found: dict[str, Any] = {}
    for way in ("jsonl", "parquet"):
        spent = {c: middle[way][c] - middle[f"one {way}"][c] for c in ("wall", "cpu")}
        found[f"predict/{way}"] = {
            "value": turns / spent["cpu"],
            "detail": f"{turns:,} turns, {turns / spent['wall']:.0f} a second of wall time",
            "seconds": middle[way],
        }
    torch_took = median(each["torch"][1] for each in taken["one jsonl"])
    found["predict/start"] = {
        "value": middle["one jsonl"]["cpu"],
        "detail": f"`import torch` alone {torch_took:.2f} s{_before(middle)}",
    }
    peak = middle["parquet"]["peak"]
    found["predict/memory"] = {
        "value": larger / peak,
        "detail": (
            f"{larger / 2**20:.0f} against {peak / 2**20:.0f} MiB for {turns * LARGER:,} and {turns:,} turns"
        ),
    }
    if "before" in middle:
        for way in ("jsonl", "before"):
            middle[way]["cpu"] -= middle[f"one {way}"]["cpu"]
        found["predict/ratio"] = {
            "value": middle["before"]["cpu"] / middle["jsonl"]["cpu"],
            "detail": "processor time without start-up; the same rows byte for byte",
        }
    return found


def _before(middle: dict[str, dict[str, float]]) -> str:
    before = middle.get("one before")
    return "" if before is None else f"; before {before['cpu']:.2f} s"


def run(folder: Path, root: Path, source: str, form: str) -> dict[str, Any]:
    """What one command takes; its output is compared with that of the same source before it."""
    out = folder / f"{Path(source).stem}.{root.name}.out.{form}"
    threads = str(torch.get_num_threads())
    command = [sys.executable, "-c", WORKER, str(folder / "run"), str(folder / source), "--out", str(out)]
    environment = {**os.environ, "OMP_NUM_THREADS": threads}
    printed = subprocess.run(
        command, check=True, stdout=subprocess.PIPE, text=True, cwd=root, env=environment
    )
    for other in folder.glob(f"{Path(source).stem}.*.out.{form}"):
        assert form != "jsonl" or other.read_bytes() == out.read_bytes(), other
    return json.loads(printed.stdout.splitlines()[-1])


def prepare(folder: Path) -> int:
    """A model and its inputs; the number of turns of the smaller one."""
    from graphmer.config.load import load_config
    from graphmer.corpora.base import InMemoryCorpus
    from graphmer.corpora.dataset import write_dataset
    from graphmer.corpora.parquet.write import write_parquet
    from graphmer.corpora.simulate import simulate
    from graphmer.dialogue.standardise import Standardiser
    from graphmer.graph import GraphBuilder
    from graphmer.nn.network import Signature
    from graphmer.systems import SYSTEMS
    from graphmer.systems.model import ModelSettings
    from graphmer.training.model_file import TrainedModel, save_model

    drawn = simulate(0, sessions=(DIALOGUES // 5 * LARGER,) * 5)
    every = list(drawn.dialogues)

    def part(dialogues: list[Any]) -> InMemoryCorpus:
        return InMemoryCorpus(drawn.card, drawn.labels, drawn.widths, dialogues, {}, "")

    few = every[::LARGER]
    write_dataset(part(few), folder / "corpus")
    lines = (folder / "corpus" / "dialogues.jsonl").read_text().splitlines()
    (folder / "corpus" / "one.jsonl").write_text(lines[0] + "\n")
    for name, dialogues in (("corpus", few), ("one", few[:1]), ("larger", every)):
        write_parquet(part(dialogues), folder / f"{name}.parquet")
    config = load_config(Path(__file__).parents[2] / "examples" / "simulated.yaml")
    assert config.graph is not None
    rules = {name: rule.build() for name, rule in config.graph.rules.items()}
    build = GraphBuilder(rules, drawn.labels)
    signature = Signature(widths=drawn.widths, outputs=drawn.labels.outputs, relations=build.relations)
    settings = ModelSettings(network=config.model, signature=signature, heads=config.heads)
    torch.manual_seed(0)
    model, standardiser = settings.build().eval(), Standardiser.fit(few[:20])
    system = SYSTEMS[config.model.system]
    target = folder / "run" / "fold1-seed1"
    target.mkdir(parents=True)
    save_model(target, TrainedModel(model, settings, drawn.labels, standardiser, build, {}, system))
    return sum(map(len, few))
