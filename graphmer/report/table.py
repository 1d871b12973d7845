"""Tables of the results of a system: by condition and by class."""

from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np

from graphmer.evaluation.metrics import class_f1, class_recall
from graphmer.evaluation.rows import Difference, Row
from graphmer.evaluation.scores import Scores
from graphmer.evaluation.statistics import metric_names
from graphmer.report.sheet import Sheet

Interval = Literal["half", "bounds"]
"""Format of an interval: ``± half its width`` (short, for a terminal) or ``[low, high]`` (exact)."""

PARTIAL = "mean of partial sets"
"""Name of the row with the mean over the sets that lack a modality."""

_BEST_NOTE = (
    "best WA: accuracy of the exact posterior of the simulated process; share: the model's WA divided by it, "
    "in %."
)
_CALIBRATION_NOTE = (
    "ECE: expected calibration error, the mean difference of confidence and accuracy over 15 bins, in %."
)
_OPTIONAL = ("macro_f1", "f1_haszero", "acc2_haszero", "f1_nonzero", "acc7")  # omitted on a narrow terminal
IN_UNITS = ("mae", "pearson")
"""Metrics that are not printed in percent."""
_CLASS_NOTE = (
    "WA = accuracy over all utterances; UA = mean of the class recalls; weighted F1 = mean of the class F1 "
    "weighted by support; macro F1 = their unweighted mean. In %."
)
_SCORE_NOTE = (
    "MAE in units of the score, r = Pearson, both over all utterances; the others in %. Acc-2 and F1 exclude "
    "labels of zero (non-0: > 0 is positive) or include them (has-0: >= 0 is positive)."
)
_ORACLE_NOTE = "test_oracle: the epoch was chosen on the test set, so this is an upper bound, not a result."
_SIMULATED_NOTE = "SIMULATED: the dialogues are generated; the figures do not apply to any real corpus."


def condition_table(
    scores: Scores, *, interval: Interval = "half", best: Mapping[str, float] | None = None
) -> Sheet:
    """Table of one system, with one row per condition and one column per metric.

    Sets of modalities come first, in the usual order, then the mean of the partial sets, then the other
    conditions. The column *missing* is the observed fraction of missing modalities.

    Args:
        scores: scores of the system.
        interval: format of the intervals.
        best: best possible accuracy by condition, where it is known; printed with the model's share of it.
    """
    names = metric_names(scores.labels)
    missing = dict(zip(scores.conditions, scores.missing, strict=True))
    ece = ("ECE",) if scores.calibration_error else ()
    found = {(row.condition, row.metric): row for row in rows_of(scores, scores.conditions)}
    rows = [
        (
            condition,
            f"{missing[condition]:.3f}" if condition in missing else "",
            *(with_interval(found[condition, metric], interval) for metric in names),
            *_calibration(scores, condition),
            *_share_of_best(scores, found, condition, best),
        )
        for condition in ordered(scores, scores.conditions)
    ]
    return Sheet(
        title=marked_title([scores], str(scores.meta["title"])),
        header=("condition", "missing", *names.values(), *ece, *(("best WA", "share") if best else ())),
        rows=tuple(rows),
        notes=(
            *notes_of([scores], interval),
            *((_CALIBRATION_NOTE,) if ece else ()),
            *((_BEST_NOTE,) if best else ()),
        ),
        optional=(*(names[key] for key in _OPTIONAL if key in names), *ece, *(("share",) if best else ())),
    )


def _calibration(scores: Scores, condition: str) -> tuple[str, ...]:
    if not scores.calibration_error:
        return ()
    names = partial_sets(scores, scores.conditions) if condition == PARTIAL else [condition]
    columns = [scores.conditions.index(name) for name in names]
    return (_percent(float(np.mean(np.array(scores.calibration_error)[:, columns]))),)


def _share_of_best(
    scores: Scores, found: Mapping[tuple[str, str], Row], condition: str, best: Mapping[str, float] | None
) -> tuple[str, ...]:
    if not best:
        return ()
    names = partial_sets(scores, scores.conditions) if condition == PARTIAL else [condition]
    if not all(name in best for name in names):
        return ("", "")
    highest = float(np.mean([best[name] for name in names]))
    return (_percent(highest), _percent(found[condition, "wa"].mean / highest))


def class_table(scores: Scores, condition: str) -> Sheet:
    """Table of support, recall and F1 of each emotion under one condition, as means over seeds.

    Args:
        scores: scores of the system.
        condition: name of the condition.

    Raises:
        ValueError: if the condition was not evaluated, or the labels are a score.
    """
    counts = scores.confusion(condition)
    columns = zip(
        scores.labels.names,
        counts[0].sum(axis=1).tolist(),
        class_recall(counts).mean(axis=0).tolist(),
        class_f1(counts).mean(axis=0).tolist(),
        strict=True,
    )
    return Sheet(
        title=marked_title([scores], f"{scores.meta['title']}, condition {condition}"),
        header=("emotion", "support", "recall", "F1"),
        rows=tuple((name, str(n), _percent(recall), _percent(f1)) for name, n, recall, f1 in columns),
        notes=(
            "Recall and F1 in %, mean over seeds; - where an emotion does not occur.",
            *warnings_of([scores]),
        ),
    )


