import copy

import pytest
import torch
from torch_geometric.data import Batch

from graphmer.graph import GraphBuilder, TemporalWindow
from graphmer.nn.messages import MessagePassingSettings
from graphmer.retrieval import RetrievalMemory
from tests.models import model_settings
from tests.talks import LABELS, WIDTHS, ragged, talk

BUILD = GraphBuilder({"near": TemporalWindow(past=2, future=2)}, LABELS)
RELATION = len(BUILD.relations)
TRAIN = [talk("ABAB", id=f"t{n}", seed=n) for n in range(5)]


def memory(train=TRAIN, **settings) -> RetrievalMemory:
    return RetrievalMemory.of(train, "l2", **{"neighbours": 3, "relation": RELATION, **settings})


def model():
    torch.manual_seed(0)
    settings = model_settings(
        WIDTHS,
        LABELS.outputs,
        (*BUILD.relations, "support/retrieved"),
        width=8,
        depth=1,
        message_passing=MessagePassingSettings(width=8, depth=1),
    )
    return settings.build().eval()


def test_a_turn_equal_to_a_training_utterance_has_it_as_support():
    again = copy.copy(talk("ABAB", id="new", seed=2))
    assert memory().supports(BUILD(again)).tolist() == [8, 9, 10, 11]


def test_no_support_is_from_the_dialogue_of_its_turn():
    rows = memory().supports(BUILD(TRAIN[2]))
    assert not set(rows.tolist()) & {8, 9, 10, 11}


def test_only_annotated_utterances_are_kept_and_their_annotations_are_not():
    kept = memory([TRAIN[0], TRAIN[1].unlabelled(), TRAIN[2]])
    assert kept.dialogues == ("t0", "t2")
    assert len(kept.present) == 8
    assert not any("emotion" in name for name in kept.tensors())
    with pytest.raises(ValueError, match="needs annotated training utterances; there are none"):
        memory([TRAIN[0].unlabelled()])


def test_supports_depend_only_on_available_modalities():
    graph = BUILD(talk("ABAB", ["a", "at", "", "v"], id="new", seed=2))
    for modality in WIDTHS:
        graph[modality] = graph[modality].where(graph.available.any(), torch.nan)
    extended = memory()(graph)
    assert extended.available[4:].tolist() == graph.available.tolist()
    assert extended.edge_index[:, extended.edge_type == RELATION].tolist() == [[4, 5, 7], [0, 1, 3]]
    hidden = copy.copy(graph)
    for column, modality in enumerate(WIDTHS):
        hidden[modality] = graph[modality].masked_fill(~graph.available[:, column, None], 1e6)
    assert torch.equal(memory().supports(hidden), memory().supports(graph))


def test_the_output_of_a_dialogue_does_not_depend_on_the_rest_of_its_batch():
    network = model()
    network.retrieval_memory = memory()
    graphs = [BUILD(dialogue) for dialogue in ragged()]
    batched = network(Batch.from_data_list(graphs)).logits.split([g.num_nodes for g in graphs])
    for graph, logits in zip(graphs, batched, strict=True):
        torch.testing.assert_close(network(graph).logits, logits, rtol=1e-4, atol=1e-5)


def test_supports_change_the_output_in_evaluation_and_not_in_training():
    network, graph = model(), BUILD(TRAIN[0])
    plain = network(graph)
    network.retrieval_memory = memory()
    supported = network(graph)
    assert supported.logits.shape == plain.logits.shape
    assert supported.router.shape == plain.router.shape
    assert not torch.allclose(supported.logits, plain.logits)
    torch.manual_seed(1)
    with_memory = network.train()(graph).logits
    network.retrieval_memory = None
    torch.manual_seed(1)
    assert torch.equal(network(graph).logits, with_memory)


def test_a_restored_memory_equals_the_stored_one():
    before = memory()
    after = RetrievalMemory.restored(before.to_json(), before.tensors())
    graph = BUILD(talk("ABBA", id="new", seed=9))
    assert torch.equal(after.supports(graph), before.supports(graph))
    assert copy.deepcopy(before) is before
