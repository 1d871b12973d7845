from itertools import product

import pytest
import torch

from graphmer.graph import GraphBuilder
from graphmer.nn.mixture import ExpertMixture, MixtureSettings
from graphmer.nn.tokens import Tokens
from tests.nn import oracle
from tests.talks import LABELS, WIDTHS, batched, ragged, talk

BLOCKS = ("reference", "preln")


def tiny(**settings) -> ExpertMixture:
    torch.manual_seed(0)
    causal = settings.pop("causal", False)
    size = MixtureSettings(**{"width": 8, "depth": 2, "heads": 2, **settings})
    return ExpertMixture(size, WIDTHS, causal=causal)


def mixed(mixture, batch):
    tokens = Tokens.of(batch.available, batch.batch)
    features = {modality: batch[modality] for modality in WIDTHS}
    return mixture(mixture.project(features, tokens, batch.position), tokens, batch.num_nodes)


def graphs(available=None):
    batch = batched(ragged(), GraphBuilder({}, LABELS))
    if available is not None:
        batch.available = available
    return batch


@pytest.mark.parametrize("positions", [False, True])
@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("block", BLOCKS)
def test_the_mixture_is_the_padded_one_of_nine_passes(block, causal, positions):
    mixture = tiny(block=block, causal=causal, positions=positions).eval()
    batch = graphs()
    found = mixed(mixture, batch)
    embedding, weight = oracle.mixture_forward(mixture, batch)
    torch.testing.assert_close(found.embedding, embedding, rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(found.weight, weight, rtol=1e-5, atol=1e-5)


def test_router_weights_sum_to_one_on_what_is_available_and_are_zero_elsewhere():
    batch = graphs()
    weight = mixed(tiny().train(), batch).weight
    torch.testing.assert_close(weight.sum(dim=2), batch.available.float())
    assert not weight.requires_grad


def test_the_embedding_is_zero_where_a_modality_is_missing():
    batch = graphs()
    embedding = mixed(tiny().eval(), batch).embedding.view(-1, 3, 8)
    assert not embedding[~batch.available].any()
    assert embedding[batch.available].any(dim=1).all()


@pytest.mark.parametrize("hidden", [*product([False, True], repeat=3)])
def test_modalities_absent_from_a_whole_batch_are_no_trouble(hidden):
    available = graphs().available & ~torch.tensor(hidden)
    mixture = tiny(positions=True)
    found = mixed(mixture, graphs(available))
    assert found.embedding.isfinite().all()
    found.embedding.sum().backward()
    assert all(p.grad is None or p.grad.isfinite().all() for p in mixture.parameters())
    for number, projection in enumerate(mixture.projections):
        there = available[:, number].any()
        assert (projection.weight.grad is not None and bool(projection.weight.grad.any())) == bool(there)


def test_one_modality_is_a_mixture_of_one_expert():
    dialogue = talk("ABA", widths={"text": 5})
    batch = batched([dialogue], GraphBuilder({}))
    mixture = ExpertMixture(MixtureSettings(width=8, depth=1), {"text": 5}).eval()
    tokens = Tokens.of(batch.available, batch.batch)
    projected = mixture.project({"text": batch.text}, tokens, batch.position)
    found = mixture(projected, tokens, 3)
    assert found.weight.flatten().tolist() == [1.0, 1.0, 1.0]
    torch.testing.assert_close(found.embedding, mixture.experts[0](projected, tokens))
    torch.testing.assert_close(found.embedding, mixture.unimodal(projected, tokens)[0])


def test_dropout_of_router_logits_is_a_setting():
    batch = graphs()
    certain = tiny(dropout=0.0, router_logit_dropout=0.0).train()
    torch.testing.assert_close(mixed(certain, batch).weight, mixed(certain, batch).weight)
    dropping = tiny(dropout=0.0, router_logit_dropout=0.5).train()
    assert not torch.equal(mixed(dropping, batch).weight, mixed(dropping, batch).weight)


def test_positions_need_an_even_width():
    with pytest.raises(ValueError, match="`width` must be even where `positions` are added; got 9"):
        tiny(width=9, heads=3, positions=True)
