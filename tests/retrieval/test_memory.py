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


def bank(train=TRAIN, **settings) -> RetrievalMemory:
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


def test_a_turn_like_a_training_utterance_hears_that_one():
    again = copy.copy(talk("ABAB", id="new", seed=2))
    assert bank().supports(BUILD(again)).tolist() == [8, 9, 10, 11]


def test_no_turn_hears_an_utterance_of_its_own_dialogue():
    rows = bank().supports(BUILD(TRAIN[2]))
    assert not set(rows.tolist()) & {8, 9, 10, 11}


def test_only_annotated_utterances_are_kept_and_their_annotations_are_not():
    kept = bank([TRAIN[0], TRAIN[1].unlabelled(), TRAIN[2]])
    assert kept.dialogues == ("t0", "t2")
    assert len(kept.present) == 8
    assert not any("emotion" in name for name in kept.tensors())
    with pytest.raises(ValueError, match="needs annotated training utterances; there are none"):
        bank([TRAIN[0].unlabelled()])


def test_supports_are_searched_and_shown_by_what_may_be_seen_alone():
    graph = BUILD(talk("ABAB", ["a", "at", "", "v"], id="new", seed=2))
    for modality in WIDTHS:
        graph[modality] = graph[modality].where(graph.available.any(), torch.nan)
    both = bank()(graph)
    assert both.available[4:].tolist() == graph.available.tolist()
    assert both.edge_index[:, both.edge_type == RELATION].tolist() == [[4, 5, 7], [0, 1, 3]]
    hidden = copy.copy(graph)
    for column, modality in enumerate(WIDTHS):
        hidden[modality] = graph[modality].masked_fill(~graph.available[:, column, None], 1e6)
    assert torch.equal(bank().supports(hidden), bank().supports(graph))


def test_a_dialogue_is_read_the_same_whatever_it_is_batched_with():
    read = model()
    read.retrieval_memory = bank()
    graphs = [BUILD(dialogue) for dialogue in ragged()]
    together = read(Batch.from_data_list(graphs)).logits.split([g.num_nodes for g in graphs])
    for graph, said in zip(graphs, together, strict=True):
        torch.testing.assert_close(read(graph).logits, said, rtol=1e-4, atol=1e-5)


def test_supports_change_what_is_said_and_training_does_not_see_them():
    read, graph = model(), BUILD(TRAIN[0])
    plain = read(graph)
    read.retrieval_memory = bank()
    heard = read(graph)
    assert heard.logits.shape == plain.logits.shape
    assert heard.router.shape == plain.router.shape
    assert not torch.allclose(heard.logits, plain.logits)
    torch.manual_seed(1)
    with_bank = read.train()(graph).logits
    read.retrieval_memory = None
    torch.manual_seed(1)
    assert torch.equal(read(graph).logits, with_bank)


def test_a_bank_comes_back_as_it_was():
    before = bank()
    after = RetrievalMemory.restored(before.to_json(), before.tensors())
    graph = BUILD(talk("ABBA", id="new", seed=9))
    assert torch.equal(after.supports(graph), before.supports(graph))
    assert copy.deepcopy(before) is before
