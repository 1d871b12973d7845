"""Work that two checkouts are timed by, run by `benchmarks.speed.checkouts` within each of them.

Its text is run from the root of a checkout, whose ``graphmer`` and ``benchmarks`` are then imported. It names
the checkout, and then answers each line ``<work> <round>`` of the standard input with the processor time that
the work took, in seconds. It uses nothing but what both checkouts have: `sizes`, `steps` and `windowed`.
"""

import json
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import torch

from benchmarks.speed.sizes import BATCH, model, random_batches, seen
from benchmarks.speed.steps import Ours
from benchmarks.speed.windowed import WIDTHS, windowed
from graphmer.dialogue import RandomSets, Utterance
from graphmer.inference import Predictor
from graphmer.training.run_folder import environment

TURNS = 40
"""Turns of a stream in one round."""
DRAWS = 8
"""Batches that the rounds go through."""


def works() -> Mapping[str, Callable[[int], object]]:
    """What is timed, by name; each takes the number of the round."""
    found: dict[str, Callable[[int], object]] = {"stream": streamed()}
    for name, graph in (("momke", False), ("graph", True)):
        ours, graphs = Ours(model(graph=graph)), seen(RandomSets(), window=graph)
        drawn = [random_batches(graphs, BATCH, seed)[0] for seed in range(DRAWS)]
        found[f"train {name}"] = partial(each, ours.train, drawn)
        found[f"predict {name}"] = partial(each, ours.read, drawn)
    return found


def each(work: Callable[[Any], object], drawn: Sequence[Any], number: int) -> None:
    work(drawn[number % len(drawn)])


def streamed() -> Callable[[int], object]:
    predictor = Predictor(windowed(causal=True, decoder="chain"))
    draw = torch.Generator().manual_seed(0)
    turns = [
        Utterance("AB"[number % 2], {m: torch.randn(w, generator=draw) for m, w in WIDTHS.items()})
        for number in range(TURNS)
    ]

    def run(number: int) -> None:
        stream = predictor.stream()
        for turn in turns:
            stream.append(turn)

    return run


def main() -> None:
    torch.set_num_threads(1)
    ways = works()
    print(json.dumps({"works": list(ways), **environment()}), flush=True)
    for line in sys.stdin:
        work, _, number = line.strip().rpartition(" ")
        begin = time.process_time()
        ways[work](int(number))
        print(time.process_time() - begin, flush=True)


if __name__ == "__main__":
    main()
