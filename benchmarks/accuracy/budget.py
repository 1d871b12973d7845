"""WA over the cost of acquired modalities: by expected gain, at random, in fixed orders.

    python -m benchmarks.accuracy.budget simulated
    python -m benchmarks.accuracy.budget iemocap4 --root data/iemocap4

Every turn of the test part has one of its modalities (``rate:1``); the others are acquired step by step. All
policies but one are decided by the same model. On simulated dialogues there is also the best that is known: a
greedy choice by the exact posterior and the exact expected gain, decided by the posterior. Results go to
``benchmarks/results/budget_<name>.json``.
"""

import argparse
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from benchmarks.accuracy.run import RESULTS, rounded
from benchmarks.accuracy.runs import WORK, Quiet, opened
from graphmer.dialogue import Dialogue, protocol

HERE = Path(__file__).parent
COSTS: Mapping[str, Mapping[str, float]] = {
    "simulated": {"audio": 1.0, "text": 2.0, "video": 1.5},
    "iemocap4": {"audio": 1.0, "text": 2.0, "nonverbal": 0.5},
}
"""Costs by corpus, in the same unit as the budget."""

STEPS = 20
"""Points of a curve; the policies that look again do so after each."""

START = "rate:1"
SAMPLES = 200
"""Samples of the features of a modality, for the exact expected gain."""

Rows = NDArray[np.bool_]


@dataclass(frozen=True)
class State:
    """What the turns of all test dialogues have, and what is predicted from it.

    Attributes:
        dialogues: as they were recorded.
        available: of all turns ``[N, M]``.
        probability: ``[N, C]``.
    """

    dialogues: Sequence[Dialogue]
    available: Rows
    probability: NDArray[np.float64]


Policy = Callable[[State, float], Iterator[tuple[int, int]]]
"""State and what is left of the budget, to acquisitions (turn, column) in their order."""


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("name", choices=COSTS)
    parser.add_argument("--root", type=Path, help="corpus in graphmer's own format")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--fold", type=int, default=1)
    options = parser.parse_args()
    torch.set_num_threads(1)
    run = trained(options.name, options.root, options.fold, options.seed)
    store(options.name, Curves(run, COSTS[options.name]))


def trained(name: str, root: Path | None, fold: int, seed: int) -> Any:
    """A finished run of one fold and seed."""
    from graphmer.config.load import load_config

    given = ["evaluation.rates=[]", f"seeds=[{seed}]", f"folds=[{fold}]"]
    file = HERE / "simulated" / "turns_chain.yaml"
    if root is not None:
        file = HERE / "pattern.yaml"
        given.append(f"data.root={root.resolve()}")
    run = opened(load_config(file, given), WORK / f"budget_{name}" / f"fold{fold}-seed{seed}")
    run.train(Quiet(name))
    return run


