"""Scores on the terminal and in the run folder."""

from collections.abc import Mapping
from pathlib import Path

from graphmer.cli.terminal import console
from graphmer.evaluation.scores import Scores
from graphmer.report.table import condition_table
from graphmer.storage import write_text


def show_scores(scores: Scores, bayes: Mapping[str, float], folder: Path, name: str = "scores") -> None:
    """Print the table over all conditions, save it, and name the folder.

    Args:
        scores: what was measured.
        bayes: the best possible accuracy by condition, for simulated dialogues.
        folder: run folder.
        name: of the Markdown file.
    """
    sheet = condition_table(scores, best=bayes)
    console.print(sheet.rich())
    write_text(folder / f"{name}.md", sheet.markdown())
    console.print(f"Run folder: {folder}", highlight=False, soft_wrap=True)
