"""Modalities that are missing not at random: whether a turn has a modality depends on its emotion."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from difflib import get_close_matches

import numpy as np
import torch
from numpy.typing import NDArray

from graphmer.dialogue.dialogue import Dialogue
from graphmer.dialogue.labels import Emotion, LabelSpace
from graphmer.dialogue.missing import MissingProtocol
from graphmer.dialogue.random import uniforms
from graphmer.typing import Available


@dataclass(frozen=True)
class Loss:
    """Probability that a turn loses a modality.

    Args:
        modality: name of the modality.
        emotion: emotion of the turns it holds for; ``None`` for all that no other loss names.
        rate: probability in [0, 1].

    Raises:
        ValueError: if the rate is not in [0, 1].
    """

    modality: str
    emotion: str | None
    rate: float

    def __post_init__(self) -> None:
        if not 0 <= self.rate <= 1:
            raise ValueError(f"A rate of loss must be a fraction in [0, 1]; got {self.rate}.")


@dataclass(frozen=True)
class NotAtRandom(MissingProtocol):
    """``mnar:v@sad=0.8,v=0.1``: a turn loses each modality with a probability that depends on its emotion.

    The losses of the modalities of a turn are independent given its emotion, and so are those of different
    turns; a turn may lose everything. A modality that is not named is never lost. An unlabelled turn loses a
    modality at the mean rate of the emotions. Masks are nested: a higher rate only removes modalities.

    The other protocols hide what was recorded, and no model can know why. This one stands for what was never
    recorded, so a model that reads the missing pattern sees it. The masks are drawn from the annotations, in
    a test as well.

    Args:
        losses: the law.
        written: the law as written in the name.
        prior: weight of each emotion, for unlabelled turns; without it they are refused.

    Raises:
        ValueError: if there is no loss, or two for the same modality and emotion.
    """

    losses: tuple[Loss, ...]
    written: str = field(default="", compare=False)
    prior: Mapping[str, float] = field(default_factory=dict, compare=False)

    def __post_init__(self) -> None:
        known = [(loss.modality, loss.emotion) for loss in self.losses]
        twice = [pair for pair in known if known.count(pair) > 1]
        if not known or twice:
            found = "{}@{}".format(*twice[0]).removesuffix("@None") if twice else "none"
            raise ValueError(
                f"A law of loss needs a rate, and one for each modality and emotion; got {found}."
            )

    @property
    def name(self) -> str:
        terms = (f"{_place(loss)}={loss.rate:.10g}" for loss in self.losses)
        return f"mnar:{self.written or ','.join(terms)}"

    def of(self, labels: LabelSpace, prior: Mapping[str, float]) -> "NotAtRandom":
        """The same law for the emotions of a corpus.

        Args:
            labels: label space of the corpus.
            prior: weight of each emotion, for unlabelled turns.

        Raises:
            ValueError: if the labels are scores, or the law names an emotion that is none of them.
        """
        if labels.is_score:
            raise ValueError(f"{self.name!r}: a law of loss needs emotions; the labels are scores.")
        for loss in self.losses:
            if loss.emotion is not None and loss.emotion not in labels.names:
                close = get_close_matches(loss.emotion, labels.names, n=1, cutoff=0.5)
                guess = f" Did you mean {close[0]!r}?" if close else ""
                raise ValueError(
                    f"{self.name!r}: {loss.emotion!r} is no emotion; they are {list(labels.names)}.{guess}"
                )
        return replace(self, prior=dict(prior))

    def table(self, emotions: Sequence[str], modalities: Sequence[str]) -> NDArray[np.float64]:
        """Probability of losing each modality under each emotion, ``[C, M]``.

        Raises:
            ValueError: if the law names another modality.
        """
        unknown = [loss.modality for loss in self.losses if loss.modality not in modalities]
        if unknown:
            raise ValueError(f"{self.name!r}: no modality {unknown[0]!r}; there are {list(modalities)}.")
        rate = {(loss.modality, loss.emotion): loss.rate for loss in self.losses}
        return np.array([[rate.get((m, e), rate.get((m, None), 0.0)) for m in modalities] for e in emotions])

    def keep(self, dialogue: Dialogue, seed: int) -> Available:
        rates = self._rates(dialogue)
        uniform = uniforms("mnar", seed, dialogue.id, dialogue.utterance_ids, len(dialogue.modalities))
        return torch.from_numpy(uniform >= rates)

    def apply(self, dialogue: Dialogue, seed: int) -> Dialogue:
        """The dialogue without the lost modalities, as if they had never been recorded."""
        return dialogue.never_recorded(~self.keep(dialogue, seed))

    def _rates(self, dialogue: Dialogue) -> NDArray[np.float64]:
        """Probability that each turn loses each modality, ``[N, M]``."""
        emotions = list(dict.fromkeys(map(self._emotion, dialogue.emotion)))
        named = [emotion for emotion in emotions if emotion is not None]
        known = dict(zip(named, self.table(named, dialogue.modalities), strict=True))
        if None in emotions:
            known[""] = self._marginal(dialogue)
        return np.stack([known[self._emotion(emotion) or ""] for emotion in dialogue.emotion])

    def _marginal(self, dialogue: Dialogue) -> NDArray[np.float64]:
        if not self.prior:
            raise ValueError(
                f"Dialogue {dialogue.id!r} has unlabelled turns: {self.name!r} depends on their emotions. "
                "Give the law a `prior` of the emotions."
            )
        weight = np.array(list(self.prior.values()))
        marginal: NDArray[np.float64] = weight @ self.table(list(self.prior), dialogue.modalities)
        return marginal / weight.sum()

    def _emotion(self, emotion: Emotion) -> str | None:
        if emotion is None or isinstance(emotion, str):
            return emotion
        raise ValueError(f"{self.name!r}: a law of loss needs emotions; got the score {emotion}.")


def _place(loss: Loss) -> str:
    return loss.modality if loss.emotion is None else f"{loss.modality}@{loss.emotion}"