class Curves:
    """Curves of one model on its test part.

    Args:
        run: with one fold and seed.
        costs: of each modality.
    """

    def __init__(self, run: Any, costs: Mapping[str, float]) -> None:
        from graphmer.inference import load

        self.run = run
        (number, self.fold), *_ = run.components.folds.items()
        self.predictor = load(run.folder.path, fold=number)
        corpus = run.components.corpus
        self.corpus = corpus
        self.modalities = tuple(corpus.widths)
        self.costs = np.array([costs[modality] for modality in self.modalities])
        wanted = set(self.fold.test)
        self.dialogues = [dialogue for dialogue in corpus.dialogues if dialogue.id in wanted]
        self.target = np.concatenate([corpus.labels.encode(d.emotion).numpy() for d in self.dialogues])
        self.ids = [d.id for d in self.dialogues for _ in d.emotion]
        start = protocol(START, self.modalities)
        self.recorded = np.concatenate([d.available.numpy() for d in self.dialogues])
        self.start = np.concatenate([start.apply(d, 0).available.numpy() for d in self.dialogues])
        self.all = float((self.costs * (self.recorded & ~self.start)).sum())

    def masked(self, available: Rows) -> list[Dialogue]:
        parts = np.split(available, np.cumsum([len(d) for d in self.dialogues])[:-1])
        return [d.with_available(torch.from_numpy(p)) for d, p in zip(self.dialogues, parts, strict=True)]

    def by_model(self, available: Rows) -> NDArray[np.float64]:
        """Probabilities of the model."""
        found = self.predictor.predict_many(self.masked(available))
        return np.concatenate([each.probability.double().numpy() for each in found])

    def by_posterior(self, available: Rows) -> NDArray[np.float64]:
        """Probabilities of the exact posterior."""
        from graphmer.corpora.posterior import posterior

        return np.concatenate([posterior(self.corpus.process, d) for d in self.masked(available)])

    def curve(
        self, policy: Policy, decide: Callable[[Rows], NDArray[np.float64]], *, again: bool = False
    ) -> tuple[list[dict[str, float]], Rows]:
        """Points of a policy, and whether each labelled turn is right at each of them, ``[S, N]``.

        Args:
            policy: what to acquire.
            decide: probabilities from what is available.
            again: whether the policy looks again after each step, at what it has acquired.
        """
        available = self.start.copy()
        state = State(self.dialogues, available, decide(available))
        points, right = [self.point(0.0, state)], [self.right(state)]
        spent, plan = 0.0, policy(state, self.all)
        held: tuple[int, int] | None = None
        for step in range(1, STEPS + 1):
            limit = self.all * step / STEPS
            if again:
                plan, held = policy(state, self.all - spent), None
            while (held := held or next(plan, None)) is not None and spent + self.costs[
                held[1]
            ] <= limit + 1e-9:
                assert self.recorded[held]
                assert not available[held]
                available[held] = True
                spent += float(self.costs[held[1]])
                held = None
            state = State(self.dialogues, available, decide(available))
            points.append(self.point(spent, state))
            right.append(self.right(state))
        return points, np.stack(right)

    def right(self, state: State) -> Rows:
        known = self.target >= 0
        correct: Rows = state.probability.argmax(axis=1)[known] == self.target[known]
        return correct

    def point(self, spent: float, state: State) -> dict[str, float]:
        return {"cost": spent / self.all, "wa": float(self.right(state).mean())}

    # policies

    def candidates(self, available: Rows) -> NDArray[np.int64]:
        """What is recorded and not there, ``[K, 2]``, in the order of turns."""
        found: NDArray[np.int64] = np.argwhere(self.recorded & ~available)
        return found

    def at_random(self, state: State, budget: float) -> Iterator[tuple[int, int]]:
        rows = self.candidates(state.available)
        yield from map(tuple, np.random.default_rng(0).permutation(rows).tolist())

    def in_order(self, state: State, budget: float) -> Iterator[tuple[int, int]]:
        """Turn by turn, in the order of the modalities."""
        yield from map(tuple, self.candidates(state.available).tolist())

    def by_modality(self, state: State, budget: float) -> Iterator[tuple[int, int]]:
        """The modality of the largest mean gain per cost first, for all turns, then the next."""
        reveals = self.predictor.gain.reveals
        uncertain = entropy(state.probability).mean()
        mean = [reveals[(), m](uncertain) / cost for m, cost in zip(self.modalities, self.costs, strict=True)]
        rows = self.candidates(state.available)
        for column in np.argsort(mean)[::-1].tolist():
            yield from ((turn, column) for turn in rows[rows[:, 1] == column, 0].tolist())

    def greedy(self, state: State, budget: float) -> Iterator[tuple[int, int]]:
        """`graphmer predict --budget`."""
        first = dict(
            zip([d.id for d in self.dialogues], np.cumsum([0, *map(len, self.dialogues)]), strict=False)
        )
        costs = dict(zip(self.modalities, self.costs.tolist(), strict=True))
        column = {modality: number for number, modality in enumerate(self.modalities)}
        for each in self.predictor.acquire_many(self.masked(state.available), costs, budget):
            place = int(first[each.dialogue]) + each.turn, column[each.modality]
            if self.recorded[place]:
                yield place

    def exact(self, state: State, budget: float) -> Iterator[tuple[int, int]]:
        """Greedy by the exact expected gain of each turn, given the exact posterior; one modality a turn."""
        rows = self.candidates(state.available)
        gain = np.zeros(self.recorded.shape)
        for column, modality in enumerate(self.modalities):
            gain[:, column] = expected_gain(state.probability, self.corpus.process.emissions[modality])
        worth = (gain / self.costs)[rows[:, 0], rows[:, 1]]
        seen = set()
        for turn, column in rows[np.argsort(-worth, kind="stable")].tolist():
            if turn not in seen:  # what a second one adds follows from the first
                seen.add(turn)
                yield turn, column


