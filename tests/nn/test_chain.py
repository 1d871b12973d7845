"""The chain decoder against the enumeration of all label sequences, and what it learns of planted chains."""

import itertools
import math
import time

import numpy as np
import pytest
import torch
from torch.nn.functional import cross_entropy

from graphmer.corpora.process import Process, turn_taking
from graphmer.nn.chain import ChainCache, ChainDecoder
from graphmer.typing import UNLABELLED


def decoder(classes: int, seed: int | None = 0, *, causal: bool = False, dtype=torch.float64) -> ChainDecoder:
    """With parameters drawn from a normal law, or untrained without a seed."""
    made = ChainDecoder(classes, causal=causal).to(dtype)
    if seed is not None:
        generator = torch.Generator().manual_seed(seed)
        with torch.no_grad():
            for parameter in made.parameters():
                parameter.copy_(torch.randn(parameter.shape, generator=generator, dtype=torch.float64))
    return made


def drawn(classes: int, speakers: int, lengths, seed: int = 0, dtype=torch.float64):
    """Logits, targets (a third of them unlabelled), speakers and dialogues of a batch."""
    generator = torch.Generator().manual_seed(seed)
    nodes = sum(lengths)
    logits = 2 * torch.randn(nodes, classes, generator=generator, dtype=torch.float64)
    target = torch.randint(0, classes, (nodes,), generator=generator)
    target[torch.rand(nodes, generator=generator) < 1 / 3] = UNLABELLED
    speaker = torch.randint(0, speakers, (nodes,), generator=generator)
    batch = torch.arange(len(lengths)).repeat_interleave(torch.tensor(lengths))
    return logits.to(dtype), target, speaker, batch


def chains(speaker, batch) -> list[list[int]]:
    """Nodes of each chain, by loops."""
    found: dict[tuple[int, int], list[int]] = {}
    for node, key in enumerate(zip(batch.tolist(), speaker.tolist(), strict=True)):
        found.setdefault(key, []).append(node)
    return list(found.values())


def heard(speaker, batch) -> list[int | None]:
    """Node of the other party's last turn, by loops, through the rule of the simulated process."""
    found: list[int | None] = []
    for dialogue in batch.unique().tolist():
        nodes = (batch == dialogue).nonzero()[:, 0].tolist()
        last: dict[int, int] = {}
        said = speaker[nodes].tolist()
        for node, now, (_, other) in zip(nodes, said, turn_taking(said), strict=True):
            found.append(None if other is None else last[other])
            last[now] = node
    return found


class Enumeration:
    """All label sequences of all chains with their scores, written as the docstring's equation."""

    def __init__(self, model: ChainDecoder, logits, speaker, batch) -> None:
        self.model = model
        self.classes = logits.shape[1]
        weighted = logits.detach().double() * model.log_weight.detach().double().exp()
        self.unary = weighted.clone()
        for node, other in enumerate(heard(speaker, batch)):
            if other is not None:
                self.unary[node] += weighted[other].softmax(0) @ model.contagion.detach().double()
        self.chains = chains(speaker, batch)

    def sequences(self, chain) -> tuple[list[tuple[int, ...]], torch.Tensor]:
        labels = list(itertools.product(range(self.classes), repeat=len(chain)))
        start, transition = self.model.start.detach().double(), self.model.transition.detach().double()
        scores = []
        for path in labels:
            score = start[path[0]] + sum(self.unary[n, c] for n, c in zip(chain, path, strict=True))
            scores.append(score + sum(transition[i, j] for i, j in itertools.pairwise(path)))
        return labels, torch.stack([torch.as_tensor(score) for score in scores])

    def partitions(self):
        return torch.stack([self.sequences(chain)[1].logsumexp(0) for chain in self.chains])

    def marginals(self, *, causal: bool):
        """Marginal ``[N, C]``, pair ``[N, C, C]`` and change ``[N]``."""
        marginal = torch.zeros_like(self.unary)
        pair = torch.full((len(self.unary), self.classes, self.classes), torch.nan, dtype=torch.float64)
        change = torch.full((len(self.unary),), torch.nan, dtype=torch.float64)
        for chain in self.chains:
            for place, node in enumerate(chain):
                labels, scores = self.sequences(chain[: place + 1] if causal else chain)
                for path, p in zip(labels, scores.softmax(0), strict=True):
                    marginal[node, path[place]] += p
                    if place:
                        pair[node] = pair[node].nan_to_num()
                        pair[node, path[place - 1], path[place]] += p
                if place:
                    change[node] = sum(pair[node, i, j] for i, j in self.off_diagonal)
        return marginal, pair, change

    @property
    def off_diagonal(self):
        return itertools.permutations(range(self.classes), 2)

    def best(self, *, causal: bool) -> list[int]:
        chosen = [0] * len(self.unary)
        for chain in self.chains:
            for place, node in enumerate(chain):
                labels, scores = self.sequences(chain[: place + 1] if causal else chain)
                chosen[node] = labels[int(scores.argmax())][place]
        return chosen

    def loss(self, target) -> float:
        total = 0.0
        for chain in self.chains:
            labels, scores = self.sequences(chain)
            agrees = [
                all(target[n] in (UNLABELLED, c) for n, c in zip(chain, path, strict=True)) for path in labels
            ]
            total += float(scores.logsumexp(0) - scores[torch.tensor(agrees)].logsumexp(0))
        return total / int((target != UNLABELLED).sum())

    def apart(self, comparable) -> list[float]:
        """Probability that a turn differs from the speaker's latest earlier comparable one; NaN without."""
        change = [math.nan] * len(self.unary)
        for chain in self.chains:
            labels, scores = self.sequences(chain)
            for place, node in enumerate(chain):
                begins = [k for k in range(place) if comparable[chain[k]]]
                if begins:
                    differs = torch.tensor([path[begins[-1]] != path[place] for path in labels])
                    change[node] = float(scores.softmax(0)[differs].sum())
        return change


