"""A small finished run and the content of its report."""

from pathlib import Path
from typing import Any

from graphmer.experiment import Run
from graphmer.experiment.reporting import report_content
from tests.experiment.tiny import Silent, begin


def finished_run(folder: Path, root: Path | None = None, **changes: Any) -> Run:
    """Finished run of one fold and two seeds, on simulated dialogues if there is no corpus."""
    run = begin(folder, root, **{"folds": [1], "seeds": [1, 2], **changes})
    run.train(Silent())
    return run


def content_of(run: Run) -> dict[str, Any]:
    """Content of the report of a run."""
    return report_content(run)
