"""Table of the causes of emotions under every condition, beside simple rules."""

import numpy as np

from graphmer.evaluation.cause_scores import CauseScores
from graphmer.evaluation.causes import CAUSE_METRICS
from graphmer.evaluation.scores import Scores
from graphmer.evaluation.statistics import Estimate
from graphmer.report.sheet import Sheet
from graphmer.report.table import marked_title


def cause_table(causes: CauseScores, scores: Scores) -> Sheet:
    """Table of the cause metrics of one system, with one row per condition and one per rule.

    Args:
        causes: cause scores of the system.
        scores: emotion scores of the same system, for its title and warnings.
    """
    summary, rules, gains = causes.summary(), causes.rule_summary(), causes.gains()
    best = max(rules, key=lambda name: rules[name]["positive_f1"].mean)
    rows = [
        (name, *(_cell(row[key]) for key in CAUSE_METRICS), _signed(gains[name][best]))
        for name, row in summary.items()
    ]
    rows += [
        (f"rule: {name}", *(_cell(row[key]) for key in CAUSE_METRICS), "") for name, row in rules.items()
    ]
    return Sheet(
        title=marked_title([scores], f"{scores.meta['title']}: causes of emotions"),
        header=("condition", *CAUSE_METRICS.values(), "gain"),
        rows=tuple(rows),
        notes=(
            f"{causes.pairs} pairs of a turn whose causes are annotated with each turn up to itself, "
            f"{causes.causes} of them causes (RECCON, subtask 2). A rule always calls the turn in one place.",
            f"Gain: positive F1 minus that of the best rule, {best}. All times 100; mean over "
            f"{len(causes.seeds)} seed(s); ± half the 95 % interval over resampled dialogues.",
        ),
        optional=("recall", "precision", "negative F1"),
        breaks=(len(summary),),
    )


def _cell(found: Estimate) -> str:
    if np.isnan(found.mean):
        return "-"
    return f"{100 * found.mean:.1f} ± {50 * (found.high - found.low):.1f}"


def _signed(found: Estimate) -> str:
    return f"{100 * found.mean:+.1f} [{100 * found.low:+.1f}, {100 * found.high:+.1f}]"
