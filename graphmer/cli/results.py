"""Tables of scores on the terminal and in the run folder."""

from collections.abc import Mapping
from pathlib import Path

from graphmer.cli.terminal import console
from graphmer.evaluation.cause_scores import CauseScores, write_causes
from graphmer.evaluation.change_scores import ChangeScores, write_changes
from graphmer.evaluation.change_statistics import HISTORIES
from graphmer.evaluation.gathering import Key
from graphmer.evaluation.predictions import Predictions
from graphmer.evaluation.scores import Scores
from graphmer.report.cause_table import cause_table
from graphmer.report.change_table import change_table
from graphmer.report.detection_table import detection_table
from graphmer.report.published import Published, published_table
from graphmer.report.spread import spread_table
from graphmer.report.table import class_table, condition_table, confusion_table
from graphmer.storage import write_text


def show_scores(
    scores: Scores,
    predictions: Mapping[Key, Predictions],
    bayes: Mapping[str, float],
    file: Path,
    change_file: Path,
    cause_file: Path,
    *,
    published: Published | None = None,
    causes: CauseScores | None = None,
) -> None:
    """Print the main tables of scores, and write all tables to files.

    Printed are the table over all conditions, the comparison with published figures and, for classes, the
    table by class under the largest set and the table of changes. The Markdown file also has the classes and
    the confusion matrix under every condition, the spread over seeds and folds, and the changes with
    annotated history. A corpus of scores has neither classes nor changes. A table of causes is added where a
    model predicts them, and one of detected damage where it estimates reliability.

    Args:
        scores: scores of the system.
        predictions: predictions of the scores, by (seed, fold, condition).
        bayes: best possible accuracy by condition, for simulated dialogues.
        file: Markdown file in the run folder.
        change_file: JSON file of the change metrics.
        cause_file: JSON file of the cause metrics.
        published: figures of a paper, to compare the scores with.
        causes: scores of the predicted causes, if there are any.
    """
    overview = condition_table(scores, best=bayes)
    console.print(overview.rich(console.width))
    sheets = [overview, spread_table(scores)]
    if published is not None:
        sheets.append(published_table(scores, published))
        console.print(sheets[-1].rich(console.width))
    if not scores.labels.is_score:
        console.print(class_table(scores, (scores.sets or scores.conditions)[-1]).rich(console.width))
        sheets += [table(scores, c) for c in scores.conditions for table in (class_table, confusion_table)]
        changes = [
            ChangeScores.from_predictions(predictions, scores.labels, history=each) for each in HISTORIES
        ]
        write_changes(changes, scores.meta, change_file)
        sheets += [change_table(each, scores) for each in changes]
        console.print(change_table(changes[0], scores).rich(console.width))
    if causes is not None:
        write_causes(causes, scores.meta, cause_file)
        sheets.append(cause_table(causes, scores))
        console.print(sheets[-1].rich(console.width))
    detected = detection_table(predictions, scores)
    if detected is not None:
        sheets.append(detected)
        console.print(detected.rich(console.width))
    write_text(file, "\n".join(sheet.markdown() for sheet in sheets))
    console.print(f"Run folder: {file.parent}", highlight=False, soft_wrap=True)
