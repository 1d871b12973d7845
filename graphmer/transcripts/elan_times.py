"""Times of ELAN's annotations: of their slots, of slots without a value, of what they refer to."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

Interval = tuple[float, float]


@dataclass(frozen=True)
class Annotation:
    """An annotation of a tier.

    Args:
        id: unique within the file.
        text: its value.
        slots: ids of the time slots of its start and end; ``None`` if it refers to another annotation.
        parent: id of the annotation that it refers to.
        previous: id of the annotation before it that refers to the same parent.
    """

    id: str
    text: str
    slots: tuple[str, str] | None = None
    parent: str | None = None
    previous: str | None = None


def interpolated(slots: Mapping[str, float | None], chains: Iterable[Sequence[str]]) -> dict[str, float]:
    """Seconds of every slot that has a value, or has one before and after it.

    The slots between two values are evenly spaced: those of the annotations of one tier first, then
    those that follow one another in the file.

    Args:
        slots: seconds by id in the order of the file.
        chains: ids of the slots of each tier in the order of its annotations.
    """
    known = {id: seconds for id, seconds in slots.items() if seconds is not None}
    if len(known) == len(slots):
        return known
    for chain in (*chains, list(slots)):
        known |= _filled([*dict.fromkeys(chain)], known)
    return known


def _filled(chain: Sequence[str], known: Mapping[str, float]) -> dict[str, float]:
    found: dict[str, float] = {}
    before: int | None = None
    for place, id in enumerate(chain):
        if id not in known:
            continue
        if before is not None:
            first, steps = known[chain[before]], place - before
            step = (known[id] - first) / steps
            found |= {chain[before + k]: round(first + k * step, 3) for k in range(1, steps)}
        before = place
    return found


def divided(annotations: Sequence[Annotation], times: Mapping[str, Interval]) -> dict[str, Interval]:
    """Start and end of annotations that refer to others: even parts of the time of their parent.

    Args:
        annotations: of one tier; those whose parent has no time are left out.
        times: start and end of the parents.
    """
    siblings: dict[str, list[Annotation]] = defaultdict(list)
    for annotation in annotations:
        if annotation.parent is not None and annotation.parent in times:
            siblings[annotation.parent].append(annotation)
    found: dict[str, Interval] = {}
    for parent, parts in siblings.items():
        start, end = times[parent]
        part = (end - start) / len(parts)
        for number, annotation in enumerate(_in_order(parts)):
            found[annotation.id] = round(start + number * part, 3), round(start + (number + 1) * part, 3)
    return found


def _in_order(parts: Sequence[Annotation]) -> list[Annotation]:
    """Annotations of one parent, each after the one that it names as the previous."""
    following = {part.previous: part for part in parts}
    ordered: list[Annotation] = []
    following_one = following.get(None)
    while following_one is not None and len(ordered) < len(parts):
        ordered.append(following_one)
        following_one = following.get(following_one.id)
    return ordered if len(ordered) == len(parts) else list(parts)
