"""Scores on the terminal and in the run folder."""

from collections.abc import Mapping
from pathlib import Path

from graphmer.cli.terminal import console
from graphmer.evaluation.scores import Scores
from graphmer.report.spread import spread_table
from graphmer.report.table import class_table, condition_table, confusion_table
from graphmer.storage import write_text


def show_scores(scores: Scores, bayes: Mapping[str, float], folder: Path, name: str = "scores") -> None:
    """Print the table over all conditions and, for the largest set, the classes; save all tables.

    ``<name>.md`` also holds classes and confusion under every condition, and the spread over seeds and folds.

    Args:
        scores: what was measured.
        bayes: the best possible accuracy by condition, for simulated dialogues.
        folder: run folder.
        name: of the Markdown file.
    """
    overview = condition_table(scores, best=bayes)
    console.print(overview.rich(console.width))
    sheets = [overview, spread_table(scores)]
    if not scores.labels.is_score:
        console.print(class_table(scores, (scores.sets or scores.conditions)[-1]).rich(console.width))
        sheets += [table(scores, c) for c in scores.conditions for table in (class_table, confusion_table)]
    write_text(folder / f"{name}.md", "\n".join(sheet.markdown() for sheet in sheets))
    console.print(f"Run folder: {folder}", highlight=False, soft_wrap=True)
