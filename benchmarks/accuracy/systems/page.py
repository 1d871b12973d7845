"""Tables of all systems that are measured on a corpus."""

from functools import cached_property
from pathlib import Path
from typing import Any

from benchmarks.accuracy.cells import markdown
from benchmarks.accuracy.systems import stored
from benchmarks.accuracy.systems.claim import Claim
from benchmarks.accuracy.systems.measure import PARTIAL
from benchmarks.markers import fill

CORPORA = ("iemocap4", "iemocap6", "meld", "mosi")
"""Claims about all systems."""
CLAIMS = (*CORPORA, "protocols", "ablation")
SHORT = ("rate:0.1", "rate:0.3", "rate:0.5", "rate:0.7")
"""Missing rates of the short table."""
NAMES = {"wa": "WA", "weighted_f1": "weighted F1", "mae": "MAE"}


def write(page: Path) -> None:
    """Fill the tables of all claims on a page: a short one, and one of all conditions."""
    for claim in CLAIMS:
        fill(page, f"systems_{claim}", lambda claim=claim: Tables(Claim.read(claim)).short())
        fill(page, f"systems_{claim}_all", lambda claim=claim: Tables(Claim.read(claim)).full())


class Tables:
    """Tables of a claim, of what is stored.

    Args:
        claim: about all systems on a corpus.
    """

    def __init__(self, claim: Claim) -> None:
        self.claim = claim
        self.metric = claim["metric"]
        self.sections = dict(stored.measured(claim.systems, claim.corpus))
        self.rows = {
            system: {
                row["condition"]: row
                for row in [*section["summary"], *section["partial"]]
                if row["metric"] == self.metric
            }
            for system, section in self.sections.items()
        }

    @property
    def is_error(self) -> bool:
        """Whether lower is better, and the metric no percentage."""
        return self.metric == "mae"

    @property
    def order(self) -> list[str]:
        """Systems from the best to the worst mean of the partial sets; variants as the claim has them."""
        if "base" in self.claim.values:
            return list(self.sections)
        return sorted(
            self.sections,
            key=lambda system: self.rows[system][PARTIAL]["mean"] * (1 if self.is_error else -1),
        )

    def short(self) -> str:
        """Main conditions, differences to the reference, and what a system costs."""
        if not self.sections:
            return "\nNot measured yet.\n\n"
        complete = next(iter(self.scores.values())).sets[-1]
        conditions = {PARTIAL: "mean of partial sets", complete: "all modalities"}
        common = set.intersection(*(set(scores.conditions) for scores in self.scores.values()))
        conditions |= {rate: rate.replace(":", " ") for rate in SHORT if rate in common}
        apart = [PARTIAL, SHORT[-1]]
        reference = self.claim["reference"] or "the system itself"
        header = ["system", *conditions.values()]
        header += [f"{conditions[name]}, less {reference}" for name in apart]
        header += ["rank", "recipe", "seeds", "CPU seconds per fold", "parameters", "ms per utterance"]
        lines = [header]
        for rank, system in enumerate(self.order, 1):
            values = [self._value(self.rows[system][name]["mean"]) for name in conditions]
            differences = [self._difference(system, name) for name in apart]
            lines.append([system, *values, *differences, str(rank), *self._cost(system)])
        return f"\n{markdown(lines)}\n\n{self._note()}\n\n"

    def full(self) -> str:
        """All conditions, with intervals."""
        if not self.sections:
            return "\nNot measured yet.\n\n"
        first = next(iter(self.scores.values()))
        common = set.intersection(*(set(scores.conditions) for scores in self.scores.values()))
        others = [name for name in first.conditions if name not in first.sets and name in common]
        conditions = [*first.sets, PARTIAL, *others]
        lines = [["system", *conditions]]
        lines += [
            [system, *(self._interval(self.rows[system][condition]) for condition in conditions)]
            for system in self.order
        ]
        return f"\n{markdown(lines)}\n\n"

    @cached_property
    def scores(self) -> dict[str, Any]:
        """Scores of each system, read from what is stored."""
        return {name: stored.load_scores(section["scores"]) for name, section in self.sections.items()}

    def _value(self, value: float) -> str:
        return f"{value:.2f}" if self.is_error else f"{100 * value:.1f}"

    def _interval(self, row: dict[str, float]) -> str:
        half = (row["high"] - row["low"]) / 2
        return f"{self._value(row['mean'])} ± {self._value(half)}"

    def _difference(self, system: str, condition: str) -> str:
        """Paired difference of a system to the reference, with its interval."""
        reference = self.claim["reference"] or self.claim.system_of(system)
        if reference not in self.sections or system == reference:
            return ""
        scores = self.scores
        members = scores[system].partial_sets if condition == PARTIAL else (condition,)
        row = next(
            row
            for row in scores[reference].compare(scores[system], groups={condition: members})
            if row.metric == self.metric
        )
        low, high = self._value(row.low), self._value(row.high)
        sign = "+" if row.mean >= 0 else ""
        return f"{sign}{self._value(row.mean)} [{low}, {high}]"

    def _cost(self, system: str) -> list[str]:
        facts = list(self.sections[system]["facts"].values())
        measured = all("cpu_seconds" in found for found in facts)
        seconds = [each for f in facts for each in f["cpu_seconds" if measured else "seconds"].values()]
        return [
            _recipe(facts[0]["candidate"]),
            str(len(facts)),
            f"{sum(seconds) / len(seconds):.0f}" + ("" if measured else " *"),
            f"{facts[0]['parameters'] / 1e6:.2f} M" if facts[0]["parameters"] else "-",
            f"{min(found['milliseconds_per_utterance'] for found in facts):.2f}",
        ]

    def _note(self) -> str:
        facts = [found for section in self.sections.values() for found in section["facts"].values()]
        commits = ", ".join(dict.fromkeys(found["commit"] for found in facts))
        torch = ", ".join(dict.fromkeys(found["versions"]["torch"] for found in facts))
        device = ", ".join(dict.fromkeys(f"{found['device']} ({found['processor']})" for found in facts))
        metric = NAMES[self.metric] + ("" if self.is_error else " in %")
        return (
            f"{self.claim['title']}. {metric}, mean over the seeds; differences are paired, with 95 % "
            "intervals over dialogues (bootstrap); ranked by the mean of the partial sets. "
            f"{' '.join(self.claim['protocol'].split())} Recipe: the system's own or the common one, with "
            "the multiples of learning rate and loss weight that the search chose. Seconds per fold are for "
            "training, calibration and test in one thread; * on the clock, beside other processes. Commit "
            f"{commits}, torch {torch}, {device}."
        )


def _recipe(key: str) -> str:
    """Words for the key of a candidate."""
    recipe, learning_rate, weight = key.split("-")
    rate = "" if learning_rate == "1" else f", {learning_rate} of the rate"
    return recipe + rate + ("" if weight == "1" else f", {weight} of the weight")