def expected_gain(probability: NDArray[np.float64], emission: Any) -> NDArray[np.float64]:
    """Expected decrease of the entropy in bits by a modality, from samples of its features, ``[N]``."""
    generator = np.random.default_rng(0)
    classes = probability.shape[1]
    noise = generator.standard_normal((SAMPLES, emission.means.shape[1]))
    variance = emission.spread**2 + emission.ambient**2
    after = np.zeros(len(probability))
    for true in range(classes):
        latent = emission.means[true] + np.sqrt(variance) * noise
        score = (latent @ emission.means.T - 0.5 * (emission.means**2).sum(axis=1)) / variance
        joint = probability[:, None, :] * np.exp(score - score.max(axis=1, keepdims=True))
        after += probability[:, true] * entropy(joint / joint.sum(axis=2, keepdims=True)).mean(axis=1)
    return entropy(probability) - after


def entropy(probability: NDArray[np.float64]) -> NDArray[np.float64]:
    """Entropy in bits over the last axis."""
    found: NDArray[np.float64] = -(probability * np.log2(np.maximum(probability, 1e-300))).sum(axis=-1)
    return found


def store(name: str, curves: Curves) -> None:
    """All curves as one JSON file."""
    policies = {
        "random": (curves.at_random, curves.by_model, False),
        "turn by turn": (curves.in_order, curves.by_model, False),
        "modality by modality": (curves.by_modality, curves.by_model, False),
        "expected gain": (curves.greedy, curves.by_model, False),
        "expected gain, looking again": (curves.greedy, curves.by_model, True),
    }
    if name == "simulated":
        policies["random, exact posterior"] = (curves.at_random, curves.by_posterior, False)
        policies["expected gain, exact posterior"] = (curves.exact, curves.by_posterior, True)
    found, right = {}, {}
    for title, (policy, decide, again) in policies.items():
        found[title], right[title] = curves.curve(policy, decide, again=again)
        print(title, [round(100 * point["wa"], 1) for point in found[title]], flush=True)
    result = {
        "measure": "budget",
        "corpus": curves.corpus.card.name,
        "start": START,
        "costs": dict(zip(curves.modalities, curves.costs.tolist(), strict=True)),
        "environment": curves.run.folder.environment,
        "seeds": list(curves.run.components.config.seeds),
        "dialogues": len(curves.dialogues),
        "turns": int((curves.target >= 0).sum()),
        "curves": found,
        "areas": [
            {"policy": title, **area(found[title], found["random"], rows, right["random"], curves)}
            for title, rows in right.items()
        ],
    }
    target = RESULTS / f"budget_{name}.json"
    target.write_text(json.dumps(rounded(result), indent=1) + "\n")
    print(*result["areas"], f"Stored: {target}", sep="\n")


def area(
    points: Sequence[Mapping[str, float]],
    baseline: Sequence[Mapping[str, float]],
    right: Rows,
    random: Rows,
    curves: Curves,
) -> dict[str, Any]:
    """Mean WA over the costs, and its paired difference to the random order, with 95 % intervals."""
    ids = [name for name, target in zip(curves.ids, curves.target, strict=True) if target >= 0]
    number = np.unique(ids, return_inverse=True)[1]
    size = np.bincount(number)
    weight = np.full(len(size), 1 / len(size))
    drawn = np.random.default_rng(0).multinomial(len(size), weight, size=2000)

    def mean(rows: NDArray[np.float64]) -> dict[str, float]:
        sums = np.bincount(number, weights=rows)
        low, high = np.percentile((drawn @ sums) / (drawn @ size), [2.5, 97.5])
        return {"mean": float(sums.sum() / size.sum()), "low": float(low), "high": float(high)}

    per_turn, base = over_costs(points, right), over_costs(baseline, random)
    return {"wa": mean(per_turn), "to_random": mean(per_turn - base)}


def over_costs(points: Sequence[Mapping[str, float]], right: Rows) -> NDArray[np.float64]:
    """Mean over the costs from 0 to 1 of whether each turn is right, by trapezoids, ``[N]``."""
    cost = np.array([point["cost"] for point in points])
    inner = ((right[1:].astype(float) + right[:-1]) / 2 * np.diff(cost)[:, None]).sum(axis=0)
    total: NDArray[np.float64] = inner + right[-1] * (1 - cost[-1])
    return total


if __name__ == "__main__":
    main()
