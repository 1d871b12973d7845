"""Whether systems may be compared: what must be the same, and what is noted."""

from collections.abc import Iterable, Sequence

from graphmer.errors import GraphmerError
from graphmer.evaluation.gathering import same_dialogues
from graphmer.evaluation.scores import Scores
from graphmer.evaluation.statistics import targets_of
from graphmer.report.comparison import Column, common_conditions

Difference = tuple[str, str, str, str]
"""What differs, its value for the one and the other system, and the remedy."""

_SAME_CORPUS = "Train both on the same files."
_SAME_SPLIT = "Train both with the same `split` and `folds`."


class IncomparableError(GraphmerError):
    """Systems whose corpus, split, masks or selection differ."""


def check_comparable(columns: Sequence[Column]) -> None:
    """Refuse systems that were not trained and tested alike.

    Args:
        columns: two or more systems; each is held against the first.

    Raises:
        IncomparableError: with a line for each of the `obstacles`.
    """
    found = obstacles(columns)
    if found:
        raise IncomparableError("\n".join(found))


def obstacles(columns: Sequence[Column]) -> list[str]:
    """Why the systems cannot be compared, a line for each difference from the first; empty if they can.

    Corpus, labels, modalities, test and validation dialogues of each fold, annotations, masks of the common
    conditions and selection must be the same. What is not known of a system is not held against it.

    Args:
        columns: two or more systems.
    """
    first, *others = columns
    lines = [
        f"{first.name} and {other.name} differ in {what}: {one} against {two}. {remedy}"
        for other in others
        for what, one, two, remedy in _differences(first, other)
    ]
    if not lines and not common_conditions(columns):
        tested = "; ".join(f"{column.name}: {', '.join(column.scores.conditions)}" for column in columns)
        lines = [f"No condition is common to all ({tested}). Run `graphmer evaluate` with the same ones."]
    return lines


def remarks(columns: Sequence[Column]) -> list[str]:
    """What a reader of a comparison should know and what does not forbid it, a sentence each.

    Args:
        columns: the systems.
    """
    return [
        *_regimes(columns),
        *_left_out(columns),
        *_seeds(columns),
        *_unchecked(columns),
        *_machines(columns),
    ]


def _differences(first: Column, other: Column) -> list[Difference]:
    return [
        *_of_the_corpus(first.scores, other.scores),
        *_of_the_split(first, other),
        *_of_the_masks(first, other),
        *_if_different(
            "selection",
            str(first.scores.meta["selection"]),
            str(other.scores.meta["selection"]),
            "Train both with the same `training.selection`.",
        ),
    ]


def _if_different(what: str, one: str | None, two: str | None, remedy: str) -> list[Difference]:
    """One difference, or none where the values are equal or not both known."""
    return [(what, one, two, remedy)] if one is not None and two is not None and one != two else []


def _of_the_corpus(one: Scores, two: Scores) -> list[Difference]:
    return [
        *_if_different("corpus", _corpus(one), _corpus(two), _SAME_CORPUS),
        *_if_different("labels", _labels(one), _labels(two), _SAME_CORPUS),
        *_if_different("modalities", ", ".join(one.modalities), ", ".join(two.modalities), _SAME_CORPUS),
    ]


def _corpus(scores: Scores) -> str | None:
    """Name and fingerprint; None if the latter is not known."""
    fingerprint = scores.meta.get("fingerprint")
    return None if fingerprint is None else f"{scores.meta.get('corpus', 'corpus')} ({str(fingerprint)[:12]})"


def _labels(scores: Scores) -> str:
    labels = scores.labels
    return f"a score in {labels.interval}" if labels.is_score else ", ".join(labels.names)


def _of_the_split(first: Column, other: Column) -> list[Difference]:
    one, two = first.scores, other.scores
    found = _if_different("split", first.facts.get("split"), other.facts.get("split"), _SAME_SPLIT)
    found += _if_different("folds", ", ".join(one.folds), ", ".join(two.folds), _SAME_SPLIT)
    for fold, dialogues in one.folds.items():
        if fold in two.folds and set(dialogues) != set(two.folds[fold]):
            values = (_counted(dialogues, two.folds[fold]), _counted(two.folds[fold], dialogues))
            found.append((f"test dialogues of fold {fold}", *values, _SAME_SPLIT))
    parts = (first.facts.get("validation_parts", {}), other.facts.get("validation_parts", {}))
    for fold, part in parts[0].items():
        what = f"validation dialogues of fold {fold}"
        found += _if_different(what, _digest(part), _digest(parts[1].get(fold)), _SAME_SPLIT)
    if set(one.dialogue_ids) == set(two.dialogue_ids) and one.labels.is_score == two.labels.is_score:
        found += _of_the_targets(one, two)
    return found


