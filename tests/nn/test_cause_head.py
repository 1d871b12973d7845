from dataclasses import replace

import torch
from torch.nn.functional import cosine_similarity, gelu

from graphmer.graph import GraphBuilder
from graphmer.nn.calibration import Calibration
from graphmer.nn.cause_head import CausePairs
from tests.models import make
from tests.talks import LABELS, WIDTHS, batched, ragged, talk


def tiny():
    model = make(WIDTHS, 4, width=8, depth=1, cause=True).eval()
    torch.nn.init.normal_(model.cause_head.place.weight)
    return model


def graphs(dialogues):
    return batched(dialogues, GraphBuilder({}, LABELS))


def test_pairs_are_a_turn_and_those_before_it_within_its_dialogue():
    pairs = CausePairs.of(torch.tensor([1, 4]), torch.tensor([0, 0, 1, 1, 1]), window=2)
    assert pairs.target.tolist() == [1, 1, 4, 4, 4]
    assert pairs.source.tolist() == [1, 0, 4, 3, 2]
    assert pairs.distance.tolist() == [0, 1, 0, 1, 2]
    assert pairs.there.tolist() == [[True, True, False], [True, True, True]]


def test_the_head_is_its_equation():
    model, batch = tiny(), graphs([talk("ABA", ["at", "t", "tv"])])
    output, head = model(batch), model.cause_head
    found = model.cause_logits(output, batch, torch.tensor([2]))
    assert found.isnan().tolist() == [[False, False, False, *[True] * 8]]
    h, p = output.state, output.logits.softmax(1)
    for distance, (source, other, both) in enumerate([(2, 0, "tv"), (1, 1, "t"), (0, 0, "t")]):
        shared = torch.tensor([float(m[0] in both) for m in WIDTHS])
        cosine = torch.stack([cosine_similarity(batch[m][2], batch[m][source], dim=0) for m in WIDTHS])
        states = [h[2], h[source], h[2] * h[source]]
        relation = torch.cat([*states, p[2], p[source], cosine * shared, shared])
        hidden = head.relation.weight @ relation + head.place.weight[2 * distance + other]
        torch.testing.assert_close(found[0, distance], head.score[2](gelu(hidden))[0])


def test_features_that_are_not_available_change_nothing():
    model, batch = tiny(), graphs(ragged())
    before = model.causes(model(batch), batch)
    for column, modality in enumerate(model.modalities):
        batch[modality] = batch[modality].where(batch.available[:, column, None], torch.nan)
    torch.testing.assert_close(model.causes(model(batch), batch), before, equal_nan=True)


def test_a_dialogue_has_the_same_causes_alone_and_in_a_batch():
    model, together = tiny(), graphs(ragged())
    rows = model.causes(model(together), together).split([len(dialogue) for dialogue in ragged()])
    for dialogue, expected in zip(ragged(), rows, strict=True):
        alone = graphs([dialogue])
        torch.testing.assert_close(model.causes(model(alone), alone), expected, equal_nan=True)


def test_the_temperature_divides_the_logits():
    model, batch = tiny(), graphs([talk("AB")])
    output = model(batch)
    before = model.causes(output, batch)
    model.calibrate(Calibration(cause=2.0))
    expected = (before.logit() / 2).sigmoid()
    torch.testing.assert_close(model.causes(output, batch), expected, equal_nan=True)


def test_positions_of_annotated_causes_are_shifted_in_a_batch():
    first = replace(talk("ABA", id="d"), causes={2: (0, 2)})
    second = replace(talk("AB", id="e"), causes={0: (), 1: (0,)})
    batch = graphs([first, second])
    assert batch.cause_turns.tolist() == [2, 3, 4]
    assert batch.cause_edges.tolist() == [[0, 2, 3], [2, 2, 4]]


def test_no_cause_of_a_causal_model_depends_on_a_later_turn():
    model = make(WIDTHS, 4, width=8, depth=1, cause=True, causal=True).eval()
    whole, begun = talk("ABAB"), talk("ABA")
    before = model.causes(model(graphs([begun])), graphs([begun]))
    after = model.causes(model(graphs([whole])), graphs([whole]))[:3]
    torch.testing.assert_close(after, before, equal_nan=True)
