"""Table of emotion-change metrics under every condition."""

import numpy as np

from graphmer.evaluation.change_scores import ChangeScores
from graphmer.evaluation.change_statistics import DIRECT_METRICS, SHIFT_METRICS
from graphmer.evaluation.scores import Scores
from graphmer.evaluation.statistics import Estimate
from graphmer.report.sheet import Sheet
from graphmer.report.table import marked_title

_BASE_RATES = ("prevalence", "always_shift_f1")  # properties of the annotation: the same for every system
_DERIVED = ("f1", "mcc", "kappa", "pair_match_on_shifts")
_DIRECT = ("direct_mcc", "disagreement")  # of systems that predict changes directly
_OPTIONAL = (*_BASE_RATES, "kappa", "f1")  # omitted on a narrow terminal; the notes have the base rates
_NAMES = SHIFT_METRICS | DIRECT_METRICS


def change_table(changes: ChangeScores, scores: Scores) -> Sheet:
    """Table of the emotion-change metrics of one system, with one row per condition.

    Args:
        changes: change scores of the system.
        scores: emotion scores of the same system, for its title and warnings.
    """
    oracle = ", gold history: an ORACLE" if changes.history == "gold" else ""
    title = f"{scores.meta['title']}: change of emotion{oracle}"
    summary = changes.summary()
    metrics = (*_DERIVED, *(_DIRECT if changes.direct else ()))
    return Sheet(
        title=marked_title([scores], title),
        header=("condition", *(_NAMES[key] for key in (*_BASE_RATES, *metrics))),
        rows=tuple(
            (
                condition,
                *(_percent(row[key].mean) for key in _BASE_RATES),
                *(_cell(row[key]) for key in metrics),
            )
            for condition, row in summary.items()
        ),
        notes=_notes(changes, next(iter(summary.values()))),
        optional=tuple(_NAMES[key] for key in _OPTIONAL),
    )


def _notes(changes: ChangeScores, row: dict[str, Estimate]) -> tuple[str, ...]:
    definition = (
        "ORACLE: each predicted emotion is compared with the speaker's previous annotated emotion."
        if changes.history == "gold"
        else "A change is derived from the predicted emotions of a speaker's current and previous turn."
    )
    direct = (
        "Direct: the change predicted by the change head, or by the decoder if there is no change head; "
        "disagree: eligible turns at which it differs from the derived change.",
    )
    return (
        definition,
        *(direct if changes.direct else ()),
        f"{changes.eligible} eligible turns (first turns of speakers are not), {changes.shifts} shifts: "
        f"prevalence {_percent(row['prevalence'].mean)} %; always predicting a shift has F1 "
        f"{_percent(row['always_shift_f1'].mean)} %, MCC and kappa 0.",
        "Shift pairs: shifts of which both emotions are correct. All times 100; mean over "
        f"{len(changes.seeds)} seed(s); ± half the 95 % interval over resampled dialogues.",
    )


def _cell(estimate: Estimate) -> str:
    if np.isnan(estimate.mean):
        return "-"
    return f"{100 * estimate.mean:.1f} ± {50 * (estimate.high - estimate.low):.1f}"


def _percent(fraction: float) -> str:
    return "-" if np.isnan(fraction) else f"{100 * fraction:.1f}"
