"""Chain decoder: a linear-chain CRF over the turns of each speaker."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.functional import pad

from graphmer.dialogue.change import previous_turn
from graphmer.nn.speaker_turns import SpeakerTurns
from graphmer.typing import UNLABELLED


@dataclass(frozen=True, eq=False)
class ChainOutput:
    """Output of a chain decoder for a batch of ``K`` chains, numbered by their first turns.

    Attributes:
        log_partition: ``log Z`` of each chain, ``[K]``.
        marginal: log-probability of each turn's emotion, ``[N, C]``.
        pair: probability of (emotion of the speaker's previous turn, emotion of this one), ``[N, C, C]``,
            where the previous turn is the latest one that may be compared with; NaN where there is none, as
            at a speaker's first turn.
        change: probability that the emotion differs from that of the speaker's previous turn, ``[N]``; NaN at
            a speaker's first turn, which is not eligible for a change.
    """

    log_partition: Tensor
    marginal: Tensor
    pair: Tensor
    change: Tensor


@dataclass(eq=False)
class ChainCache:
    """State of a causal decoder at earlier turns, the first ones of their chains in a batch.

    The row of a turn summarises its chain up to it, so that the chain can begin with that turn. Rows of new
    turns are NaN, and are filled in when the decoder has read them.

    Args:
        filtered: log-probability of each emotion given the chain so far, ``[N, C]``.
        best: score of the best path to each emotion, up to a constant, ``[N, C]``.
    """

    filtered: Tensor
    best: Tensor


class ChainDecoder(nn.Module):
    r"""A linear-chain conditional random field (Lafferty et al. 2001) for each speaker of a dialogue.

    The emotions :math:`y_1 .. y_L` of the turns of one speaker have the score

    .. math::
        s(y) = a_{y_1} + \sum_t u_t(y_t) + \sum_{t > 1} T_{y_{t-1}, y_t}, \qquad
        u_t(c) = w \, x_{t,c} + \sum_b q_t(b) \, G_{b, c}

    and the probability :math:`\exp(s(y)) / Z`. Here :math:`x_t` are the emotion logits of the turn, :math:`w`
    a positive weight of that evidence, :math:`a` the start, :math:`T` the transition (inertia: a large
    diagonal) and :math:`G` the contagion from the last turn of another speaker, with :math:`q_t` the softmax
    of that turn's weighted logits; :math:`G` has no effect before another speaker has spoken. All parameters
    start at zero and :math:`w` at one: an untrained decoder gives the softmax of the logits.

    Differences from a joint model of all speakers: contagion reads the *expected* emotion of the other
    speaker (soft evidence from that turn), not the emotion itself. A joint model ties the chains of a
    dialogue into one with ``C ** S`` states for ``S`` speakers; here each chain stays linear, and inference
    in it is exact for any number of speakers, in time ``N * C ** 2``. What is lost: later turns of the other
    speaker do not update that evidence, and contagion carries nothing back.

    Calibrated with a `temperature`, all scores :math:`s(y)` are divided by it: the most probable sequence
    stays what it is, and marginals, pairs and changes still belong to one another. Training leaves it at 1.

    A causal decoder reads a turn and those before it only: its output for a turn is inference in the chain
    that ends there, by forward filtering. Its loss is the same; whole chains fit the same potentials.

    Args:
        classes: ``C``.
        causal: let the output of a turn depend on no later turn.

    Shapes:
        In all methods: logits float ``[N, C]``; speaker long ``[N]``, number within the dialogue; batch long
        ``[N]``, the dialogue of each node, in ascending order.

    Raises:
        ValueError: if there are fewer than two classes.
    """

    def __init__(self, classes: int, *, causal: bool = False) -> None:
        super().__init__()
        if classes < 2:
            raise ValueError(
                f"A chain decoder needs at least 2 classes; got {classes}. A score has no chain."
            )
        self.causal = causal
        self.temperature = 1.0
        self.log_weight = nn.Parameter(torch.zeros(()))
        self.start = nn.Parameter(torch.zeros(classes))
        self.transition = nn.Parameter(torch.zeros(classes, classes))
        self.contagion = nn.Parameter(torch.zeros(classes, classes))

    def forward(
        self,
        logits: Tensor,
        speaker: Tensor,
        batch: Tensor,
        comparable: Tensor | None = None,
        *,
        cache: ChainCache | None = None,
        turns: SpeakerTurns | None = None,
    ) -> ChainOutput:
        """Exact inference, by forward-backward, or forward filtering if causal.

        Args:
            logits: of the emotions, also of the turns in cache.
            speaker: number of each turn's speaker within the dialogue.
            batch: dialogue of each turn.
            comparable: turns that a pair may begin with, bool ``[N]``; those between are summed out. All if
                left out.
            cache: of a causal decoder; its NaN rows are filled in. ``log_partition`` then misses what was
                before.
            turns: the chains, where they are known.
        """
        turns = turns or SpeakerTurns.of(speaker, batch)
        potential = self.potential(logits, turns.other)
        unary = potential.log_softmax(dim=1)
        filtered, norm = self._filter(turns, unary, None if cache is None else cache.filtered)
        if cache is not None:
            cache.filtered = filtered
        ahead = torch.zeros_like(filtered) if self.causal else self._messages(turns, unary, norm)
        # the constant that `log_softmax` took from each turn belongs to Z
        share = norm[:, 0] + potential.logsumexp(dim=1)
        pair = self._pairs(turns, filtered, unary, unary + ahead, comparable)
        other = ~torch.eye(len(self.start), dtype=torch.bool, device=pair.device)
        return ChainOutput(
            log_partition=share.new_zeros(turns.chains).index_add(0, turns.chain, share),
            marginal=(filtered + ahead).log_softmax(dim=1),
            pair=pair,
            change=pair[:, other].sum(dim=1),
        )

    def loss(self, logits: Tensor, target: Tensor, speaker: Tensor, batch: Tensor) -> Tensor:
        """Negative log-likelihood of the labels, ``log Z - log Z(labelled turns as labelled)``, per label.

        Unlabelled turns are summed out, exactly. Zero, with zero gradient, where nothing is labelled.

        Shapes:
            target long ``[N]``, `UNLABELLED` where there is no annotation; returns a scalar.
        """
        turns = SpeakerTurns.of(speaker, batch)
        unary = self.potential(logits, turns.other).log_softmax(dim=1)
        labelled = target != UNLABELLED
        others = torch.arange(unary.shape[1], device=target.device) != target[:, None]
        clamped = unary.masked_fill(labelled[:, None] & others, -torch.inf)
        # both recursions as one
        free, fixed = self._filter(turns, torch.stack([unary, clamped]))[1][..., 0]
        labels = free.new_zeros(turns.chains).index_add(0, turns.chain, labelled.to(free.dtype))
        # where a chain has no label both are equal, but for rounding
        counts = labels[turns.chain] > 0
        return torch.where(counts, free - fixed, 0.0).sum() / labelled.sum().clamp_min(1)

    @torch.no_grad()
    def viterbi(
        self,
        logits: Tensor,
        speaker: Tensor,
        batch: Tensor,
        *,
        cache: ChainCache | None = None,
        turns: SpeakerTurns | None = None,
    ) -> Tensor:
        """The most probable emotions of each chain as a whole, long ``[N]``.

        If causal, each turn's is the last emotion of the best path through the chain that ends with it; the
        NaN rows of a `cache` are filled in. `turns` are the chains, where they are known.
        """
        turns = turns or SpeakerTurns.of(speaker, batch)
        scores: list[Tensor] = []
        came_from = []
        for step in turns.steps(self.potential(logits, turns.other)):
            if scores:
                best, origin = (scores[-1][: len(step), :, None] + self._transition).max(dim=1)
                came_from.append(origin)
                score = best + step
            else:
                score = _begun(self._start + step, turns, None if cache is None else cache.best)
            # only differences matter; without this they would be rounded away on long chains
            scores.append(score - score.amax(dim=1, keepdim=True))
        if cache is not None:
            cache.best = turns.rows(scores)
        chosen = [score.argmax(dim=1, keepdim=True) for score in scores]
        if not self.causal:
            for place in range(len(chosen) - 1, 0, -1):
                behind = came_from[place - 1].gather(1, chosen[place])
                chosen[place - 1] = torch.cat([behind, chosen[place - 1][len(behind) :]])
        return turns.rows(chosen)[:, 0]

    def potential(self, logits: Tensor, other: Tensor) -> Tensor:
        """``u`` divided by the temperature, in the decoder's own precision also where the network's is lower.

        Args:
            logits: of the emotions.
            other: latest earlier turn of another speaker, -1 where there is none.

        Shapes:
            logits ``[N, C]``; other long ``[N]``; returns ``[N, C]``.
        """
        own = logits.to(self.start.dtype) * self.log_weight.exp()
        evidence = own.softmax(dim=1)[other.clamp_min(0)]
        # not a matrix product, which mixed precision would round
        contagion = (evidence[:, :, None] * self.contagion).sum(dim=1)
        return (own + contagion * (other >= 0)[:, None]) / self.temperature

    @property
    def _start(self) -> Tensor:
        return self.start / self.temperature

    @property
    def _transition(self) -> Tensor:
        return self.transition / self.temperature

    def _filter(
        self, turns: SpeakerTurns, unary: Tensor, known: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """Log-probabilities given the chain so far, and the share ``[..., N, 1]`` of each turn in ``log Z``.

        Each step is normalised, so that numbers stay small on long chains.
        """
        filtered: list[Tensor] = []
        norms = []
        for step in turns.steps(unary):
            if filtered:
                before = filtered[-1][..., : step.shape[-2], :, None] + self._transition
                score = before.logsumexp(dim=-2) + step
            else:
                score = _begun(self._start + step, turns, known)
            norms.append(score.logsumexp(dim=-1, keepdim=True))
            filtered.append(score - norms[-1])
        return turns.rows(filtered), turns.rows(norms)

    def _messages(self, turns: SpeakerTurns, unary: Tensor, norm: Tensor) -> Tensor:
        """Backward messages from the later turns of each chain, as log-factors ``[N, C]``."""
        steps = turns.steps(unary - norm)
        messages = [torch.zeros_like(steps[-1])]
        for place in range(len(steps) - 1, 0, -1):
            behind = (self._transition + (steps[place] + messages[-1])[:, None, :]).logsumexp(dim=2)
            # chains that end one turn earlier receive no message
            messages.append(pad(behind, (0, 0, 0, turns.active[place - 1] - turns.active[place])))
        return turns.rows(messages[::-1])

    def _pairs(
        self,
        turns: SpeakerTurns,
        filtered: Tensor,
        unary: Tensor,
        ahead: Tensor,
        comparable: Tensor | None,
    ) -> Tensor:
        """Probabilities of (emotion where the pair begins, this emotion), NaN where nothing precedes."""
        if comparable is None:
            begin, between = turns.previous, self._transition
        else:
            begin = previous_turn(turns.chain, comparable)
            between = self._between(turns, unary, comparable)
        joint = filtered[begin.clamp_min(0)][:, :, None] + between
        joint = joint + ahead[:, None, :]
        pair = joint.flatten(1).softmax(dim=1).view_as(joint)
        return pair.masked_fill((begin < 0)[:, None, None], torch.nan)

    def _between(self, turns: SpeakerTurns, unary: Tensor, comparable: Tensor) -> Tensor:
        """Log-weight ``[N, C, C]`` of the ways from a pair's beginning to this turn, its own score aside."""
        begins = turns.steps(comparable[:, None])
        ways = [self._transition.expand(turns.chains, -1, -1)]
        for step, begin, goes_on in zip(turns.steps(unary), begins, turns.active[1:], strict=False):
            so_far = (ways[-1] + step[:, None, :])[:goes_on]
            longer = (so_far[:, :, :, None] + self._transition).logsumexp(dim=2)
            ways.append(torch.where(begin[:goes_on, :, None], self._transition, longer))
        return turns.rows([way.flatten(1) for way in ways]).view(len(unary), *self.transition.shape)


def _begun(score: Tensor, turns: SpeakerTurns, known: Tensor | None) -> Tensor:
    """Scores ``[K, C]`` of the first turns of the chains; cached ones where there are any."""
    if known is None:
        return score
    first = turns.steps(known)[0]
    return torch.where(first.isnan(), score, first)
