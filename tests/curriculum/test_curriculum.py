import copy

import pytest
import torch
from torch.nn.functional import cross_entropy
from torch_geometric.data import Batch

from graphmer.curriculum.curriculum import Curriculum
from graphmer.curriculum.hardness import Hardness
from graphmer.curriculum.pacing import Pacing
from graphmer.curriculum.supports import context
from graphmer.dialogue import FixedSet
from graphmer.graph import GraphBuilder, TemporalWindow
from graphmer.graph.dataset import GraphDataset
from graphmer.nn.messages import MessagePassingSettings
from graphmer.nn.targets import TrainingTargets
from graphmer.systems.experts import mixing_loss
from tests.models import make
from tests.talks import LABELS, WIDTHS, ragged

BUILD = GraphBuilder({"context": TemporalWindow(past=1, future=1)}, LABELS)
TRAIN = GraphDataset(ragged(), BUILD)
N = sum(TRAIN.lengths)


def hardness(value=None):
    ids = [(d.id, name) for d in TRAIN.dialogues for name in d.utterance_ids]
    zeros = torch.zeros(N, 8)
    value = torch.arange(N)[:, None].expand(N, 8) / N if value is None else value
    return Hardness(
        tuple(d for d, _ in ids), tuple(name for _, name in ids), zeros, zeros[:, 0], zeros[:, 0], value
    )


def fixed(rows):
    return lambda available, hardness: torch.tensor(rows).expand(N, len(rows))


def epoch(neighbors, pacing=Pacing(), relation=None, graphs=None, form="slots", support=1.0):  # noqa: B008
    """Pairs of a graph and its targets."""
    settings = {"form": form, "relation": relation, "support_weight": support}
    curriculum = Curriculum(TRAIN, hardness(), neighbors, pacing, **settings)
    graphs = TRAIN.graphs if graphs is None else graphs
    return list(zip(*curriculum.epoch(graphs, 0.0, torch.Generator().manual_seed(0)), strict=True))


def batched(pairs):
    """Graphs and targets of an epoch as one batch."""
    graphs, targets = zip(*pairs, strict=True)
    return Batch.from_data_list(list(graphs)), TrainingTargets.collate(targets)


def test_utterances_open_from_easy_to_hard():
    pacing = Pacing(initial_fraction=0.2, full_at=0.5)
    hard = torch.tensor([0.9, 0.1, 0.5, 0.3, 0.7, 0.2])
    assert pacing.weights(hard, 0.0).tolist() == [0, 1, 0, 0, 0, 1]
    assert pacing.weights(hard, 0.25).tolist() == [0, 1, 1, 1, 0, 1]
    assert pacing.weights(hard, 0.5).tolist() == [1] * 6


def test_emphasis_weighs_around_the_middle():
    weights = Pacing(hardness_weighting=-0.5).weights(torch.tensor([0.0, 0.5, 1.0]), 0.0)
    assert weights.tolist() == [1.5, 1, 0.5]


@pytest.mark.parametrize("wrong", [{"initial_fraction": 0.0}, {"full_at": 1.5}, {"hardness_weighting": 2.0}])
def test_pacing_refuses_numbers_out_of_range(wrong):
    with pytest.raises(ValueError, match="Input should be"):
        Pacing(**wrong)


def test_without_supports_graphs_only_get_weights():
    for (graph, targets), before in zip(epoch(None), TRAIN.graphs, strict=True):
        assert targets.weight.tolist() == [1.0] * graph.num_nodes
        assert targets.support_emotion is None
        assert graph.num_nodes == before.num_nodes


def test_supports_stand_in_a_copy_with_their_own_labels_and_nothing_else_is_labelled():
    row = 9  # the last turn of dialogue "whole"
    giver = TRAIN.dialogues[2]
    replaced = 0
    for (graph, targets), before in zip(epoch(fixed([row])), TRAIN.graphs, strict=True):
        count = before.num_nodes
        assert graph.num_nodes == 2 * count
        assert torch.equal(graph.emotion[:count], before.emotion)
        assert (graph.emotion[count:] == -1).all()
        assert (targets.support_emotion[:count] == -1).all()
        there = targets.support_emotion[count:] != -1
        replaced += int(there.sum())
        label = LABELS.names.index(giver.emotion[2])
        assert (targets.support_emotion[count:][there] == label).all()
        for m in WIDTHS:
            assert torch.equal(graph[m][:count], before[m])
            assert torch.equal(graph[m][count:][~there], before[m][~there])
            assert torch.equal(graph[m][count:][there], giver.features[m][2].expand(int(there.sum()), -1))
    assert 0 < replaced < N


