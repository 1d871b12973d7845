"""Table of the standard deviations over seeds and folds."""

import numpy as np

from graphmer.evaluation.scores import Scores
from graphmer.evaluation.statistics import metric_names
from graphmer.report.sheet import Sheet
from graphmer.report.table import marked_title


def spread_table(scores: Scores) -> Sheet:
    """Table of the pooled mean and its standard deviation over seeds and over folds, by condition and metric.

    Args:
        scores: scores of one system.
    """
    names = metric_names(scores.labels)
    rows = [row for row in scores.summary() if row.metric in names]
    return Sheet(
        title=marked_title([scores], f"{scores.meta['title']}: spread over seeds and folds"),
        header=("condition", "metric", "mean", "sd over seeds", "sd over folds", "utterances"),
        rows=tuple(
            (
                row.condition,
                names[row.metric],
                f"{row.mean:.4f}",
                _number(row.seed_spread),
                _number(row.fold_spread),
                str(row.utterances),
            )
            for row in rows
        ),
        notes=(f"{len(scores.seeds)} seed(s), {len(scores.folds)} fold(s); '-' where there is only one.",),
    )


def _number(value: float) -> str:
    return "-" if np.isnan(value) else f"{value:.4f}"