def confusion_table(scores: Scores, condition: str) -> Sheet:
    """Confusion matrix under one condition, with one row per annotated emotion, in % of the row.

    Args:
        scores: scores of the system.
        condition: name of the condition.

    Raises:
        ValueError: if the condition was not evaluated, or the labels are a score.
    """
    counts = scores.confusion(condition).sum(axis=0)
    support = counts.sum(axis=1, keepdims=True)
    share = np.where(support > 0, counts / np.maximum(support, 1), np.nan)
    per_seed = (support[:, 0] // len(scores.seeds)).tolist()
    rows = zip(scores.labels.names, share.tolist(), per_seed, strict=True)
    return Sheet(
        title=marked_title([scores], f"{scores.meta['title']}, condition {condition}: confusion"),
        header=("annotated", *scores.labels.names, "support"),
        rows=tuple((name, *map(_percent, cells), str(n)) for name, cells, n in rows),
        notes=("Row: annotated emotion; column: predicted emotion; in % of the row.", *warnings_of([scores])),
    )


def ordered(scores: Scores, common: Sequence[str]) -> list[str]:
    """Rows of a table: sets, mean of the partial sets, other conditions.

    Args:
        scores: scores of a system.
        common: conditions of the table.
    """
    sets = [name for name in scores.sets if name in common]
    mean = [PARTIAL] if partial_sets(scores, common) else []
    return [*sets, *mean, *(name for name in common if name not in sets)]


def partial_sets(scores: Scores, common: Sequence[str]) -> list[str]:
    """The conditions in `common` that are a set which lacks a modality."""
    return [name for name in scores.partial_sets if name in common]


def rows_of(scores: Scores, common: Sequence[str]) -> list[Row]:
    """All metrics under all conditions, and their mean over the partial sets in `common`."""
    partial = partial_sets(scores, common)
    return [*scores.summary(), *(scores.average(partial, name=PARTIAL) if partial else [])]


def with_interval(row: Row | Difference, interval: Interval = "half") -> str:
    """Value and interval of a cell, in the unit of the metric; ``-`` if it is undefined.

    Args:
        row: metric under a condition, or a difference of two systems.
        interval: format of the interval.
    """
    if np.isnan(row.mean):
        return "-"
    scale, digits = (1, 3) if row.metric in IN_UNITS else (100, 1)
    mean, low, high = (f"{value * scale:.{digits}f}" for value in (row.mean, row.low, row.high))
    if interval == "bounds":
        return f"{mean} [{low}, {high}]"
    return f"{mean} ± {(row.high - row.low) / 2 * scale:.{digits}f}"


def _percent(fraction: float) -> str:
    return "-" if np.isnan(fraction) else f"{100 * fraction:.1f}"


def marked_title(systems: Sequence[Scores], text: str) -> str:
    """Title of a table, marked if dialogues are simulated or the epoch was selected on the test set.

    Args:
        systems: scores of the systems in the table.
        text: the title.
    """
    simulated = "SIMULATED: " if any(system.meta["simulated"] for system in systems) else ""
    oracle = ", test_oracle" if any(system.meta["selection"] == "test_oracle" for system in systems) else ""
    return f"{simulated}{text}{oracle}"


def warnings_of(systems: Sequence[Scores]) -> list[str]:
    """Notes that say what the figures must not be taken for: simulated dialogues, selection on the test set.

    Args:
        systems: scores of the systems in the table.
    """
    oracle = any(system.meta["selection"] == "test_oracle" for system in systems)
    simulated = any(system.meta["simulated"] for system in systems)
    return [*([_ORACLE_NOTE] if oracle else []), *([_SIMULATED_NOTE] if simulated else [])]


def notes_of(systems: Sequence[Scores], interval: Interval = "half") -> tuple[str, ...]:
    """Notes that define the metrics, count what they are computed on, and warn where there is need.

    Args:
        systems: scores of the systems in the table.
        interval: format of the intervals.
    """
    first = systems[0]
    row = first.summary(resamples=1)[0]
    counts = [str(len(system.seeds)) for system in systems]
    seeds = counts[0] if len(set(counts)) == 1 else " / ".join(counts)
    written = "± half the" if interval == "half" else "in brackets the"
    return (
        _SCORE_NOTE if first.labels.is_score else _CLASS_NOTE,
        f"Mean over {seeds} seed(s) of the metric over {row.utterances} utterances in {row.dialogues} "
        f"dialogues, {len(first.folds)} fold(s) pooled; {written} 95 % interval over resampled dialogues.",
        *warnings_of(systems),
    )
