"""Valid and damaged inputs for property tests."""

import contextlib
import copy
import functools
import inspect
import itertools
import json
import os
from collections.abc import Callable
from typing import Any, Literal

from hypothesis import HealthCheck, given, seed, settings, strategies as st
from hypothesis.errors import FlakyStrategyDefinition, StopTest, UnsatisfiedAssumption

from graphmer.errors import GraphmerError
from tests.counts import record

EXAMPLES = int(os.environ.get("GRAPHMER_EXAMPLES", "100"))
"""Examples of a test; `make fuzz` tries more."""

tried = settings(
    max_examples=EXAMPLES,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
)


def fuzz(kind: Literal["mutation", "round trip"]) -> Callable[[Callable[..., None]], Any]:
    """Decorator that runs a test with `EXAMPLES` draws of its argument ``data``, and records its counts.

    In long runs Hypothesis sometimes takes the draws of slow tests for inconsistent, although they depend on
    nothing else; drawing then goes on with the next seed, unless an example has failed.
    """

    def decorate(test: Callable[..., None]) -> Any:
        counts = {"tried": 0, "survived": 0}
        failures: list[BaseException] = []

        def example(*arguments: Any, **named: Any) -> None:
            try:
                test(*arguments, **named)
            except (FlakyStrategyDefinition, StopTest, UnsatisfiedAssumption):  # an incomplete draw
                raise
            except BaseException as error:
                counts["tried"] += 1
                failures.append(error)
                raise
            counts["tried"] += 1
            counts["survived"] += 1

        example.__signature__ = inspect.signature(test)  # type: ignore[attr-defined]

        @functools.wraps(test)
        def run(*arguments: Any, **named: Any) -> None:
            counts.update(tried=0, survived=0)
            failures.clear()
            try:
                for number in itertools.count():
                    left = settings(tried, max_examples=EXAMPLES - counts["tried"])
                    try:
                        seed(number)(left(given(data=st.data())(example)))(*arguments, **named)
                        break
                    except FlakyStrategyDefinition:
                        if failures:
                            raise failures[0] from None
                        if counts["tried"] >= EXAMPLES:
                            break
            finally:
                case = "".join(f"[{value}]" for value in named.values() if isinstance(value, str))
                record(f"{test.__module__.rpartition('.')[2]}.{test.__name__}{case}", kind, **counts)

        kept = [each for each in inspect.signature(test).parameters.values() if each.name != "data"]
        run.__signature__ = inspect.Signature(kept)  # type: ignore[attr-defined]
        return run

    return decorate


HOSTILE = (
    *(None, True, "", "x", "a.npy#0", [], {}, [[]], [None], {"a": 1}, "\ud800", "\x00"),
    *(0, -1, 1, 2**31, 2**63, -(2**63), 10**30, 10**400, 0.5, -1.5, 1e308, 1e-320),
    *(float("nan"), float("inf"), [1, [2]], [[1, 2], [3]], [[[1]]], [10**400], ["1"], [True]),
)
"""Values that take the place of others."""

names = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), min_size=1, max_size=8)
numbers = st.floats(-1e6, 1e6, width=32)
labels = st.sampled_from(["calm", "angry", None])


@st.composite
def dialogues(draw: st.DrawFn, widths: dict[str, int]) -> list[dict[str, Any]]:
    """Valid dialogues as JSON: any number of turns and speakers, any modality missing."""
    found = []
    for number in range(draw(st.integers(1, 3))):
        turns = []
        for turn in range(draw(st.integers(1, 4))):
            features = {
                modality: draw(st.lists(numbers, min_size=width, max_size=width))
                for modality, width in widths.items()
                if draw(st.booleans())
            }
            record = {"id": f"u{turn}", "speaker": draw(names), "label": draw(labels), "features": features}
            if draw(st.booleans()):
                record |= {
                    "text": draw(names),
                    "start": draw(st.floats(0, 1e6)),
                    "end": draw(st.floats(0, 1e6)),
                }
            turns.append(record)
        split = draw(st.sampled_from([{}, {"split": "train"}, {"split": "test", "session": "1"}]))
        found.append({"id": f"d{number}", "utterances": turns} | split)
    return found


@st.composite
def damaged(draw: st.DrawFn, content: bytes) -> bytes:
    """Content with bytes replaced, removed or doubled, or cut off."""
    changed = bytearray(content)
    for _ in range(draw(st.integers(1, 4))):
        place = draw(st.integers(0, max(0, len(changed) - 1)))
        match draw(st.sampled_from(["flip", "set", "cut", "remove", "double"])):
            case "flip" if changed:
                changed[place] ^= 1 << draw(st.integers(0, 7))
            case "set" if changed:
                changed[place] = draw(st.sampled_from([0, 10, 34, 44, 48, 57, 91, 93, 123, 125, 127, 255]))
            case "cut":
                del changed[place:]
            case "remove":
                del changed[place : place + draw(st.integers(1, 8))]
            case _:
                changed[place:place] = changed[place : place + draw(st.integers(1, 64))]
    return bytes(changed)


@st.composite
def altered(draw: st.DrawFn, content: Any) -> Any:
    """JSON content in which keys or entries are dropped, added, or replaced by hostile values."""
    changed = copy.deepcopy(content)
    for _ in range(draw(st.integers(1, 3))):
        inner = changed
        while True:
            keys = list(inner) if isinstance(inner, dict) else list(range(len(inner)))
            if not keys:
                break
            key = draw(st.sampled_from(keys))
            if isinstance(inner[key], dict | list) and inner[key] and draw(st.integers(0, 3)):
                inner = inner[key]
                continue
            match draw(st.sampled_from(["drop", "replace", "replace", "add"])):
                case "drop":
                    del inner[key]
                case "add" if isinstance(inner, dict):
                    inner[draw(st.sampled_from(["x", "features", "id", ""]))] = copy.deepcopy(
                        draw(st.sampled_from(HOSTILE))
                    )
                case _:
                    inner[key] = copy.deepcopy(draw(st.sampled_from(HOSTILE)))
            break
    return changed


def survives(read: Callable[[], object]) -> None:
    """Reading succeeds, or raises the one error that the command line shows as a line."""
    with contextlib.suppress(GraphmerError):
        read()


def as_json(content: Any) -> bytes:
    """JSON text of any content, NaN and huge numbers too."""
    return json.dumps(content).encode()
