"""The best possible answer on a simulated corpus: the exact posterior, whatever is missing."""

from collections.abc import Collection, Sequence

import numpy as np
from numpy.typing import NDArray

from graphmer.corpora.process import Process, turn_taking
from graphmer.corpora.simulate import SimulatedCorpus
from graphmer.dialogue import Dialogue, MissingProtocol, Noise, Shift, conditions, protocol

RATES = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7)
"""Missing rates of the field's curves."""

_LARGEST = 1_000_000  # joint states


def posterior(process: Process, dialogue: Dialogue, *, causal: bool = False) -> NDArray[np.float64]:
    r"""Probability of each turn's emotion given every available modality of every turn of the dialogue.

    Forward-backward over the joint state :math:`(e_1, .., e_S)`, the last emotion of each speaker: a turn
    replaces its speaker's entry, by the mixture of `Process`, and weighs the new one with the likelihood of
    what is available. Nothing is approximated; time and memory grow as ``C**S``.

    Args:
        process: what the dialogue was drawn from.
        dialogue: features as they were drawn, not standardised; hide modalities with a protocol.
        causal: whether a turn sees itself and earlier turns only (filtering instead of smoothing).

    Shapes:
        returns ``[N, C]``; rows sum to 1.

    Raises:
        ValueError: if a modality is not part of the process, or ``C**S`` exceeds a million.
    """
    found = _Course(process, dialogue)
    answer = np.array([found.belief(turn, causal=causal) for turn in range(len(dialogue))])
    return answer / answer.sum(axis=1, keepdims=True)


def change_posterior(process: Process, dialogue: Dialogue, *, causal: bool = False) -> NDArray[np.float64]:
    r"""Probability that each turn's emotion differs from that of its speaker's previous turn.

    One minus the exact probability of the pairs :math:`(c, c)`, under the same law as `posterior`.

    Args:
        process: as `posterior`.
        dialogue: as `posterior`.
        causal: as `posterior`.

    Shapes:
        returns ``[N]``; NaN at a speaker's first turn.

    Raises:
        ValueError: as `posterior`.
    """
    found = _Course(process, dialogue)
    return np.array([found.change(turn, causal=causal) for turn in range(len(dialogue))])


class _Course:
    """Forward-backward over the last emotions of all speakers, on an array with one axis a speaker.

    Args:
        process: what the dialogue was drawn from.
        dialogue: features as they were drawn.
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
        self.heard = list(zip(speaker, turn_taking(speaker), strict=True))
        # a speaker who has not spoken has no emotion; the whole mass rests on entry 0, which no turn reads
        state = np.zeros((classes,) * speakers)
        state[(0,) * speakers] = 1.0
        self.before = []
        for (now, (own, other)), weight in zip(self.heard, self.likelihood, strict=True):
            self.before.append(state)
            state = _forward(process, state, now, own, other) * _along(weight, now, speakers)
            state /= state.sum()
        self.last = state
        self.messages = self._messages()

    def _messages(self) -> list[NDArray[np.float64]]:
        """What the turns after each one say of the joint state at it."""
        message = np.ones_like(self.last)
        found = [message]
        for (now, (own, other)), weight in zip(self.heard[:0:-1], self.likelihood[:0:-1], strict=True):
            seen = message * _along(weight, now, message.ndim)
            message = _backward(self.process, seen, now, own, other)
            message /= message.max()
            found.append(message)
        return found[::-1]

    def belief(self, turn: int, *, causal: bool) -> NDArray[np.float64]:
        """Weight of each emotion of a turn, ``[C]``."""
        now, _ = self.heard[turn]
        after = [*self.before[1:], self.last][turn]
        axes = tuple(axis for axis in range(after.ndim) if axis != now)
        answer: NDArray[np.float64] = (after if causal else after * self.messages[turn]).sum(axis=axes)
        return answer

    def change(self, turn: int, *, causal: bool) -> float:
        """Probability that the speaker's emotion is another one than at the previous turn; NaN without."""
        now, (own, other) = self.heard[turn]
        if not own:
            return float("nan")
        before, process = self.before[turn], self.process
        contagion = 0.0 if other is None else process.contagion
        kept = process.inertia + (1 - process.inertia - contagion) * _along(process.prior, now, before.ndim)
        if other is not None:
            kept = kept + contagion * _same(len(process.prior), now, other, before.ndim)
        seen = _along(self.likelihood[turn], now, before.ndim)
        if not causal:
            seen = seen * self.messages[turn]
        everything = _forward(process, before, now, own, other) * seen
        return float(1 - (before * kept * seen).sum() / everything.sum())