PRECISIONS = pytest.mark.parametrize(("dtype", "near"), [(torch.float32, 1e-5), (torch.float64, 1e-10)])
SIZES = pytest.mark.parametrize("classes", [2, 3, 4])
SPEAKERS = pytest.mark.parametrize("speakers", [1, 2, 3])
LENGTHS = (4, 1, 5, 2, 3)


def assert_near(found, expected, near) -> None:
    torch.testing.assert_close(found.double(), expected, rtol=near, atol=near, equal_nan=True)


@SIZES
@pytest.mark.parametrize("seed", range(4))
def test_a_pair_that_spans_turns_sums_them_out(seed, classes):
    model = decoder(classes, seed=seed)
    logits, target, speaker, batch = drawn(classes, 2, (7, 1, 5, 6), seed=seed)
    comparable = target != UNLABELLED
    found = model(logits, speaker, batch, comparable).change
    expected = torch.tensor(Enumeration(model, logits, speaker, batch).apart(comparable), dtype=torch.float64)
    torch.testing.assert_close(found.detach(), expected, equal_nan=True)


def test_a_temperature_divides_all_scores_of_a_chain():
    model, hot = decoder(3), decoder(3)
    logits, _, speaker, batch = drawn(3, 2, LENGTHS)
    hot.temperature = 2.0
    every = Enumeration(model, logits, speaker, batch)
    marginal = torch.zeros_like(logits)
    for chain in every.chains:
        labels, scores = every.sequences(chain)
        for path, p in zip(labels, (scores / 2).softmax(0), strict=True):
            for node, emotion in zip(chain, path, strict=True):
                marginal[node, emotion] += p
    torch.testing.assert_close(hot(logits, speaker, batch).marginal.exp().detach(), marginal)
    assert torch.equal(hot.viterbi(logits, speaker, batch), model.viterbi(logits, speaker, batch))


@PRECISIONS
@SIZES
@SPEAKERS
@pytest.mark.parametrize("causal", [False, True])
def test_everything_equals_the_enumeration_of_all_sequences(causal, speakers, classes, dtype, near):
    model = decoder(classes, seed=classes, causal=causal, dtype=dtype)
    logits, target, speaker, batch = drawn(classes, speakers, LENGTHS, seed=speakers, dtype=dtype)
    every = Enumeration(model, logits, speaker, batch)
    with torch.no_grad():
        found = model(logits, speaker, batch)
        loss = model.loss(logits, target, speaker, batch)
    marginal, pair, change = every.marginals(causal=causal)
    # a sum of up to five scores, each of a few units
    assert_near(found.log_partition, every.partitions(), near)
    assert_near(found.marginal, marginal.log(), near)
    assert_near(found.pair, pair, near)
    assert_near(found.change, change, near)
    assert_near(loss, torch.tensor(every.loss(target), dtype=torch.float64), near)
    assert model.viterbi(logits, speaker, batch).tolist() == every.best(causal=causal)


