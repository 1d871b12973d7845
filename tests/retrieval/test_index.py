import random
import subprocess
import sys
from dataclasses import replace

import pytest
import torch

from graphmer.dialogue import Dialogue, Utterance
from graphmer.retrieval import RetrievalIndex, fold_fingerprint
from tests.talks import WIDTHS, ragged, talk

METRICS = {"audio": "l2", "text": "cosine", "video": "l2"}
FOLD = "fold"


def chats(count: int = 6) -> list[Dialogue]:
    """Ragged dialogues with gaps, ids of utterances that occur in several of them, and one very long one."""
    long = talk("AB" * 12, ["atv", "at", "a", "v"] * 6, id="long", seed=50)
    many = [talk("ABBA", ["atv", "av", "t", ""], id=f"d{n}", seed=20 + n) for n in range(count)]
    return [replace(d, utterance_ids=tuple(f"u{n}" for n in range(len(d)))) for d in [*ragged(), long, *many]]


def built(dialogues, **more) -> RetrievalIndex:
    return RetrievalIndex.build(dialogues, METRICS, fingerprint=FOLD, **more)


def distance(one: torch.Tensor, other: torch.Tensor, metric: str) -> float:
    if metric == "cosine":
        one, other = one / one.norm(), other / other.norm()
    return float((one - other).norm())


def naive_table(dialogues, queries, k):
    """Loops: for each utterance and modality the k nearest keys of other dialogues, and all distances."""
    rows = [(d, position) for d in dialogues for position in range(len(d))]
    found, measured = [], []
    for query in queries:
        for at in range(len(query)):
            found.append([])
            measured.append([])
            for column, (modality, metric) in enumerate(METRICS.items()):
                others = [
                    (distance(query.features[modality][at], d.features[modality][p], metric), row, d, p)
                    for row, (d, p) in enumerate(rows)
                    if d.id != query.id and d.available[p, column] and query.available[at, column]
                ]
                nearest = sorted(others, key=lambda other: other[0])[:k]
                found[-1].append([row for _, row, _, _ in nearest] + [-1] * (k - len(nearest)))
                measured[-1].append(
                    [
                        [
                            distance(query.features[m][at], d.features[m][p], METRICS[m])
                            if query.available[at, c] and d.available[p, c]
                            else torch.inf
                            for c, m in enumerate(METRICS)
                        ]
                        for _, _, d, p in nearest
                    ]
                    + [[torch.inf] * 3] * (k - len(nearest))
                )
    return torch.tensor(found), torch.tensor(measured)


@pytest.mark.parametrize("k", [1, 5, 100])
@pytest.mark.parametrize("exact", [1000, 10])
def test_the_table_is_that_of_naive_loops(k, exact):
    """Also where rows are in (few) clusters; and with k larger than the training set."""
    dialogues = chats()
    table = built(dialogues, exact=exact).table(k)
    found, measured = naive_table(dialogues, dialogues, k)
    assert torch.equal(table.neighbours, found)
    torch.testing.assert_close(table.distances, measured, atol=1e-5, rtol=1e-5)
    assert table.ids == tuple((d.id, u) for d in dialogues for u in d.utterance_ids)
    assert table.modalities == ("audio", "text", "video")


def test_neighbours_of_other_utterances_are_those_of_naive_loops():
    training, others = chats(), [talk("AB", ["at", "v"], id="new", seed=70), chats()[0]]
    index = built(training)
    scale = index.table(3).scale
    table = index.search(others, 3, scale)
    found, measured = naive_table(training, others, 3)
    assert torch.equal(table.neighbours, found)
    torch.testing.assert_close(table.distances, measured, atol=1e-5, rtol=1e-5)
    assert table.scale is scale


def test_no_neighbour_is_from_the_same_dialogue_even_if_all_utterances_are_equal():
    same = [replace(d, features={m: torch.ones(len(d), w) for m, w in WIDTHS.items()}) for d in chats()]
    table = built(same).table(4)
    dialogue_of = [dialogue for dialogue, _ in table.ids]
    for row, dialogue in enumerate(dialogue_of):
        near = table.neighbours[row][table.neighbours[row] >= 0].tolist()
        assert dialogue not in {dialogue_of[other] for other in near}
    assert table.distances[table.neighbours >= 0].isfinite().any()
    assert table.scale.tolist() == [1, 1, 1]