def _counted(dialogues: Sequence[str], others: Iterable[str]) -> str:
    alone = sorted(set(dialogues) - set(others))
    return f"{len(dialogues)} dialogues" + (f", {alone[0]!r} only here" if alone else "")


def _digest(text: str | None) -> str | None:
    return None if text is None else f"digest {text[:12]}"


def _of_the_targets(one: Scores, two: Scores) -> list[Difference]:
    if one.labels != two.labels:
        return []
    targets = [
        dict(zip(each.dialogue_ids, targets_of(each.counts[0, 0], each.labels), strict=True))
        for each in (one, two)
    ]
    try:
        same_dialogues(*targets)
    except ValueError:
        return [("annotations", "its own", "other emotions of the same dialogues", _SAME_CORPUS)]
    return []


def _of_the_masks(first: Column, other: Column) -> list[Difference]:
    remedy = "Run `graphmer evaluate` for both with the same version of graphmer, and compare its files."
    seeds = (first.facts.get("mask_seed"), other.facts.get("mask_seed"))
    found = []
    if None not in seeds and seeds[0] != seeds[1]:
        found.append(("the seed of the masks", str(seeds[0]), str(seeds[1]), remedy))
    if set(first.scores.dialogue_ids) != set(other.scores.dialogue_ids):
        return found  # masks of other dialogues are others
    for condition in common_conditions([first, other]):
        (one, digest), (two, another) = _mask(first, condition), _mask(other, condition)
        if one != two or (digest and another and digest != another):
            what = f"the masks of {condition}"
            found.append((what, _printed(one, digest), _printed(two, another), remedy))
    return found


def _mask(column: Column, condition: str) -> tuple[float, str | None]:
    """Missing fraction under a condition, and digest of what was available to each utterance, if known."""
    missing = column.scores.missing[column.scores.conditions.index(condition)]
    return missing, column.facts.get("masks", {}).get(condition)


def _printed(missing: float, digest: str | None) -> str:
    return f"{missing:.4f} missing" + ("" if digest is None else f", {_digest(digest)}")


def _regimes(columns: Sequence[Column]) -> list[str]:
    """Under which masks the systems were trained."""
    by_regime: dict[str, list[str]] = {}
    for column in columns:
        by_regime.setdefault(column.facts.get("regime", "unknown masks"), []).append(column.name)
    if len(by_regime) == 1:
        return [f"All systems were trained under {next(iter(by_regime))}."]
    each = "; ".join(f"{', '.join(names)} under {regime}" for regime, names in by_regime.items())
    return [f"The systems were not trained under the same masks: {each}."]


def _left_out(columns: Sequence[Column]) -> list[str]:
    common = common_conditions(columns)
    alone = dict.fromkeys(name for each in columns for name in each.scores.conditions if name not in common)
    return [f"Left out, as not all systems were tested under them: {', '.join(alone)}."] if alone else []


def _seeds(columns: Sequence[Column]) -> list[str]:
    seeds = {column.name: ", ".join(map(str, column.scores.seeds)) for column in columns}
    if len(set(seeds.values())) == 1:
        return []
    return ["The seeds differ: " + "; ".join(f"{name} {found}" for name, found in seeds.items()) + "."]


def _unchecked(columns: Sequence[Column]) -> list[str]:
    """Facts of the protocol that some system does not have, so that they could not be held together."""
    needed = {
        "corpus": "fingerprint",
        "split": "split",
        "validation dialogues": "validation_parts",
        "masks": "masks",
    }
    lacking = {
        column.name: [
            what for what, key in needed.items() if not (column.facts.get(key) or column.scores.meta.get(key))
        ]
        for column in columns
    }
    each = "; ".join(f"{', '.join(what)} of {name}" for name, what in lacking.items() if what)
    return [f"Not stored, and so not checked: {each}."] if each else []


def _machines(columns: Sequence[Column]) -> list[str]:
    machines = {
        name: machine for name, machine in ((c.name, c.facts.get("machine")) for c in columns) if machine
    }
    if len(set(machines.values())) < 2:
        return []
    each = "; ".join(f"{name} on {machine}" for name, machine in machines.items())
    return [f"Times were not measured on the same machine: {each}."]