@pytest.mark.parametrize("causal", [False, True])
def test_pairs_have_the_marginals_of_their_two_turns(causal):
    logits, _, speaker, batch = drawn(3, 2, (30, 1, 12), seed=3)
    found = decoder(3, causal=causal)(logits, speaker, batch)
    for chain in chains(speaker, batch):
        assert found.pair[chain[0]].isnan().all()
        assert found.change[chain[0]].isnan()
        for before, now in itertools.pairwise(chain):
            torch.testing.assert_close(found.pair[now].sum(0), found.marginal[now].exp())
            if not causal:  # else the pair knows a turn more than the marginal of the turn before
                torch.testing.assert_close(found.pair[now].sum(1), found.marginal[before].exp())
            torch.testing.assert_close(found.change[now], 1 - found.pair[now].trace())


def test_gradients_are_those_of_finite_differences():
    logits, target, speaker, batch = drawn(3, 2, (4, 1, 3), seed=5)
    model = decoder(3)
    later = sorted(node for chain in chains(speaker, batch) for node in chain[1:])

    def loss(x, *parameters):
        return model.loss(x, target, speaker, batch)

    def output(x, *parameters):
        found = model(x, speaker, batch)
        return found.log_partition, found.marginal, found.pair[later], found.change[later]

    # the parameters are varied where they are
    inputs = (logits.requires_grad_(), *model.parameters())
    assert torch.autograd.gradcheck(loss, inputs)
    assert torch.autograd.gradcheck(output, inputs)


@pytest.mark.parametrize("causal", [False, True])
def test_an_untrained_decoder_changes_nothing(causal):
    logits, target, speaker, batch = drawn(4, 3, (40, 1, 7, 25), dtype=torch.float32)
    model = decoder(4, None, causal=causal, dtype=torch.float32)
    found = model(logits, speaker, batch)
    torch.testing.assert_close(found.marginal, logits.log_softmax(1))
    assert torch.equal(model.viterbi(logits, speaker, batch), logits.argmax(1))
    expected = cross_entropy(logits, target, ignore_index=UNLABELLED)
    torch.testing.assert_close(model.loss(logits, target, speaker, batch), expected)


def test_the_order_of_dialogues_changes_nothing():
    model, lengths = decoder(3), (6, 1, 9, 2)
    logits, target, speaker, batch = drawn(3, 2, lengths)
    found = model(logits, speaker, batch)
    best = model.viterbi(logits, speaker, batch)
    parts = torch.arange(len(batch)).split(lengths)
    for order in itertools.permutations(range(4)):
        nodes = torch.cat([parts[dialogue] for dialogue in order])
        new = torch.arange(4).repeat_interleave(torch.tensor([lengths[dialogue] for dialogue in order]))
        again = model(logits[nodes], speaker[nodes], new)
        torch.testing.assert_close(again.marginal, found.marginal[nodes])
        torch.testing.assert_close(again.pair, found.pair[nodes], equal_nan=True)
        torch.testing.assert_close(again.change, found.change[nodes], equal_nan=True)
        torch.testing.assert_close(again.log_partition.sort().values, found.log_partition.sort().values)
        assert torch.equal(model.viterbi(logits[nodes], speaker[nodes], new), best[nodes])
        torch.testing.assert_close(
            model.loss(logits[nodes], target[nodes], speaker[nodes], new),
            model.loss(logits, target, speaker, batch),
        )


def test_renaming_speakers_changes_nothing():
    model = decoder(4, dtype=torch.float32)
    logits, target, speaker, batch = drawn(4, 3, (12, 1, 30, 4), dtype=torch.float32)
    found = model(logits, speaker, batch)
    for names in itertools.permutations((0, 1, 2)):
        renamed = torch.tensor(names)[speaker]
        again = model(logits, renamed, batch)
        assert torch.equal(again.marginal, found.marginal)
        assert torch.equal(again.log_partition, found.log_partition)
        assert torch.equal(again.change.nan_to_num(), found.change.nan_to_num())
        assert torch.equal(model.viterbi(logits, renamed, batch), model.viterbi(logits, speaker, batch))
        assert torch.equal(
            model.loss(logits, target, renamed, batch), model.loss(logits, target, speaker, batch)
        )


