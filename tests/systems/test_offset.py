"""Log-probabilities of the classes that are added to the logits."""

import pytest
import torch

from graphmer.dialogue.standardise import Standardiser
from graphmer.graph import GraphBuilder, SameSpeaker
from graphmer.nn.messages import MessagePassingSettings
from tests.models import make
from tests.talks import LABELS, WIDTHS, batched, ragged

BUILD = GraphBuilder({"own": SameSpeaker()}, LABELS)
MODALITY = next(name for name, width in WIDTHS.items() if width >= len(LABELS.names))


def model(messages=True, **settings):
    passing = MessagePassingSettings() if messages else None
    relations = BUILD.relations if messages else ()
    return make(WIDTHS, 4, relations, message_passing=passing, width=8, depth=1, **settings)


@pytest.mark.parametrize("messages", [True, False], ids=["graphmer", "momke"])
def test_the_logits_begin_as_the_offset_and_as_zero_where_it_is_missing(messages):
    graph = batched(ragged(), BUILD)
    logits = model(messages, offset=MODALITY).eval()(graph).logits
    has = graph.available[:, list(WIDTHS).index(MODALITY)]
    assert 0 < int(has.sum()) < len(has)
    torch.testing.assert_close(logits[has], graph[MODALITY][has][:, :4])
    assert bool((logits[~has] == 0).all())


def test_the_residual_is_what_the_network_says_without_an_offset():
    graph = batched(ragged(), BUILD)
    plain, offset = model(), model(offset=MODALITY)
    offset.load_state_dict(plain.state_dict())
    known = (offset.eval()(graph).logits - plain.eval()(graph).logits).detach()
    has = graph.available[:, list(WIDTHS).index(MODALITY)]
    torch.testing.assert_close(known[has], graph[MODALITY][has][:, :4], atol=1e-5, rtol=0)


@pytest.mark.parametrize("name", ["smell", min(WIDTHS, key=lambda name: WIDTHS[name])])
def test_a_modality_without_a_feature_for_each_class_is_no_offset(name):
    with pytest.raises(ValueError, match=r"`offset` must be a modality that begins with a feature for each"):
        make({"few": 3, **WIDTHS}, 4, message_passing=None, offset="few" if name in WIDTHS else name)


def test_the_first_features_of_an_offset_are_not_standardised():
    dialogues = list(ragged())
    fitted = Standardiser.fit(dialogues)
    kept = fitted.without(MODALITY, 2)
    for dialogue in dialogues:
        as_it_is, standardised = dialogue.features[MODALITY], fitted(dialogue).features[MODALITY]
        found = kept(dialogue).features
        torch.testing.assert_close(found[MODALITY][:, :2], as_it_is[:, :2].clamp(-10, 10))
        torch.testing.assert_close(found[MODALITY][:, 2:], standardised[:, 2:])
        assert all(
            torch.equal(rows, fitted(dialogue).features[name])
            for name, rows in found.items()
            if name != MODALITY
        )
