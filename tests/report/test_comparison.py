from dataclasses import replace

import numpy as np
import pytest

from graphmer.evaluation.metrics import class_metrics
from graphmer.report.comparison import Comparison
from graphmer.report.table import PARTIAL
from tests.report.comparisons import CONDITIONS, changed, column, regressor, three


def accuracy(given, condition):
    """Mean over seeds of the share of hits, written out."""
    place = CONDITIONS.index(condition)
    shares = []
    for counts in given.scores.counts:
        total = counts[place].sum(axis=0)
        shares.append(sum(total[c, c] for c in range(3)) / total.sum())
    return sum(shares) / len(shares)


def naive_ranks(values):
    """1 + the number of better values + half the number of other equal ones."""
    return [1 + sum(b > a for b in values) + 0.5 * (sum(b == a for b in values) - 1) for a in values]


def test_values_and_differences_are_those_of_the_counts():
    columns = three()
    comparison = Comparison.of(columns, reference="middle")
    for condition in CONDITIONS:
        expected = [accuracy(each, condition) for each in columns]
        assert comparison.values(condition, "wa") == pytest.approx(expected)
        for each, value in zip(columns, expected, strict=True):
            if each.name != "middle":
                found = comparison.differences[each.name, condition, "wa"]
                assert found.mean == pytest.approx(value - expected[1])
                assert found.low <= found.mean <= found.high
    assert ("middle", "a", "wa") not in comparison.differences


def test_an_interval_of_a_difference_is_paired_by_dialogue():
    first, other = column("one", 2), column("two", 4)
    comparison = Comparison.of([first, other])
    draws = np.random.default_rng(0).multinomial(5, np.full(5, 0.2), size=1000)
    apart = []
    for times in draws:
        shares = [
            class_metrics((each.scores.counts[:, 0] * times[None, :, None, None]).sum(axis=1))["wa"].mean()
            for each in (first, other)
        ]
        apart.append(shares[1] - shares[0])
    found = comparison.differences["two", "a", "wa"]
    assert (found.low, found.high) == pytest.approx(tuple(np.quantile(apart, [0.025, 0.975])))


def test_mean_ranks_are_averages_over_conditions_with_shared_ties():
    columns = [*three(), replace(column("same", 3), name="same")]
    comparison = Comparison.of(columns)
    rows = [naive_ranks([accuracy(each, condition) for each in columns]) for condition in CONDITIONS]
    assert comparison.mean_ranks("wa") == pytest.approx(np.mean(rows, axis=0).tolist())
    assert comparison.ranks("a", "wa")[1] == comparison.ranks("a", "wa")[3]


def test_the_least_error_ranks_first():
    comparison = Comparison.of([regressor("bad", 2.0), regressor("good", 0.1)])
    assert comparison.metrics == ("mae",)
    assert comparison.mean_ranks("mae") == [2.0, 1.0]
    assert comparison.mean_ranks("pearson") == [2.0, 1.0]


def test_a_condition_with_an_undefined_value_gives_no_ranks():
    good, flat = regressor("good", 0.1), regressor("flat", 0.5)
    counts = flat.scores.counts.copy()
    counts[:, 0, :, [3, 5, 6]] = 0  # predictions without variance: no correlation
    comparison = Comparison.of([changed(flat, counts=counts), good])
    assert np.isnan(comparison.ranks("a", "pearson")).all()
    assert comparison.mean_ranks("pearson") == [2.0, 1.0]


def test_rows_are_the_common_conditions_with_the_mean_of_the_partial_sets():
    short = three()[1]
    short = changed(
        short,
        conditions=("rate:0.5", "t"),
        counts=short.scores.counts[:, [3, 1]],
        missing=(0.48, 0.5),
    )
    comparison = Comparison.of([three()[0], short])
    assert comparison.rows == ("t", PARTIAL, "rate:0.5")
    assert comparison.missing == {"t": 0.5, "rate:0.5": 0.48}
    assert comparison.values(PARTIAL, "wa") == comparison.values("t", "wa")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"reference": "nobody"}, r"The reference must be one of \['weak', .*got 'nobody'"),
        ({"metrics": ["wa", "mae"]}, r"A metric must be one of \['wa', .*got 'mae'"),
    ],
)
def test_an_unknown_reference_or_metric_is_an_error(arguments, message):
    with pytest.raises(ValueError, match=message):
        Comparison.of(three(), **arguments)


def test_one_system_or_two_of_one_name_are_no_comparison():
    with pytest.raises(ValueError, match="two or more systems of different names"):
        Comparison.of(three()[:1])
    with pytest.raises(ValueError, match="two or more systems of different names"):
        Comparison.of([column("one", 1), column("one", 2)])
