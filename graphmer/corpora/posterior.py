"""Exact posterior and Bayes accuracy on simulated corpora, for any missing modalities."""

from collections.abc import Collection, Sequence

import numpy as np
from numpy.typing import NDArray

from graphmer.corpora.process import Process, turn_taking
from graphmer.corpora.simulate import SimulatedCorpus
from graphmer.dialogue import Damage, Dialogue, MissingProtocol, conditions, protocol

RATES = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7)
"""Usual missing rates of robustness curves."""

_LARGEST = 1_000_000  # joint states


def posterior(process: Process, dialogue: Dialogue, *, causal: bool = False) -> NDArray[np.float64]:
    r"""Posterior of each turn's emotion given all available modalities of the dialogue.

    Forward-backward algorithm over the joint state :math:`(e_1, .., e_S)`, the last emotion of each speaker.
    A turn replaces the entry of its speaker according to `Process`, weighted by the likelihood of its
    available modalities. The result is exact; time and memory grow as ``C**S``.

    Args:
        process: process that generated the dialogue.
        dialogue: original features, not standardised; mask modalities with a protocol.
        causal: condition on the turn itself and earlier turns only (filtering instead of smoothing).

    Shapes:
        returns ``[N, C]``; rows sum to 1.

    Raises:
        ValueError: if a modality is not part of the process, or ``C**S`` exceeds a million.
    """
    inference = _ForwardBackward(process, dialogue)
    marginals = np.array([inference.marginal(turn, causal=causal) for turn in range(len(dialogue))])
    return marginals / marginals.sum(axis=1, keepdims=True)


def change_posterior(process: Process, dialogue: Dialogue, *, causal: bool = False) -> NDArray[np.float64]:
    r"""Posterior probability that the emotion of a turn differs from that of the speaker's previous turn.

    One minus the exact probability of the pairs :math:`(c, c)`, under the same posterior as `posterior`.

    Args:
        process: as for `posterior`.
        dialogue: as for `posterior`.
        causal: as for `posterior`.

    Shapes:
        returns ``[N]``; NaN at the first turn of a speaker.

    Raises:
        ValueError: as for `posterior`.
    """
    inference = _ForwardBackward(process, dialogue)
    return np.array([inference.change(turn, causal=causal) for turn in range(len(dialogue))])


class _ForwardBackward:
    """Forward-backward over the last emotions of all speakers, as an array with one axis per speaker.

    Args:
        process: process that generated the dialogue.
        dialogue: original features.
    """

    def __init__(self, process: Process, dialogue: Dialogue) -> None:
        self.process = process
        classes, speakers = len(process.prior), len(dialogue.speakers)
        if classes**speakers > _LARGEST:
            raise ValueError(
                f"Dialogue {dialogue.id!r}: the exact posterior needs emotions ** speakers <= {_LARGEST}; "
                f"got {classes} ** {speakers}."
            )
        self.likelihood = _likelihood(process, dialogue)
        speaker = dialogue.speaker.tolist()
        self.turns = list(zip(speaker, turn_taking(speaker), strict=True))
        # a speaker without any turn yet has no emotion; all mass is on entry 0, which no turn uses
        state = np.zeros((classes,) * speakers)
        state[(0,) * speakers] = 1.0
        self.before = []
        for (now, (own, other)), weight in zip(self.turns, self.likelihood, strict=True):
            self.before.append(state)
            state = _forward(process, state, now, own, other) * _along(weight, now, speakers)
            state /= state.sum()
        self.last = state
        self.messages = self._messages()

    def _messages(self) -> list[NDArray[np.float64]]:
        """Backward messages: likelihood of the later turns given the joint state at each turn."""
        message = np.ones_like(self.last)
        found = [message]
        for (now, (own, other)), weight in zip(self.turns[:0:-1], self.likelihood[:0:-1], strict=True):
            weighted = message * _along(weight, now, message.ndim)
            message = _backward(self.process, weighted, now, own, other)
            message /= message.max()
            found.append(message)
        return found[::-1]

    def marginal(self, turn: int, *, causal: bool) -> NDArray[np.float64]:
        """Unnormalised posterior of the emotion of a turn, ``[C]``."""
        now, _ = self.turns[turn]
        after = [*self.before[1:], self.last][turn]
        axes = tuple(axis for axis in range(after.ndim) if axis != now)
        marginal: NDArray[np.float64] = (after if causal else after * self.messages[turn]).sum(axis=axes)
        return marginal

    def change(self, turn: int, *, causal: bool) -> float:
        """Probability that the emotion differs from the speaker's previous one; NaN at a first turn."""
        now, (own, other) = self.turns[turn]
        if not own:
            return float("nan")
        before, process = self.before[turn], self.process
        contagion = 0.0 if other is None else process.contagion
        kept = process.inertia + (1 - process.inertia - contagion) * _along(process.prior, now, before.ndim)
        if other is not None:
            kept = kept + contagion * _same(len(process.prior), now, other, before.ndim)
        evidence = _along(self.likelihood[turn], now, before.ndim)
        if not causal:
            evidence = evidence * self.messages[turn]
        joint = _forward(process, before, now, own, other) * evidence
        return float(1 - (before * kept * evidence).sum() / joint.sum())


