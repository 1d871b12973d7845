"""Time of one turn of a stream at the model size of examples/iemocap.yaml, causal and with windows.

One thread; every turn has all three modalities, the most costly case. Processor time is stored with wall
time, which other work on the machine makes longer.
"""

import time
from typing import Any

import numpy as np
import torch

from benchmarks.speed.windowed import WIDTHS, windowed
from graphmer.dialogue import Utterance
from graphmer.inference import Predictor

TURNS = 2000
PIECE = 500
WARM = 50


def measure(rounds: int) -> dict[str, Any]:
    """Every turn is a round of its own."""
    torch.set_num_threads(1)
    found = {
        decoder: measured(Predictor(windowed(causal=True, decoder=decoder))) for decoder in ("none", "chain")
    }
    chain = found["chain"]
    detail = (
        f"{found['none']['median_ms']:.1f} ms without decoder; 95th percentile {chain['p95_ms']:.1f} ms; "
        f"a correction ten turns back {chain['correction_ten_turns_ago_median_ms']:.1f} ms"
    )
    return {"stream": {"value": chain["median_ms"], "detail": detail, "turns": TURNS, "decoders": found}}


def measured(predictor: Predictor) -> dict[str, Any]:
    """Milliseconds of a turn over the whole stream, by stretches of it, and of a late correction."""
    draw = torch.Generator().manual_seed(0)
    stream = predictor.stream()
    taken = []
    for _ in range(TURNS):
        speaker = "AB"[int(torch.randint(0, 2, (1,), generator=draw))]
        utterance = Utterance(speaker, {m: torch.randn(w, generator=draw) for m, w in WIDTHS.items()})
        begin = time.perf_counter(), time.process_time()
        stream.append(utterance)
        taken.append((time.perf_counter() - begin[0], time.process_time() - begin[1]))
    wall, cpu = 1e3 * np.array(taken).T
    late = []
    for _ in range(20):
        begin_wall = time.perf_counter()
        stream.correct(TURNS - 10, {"text": torch.randn(WIDTHS["text"], generator=draw)})
        late.append(1e3 * (time.perf_counter() - begin_wall))
    pieces = range(0, TURNS, PIECE)
    return {
        "median_ms": _rounded(wall[WARM:]),
        "p95_ms": round(float(np.quantile(wall[WARM:], 0.95)), 3),
        "median_cpu_ms": _rounded(cpu[WARM:]),
        "median_cpu_ms_by_turn": {f"{at}-{at + PIECE - 1}": _rounded(cpu[at : at + PIECE]) for at in pieces},
        "correction_ten_turns_ago_median_ms": _rounded(np.array(late)),
    }


def _rounded(values: np.ndarray) -> float:
    return round(float(np.median(values)), 3)
