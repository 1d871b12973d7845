"""Work that two checkouts are timed by, run by `benchmarks.speed.checkouts` within each of them.

Its text is run from the root of a checkout, whose ``graphmer`` and ``benchmarks`` are then imported. It names
the checkout, and then answers each line of the standard input, the name of a piece of work, with the
processor time that it took, in seconds. It imports nothing but what both checkouts have.
"""

import json
import sys
import time
from collections.abc import Callable, Mapping
from functools import partial

import torch

from benchmarks.speed.sizes import BATCH, model, random_batches, seen
from benchmarks.speed.steps import Ours
from benchmarks.speed.windowed import WIDTHS, windowed
from graphmer.dialogue import RandomSets, Utterance
from graphmer.inference import Predictor
from graphmer.training.run_folder import environment

TURNS = 40
"""Turns of a stream in one round."""


def works() -> Mapping[str, Callable[[], object]]:
    """What is timed, by name: steps and predictions of 16 dialogues, and a stream."""
    found: dict[str, Callable[[], object]] = {"stream": streamed()}
    for name, graph in (("momke", False), ("graph", True)):
        ours, graphs = Ours(model(graph=graph)), seen(RandomSets(), window=graph)
        (drawn,) = random_batches(graphs, BATCH, seed=0)
        found[f"train {name}"] = partial(ours.train, drawn)
        found[f"predict {name}"] = partial(ours.read, drawn)
    return found


def streamed() -> Callable[[], object]:
    predictor = Predictor(windowed(causal=True, decoder="chain"))
    draw = torch.Generator().manual_seed(0)
    turns = [
        Utterance("AB"[number % 2], {m: torch.randn(w, generator=draw) for m, w in WIDTHS.items()})
        for number in range(TURNS)
    ]

    def run() -> None:
        stream = predictor.stream()
        for turn in turns:
            stream.append(turn)

    return run


def main() -> None:
    torch.set_num_threads(1)
    ways = works()
    print(json.dumps({"works": list(ways), **environment()}), flush=True)
    for line in sys.stdin:
        begin = time.process_time()
        ways[line.strip()]()
        print(time.process_time() - begin, flush=True)


if __name__ == "__main__":
    main()