def test_a_support_is_seen_with_what_the_utterance_may_be_seen_with_and_it_has():
    seen = TRAIN.masked(FixedSet(("audio", "text")), 0)
    for (graph, targets), view in zip(epoch(fixed([1]), graphs=seen), seen, strict=True):
        count = view.num_nodes
        there = targets.support_emotion[count:] != -1
        # row 1 has audio only
        audio = torch.tensor([True, False, False])
        assert torch.equal(graph.available[count:][there], view.available[there] & audio)
        assert torch.equal(graph.available[count:][~there], view.available[~there])
        assert not (graph.present & ~graph.available)[count:].any()


def test_a_support_in_its_own_context_is_seen_as_the_utterance_that_asked_for_it():
    """Rows 6 and 7 ask for row 9, all others for nobody; row 7 is to be seen by its text alone."""
    asked = torch.full((N,), -1)
    asked[[6, 7]] = 9
    available = torch.ones(N, 3, dtype=torch.bool)
    available[7] = torch.tensor([False, True, False])
    copies = context(asked, available, available | True)
    assert copies.source.tolist() == list(range(N))
    assert copies.supported.nonzero()[:, 0].tolist() == [9]
    assert copies.weight[9] == 2
    assert copies.available[9].tolist() == [False, True, False]
    rest = torch.arange(N) != 9
    assert torch.equal(copies.available[rest], available[rest])


def test_supports_in_context_leave_all_features_as_they_are_and_count_once_for_each_that_asks():
    asking = 0.0
    for (graph, targets), before in zip(epoch(fixed([9]), form="context"), TRAIN.graphs, strict=True):
        count = before.num_nodes
        assert all(torch.equal(graph[m][count:], before[m]) for m in WIDTHS)
        there = targets.support_emotion[count:] != -1
        assert torch.equal(targets.support_emotion[count:][there], before.emotion[there])
        assert there.tolist() == [graph.dialogue_id == "whole" and n == 2 for n in range(count)]
        asking += float(targets.weight[count:].sum())
    assert 3 < asking < N - 3


def test_a_support_is_mixed_into_what_both_have_and_its_emotion_counts_for_its_share():
    row = 9  # the last turn of dialogue "whole"
    giver, shares = TRAIN.dialogues[2], []
    for (graph, targets), before in zip(epoch(fixed([row]), form="mixup"), TRAIN.graphs, strict=True):
        assert graph.num_nodes == before.num_nodes
        assert torch.equal(graph.emotion, before.emotion)
        shares += targets.support_share.tolist()
        mixed = targets.support_share > 0
        assert (targets.support_emotion[mixed] == LABELS.names.index(giver.emotion[2])).all()
        assert torch.equal(targets.support_emotion[~mixed], before.emotion[~mixed])
        for column, m in enumerate(WIDTHS):
            has = before.present[:, column]
            part = targets.support_share[has, None]
            torch.testing.assert_close(
                graph[m][has], (1 - part) * before[m][has] + part * giver.features[m][2]
            )
            assert torch.equal(graph[m][~has], before[m][~has])
    assert N // 4 < len(set(shares)) - 1 < 3 * N // 4
    assert min(shares) == 0
    assert 0.3 < max(shares) <= 0.5


def test_a_mixture_takes_nothing_from_a_support_in_modalities_that_it_lacks():
    for (graph, _), before in zip(epoch(fixed([1]), form="mixup"), TRAIN.graphs, strict=True):
        assert all(torch.equal(graph[m], before[m]) for m in ("text", "video"))  # row 1 has audio only


def test_without_supports_nothing_is_mixed():
    for (graph, targets), before in zip(epoch(fixed([-1]), form="mixup"), TRAIN.graphs, strict=True):
        assert all(torch.equal(graph[m], before[m]) for m in WIDTHS)
        assert targets.support_share.tolist() == [0.0] * graph.num_nodes


def test_no_emotion_of_a_mixture_counts_where_nobody_annotated_the_utterance():
    graphs = [copy.copy(graph) for graph in TRAIN.graphs]
    for graph in graphs:
        graph.emotion = torch.where(torch.arange(graph.num_nodes) == 0, -1, graph.emotion)
    for _, targets in epoch(fixed([9]), form="mixup", graphs=graphs):
        assert targets.support_emotion[0] == -1
        assert targets.support_share[0] == 0


def test_the_loss_of_a_mixture_is_that_of_both_emotions_by_their_shares():
    batch, targets = batched(epoch(fixed([9]), form="mixup", support=2.0))
    built = model()
    logits = built(batch).logits
    of = [
        cross_entropy(logits, target, reduction="none") for target in (batch.emotion, targets.support_emotion)
    ]
    share = targets.support_share
    expected = ((1 - share) * of[0] + 2 * share * of[1]).mean()
    torch.testing.assert_close(mixing_loss(built, batch, targets).total, expected)