def test_a_causal_decoder_knows_no_later_turn():
    model = decoder(3, causal=True)
    logits, _, speaker, batch = drawn(3, 2, (9,), seed=2)
    other, _, elsewhere, _ = drawn(3, 3, (9,), seed=7)
    found, best = model(logits, speaker, batch), model.viterbi(logits, speaker, batch)
    for now in range(1, 9):
        changed = torch.cat([logits[:now], other[now:]])
        who = torch.cat([speaker[:now], elsewhere[now:]])
        for x, s, b in ((changed, who, batch), (logits[:now], speaker[:now], batch[:now])):
            again = model(x, s, b)
            torch.testing.assert_close(again.marginal[:now], found.marginal[:now])
            torch.testing.assert_close(again.pair[:now], found.pair[:now], equal_nan=True)
            torch.testing.assert_close(again.change[:now], found.change[:now], equal_nan=True)
            assert torch.equal(model.viterbi(x, s, b)[:now], best[:now])
    whole = decoder(3)
    changed = torch.cat([logits[:8], other[8:]])
    before = whole(logits, torch.zeros_like(speaker), batch).marginal[:8]
    assert not torch.allclose(whole(changed, torch.zeros_like(speaker), batch).marginal[:8], before)


def test_one_turn_is_its_start_and_its_logits():
    model = decoder(3)
    logits, _, speaker, batch = drawn(3, 1, (1,))
    found = model(logits, speaker, batch)
    score = model.start + logits[0] * model.log_weight.exp()
    torch.testing.assert_close(found.marginal[0], score.log_softmax(0))
    torch.testing.assert_close(found.log_partition, score.logsumexp(0)[None])
    assert model.viterbi(logits, speaker, batch).tolist() == [int(score.argmax())]


def test_with_one_speaker_there_is_no_contagion():
    model = decoder(3)
    logits, _, speaker, batch = drawn(3, 1, (8, 3))
    found = model(logits, speaker, batch).marginal
    with torch.no_grad():
        model.contagion.zero_()
    assert torch.equal(model(logits, speaker, batch).marginal, found)


def test_with_as_many_speakers_as_turns_there_is_no_inertia():
    model = decoder(3)
    logits, _, _, batch = drawn(3, 1, (8,))
    speaker = torch.arange(8).flip(0) * 1000
    found = model(logits, speaker, batch)
    assert found.log_partition.shape == (8,)
    assert found.change.isnan().all()
    with torch.no_grad():
        model.transition.zero_()
    assert torch.equal(model(logits, speaker, batch).marginal, found.marginal)
    weighted = logits * model.log_weight.exp()
    second = model.start + weighted[1] + weighted[0].softmax(0) @ model.contagion
    torch.testing.assert_close(found.marginal[1], second.log_softmax(0))


@pytest.mark.parametrize("target", [torch.full((9,), UNLABELLED), torch.tensor([0, 1, 2] + [UNLABELLED] * 6)])
def test_chains_without_labels_cost_nothing_and_move_nothing(target):
    """The chains of the second dialogue have no labels; those of the first have some, or none either."""
    logits, _, speaker, batch = drawn(3, 2, (3, 6), dtype=torch.float32)
    model = decoder(3, dtype=torch.float32)
    logits.requires_grad_()
    loss = model.loss(logits, target, speaker, batch)
    loss.backward()
    assert not logits.grad[3:].any()
    if (target == UNLABELLED).all():
        assert loss.item() == 0
        assert not any(parameter.grad.any() for parameter in model.parameters())
        assert not logits.grad.any()
    else:
        assert loss.item() > 0


