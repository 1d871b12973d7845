"""Agreement of modalities, realignment, and the estimate of reliability."""

from dataclasses import replace

import pytest
import torch

from graphmer.dialogue import Dialogue, Shift, protocol
from graphmer.graph import GraphBuilder, SameSpeaker
from graphmer.graph.dataset import GraphDataset
from graphmer.nn.agreement import Agreement
from graphmer.nn.messages import MessagePassingSettings
from graphmer.nn.realignment import realigned
from graphmer.nn.reliability import ReliabilityHead, reliability_loss
from graphmer.nn.spectrum import Spectrum
from tests.dialogue.test_missing import dialogue
from tests.models import make
from tests.talks import LABELS, WIDTHS, batched, ragged

TWO = {"audio": 6, "text": 10}
BUILD = GraphBuilder({"own": SameSpeaker()}, LABELS)


def related(id: str, length: int = 12) -> Dialogue:
    """Both modalities show the same four hidden numbers of a turn."""
    draw = torch.Generator().manual_seed(hash_of(id))
    hidden = torch.randn(length, 4, generator=draw)
    features = {}
    for modality, width in TWO.items():
        mix = torch.randn(4, width, generator=torch.Generator().manual_seed(width)) / 2
        features[modality] = hidden @ mix + 0.5 * torch.randn(length, width, generator=draw)
    plain = dialogue(id, length, modalities=tuple(TWO))
    return replace(plain, features=features)


def hash_of(id: str) -> int:
    return sum(ord(letter) * 31**place for place, letter in enumerate(id)) % 2**31


@pytest.fixture(scope="module")
def agreement() -> Agreement:
    fitted = Agreement(TWO)
    fitted.fit([related(f"train{n}") for n in range(60)])
    return fitted


def information(agreement: Agreement, talk: Dialogue) -> torch.Tensor:
    ((pair, components),) = agreement.components(talk.features).items()
    return agreement.information(pair, *components)


def test_features_of_one_turn_agree_and_those_of_different_turns_do_not(agreement):
    own, other = [], []
    for number in range(40):
        talk = related(f"test{number}")
        own.append(information(agreement, talk))
        apart = {**talk.features, "text": talk.features["text"].roll(3, dims=0)}
        other.append(information(agreement, replace(talk, features=apart)))
    assert torch.cat(own).mean() > 0.5
    assert torch.cat(other).mean() < -0.5


def test_the_information_is_that_of_a_gaussian_of_this_correlation():
    one = Agreement({"a": 1, "b": 1})
    one.get_buffer("correlation_0_1").fill_(0.6)
    x, y = torch.tensor([[0.5]]), torch.tensor([[-1.0]])
    joint = torch.distributions.MultivariateNormal(torch.zeros(2), torch.tensor([[1.0, 0.6], [0.6, 1.0]]))
    alone = torch.distributions.Normal(0.0, 1.0)
    expected = joint.log_prob(torch.tensor([0.5, -1.0])) - alone.log_prob(x) - alone.log_prob(y)
    torch.testing.assert_close(one.information((0, 1), x, y), expected.flatten())


def test_modalities_that_no_turn_has_both_of_have_no_agreement():
    fitted = Agreement(TWO)
    apart = torch.zeros(12, 2, dtype=torch.bool)
    apart[::2, 0], apart[1::2, 1] = True, True
    fitted.fit([related(f"d{n}").with_available(apart) for n in range(20)])
    assert torch.equal(information(fitted, related("x")), torch.zeros(12))


def joined(talks):
    features = {m: torch.cat([talk.features[m] for talk in talks]) for m in TWO}
    available = torch.cat([talk.available for talk in talks])
    batch = torch.arange(len(talks)).repeat_interleave(torch.tensor([len(talk) for talk in talks]))
    return features, available, batch


@pytest.mark.parametrize(("modality", "turns"), [("text", 1), ("audio", 1), ("text", 2)])
def test_a_late_modality_is_moved_back_and_its_last_turns_lose_it(agreement, modality, turns):
    clean = [related(f"late{n}") for n in range(4)]
    late = Shift(turns, (modality,))
    talks = [late.apply(talk, 0) if n % 2 else talk for n, talk in enumerate(clean)]
    found = realigned(agreement, *joined(talks), most=2)
    column = list(TWO).index(modality)
    whole, _, batch = joined(clean)
    expected = torch.where(batch % 2 == 1, turns, 0)
    assert torch.equal(found.lag[:, column], expected)
    assert not found.lag[:, 1 - column].any()
    back = found.available[:, column]
    assert torch.equal(found.features[modality][back], whole[modality][back])
    assert (~back).sum() == 2 * turns
    assert not back[12 * 2 - turns : 12 * 2].any()


def test_what_is_on_time_is_left_alone_bit_by_bit(agreement):
    features, available, batch = joined([related(f"ontime{n}") for n in range(20)])
    found = realigned(agreement, features, available, batch, most=2)
    assert not found.lag.any()
    assert all(found.features[m] is features[m] for m in TWO)


def test_rows_that_are_not_available_are_not_read(agreement):
    features, available, batch = joined([Shift(1, ("text",)).apply(related("gap", 30), 0)])
    available[4:9, 0] = False
    one = realigned(agreement, features, available, batch, most=2)
    features["audio"] = features["audio"].clone()
    features["audio"][4:9] = torch.nan
    other = realigned(agreement, features, available, batch, most=2)
    assert torch.equal(one.lag, other.lag)
    assert bool(other.features["text"].isfinite().all())


