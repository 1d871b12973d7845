"""Tables of what the missing pattern is worth, and of the policies under a budget."""

from collections.abc import Mapping, Sequence
from typing import Any

from benchmarks.accuracy.cells import markdown, percent, signed

SYSTEMS = {
    "posterior": "exact posterior, pattern ignored",
    "posterior with the law": "exact posterior, law known",
    "off": "model without the option",
    "ignored": "model with it, `--ignore-pattern`",
    "on": "model with it",
}
DIFFERENCES = {
    ("posterior", "posterior with the law"): "exact posterior: law known - ignored",
    ("off", "on"): "model: with - without the option",
    ("ignored", "on"): "model: with the pattern - ignored",
}
LAWS = {
    "mnar": "the law",
    "mcar": "whatever the emotion",
    "permuted": "law of other emotions",
    "stronger": "stronger law",
}


def pattern_table(result: Mapping[str, Any]) -> str:
    """WA and log-loss of models and exact posteriors under each law, and paired differences."""
    laws = {law: name for law, name in LAWS.items() if law in result["laws"]}
    lines = [["modalities lost by", "", "WA, %", "log-loss, nats"]]
    rows = {(row["law"], row["system"]): row for row in result["rows"]}
    apart = {(row["law"], row["first"], row["other"]): row for row in result["differences"]}
    for law, name in laws.items():
        for system, title in SYSTEMS.items():
            if (law, system) in rows:
                row = rows[law, system]
                lines.append([name, title, percent(bounds(row["wa"])), plain(row["loss"])])
        for pair, title in DIFFERENCES.items():
            key = (law, pair[0], pair[1])
            if key in apart:
                row = apart[key]
                lines.append([name, f"*{title}*", signed(bounds(row["wa"])), plain(row["loss"], sign=True)])
    parts = [markdown(lines)]
    if result["share"] is not None:
        shares = [
            f"{SYSTEMS[system]}: {100 * result['share']['loss'][system]:.0f} % of the log-loss, "
            f"{100 * result['share']['wa'][system]:.0f} % of the WA"
            for system in ("off", "ignored", "on")
        ]
        parts.append(
            f"Of what the exact posterior gains by the pattern is gained by the {'; '.join(shares)}."
        )
    if result["warnings"]:
        told = [LAWS[law] for law, warning in result["warnings"].items() if warning is not None]
        parts.append(
            f"`graphmer predict` with the first of these models warns under: {', '.join(told) or 'none'}."
        )
    machine = result["environment"]
    named = "; ".join(f"{name}: `{result['laws'][law]}`" for law, name in laws.items())
    trained = ", ".join(LAWS[law] for law in ("mnar", "mcar") if law in laws)
    others = "; those of the first are used under the others" if "permuted" in laws else ""
    parts.append(
        f"{result['corpus']}, {result['turns']} test turns. Models are trained under {trained}"
        f"{others}. {named[0].upper()}{named[1:]}. Mean over {len(result['seeds'])} seed(s), with "
        "95 % intervals over dialogues (bootstrap); differences are paired. The masks of the test part "
        f"are drawn from its annotations. Commit {machine['commit']}, torch {machine['versions']['torch']}, "
        f"{machine['device']}."
    )
    return "\n" + "\n\n".join(parts) + "\n\n"


def bounds(values: Sequence[float]) -> dict[str, float]:
    return dict(zip(("mean", "low", "high"), values, strict=True))


def plain(values: Sequence[float], *, sign: bool = False) -> str:
    """A number in nats with its interval."""
    mean, low, high = values
    return f"{mean:+.3f} [{low:.3f}, {high:.3f}]" if sign else f"{mean:.3f} ± {(high - low) / 2:.3f}"


def budget_table(result: Mapping[str, Any]) -> str:
    """WA of each policy at shares of the cost of everything, and the mean over all costs."""
    shares = (0.0, 0.1, 0.25, 0.5, 0.75, 1.0)
    lines = [["policy", *(f"{100 * share:.0f} %" for share in shares), "mean over costs", "- random"]]
    areas = {row["policy"]: row for row in result["areas"]}
    for policy, points in result["curves"].items():
        at = [
            max((p for p in points if p["cost"] <= share + 1e-9), key=lambda p: p["cost"]) for share in shares
        ]
        line = [policy, *(f"{100 * point['wa']:.1f}" for point in at), percent(areas[policy]["wa"])]
        lines.append([*line, "" if policy == "random" else signed(areas[policy]["to_random"])])
    machine = result["environment"]
    costs = ", ".join(f"{modality} {cost:g}" for modality, cost in result["costs"].items())
    note = (
        f"{result['corpus']}, WA in % of {result['turns']} test turns of {result['dialogues']} dialogues "
        "after this share of the cost of everything that is missing at first, where each turn has one "
        f"modality at random (`{result['start']}`). Costs: {costs}. With 95 % intervals over dialogues "
        f"(bootstrap), paired to the random order. Seed {', '.join(map(str, result['seeds']))}. "
        f"Commit {machine['commit']}, torch {machine['versions']['torch']}, {machine['device']}."
    )
    return f"\n{markdown(lines)}\n\n{note}\n\n"
