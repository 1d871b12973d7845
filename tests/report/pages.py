"""A finished run of a second, and what its report shows."""

from pathlib import Path
from typing import Any

from graphmer.experiment import Run
from graphmer.experiment.reporting import report_content
from tests.experiment.tiny import Silent, begin


def finished_run(folder: Path, root: Path | None = None, **changes: Any) -> Run:
    """A run of one fold and two seeds, on simulated dialogues unless there is a corpus."""
    run = begin(folder, root, **{"folds": [1], "seeds": [1, 2], **changes})
    run.train(Silent())
    return run


def content_of(run: Run) -> dict[str, Any]:
    """What the page of a run shows."""
    return report_content(run)
