"""Tables of what head and decoder add, and of how close a decoder comes to the exact posterior."""

from collections.abc import Mapping, Sequence
from typing import Any

Cells = Mapping[str, Mapping[str, Any]]


def change_table(result: Mapping[str, Any]) -> str:
    """MCC of the change, pairs on true shifts and weighted F1: from single turns, by head, by decoder."""
    (system,) = result["systems"].values()
    turns, chain = (system["readouts"][name] for name in ("turns", "chain"))
    apart = {(row["other"], row["metric"], row["condition"]): row for row in system["differences"]}
    header = [
        "condition", "MCC argmax", "MCC head", "MCC chain", "head - argmax", "chain - argmax",
        "shift pairs argmax", "shift pairs chain", "wF1 argmax", "wF1 chain", "chain - argmax",
    ]  # fmt: skip
    lines = []
    for group in dict.fromkeys(row["condition"] for row in system["differences"]):
        names = members(group, list(turns))
        lines.append(
            [
                group,
                *(mean(heads, names, metric) for heads, metric in (
                    (turns, "mcc"), (turns, "direct_mcc"), (chain, "direct_mcc"),
                )),
                *(signed(apart[other, "mcc", group]) for other in ("head", "chain")),
                *(mean(heads, names, "pair_match_on_shifts") for heads in (turns, chain)),
                *(mean(heads, names, "weighted_f1") for heads in (turns, chain)),
                signed(apart["chain", "weighted_f1", group]),
            ]
        )  # fmt: skip
    calibration = ", ".join(
        f"{name} {mean(cells, list(cells), 'calibration_error')}"
        for name, cells in (("argmax", turns), ("chain", chain))
    )
    note = (
        "All values times 100; differences with their paired 95 % bootstrap interval over dialogues, "
        f"mean over {len(result['seeds'])} seed(s). "
        f"{system['eligible']} eligible turns, {system['shifts']} shifts. "
        f"Expected calibration error of the emotions, mean over conditions: {calibration}. "
    )
    return page(header, lines, note + provenance(result))


def recovery_table(result: Mapping[str, Any]) -> str:
    """Share of the best possible MCC, and error of the transitions, by size of the corpus."""
    header = [
        "dialogues", "MCC exact posterior", "MCC chain", "share", "MCC chain, from emotions", "MCC argmax",
        "JSD of the learned transitions", "learned inertia", "transition error chain",
        "transition error argmax", "contagion chain (annotated)",
    ]  # fmt: skip
    names = list(next(iter(result["systems"].values()))["readouts"]["bayes"])
    lines = []
    for system in result["systems"].values():
        turns, chain, exact = (system["readouts"][name] for name in ("turns", "chain", "bayes"))
        best, reached = (value(each, names, "direct_mcc") for each in (exact, chain))
        lines.append(
            [
                str(system["dialogues"]),
                f"{100 * best:.1f}",
                f"{100 * reached:.1f}",
                f"{100 * reached / best:.1f} %",
                *(mean(each, names, "mcc") for each in (chain, turns)),
                f"{system['learnt']['law_error']:.4f}",
                f"{system['learnt']['inertia']:.3f}",
                *(f"{value(each, names, 'transition_error'):.4f}" for each in (chain, turns)),
                f"{value(chain, names, 'contagion_predicted'):.3f} ({value(chain, names, 'contagion'):.3f})",
            ]
        )
    planted = next(iter(result["systems"].values()))["planted"]
    note = (
        f"Mean over {len(names)} conditions; MCC times 100. "
        f"The simulated process has inertia {planted['inertia']} and contagion {planted['contagion']}. "
        "JSD of the learned transitions: Jensen-Shannon divergence, in bits, of the decoder's transition "
        "scores from the transitions of the process; the transition error is that of the predicted emotions. "
        "Contagion: how much more often than by chance a speaker takes on the other speaker's emotion. "
    )
    return page(header, lines, note + provenance(result))


def members(group: str, names: Sequence[str]) -> list[str]:
    """Conditions of a group."""
    rates = [name for name in names if name.startswith("rate:")]
    sets = [name for name in names if name not in rates]
    return {"mean of sets": sets, "mean of rates": rates}.get(group, [group])


def value(cells: Cells, names: Sequence[str], metric: str) -> float:
    return sum(cells[name][metric]["mean"] for name in names) / len(names)


def mean(cells: Cells, names: Sequence[str], metric: str) -> str:
    return f"{100 * value(cells, names, metric):.1f}"


def signed(row: Mapping[str, float]) -> str:
    return f"{100 * row['mean']:+.1f} [{100 * row['low']:.1f}, {100 * row['high']:.1f}]"


def provenance(result: Mapping[str, Any]) -> str:
    machine = result["environment"]
    commits = dict.fromkeys(system["commit"] for system in result["systems"].values())
    return (
        f"{' '.join(result['protocol'].split())} Commit {', '.join(commits)}, "
        f"torch {machine['versions']['torch']}, {machine['device']}."
    )


def page(header: Sequence[str], lines: Sequence[Sequence[str]], note: str) -> str:
    rows = [header, ["---", *("---:" for _ in header[1:])], *lines]
    return "\n" + "\n".join("| " + " | ".join(row) + " |" for row in rows) + f"\n\n{note}\n\n"
