"""The table of emotion change: how well it is recognised under every condition."""

import numpy as np

from graphmer.evaluation.change_scores import ChangeScores
from graphmer.evaluation.change_statistics import DIRECT_METRICS, SHIFT_METRICS
from graphmer.evaluation.scores import Scores
from graphmer.evaluation.statistics import Estimate
from graphmer.report.sheet import Sheet
from graphmer.report.table import marked_title

_PLAIN = ("prevalence", "always_shift_f1")  # properties of the annotation: the same for every system
_MEASURED = ("f1", "mcc", "kappa", "pair_match_on_shifts")
_DIRECT = ("direct_mcc", "disagreement")  # of systems that say directly what changes
_SPARE = (*_PLAIN, "kappa", "f1")  # left out where width lacks; the notes have the base rates
_NAMES = SHIFT_METRICS | DIRECT_METRICS


def change_table(changes: ChangeScores, scores: Scores) -> Sheet:
    """One system: a row for every condition, columns for the shift of a speaker's emotion.

    Args:
        changes: what was measured.
        scores: of the same system, for its title and warnings.
    """
    oracle = ", gold history: an ORACLE" if changes.history == "gold" else ""
    title = f"{scores.meta['title']}: change of emotion{oracle}"
    summary = changes.summary()
    measured = (*_MEASURED, *(_DIRECT if changes.direct else ()))
    return Sheet(
        title=marked_title([scores], title),
        header=("condition", *(_NAMES[key] for key in (*_PLAIN, *measured))),
        rows=tuple(
            (condition, *(_percent(row[key].mean) for key in _PLAIN), *(_cell(row[key]) for key in measured))
            for condition, row in summary.items()
        ),
        notes=_notes(changes, next(iter(summary.values()))),
        spare=tuple(_NAMES[key] for key in _SPARE),
    )


def _notes(changes: ChangeScores, row: dict[str, Estimate]) -> tuple[str, ...]:
    compared = (
        "ORACLE: each predicted emotion is compared with the speaker's previous annotated one."
        if changes.history == "gold"
        else "A change is derived from the predicted emotions of a speaker's present and previous turn."
    )
    direct = (
        "Direct: what the change head says, or else the decoder; disagree: eligible turns at which it "
        "differs from the derived change.",
    )
    return (
        compared,
        *(direct if changes.direct else ()),
        f"{changes.eligible} eligible turns (first turns of speakers are not), {changes.shifts} shifts: "
        f"prevalence {_percent(row['prevalence'].mean)} %; always saying shift has F1 "
        f"{_percent(row['always_shift_f1'].mean)} %, MCC and kappa 0.",
        "Shift pairs: shifts of which both emotions are right. All times 100; mean over "
        f"{len(changes.seeds)} seed(s); ± half the 95 % interval over resampled dialogues.",
    )


def _cell(found: Estimate) -> str:
    if np.isnan(found.mean):
        return "-"
    return f"{100 * found.mean:.1f} ± {50 * (found.high - found.low):.1f}"


def _percent(fraction: float) -> str:
    return "-" if np.isnan(fraction) else f"{100 * fraction:.1f}"