@pytest.mark.parametrize("causal", [False, True])
def test_extreme_logits_give_no_nan(causal):
    generator = torch.Generator().manual_seed(0)
    logits = 1e4 * (torch.randint(0, 3, (60, 4), generator=generator) - 1.0)
    _, target, speaker, batch = drawn(4, 2, (50, 1, 9))
    model = decoder(4, causal=causal, dtype=torch.float32)
    with torch.no_grad():
        model.transition.mul_(100)
        model.contagion.mul_(100)
    logits.requires_grad_()
    found = model(logits, speaker, batch)
    first = found.change.isnan()
    assert found.log_partition.isfinite().all()
    assert found.marginal.isfinite().all()
    assert int(first.sum()) == len(chains(speaker, batch))
    assert found.pair[~first].isfinite().all()
    torch.testing.assert_close(found.marginal.exp().sum(1), torch.ones(60))
    loss = model.loss(logits, target, speaker, batch)
    (loss + found.change[~first].sum() + found.marginal.exp().square().sum()).backward()
    assert loss.isfinite()
    assert all(tensor.grad.isfinite().all() for tensor in (logits, *model.parameters()))


def test_long_chains_stay_exact_in_single_precision():
    logits, target, speaker, batch = drawn(4, 2, (3000,))
    exact, single = decoder(4), decoder(4, dtype=torch.float32)
    found, near = exact(logits, speaker, batch), single(logits.float(), speaker, batch)
    torch.testing.assert_close(near.marginal.double(), found.marginal, rtol=1e-4, atol=1e-4)
    loss = single.loss(logits.float(), target, speaker, batch).double()
    torch.testing.assert_close(loss, exact.loss(logits, target, speaker, batch), rtol=1e-5, atol=1e-5)


def test_logits_of_lower_precision_are_decoded_in_that_of_the_decoder():
    logits, target, speaker, batch = drawn(4, 2, (20,), dtype=torch.bfloat16)
    model = decoder(4, dtype=torch.float32)
    with torch.autocast("cpu", torch.bfloat16):
        said, loss = model(logits, speaker, batch), model.loss(logits, target, speaker, batch)
    assert said.marginal.dtype == loss.dtype == torch.float32
    torch.testing.assert_close(said.marginal, model(logits.float(), speaker, batch).marginal)


def test_a_score_has_no_chain():
    with pytest.raises(ValueError, match=r"at least 2 classes; got 1"):
        ChainDecoder(1)


@pytest.mark.slow
def test_a_batch_of_800_turns_is_trained_on_in_less_than_30_ms():
    logits, target, speaker, batch = drawn(6, 2, (25,) * 32, dtype=torch.float32)
    model = decoder(6, dtype=torch.float32)
    logits.requires_grad_()
    seconds = []
    for _ in range(10):
        begin = time.perf_counter()
        model.loss(logits, target, speaker, batch).backward()
        seconds.append(time.perf_counter() - begin)
    assert min(seconds) < 0.03


PLANTED = torch.tensor([[0.85, 0.10, 0.05], [0.05, 0.80, 0.15], [0.20, 0.05, 0.75]], dtype=torch.float64)
"""Probability of this emotion (column) after the speaker's previous one (row)."""


def planted(dialogues: int, seed: int, turns: int = 20):
    """Markov chains of two speakers who do not hear each other, with the true log-likelihoods as logits.

    The first emotion of each is uniform; an observation is the emotion's unit vector plus normal noise.
    """
    generator = torch.Generator().manual_seed(seed)
    nodes = dialogues * turns
    speaker = torch.randint(0, 2, (nodes,), generator=generator)
    batch = torch.arange(dialogues).repeat_interleave(turns)
    target = torch.empty(nodes, dtype=torch.long)
    for chain in chains(speaker, batch):
        row = torch.full((3,), 1 / 3, dtype=torch.float64)
        for node in chain:
            target[node] = torch.multinomial(row, 1, generator=generator)
            row = PLANTED[target[node]]
    seen = torch.nn.functional.one_hot(target, 3) + torch.randn(nodes, 3, generator=generator)
    return seen, target, speaker, batch


def fitted(logits, target, speaker, batch) -> ChainDecoder:
    model = ChainDecoder(3)
    optimizer = torch.optim.LBFGS(model.parameters(), max_iter=60, line_search_fn="strong_wolfe")

    def closure():
        optimizer.zero_grad()
        loss = model.loss(logits, target, speaker, batch) + 1e-4 * model.transition.square().sum()
        loss.backward()
        return loss

    optimizer.step(closure)
    return model


def true_decoder() -> ChainDecoder:
    """The decoder whose marginals are the exact posterior of `planted`."""
    model = ChainDecoder(3)
    with torch.no_grad():
        model.transition.copy_(PLANTED.log())
    return model


