"""Tables of a comparison: values with ranks and costs, and differences from the reference."""

from collections.abc import Sequence

import numpy as np

from graphmer.evaluation.statistics import metric_names
from graphmer.report.comparable import remarks
from graphmer.report.comparison import LOWER_IS_BETTER, Column, Comparison
from graphmer.report.sheet import Sheet
from graphmer.report.table import marked_title, notes_of, warnings_of, with_interval

COST_NOTE = (
    "Parameters: those of a stored model, each counted once; after the plus a teacher that only training "
    "reads. Training: wall time of a model, mean over folds and seeds. Prediction: wall time of an utterance "
    "of the test, in its batch."
)


def comparison_tables(comparison: Comparison) -> list[Sheet]:
    """Both tables of each metric, in the order of `Comparison.metrics`."""
    return [
        table(comparison, metric)
        for metric in comparison.metrics
        for table in (comparison_table, difference_table)
    ]


def comparison_table(comparison: Comparison, metric: str) -> Sheet:
    """Table of a metric with one row per condition and one column per system, then ranks and costs.

    The best values of a row are bold, as far as the printed digits tell.

    Args:
        comparison: of the systems.
        metric: key of one of its metrics.
    """
    name = metric_names(comparison.scores[0].labels)[metric]
    rows, bold = [], set()
    for place, condition in enumerate(comparison.rows):
        cells = [with_interval(comparison.estimates[each, condition, metric]) for each in comparison.names]
        rows.append((condition, *cells))
        bold |= {(place, number + 1) for number in _best(cells, lowest=metric in LOWER_IS_BETTER)}
    ranks = [_number(rank) for rank in comparison.mean_ranks(metric)]
    bold |= {(len(rows), number + 1) for number in _best(ranks, lowest=True)}
    return Sheet(
        title=marked_title(comparison.scores, f"{comparison.title}: {name}"),
        header=("condition", *comparison.names),
        rows=(*rows, ("mean rank", *ranks), *_costs(comparison.columns)),
        notes=(
            *notes_of(comparison.scores),
            f"Bold: the best of a row{', the lowest' if metric in LOWER_IS_BETTER else ''}. Mean rank: over "
            f"the {len(comparison.common)} conditions, 1 is best, equal values share their mean.",
            COST_NOTE,
            *remarks(comparison.columns),
        ),
        bold=frozenset(bold),
        breaks=(len(rows),),
    )


def difference_table(comparison: Comparison, metric: str) -> Sheet:
    """Table of the paired differences of a metric from the reference, with one row per condition.

    Differences whose interval excludes zero are bold.

    Args:
        comparison: of the systems.
        metric: key of one of its metrics.
    """
    name = metric_names(comparison.scores[0].labels)[metric]
    others = [each for each in comparison.names if each != comparison.reference]
    rows, bold = [], set()
    for place, condition in enumerate(comparison.rows):
        found = [comparison.differences[each, condition, metric] for each in others]
        rows.append((condition, *(with_interval(each, "bounds") for each in found)))
        bold |= {(place, number) for number, each in enumerate(found, 1) if each.low > 0 or each.high < 0}
    direction = "; below zero is better" if metric in LOWER_IS_BETTER else ""
    return Sheet(
        title=marked_title(comparison.scores, f"{comparison.title}: {name} minus {comparison.reference}"),
        header=("condition", *others),
        rows=tuple(rows),
        notes=(
            f"System minus {comparison.reference}, paired by dialogue; in brackets the 95 % interval over "
            f"resampled dialogues; bold where it excludes zero{direction}.",
            *warnings_of(comparison.scores),
        ),
        bold=frozenset(bold),
    )


def _best(cells: Sequence[str], *, lowest: bool) -> list[int]:
    """Positions of the best printed values."""
    values = [float("nan") if cell == "-" else float(cell.split(" ")[0]) for cell in cells]
    if np.isnan(values).all():
        return []
    best = np.nanmin(values) if lowest else np.nanmax(values)
    return [number for number, value in enumerate(values) if value == best]


def _costs(columns: Sequence[Column]) -> list[tuple[str, ...]]:
    facts = [column.facts for column in columns]
    return [
        ("parameters", *(_parameters(column) for column in columns)),
        ("training, s", *(_seconds(each.get("training_seconds")) for each in facts)),
        ("prediction, µs", *(_seconds(each.get("prediction_seconds"), 1e6) for each in facts)),
    ]


def _parameters(column: Column) -> str:
    own, teacher = column.facts.get("parameters"), column.facts.get("teacher_parameters", 0)
    if own is None:
        return "-"
    return _amount(own) + (f" + {_amount(teacher)}" if teacher else "")


def _amount(count: int) -> str:
    """Three digits, with k for thousands and M for millions."""
    for unit, size in (("M", 1e6), ("k", 1e3)):
        if count >= size * 0.9995:
            value = count / size
            digits = 2 if value < 9.995 else 1 if value < 99.95 else 0
            return f"{value:.{digits}f} {unit}"
    return str(count)


def _seconds(value: float | None, scale: float = 1) -> str:
    if value is None:
        return "-"
    return f"{value * scale:.{1 if value * scale < 99.95 else 0}f}"


def _number(value: float) -> str:
    return "-" if np.isnan(value) else f"{value:.2f}"
