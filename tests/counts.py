"""Counts of what fuzz tests tried, for the record of `make fuzz`."""

import json
import os
import re
from pathlib import Path
from typing import Literal

Kind = Literal["kill", "mutation", "round trip"]


def record(test: str, kind: Kind, tried: int, survived: int) -> None:
    """Write counts to a file of their own in the folder ``GRAPHMER_FUZZ_COUNTS``, if the variable is set.

    Args:
        test: its name, with what distinguishes its cases; a second record of the name replaces the first.
        kind: of trial.
        tried: number of trials.
        survived: number of those after which all was as it must be.
    """
    if folder := os.environ.get("GRAPHMER_FUZZ_COUNTS"):
        Path(folder).mkdir(parents=True, exist_ok=True)
        content = {"test": test, "kind": kind, "tried": tried, "survived": survived}
        path = Path(folder) / (re.sub(r"[^\w.-]+", "_", test) + ".json")
        path.write_text(json.dumps(content) + "\n", encoding="utf-8")