def transition_error(model: ChainDecoder) -> float:
    """Distance of the transitions, free of what the two ends of a chain can take over.

    Adding ``a_i - a_j`` to all transitions (i, j) moves scores only at the ends of a chain, so that the
    interaction ``T_ij + T_ji - T_ii - T_jj`` alone is what many chains pin down.
    """
    planted, learned = PLANTED.log(), model.transition.detach().double()
    gap = planted - learned
    gap = gap + gap.T - gap.diagonal()[:, None] - gap.diagonal()[None, :]
    return float(gap.abs().sum()) / 6


def accuracy(predicted, target) -> float:
    return float((predicted == target).double().mean())


def test_planted_inertia_is_learned_and_nearly_all_of_it_used():
    model = fitted(*planted(150, seed=0))
    assert (model.transition.argmax(dim=1) == torch.arange(3)).all()
    assert model.log_weight.exp().item() == pytest.approx(1, abs=0.15)
    logits, target, speaker, batch = planted(300, seed=1)
    decoded = model(logits, speaker, batch).marginal.argmax(dim=1)
    best = accuracy(true_decoder()(logits, speaker, batch).marginal.argmax(dim=1), target)
    assert accuracy(logits.argmax(dim=1), target) < best - 0.1
    assert accuracy(decoded, target) > best - 0.02
    assert accuracy(model.viterbi(logits, speaker, batch), target) > best - 0.03
    # two who do not hear each other: less contagion than inertia
    assert model.contagion.abs().max() < model.transition.diagonal().mean() / 2


def test_the_transition_error_falls_with_more_data():
    errors = [
        np.mean([transition_error(fitted(*planted(dialogues, seed))) for seed in (1, 2, 3)])
        for dialogues in (10, 60, 360)
    ]
    assert errors[0] > errors[1] > errors[2]
    assert errors[2] < 0.4


def test_what_is_taken_over_from_the_other_party_is_learned():
    """On emotions drawn from the simulated process, contagion is towards the same emotion."""
    process = Process(np.full(3, 1 / 3), inertia=0.2, contagion=0.6, emissions={})
    draw = np.random.default_rng(0)
    speaker = torch.from_numpy(draw.integers(0, 3, (200, 20)))
    target = torch.from_numpy(np.concatenate([process.sample(draw, row.tolist()) for row in speaker]))
    seen = torch.nn.functional.one_hot(target, 3) * 3 + torch.from_numpy(draw.normal(size=(4000, 3)))
    model = fitted((3 * seen).float(), target, speaker.flatten(), torch.arange(200).repeat_interleave(20))
    assert (model.contagion.argmax(dim=1) == torch.arange(3)).all()
    assert (model.transition.argmax(dim=1) == torch.arange(3)).all()
    assert model.contagion.diagonal().mean() > model.transition.diagonal().mean()


@pytest.mark.parametrize("speakers", [1, 3])
@pytest.mark.parametrize("before", [1, 5, 11])
def test_a_causal_chain_that_is_taken_up_again_goes_on_as_if_read_as_a_whole(before, speakers):
    layer = decoder(3, causal=True)
    logits, _, speaker, batch = drawn(3, speakers, [12])
    whole, path = layer(logits, speaker, batch), layer.viterbi(logits, speaker, batch)
    first = (logits[:before], speaker[:before], batch[:before])
    unknown = torch.full_like(logits, torch.nan)
    cache = ChainCache(unknown[:before], unknown[:before])
    layer(*first, cache=cache)
    layer.viterbi(*first, cache=cache)
    last = sorted({int((speaker[:before] == s).nonzero()[-1]) for s in speaker[:before].unique()})
    rows = [*last, *range(before, 12)]
    cache = ChainCache(
        torch.cat([cache.filtered[last], unknown[before:]]), torch.cat([cache.best[last], unknown[before:]])
    )
    rest = (logits[rows], speaker[rows], batch[rows])
    found = layer(*rest, cache=cache)
    new = len(last)
    torch.testing.assert_close(found.marginal, whole.marginal[rows])
    torch.testing.assert_close(found.change[new:], whole.change[before:], equal_nan=True)
    assert layer.viterbi(*rest, cache=cache)[new:].tolist() == path[before:].tolist()
    assert cache.filtered.isfinite().all()
    assert cache.best.isfinite().all()