def bayes_accuracy(
    corpus: SimulatedCorpus,
    missing: MissingProtocol,
    seed: int = 0,
    dialogue_ids: Collection[str] | None = None,
    *,
    causal: bool = False,
) -> float:
    """Accuracy that no classifier can exceed on average: the mean of the posterior's largest entry.

    It is the expected accuracy of the posterior's argmax on the labelled turns, given what is available of
    them; the accuracy counted on the same turns differs from it by chance.

    Args:
        corpus: a simulated corpus.
        missing: what is hidden; a protocol that damages features has no exact posterior.
        seed: of the protocol.
        dialogue_ids: dialogues to answer, such as a test fold; all when left out.
        causal: whether a turn sees itself and earlier turns only.

    Raises:
        ValueError: on a damaging protocol, unknown dialogue ids, or no labelled turns.
    """
    if isinstance(missing, Noise | Shift):
        raise ValueError(
            "The exact posterior needs features as they were drawn; "
            f"got {missing.name!r}, which damages them. Use a protocol that hides."
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
    """`bayes_accuracy` under every condition (``a``, .., ``atv``) and missing rate (``rate:0.1``, ..).

    Args:
        corpus: a simulated corpus.
        seed: of the masks.
        dialogue_ids: dialogues to answer; all when left out.
        rates: expected missing fractions in [0, 1].
        causal: whether a turn sees itself and earlier turns only.
    """
    modalities = tuple(corpus.widths)
    names = (*conditions(modalities), *(f"rate:{rate:.10g}" for rate in rates))
    return {
        name: bayes_accuracy(corpus, protocol(name, modalities), seed, dialogue_ids, causal=causal)
        for name in names
    }


def _likelihood(process: Process, dialogue: Dialogue) -> NDArray[np.float64]:
    """Likelihood of what is available of each turn under each emotion ``[N, C]``, the largest set to 1."""
    unknown = [modality for modality in dialogue.modalities if modality not in process.emissions]
    if unknown:
        raise ValueError(
            f"Dialogue {dialogue.id!r}: {unknown[0]!r} is no modality of the process; "
            f"it has {list(process.emissions)}."
        )
    score = np.zeros((len(dialogue), len(process.prior)))
    for column, (modality, features) in enumerate(dialogue.features.items()):
        rows = dialogue.available[:, column].numpy()
        score[rows] += process.emissions[modality].log_likelihood(features.numpy()[rows])
    return np.exp(score - score.max(axis=1, keepdims=True))


def _along(vector: NDArray[np.float64], axis: int, axes: int) -> NDArray[np.float64]:
    """A vector ``[C]`` laid along one axis of the joint state."""
    return vector.reshape([-1 if number == axis else 1 for number in range(axes)])


def _forward(
    process: Process, state: NDArray[np.float64], now: int, own: bool, other: int | None
) -> NDArray[np.float64]:
    """The joint state once a turn of speaker `now` has replaced that speaker's emotion."""
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
    """The message to the joint state before a turn of speaker `now`; the transpose of `_forward`."""
    inertia = process.inertia * own
    contagion = 0.0 if other is None else process.contagion
    fresh = (_along(process.prior, now, message.ndim) * message).sum(axis=now, keepdims=True)
    moved = (1 - inertia - contagion) * fresh + inertia * message
    if other is not None:
        same = _same(message.shape[0], now, other, message.ndim)
        moved = moved + contagion * (same * message).sum(axis=now, keepdims=True)
    return moved


def _same(classes: int, one: int, two: int, axes: int) -> NDArray[np.float64]:
    """1 where two speakers have the same emotion, laid along their axes of the joint state."""
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
