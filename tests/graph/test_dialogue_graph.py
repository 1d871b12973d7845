import pytest
import torch

from graphmer.graph import Adjacent, DialogueGraph, GraphBuilder
from tests.talks import LABELS, batched, talk

ODD = {"face": 2, "index_x": 3, "batch_of_y": 2, "text": 2}


@pytest.fixture
def dialogues():
    return [talk("AB", id="first", widths=ODD), talk("BAB", id="second", seed=1, widths=ODD)]


def test_batching_increments_only_the_edge_index(dialogues):
    batch = batched(dialogues, GraphBuilder({"near": Adjacent()}, LABELS))
    assert batch.edge_index.tolist() == [[1, 0, 3, 2, 4, 3], [0, 1, 2, 3, 3, 4]]
    for modality in ODD:
        assert torch.equal(batch[modality], torch.cat([d.features[modality] for d in dialogues]))
    for name, expected in {"speaker": [0, 1, 0, 1, 0], "position": [0, 1, 0, 1, 2]}.items():
        assert batch[name].tolist() == expected
    assert batch.batch.tolist() == [0, 0, 1, 1, 1]
    assert batch.dialogue_id == ["first", "second"]
    assert batch.num_nodes == 5


def test_a_batch_can_be_split_into_its_graphs(dialogues):
    build = GraphBuilder({"near": Adjacent()}, LABELS)
    for dialogue, graph in zip(dialogues, batched(dialogues, build).to_data_list(), strict=True):
        alone = build(dialogue)
        assert isinstance(graph, DialogueGraph)
        for name, value in alone.items():
            assert torch.equal(graph[name], value) if torch.is_tensor(value) else graph[name] == value
