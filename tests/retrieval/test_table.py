import math

import pytest
import torch

from graphmer.retrieval import NeighbourTable, select_supports
from tests.retrieval.test_index import built, chats


def naive_supports(table, available, hardness, k):
    rows, counts, composite = [], [], []
    for i in range(len(table.ids)):
        candidates = {}
        for m in range(3):
            for rank in range(k):
                row = int(table.neighbours[i, m, rank])
                if row >= 0 and available[i, m]:
                    shared = [
                        float(table.distances[i, m, rank, n] / table.scale[n])
                        for n in range(3)
                        if available[i, n] and table.distances[i, m, rank, n].isfinite()
                    ]
                    candidates[row] = sum(shared) / len(shared)
        nearest = sorted(candidates, key=lambda row: candidates[row])
        nearest = nearest[: math.ceil(round(float(hardness[i]) * k, 5))]
        counts.append(len(nearest))
        composite.append([candidates[row] for row in nearest] + [torch.inf] * (k - len(nearest)))
        rows.append(nearest + [-1] * (k - len(nearest)))
    return torch.tensor(rows), torch.tensor(counts), torch.tensor(composite)


@pytest.mark.parametrize("condition", [[1, 1, 1], [1, 1, 0], [0, 0, 1], [0, 0, 0], None])
@pytest.mark.parametrize("k", [1, 3, 5])
def test_supports_are_those_of_naive_loops(condition, k):
    table = built(chats()).table(5)
    generator = torch.Generator().manual_seed(0)
    available = torch.rand(len(table.ids), 3, generator=generator) < 0.6
    if condition is not None:
        available = torch.tensor(condition, dtype=torch.bool).expand(len(table.ids), 3)
    hardness = torch.rand(len(table.ids), generator=generator)
    found = select_supports(table, available, hardness, k)
    rows, counts, composite = naive_supports(table, available, hardness, k)
    assert torch.equal(found.rows, rows)
    assert torch.equal(found.count, counts)
    torch.testing.assert_close(found.distance, composite)


def test_supports_come_from_both_available_modalities():
    table = built(chats()).table(3)
    available = torch.tensor([True, True, False]).expand(len(table.ids), 3)
    found = select_supports(table, available, torch.ones(len(table.ids)), 3).rows
    by = [
        [
            len(set(rows) & set(near) - set(other) - {-1})
            for rows, near, other in zip(
                found.tolist(),
                table.neighbours[:, m].tolist(),
                table.neighbours[:, 1 - m].tolist(),
                strict=True,
            )
        ]
        for m in (0, 1)
    ]
    assert sum(by[0]) > 0
    assert sum(by[1]) > 0


def small(hardness: float, k: int = 5):
    """One utterance with five neighbours at distances 1 to 5."""
    table = NeighbourTable(
        [("d", "u")],
        ("text",),
        torch.arange(5).reshape(1, 1, 5),
        torch.arange(1.0, 6).reshape(1, 1, 5, 1),
        torch.ones(1),
    )
    return select_supports(table, torch.tensor([[True]]), torch.tensor([hardness]), k)


@pytest.mark.parametrize(
    ("hardness", "count"), [(0.0, 0), (0.01, 1), (0.2, 1), (0.21, 2), (0.6, 3), (0.8, 4), (0.81, 5), (1, 5)]
)
def test_the_number_of_supports_is_the_ceiling_of_hardness_times_k(hardness, count):
    found = small(hardness)
    assert found.count.item() == count
    assert found.rows.tolist() == [[*range(count), *[-1] * (5 - count)]]


def test_the_distance_to_a_candidate_without_a_modality_is_that_of_the_others():
    """Row 4 has only the second modality; row 3 is equally near in it and farther in the first."""
    inf = torch.inf
    table = NeighbourTable(
        [("d", "u")],
        ("audio", "text"),
        torch.tensor([[[3, -1], [4, 3]]]),
        torch.tensor([[[[9.0, 2.0], [inf, inf]], [[inf, 2.0], [9.0, 2.0]]]]),
        torch.ones(2),
    )
    found = select_supports(table, torch.tensor([[True, True]]), torch.tensor([1.0]), 2)
    assert found.rows.tolist() == [[4, 3]]
    assert found.distance.tolist() == [[2.0, 5.5]]


def test_modalities_have_equal_weight_whatever_their_scale():
    table = built(chats()).table(4)
    wide = NeighbourTable(
        table.ids,
        table.modalities,
        table.neighbours,
        table.distances * torch.tensor([1000.0, 1, 1]),
        table.scale * torch.tensor([1000.0, 1, 1]),
    )
    everything, half = torch.ones(len(table.ids), 3, dtype=torch.bool), torch.full((len(table.ids),), 0.5)
    one, other = (select_supports(t, everything, half, 4) for t in (table, wide))
    assert torch.equal(one.rows, other.rows)


def test_bad_arguments_are_refused():
    with pytest.raises(ValueError, match=r"`k` must be between 1 and the table's 5 neighbours; got 6"):
        small(0.5, k=6)
    for wrong in (-0.1, 1.1, float("nan")):
        with pytest.raises(ValueError, match=r"`hardness` must be in \[0, 1\]"):
            small(wrong)
    table = built(chats()).table(1)
    with pytest.raises(ValueError, match=r"`available` and `hardness` must have shapes"):
        select_supports(table, torch.ones(2, 3, dtype=torch.bool), torch.ones(2), 1)
