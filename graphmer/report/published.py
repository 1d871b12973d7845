"""A paper's figures beside a run's."""

from collections.abc import Mapping
from dataclasses import dataclass

from graphmer.evaluation.scores import Scores
from graphmer.evaluation.statistics import metric_names
from graphmer.report.sheet import Sheet


@dataclass(frozen=True)
class Published:
    """What a paper says of its own system.

    Args:
        source: paper and table.
        metrics: keys of the metrics, in the order of the figures.
        values: figures in percent by condition, written as in `conditions`.
        caveats: why they are no like for like comparison; a sentence each.
    """

    source: str
    metrics: tuple[str, ...]
    values: Mapping[str, tuple[float, ...]]
    caveats: tuple[str, ...]


def published_table(scores: Scores, published: Published) -> Sheet:
    """A row for every condition that both have; the run's figure with its interval beside the paper's.

    Args:
        scores: the run's scores.
        published: the paper's; conditions that were not evaluated are left out.

    Raises:
        ValueError: if a metric does not fit the labels of the run.
    """
    names = metric_names(scores.labels)
    unknown = [metric for metric in published.metrics if metric not in names]
    if unknown:
        raise ValueError(
            f"Published metrics must be among {list(names)} for these labels; got {unknown[0]!r}."
        )
    found = {(row.condition, row.metric): row for row in scores.summary()}
    rows = []
    for condition in [name for name in scores.conditions if name in published.values]:
        cells = []
        for metric, figure in zip(published.metrics, published.values[condition], strict=True):
            row = found[condition, metric]
            cells += [f"{figure:.1f}", f"{100 * row.mean:.1f} ± {50 * (row.high - row.low):.1f}"]
        rows.append((condition, *cells))
    header = [word for metric in published.metrics for word in (f"published {names[metric]}", names[metric])]
    return Sheet(
        title=f"{scores.meta['title']} beside {published.source}",
        header=("condition", *header),
        rows=tuple(rows),
        notes=(
            "In %; published figures are the authors' own, not results obtained here.",
            *published.caveats,
        ),
    )