def test_scale_is_the_mean_distance_to_the_neighbours_of_a_modality():
    dialogues = chats()
    table = built(dialogues).table(3)
    _, measured = naive_table(dialogues, dialogues, 3)
    for column in range(3):
        own = measured[:, column, :, column]
        torch.testing.assert_close(table.scale[column], own[own.isfinite()].mean())


def test_the_cosine_of_a_zero_vector_with_every_vector_is_zero():
    rows = {"a": [[0.0, 0.0]], "b": [[1.0, 0.0], [0.0, 0.0]], "c": [[0.9, 0.1]]}
    dialogues = [
        Dialogue.from_utterances(id, [Utterance("A", {"text": row}) for row in texts])
        for id, texts in rows.items()
    ]
    table = RetrievalIndex.build(dialogues, "cosine", fingerprint=FOLD).table(2)
    assert table.distances[0].flatten().tolist() == pytest.approx([2**0.5] * 2)
    assert table.neighbours[1, 0].tolist() == [3, 0]
    assert not table.distances.isnan().any()


def test_features_of_an_unavailable_modality_change_nothing():
    dialogues = chats()
    before = built(dialogues).table(3)
    for dialogue in dialogues:
        for column, rows in enumerate(dialogue.features.values()):
            rows[~dialogue.available[:, column]] = torch.nan
    after = built(dialogues).table(3)
    assert torch.equal(after.neighbours, before.neighbours)
    assert torch.equal(after.distances, before.distances)


def test_a_modality_that_no_utterance_has_gives_no_neighbours():
    dialogues = [d.with_available(torch.tensor([True, True, False]).expand(len(d), 3)) for d in chats()]
    table = built(dialogues).table(3)
    assert (table.neighbours[:, 2] == -1).all()
    assert (table.neighbours[:, 0] >= 0).any()
    assert table.scale[2] == 1
    assert not table.distances.isnan().any()


def test_a_single_dialogue_has_no_neighbours():
    assert (built([talk("ABAB")]).table(3).neighbours == -1).all()


def named(table, ids) -> dict:
    """Neighbours of every utterance by their ids, which do not depend on the rows."""
    return {
        key: [[None if row < 0 else ids[row] for row in rows] for rows in found]
        for key, found in zip(table.ids, table.neighbours.tolist(), strict=True)
    }


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("exact", [1000, 30])
def test_after_any_changes_the_neighbours_are_those_of_a_new_index(seed, exact):
    """30 is between the smallest and the largest number of rows, so both kinds of index occur."""
    chance = random.Random(seed)
    pool = {d.id: d for d in chats(12)}
    now: dict[str, dict[str, Dialogue]] = {}  # which version of each utterance is in the index
    index = RetrievalIndex(WIDTHS, METRICS, fingerprint=FOLD, exact=exact)
    for step in range(40):
        id = chance.choice(list(pool))
        inside = now.setdefault(id, {})
        version = talk("A" * len(pool[id]), chance.choices(["a", "tv", "atv", "v", ""], k=len(pool[id])),
                       id=id, seed=1000 + 100 * seed + step)  # fmt: skip
        version = replace(version, utterance_ids=pool[id].utterance_ids)
        action = chance.choice(["add", "add", "update", "remove"])
        candidates = [u for u in version.utterance_ids if (u in inside) == (action != "add")]
        if not candidates:
            continue
        chosen = chance.sample(candidates, chance.randint(1, len(candidates)))
        if action == "remove":
            index.remove(id, chosen)
            for utterance in chosen:
                del inside[utterance]
        else:
            getattr(index, action)(version, chosen)
            inside.update(dict.fromkeys(chosen, version))
    fresh = RetrievalIndex(WIDTHS, METRICS, fingerprint=FOLD, exact=exact)
    for inside in now.values():
        for utterance, version in inside.items():
            fresh.add(version, [utterance])
    assert set(index.ids) == set(fresh.ids)
    assert named(index.table(4), index.ids) == named(fresh.table(4), fresh.ids)
    torch.testing.assert_close(index.table(4).scale, fresh.table(4).scale)