def bayes_accuracy(
    corpus: SimulatedCorpus,
    missing: MissingProtocol,
    seed: int = 0,
    dialogue_ids: Collection[str] | None = None,
    *,
    causal: bool = False,
) -> float:
    """Bayes accuracy: the expected accuracy of the optimal classifier, as the mean of the largest posterior.

    It is the expectation over the labelled turns given their available modalities. The empirical accuracy on
    the same turns differs from it by sampling noise.

    Args:
        corpus: simulated corpus.
        missing: missing-modality protocol; one that corrupts features has no exact posterior.
        seed: seed of the masks.
        dialogue_ids: dialogues to evaluate, such as a test fold; all if omitted.
        causal: condition on the turn itself and earlier turns only.

    Raises:
        ValueError: if the protocol corrupts features, dialogue ids are unknown, or no turn is labelled.
    """
    if isinstance(missing, Damage):
        raise ValueError(
            "The exact posterior needs the original features; "
            f"got {missing.name!r}, which corrupts them. Use a protocol that masks modalities."
        )
    best = [
        posterior(corpus.process, missing.apply(dialogue, seed), causal=causal).max(axis=1)[
            _labelled(dialogue)
        ]
        for dialogue in _chosen(corpus, dialogue_ids)
    ]
    turns = np.concatenate(best)
    if len(turns) == 0:
        raise ValueError(
            "The Bayes accuracy needs at least one labelled turn; got none. Choose more dialogues."
        )
    return float(turns.mean())


def bayes_accuracies(
    corpus: SimulatedCorpus,
    seed: int = 0,
    dialogue_ids: Collection[str] | None = None,
    *,
    rates: Sequence[float] = RATES,
    causal: bool = False,
) -> dict[str, float]:
    """`bayes_accuracy` under all conditions (``a``, .., ``atv``) and missing rates (``rate:0.1``, ..).

    Args:
        corpus: simulated corpus.
        seed: seed of the masks.
        dialogue_ids: dialogues to evaluate; all if omitted.
        rates: expected missing fractions in [0, 1].
        causal: condition on the turn itself and earlier turns only.
    """
    modalities = tuple(corpus.widths)
    names = (*conditions(modalities), *(f"rate:{rate:.10g}" for rate in rates))
    return {
        name: bayes_accuracy(corpus, protocol(name, modalities), seed, dialogue_ids, causal=causal)
        for name in names
    }


def _likelihood(process: Process, dialogue: Dialogue) -> NDArray[np.float64]:
    """Likelihood of the available modalities under each emotion ``[N, C]``, scaled to a maximum of 1."""
    unknown = [modality for modality in dialogue.modalities if modality not in process.emissions]
    if unknown:
        raise ValueError(
            f"Dialogue {dialogue.id!r}: {unknown[0]!r} is not a modality of the process; "
            f"it has {list(process.emissions)}."
        )
    score = np.zeros((len(dialogue), len(process.prior)))
    for column, (modality, features) in enumerate(dialogue.features.items()):
        rows = dialogue.available[:, column].numpy()
        score[rows] += process.emissions[modality].log_likelihood(features.numpy()[rows])
    return np.exp(score - score.max(axis=1, keepdims=True))


def _along(vector: NDArray[np.float64], axis: int, axes: int) -> NDArray[np.float64]:
    """Vector ``[C]`` reshaped to one axis of the joint state."""
    return vector.reshape([-1 if number == axis else 1 for number in range(axes)])


def _forward(
    process: Process, state: NDArray[np.float64], now: int, own: bool, other: int | None
) -> NDArray[np.float64]:
    """Joint state after the transition at a turn of speaker `now`."""
    inertia = process.inertia * own
    contagion = 0.0 if other is None else process.contagion
    rest = state.sum(axis=now, keepdims=True)
    moved = (1 - inertia - contagion) * _along(process.prior, now, state.ndim) * rest + inertia * state
    if other is not None:
        moved = moved + contagion * _same(state.shape[0], now, other, state.ndim) * rest
    return moved


def _backward(
    process: Process, message: NDArray[np.float64], now: int, own: bool, other: int | None
) -> NDArray[np.float64]:
    """Message before the transition at a turn of speaker `now`; the transpose of `_forward`."""
    inertia = process.inertia * own
    contagion = 0.0 if other is None else process.contagion
    fresh = (_along(process.prior, now, message.ndim) * message).sum(axis=now, keepdims=True)
    moved = (1 - inertia - contagion) * fresh + inertia * message
    if other is not None:
        same = _same(message.shape[0], now, other, message.ndim)
        moved = moved + contagion * (same * message).sum(axis=now, keepdims=True)
    return moved


def _same(classes: int, one: int, two: int, axes: int) -> NDArray[np.float64]:
    """1 where two speakers have the same emotion, reshaped to their axes of the joint state."""
    return np.eye(classes).reshape([classes if axis in (one, two) else 1 for axis in range(axes)])


def _labelled(dialogue: Dialogue) -> NDArray[np.bool_]:
    return np.array([emotion is not None for emotion in dialogue.emotion])


def _chosen(corpus: SimulatedCorpus, dialogue_ids: Collection[str] | None) -> list[Dialogue]:
    if dialogue_ids is None:
        return list(corpus.dialogues)
    unknown = sorted(set(dialogue_ids) - {dialogue.id for dialogue in corpus.dialogues})
    if unknown or not dialogue_ids:
        raise ValueError(
            f"`dialogue_ids` must name dialogues of the corpus, at least one; got {unknown[:3]}."
        )
    wanted = set(dialogue_ids)
    return [dialogue for dialogue in corpus.dialogues if dialogue.id in wanted]