def test_supports_out_of_slots_cannot_be_heard():
    with pytest.raises(ValueError, match="Only supports in slots"):
        epoch(fixed([9]), form="context", relation=4)


def test_the_copy_has_the_edges_of_the_dialogue_and_none_to_it_unless_linked():
    for (graph, _), before in zip(epoch(fixed([0])), TRAIN.graphs, strict=True):
        count, edges = before.num_nodes, before.edge_index
        assert torch.equal(graph.edge_index, torch.cat([edges, edges + count], dim=1))
    for (graph, targets), before in zip(epoch(fixed([0]), relation=4), TRAIN.graphs, strict=True):
        count = before.num_nodes
        linked = graph.edge_index[:, graph.edge_type == 4]
        places = (targets.support_emotion[count:] != -1).nonzero()[:, 0]
        assert torch.equal(linked, torch.stack([places + count, places]))


def test_an_utterance_without_supports_is_never_replaced():
    for _, targets in epoch(fixed([-1, -1])):
        assert (targets.support_emotion == -1).all()


def test_every_support_of_an_utterance_is_drawn_as_often():
    """Over many epochs, a third of the draws each for three supports, out of half of the epochs."""
    curriculum = Curriculum(TRAIN, hardness(), fixed([3, 5, 7, -1]), Pacing())
    generator = torch.Generator().manual_seed(0)
    supports = torch.tensor([3, 5, 7, -1]).expand(3000, 4)
    drawn = curriculum._sampled(supports, generator)
    counts = [int((drawn == row).sum()) for row in (-1, 3, 5, 7)]
    assert counts[0] == pytest.approx(1500, abs=120)
    assert counts[1:] == pytest.approx([500] * 3, abs=90)


def test_the_supports_are_asked_for_with_the_hardness_under_what_is_seen():
    asked = []

    def spy(available, value):
        asked.append((available, value))
        return torch.full((N, 1), -1)

    value = torch.rand(N, 8)
    curriculum = Curriculum(TRAIN, hardness(value), spy, Pacing())
    seen = TRAIN.masked(FixedSet(("text",)), 0)
    curriculum.epoch(seen, 0.0, torch.Generator())
    available, hard = asked[0]
    assert torch.equal(available, torch.cat([graph.available for graph in seen]))
    has_text = available[:, 1]
    assert torch.equal(hard[has_text], value[has_text, 2])


def test_hardness_of_other_utterances_is_refused():
    with pytest.raises(ValueError, match="other utterances"):
        Curriculum(GraphDataset(ragged()[::-1], BUILD), hardness(), None, Pacing())


def model():
    relations = (*BUILD.relations, "support")
    messages = MessagePassingSettings(width=8)
    return make(WIDTHS, 4, relations, width=8, depth=1, message_passing=messages).eval()


def test_a_copy_changes_nothing_in_its_dialogue():
    """Attention and message passing keep to the dialogue as long as no support is linked."""
    plain = model()(Batch.from_data_list(TRAIN.graphs)).logits
    batch, _ = batched(epoch(fixed([9])))
    unlinked = model()(batch).logits[batch.copy_number == 0]
    torch.testing.assert_close(unlinked, plain)
    linked, _ = batched(epoch(fixed([9]), relation=4))
    assert not torch.allclose(model()(linked).logits[batch.copy_number == 0], plain)


def test_a_copy_is_a_dialogue_of_its_own():
    batch, _ = batched(epoch(fixed([9])))
    numbers = batch.dialogue
    assert (numbers[1:] >= numbers[:-1]).all()
    assert len(numbers.unique()) == 2 * len(TRAIN)


def test_the_objective_adds_the_loss_of_the_supports_with_their_own_labels():
    batch, targets = batched(epoch(fixed([9]), Pacing(initial_fraction=0.5), support=0.3))
    logits = model()(batch).logits.log_softmax(dim=1).detach()
    own, sup, weights, supports = 0.0, 0.0, 0.0, 0
    for n in range(batch.num_nodes):
        if batch.emotion[n] != -1:
            own -= float(targets.weight[n] * logits[n, batch.emotion[n]])
            weights += float(targets.weight[n])
        if targets.support_emotion[n] != -1:
            sup -= float(logits[n, targets.support_emotion[n]])
            supports += 1
    terms = mixing_loss(model(), batch, targets)
    assert 0 < weights < (batch.emotion != -1).sum()
    assert terms.total.item() == pytest.approx(own / weights + 0.3 * sup / supports, rel=1e-5)
    assert terms.parts["support"].item() == pytest.approx(sup / supports, rel=1e-5)