def test_rows_keep_their_order_when_some_are_updated_or_removed():
    one, two = talk("ABA", id="one"), talk("AB", id="two", seed=1)
    index = built([one, two])
    index.update(talk("ABA", id="one", seed=7), ["one_1"])
    index.remove("one", ["one_0"])
    assert index.ids == (("one", "one_1"), ("one", "one_2"), ("two", "two_0"), ("two", "two_1"))
    index.remove("one")
    assert len(index) == 2


def test_errors_in_changing_are_named():
    index = built([talk("AB", id="one")])
    with pytest.raises(ValueError, match=r"'one_0' of dialogue 'one' is in the index already; `update` it"):
        index.add(talk("AB", id="one"))
    with pytest.raises(ValueError, match=r"'two_0' of dialogue 'two' is not in the index; `add` it first"):
        index.update(talk("AB", id="two"))
    with pytest.raises(ValueError, match=r"'one_9' of dialogue 'one' is not in the index"):
        index.remove("one", ["one_9"])
    with pytest.raises(ValueError, match=r"Dialogue 'two' has no utterance in the index to remove"):
        index.remove("two")
    with pytest.raises(ValueError, match=r"Dialogue 'two' has no utterance 'x'"):
        index.add(talk("AB", id="two"), ["x"])
    with pytest.raises(ValueError, match=r"'odd' must have the modalities and widths of the index"):
        index.add(talk("AB", id="odd", widths={"audio": 3}))
    assert index.ids == (("one", "one_0"), ("one", "one_1"))


@pytest.mark.parametrize(("change", "id"), [("add", "new"), ("update", "whole")])
def test_an_error_leaves_the_index_unchanged(change, id):
    index = built(ragged())
    before = index.table(2)
    broken = talk("AAB", id=id)
    broken.features["video"][1, 0] = torch.inf
    with pytest.raises(ValueError, match="hold NaN or infinity"):
        getattr(index, change)(broken)
    after = index.table(2)
    assert after.ids == before.ids
    assert torch.equal(after.neighbours, before.neighbours)


def test_bad_arguments_are_refused():
    with pytest.raises(ValueError, match="at least one dialogue"):
        RetrievalIndex.build([], fingerprint=FOLD)
    with pytest.raises(ValueError, match="`metric` of 'audio' must be 'cosine' or 'l2'; got 'dot'"):
        RetrievalIndex.build([talk("A")], "dot", fingerprint=FOLD)
    with pytest.raises(ValueError, match="`metric` must name the modalities"):
        RetrievalIndex.build([talk("A")], {"audio": "l2"}, fingerprint=FOLD)
    with pytest.raises(ValueError, match="`k` must be at least 1 neighbour; got 0"):
        built([talk("A")]).table(0)
    with pytest.raises(ValueError, match="at least one dialogue"):
        built([talk("A")]).search([], 1, torch.ones(3))


def test_the_fingerprint_depends_on_the_utterances_and_the_corpus():
    dialogues = ragged()
    print_ = fold_fingerprint(dialogues, "corpus")
    assert fold_fingerprint(dialogues[::-1], "corpus") == print_
    assert fold_fingerprint(dialogues[1:], "corpus") != print_
    assert fold_fingerprint(dialogues, "other") != print_


def test_importing_graphmer_does_not_import_faiss():
    code = "import sys, graphmer, graphmer.retrieval; sys.exit('faiss' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_searching_and_training_alternate():
    """FAISS and torch each bring an OpenMP runtime."""
    index, layer = built(chats()), torch.nn.Linear(64, 64)
    for _ in range(3):
        index.table(3)
        layer(torch.randn(256, 64)).sum().backward()
    assert layer.weight.grad.isfinite().all()
