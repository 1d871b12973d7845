import pytest
import torch

from graphmer.dialogue import FixedSet, Noise
from graphmer.graph import Adjacent, GraphBuilder
from graphmer.graph.dataset import GraphDataset, batches, bucketed
from tests.talks import LABELS, ragged, talk

LENGTHS = [3, 50, 1, 7, 7, 120, 2, 40, 9, 1, 33, 60, 5, 8, 4, 21]


def dataset() -> GraphDataset:
    return GraphDataset(ragged(), GraphBuilder({"near": Adjacent()}, LABELS))


def test_a_dataset_knows_the_lengths_of_its_dialogues():
    assert len(dataset()) == 5
    assert dataset().lengths == [6, 1, 3, 2, 5]


def test_a_masked_view_leaves_the_dataset_unchanged():
    whole = dataset()
    before = [graph.available.clone() for graph in whole.graphs]
    for dialogue, view in zip(whole.dialogues, whole.masked(FixedSet(("text",)), 0), strict=True):
        assert torch.equal(view.present, dialogue.available)
        assert torch.equal(view.available[:, 1], dialogue.available[:, 1])
        assert not view.available[:, [0, 2]].any()
    for graph, available in zip(whole.graphs, before, strict=True):
        assert torch.equal(graph.available, available)


def test_corruption_leaves_the_features_of_the_dataset_unchanged():
    whole = GraphDataset([talk("ABAB")], GraphBuilder({}))
    before = whole.graphs[0].audio.clone()
    (view,) = whole.masked(Noise(1.0), 0)
    assert not torch.equal(view.audio, before)
    assert torch.equal(whole.graphs[0].audio, before)


@pytest.mark.parametrize("seed", [None, 0, 1, 2])
@pytest.mark.parametrize("nodes", [1, 10, 64, 1000])
def test_every_dialogue_is_in_exactly_one_batch_and_batches_are_bounded(seed, nodes):
    generator = None if seed is None else torch.Generator().manual_seed(seed)
    found = bucketed(LENGTHS, nodes, generator)
    assert sorted(i for batch in found for i in batch) == list(range(len(LENGTHS)))
    for batch in found:
        assert batch
        assert sum(LENGTHS[i] for i in batch) <= nodes or len(batch) == 1


def test_the_seed_determines_the_order():
    def order(seed):
        return bucketed(LENGTHS, 64, torch.Generator().manual_seed(seed))

    assert order(0) == order(0)
    assert order(0) != order(1)


def test_without_a_generator_dialogues_are_sorted_by_length():
    found = [LENGTHS[i] for batch in bucketed(LENGTHS, 64) for i in batch]
    assert found == sorted(LENGTHS)


def test_no_dialogues_give_no_batches():
    assert bucketed([], 10) == bucketed([], 10, torch.Generator()) == []


def test_a_bound_below_one_utterance_is_refused():
    with pytest.raises(ValueError, match="`nodes` must be a number of utterances >= 1; got 0"):
        bucketed(LENGTHS, 0)


def test_batches_contain_the_graphs_at_their_positions():
    graphs = dataset().graphs
    for chosen, batch in batches(graphs, 7):
        assert batch.dialogue_id == [graphs[i].dialogue_id for i in chosen]
        assert batch.num_nodes == sum(graphs[i].num_nodes for i in chosen)
