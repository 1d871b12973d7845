"""Counts of the inputs and kills that the tests of reliability tried."""

import json
import os
from pathlib import Path


def record(test: str, kind: str, tried: int, survived: int) -> None:
    """Write the counts of a test to a file in the folder ``GRAPHMER_FUZZ_COUNTS``, if that is set.

    Args:
        test: name of the test.
        kind: ``kill``, ``mutation`` or ``round trip``.
        tried: inputs or kills that were tried.
        survived: those after which everything was as it must be.
    """
    folder = os.environ.get("GRAPHMER_FUZZ_COUNTS")
    if folder:
        content = {"test": test, "kind": kind, "tried": tried, "survived": survived}
        (Path(folder) / f"{test}.json").write_text(json.dumps(content))