def low_rank(count: int, width: int = 12) -> torch.Tensor:
    draw = torch.Generator().manual_seed(count)
    mix = torch.randn(3, width, generator=torch.Generator().manual_seed(1))
    return torch.randn(count, 3, generator=draw) @ mix + 0.1 * torch.randn(count, width, generator=draw)


def test_the_filter_brings_noisy_features_closer_to_what_they_were():
    spectrum = Spectrum(12)
    spectrum.fit(low_rank(500))
    clean = low_rank(200)
    noisy = clean + torch.randn(200, 12, generator=torch.Generator().manual_seed(5))
    before, after = (noisy - clean).square().mean(), (spectrum.filtered(noisy) - clean).square().mean()
    assert after < 0.5 * before


def test_the_filter_leaves_usual_features_as_they_are_bit_by_bit():
    spectrum = Spectrum(12)
    spectrum.fit(low_rank(500))
    clean = low_rank(200)
    same = (spectrum.filtered(clean) == clean).all(dim=1)
    assert same.float().mean() > 0.95
    one = torch.randn(5, 1)
    assert Spectrum(1).filtered(one) is one


def test_before_it_is_fitted_the_filter_does_nothing():
    rows = torch.randn(5, 12) * 100
    assert torch.equal(Spectrum(12).filtered(rows), rows)


def network(messages=True, **settings):
    passing = MessagePassingSettings() if messages else None
    relations = BUILD.relations if messages else ()
    return make(WIDTHS, 4, relations, message_passing=passing, width=8, depth=1, **settings)


@pytest.mark.parametrize("messages", [True, False], ids=["graphmer", "momke"])
def test_a_model_that_takes_everything_for_reliable_is_the_one_without_an_estimate(messages):
    graph = batched(ragged(), BUILD)
    plain = network(messages, neighborhood_averages=[None]).eval()
    settings = {"reliability": 0.5, "realign": 1, "denoise": True}
    estimating = network(messages, neighborhood_averages=[None], **settings).eval()
    estimating.load_state_dict(plain.state_dict(), strict=False)
    for router in estimating.network.mixture.routers:
        router.absence.data = torch.tensor([0.0, -100.0])
    torch.testing.assert_close(estimating(graph).logits, plain(graph).logits)
    assert plain(graph).reliability is None
    assert estimating(graph).reliability.shape == graph.available.shape


def test_the_router_gives_an_unreliable_input_less_weight():
    graph = batched(ragged(), BUILD)
    model = network(reliability=0.5).eval()
    head = model.network.reliability
    head.output.weight.data.zero_()
    sums = []
    for logit in (5.0, 0.0, -5.0):
        head.output.bias.data.fill_(logit)
        sums.append(model(graph).router.sum(dim=2)[graph.available])
    assert (sums[0] > sums[1]).all()
    assert (sums[1] > sums[2]).all()
    assert sums[0].min() > 0.9


def test_the_estimate_does_not_depend_on_what_a_dialogue_is_batched_with():
    model = network(reliability=0.5).eval()
    talks = list(ragged())
    together = model(batched(talks, BUILD)).reliability
    alone = torch.cat([model(batched([talk], BUILD)).reliability for talk in talks])
    torch.testing.assert_close(together, alone, atol=1e-5, rtol=1e-4)


def test_the_head_learns_to_see_noise_and_every_parameter_moves(agreement):
    torch.manual_seed(0)
    talks = [related(f"noisy{n}") for n in range(40)]
    head, spectra = ReliabilityHead(TWO), [Spectrum(width) for width in TWO.values()]
    for spectrum, modality in zip(spectra, TWO, strict=True):
        spectrum.fit(torch.cat([talk.features[modality] for talk in talks]))
    head.fit(spectra, talks)
    data = GraphDataset(talks, GraphBuilder({}, LABELS))
    views = data.masked(protocol("noise:2@t", tuple(TWO)), 0)
    clean = data.masked(protocol("complete", tuple(TWO)), 0)
    optimizer = torch.optim.Adam(head.parameters(), lr=1e-2)

    def logits(graph):
        return head(spectra, agreement, {m: graph[m] for m in TWO}, graph.available, graph.dialogue)

    for _ in range(30):
        loss = torch.zeros(())
        for number in range(0, 30, 3):
            damaged, undamaged = views[number], clean[number]
            undamaged.damaged = torch.zeros_like(undamaged.available)
            loss = loss + reliability_loss(logits(damaged), damaged)
            loss = loss + reliability_loss(logits(undamaged), undamaged)
        optimizer.zero_grad()
        loss.backward()
        assert all(parameter.grad is not None for parameter in head.parameters())
        optimizer.step()
    head.eval()
    noisy = torch.cat([logits(views[n])[:, 1] for n in range(30, 40)])
    good = torch.cat([logits(clean[n])[:, 1] for n in range(30, 40)])
    assert (noisy[:, None] < good[None, :]).float().mean() > 0.95


def test_a_causal_model_cannot_read_later_turns_to_realign():
    with pytest.raises(ValueError, match="`realign` reads later turns, which a causal model must not; got 2"):
        network(realign=2, causal=True)


def test_the_estimate_of_a_causal_model_depends_on_no_later_turn():
    model = network(reliability=0.5, causal=True).eval()
    graph = batched(list(ragged())[:1], BUILD)
    before = model(graph).reliability
    for modality in WIDTHS:
        graph[modality] = graph[modality].clone()
        graph[modality][-1] += 5
    after = model(graph).reliability
    torch.testing.assert_close(before[:-1], after[:-1])
