"""Teacher of HARDY-MER, which measures hardness by reconstruction and by consistency of the modalities."""

from collections.abc import Iterator, Mapping
from itertools import combinations
from typing import Annotated, cast

import torch
from pydantic import Field
from torch import Tensor, nn

from graphmer.curriculum.consistency import ESTIMATORS, Estimator
from graphmer.graph import DialogueGraph
from graphmer.nn.joint import JointLayer
from graphmer.nn.losses import emotion_loss
from graphmer.nn.mixture import ExpertMixture, MixtureSettings
from graphmer.nn.tokens import Tokens
from graphmer.settings import Fraction, Layers, Positive, Settings, Width
from graphmer.typing import Available

_HEADS = 2
"""Attention heads of the teacher's experts, as in MoMKE."""


class TeacherSettings(Settings):
    """Size and training of the teacher; small, since it is trained for every fold and seed. See `Teacher`."""

    width: Width = 64
    """Width of its experts; even."""
    depth: Layers = 1
    """Layers of an expert; the released code has 4."""
    dropout: Fraction = 0.1
    """Dropout probability; 0.5 in the released code."""
    epochs: Positive = 8
    """Passes over the training dialogues; 200 in the released code."""
    learning_rate: Annotated[float, Field(gt=0)] = 1e-3
    """Constant, with AdamW; 1e-4 with Adam in the released code."""


class Teacher(nn.Module):
    """Modality experts with a decoder that reconstructs masked modalities, and an estimator for each pair.

    ``c = [k^a r^a; k^t r^t; k^v r^v]``, ``h = c + Drop(ReLU(W_p c))``, ``x = W_2 ReLU(W_1 h)`` where ``r^m``
    is the output of the experts for modality ``m`` and ``k^m`` is 1 where it is not masked (HARDY-MER,
    section "teacher").

    It minimises ``L_rec + sum_m L_emotion^m``, with the emotion predicted from the state of each modality.
    The estimators of consistency are trained on detached states.

    Differences from the released code: a router mixes the experts, as in the student; the target is the true
    feature vector, not the masked one, which is all zeros; attention has no dropout; one teacher serves all
    conditions; and the consistency does not train the experts, because maximising the entropy difference
    flattens the states until nothing can be reconstructed from them. Experts read one modality at a time, so
    masking a modality for the decoder equals masking it for the whole teacher, and one pass through the
    experts serves every condition.

    Args:
        settings: size and dropout; ``heads`` are 2.
        widths: features per modality, ``{m: D_m}``.
        outputs: ``C``, or 1 for a score.
        estimator: name in `ESTIMATORS`, the measure of consistency of two modalities.

    Raises:
        ValueError: on an unknown estimator, or if the width is odd.
    """

    def __init__(
        self, settings: TeacherSettings, widths: Mapping[str, int], outputs: int, estimator: str = "infonce"
    ) -> None:
        super().__init__()
        if estimator not in ESTIMATORS:
            raise ValueError(f"`estimator` must be one of {list(ESTIMATORS)}; got {estimator!r}.")
        width, dropout = settings.width, settings.dropout
        experts = MixtureSettings(
            width=width, depth=settings.depth, heads=_HEADS, dropout=dropout, block="preln",
            router_logit_dropout=0.0,
        )  # fmt: skip
        self.mixture = ExpertMixture(experts, widths)
        self.emotion = nn.ModuleList(nn.Linear(width, outputs) for _ in widths)
        joint = width * len(widths)
        self.joint = JointLayer(joint, dropout)
        self.hidden = nn.Linear(joint, joint)
        self.decoders = nn.ModuleList(nn.Linear(joint, features) for features in widths.values())
        self.pairs = tuple(combinations(range(len(widths)), 2))
        self.estimators = nn.ModuleList(ESTIMATORS[estimator](width, _HEADS) for _ in self.pairs)

    @property
    def modalities(self) -> tuple[str, ...]:
        """Names of the modalities, in the order of the columns of ``available``."""
        return self.mixture.modalities

    def forward(self, graph: DialogueGraph) -> Tensor:
        """State of each modality of each utterance, ``[N, M, D]``; zero where it is missing.

        The states of one modality depend on no other modality.
        """
        tokens = Tokens.of(graph.available, graph.dialogue)
        features = {modality: graph[modality] for modality in self.modalities}
        projected = self.mixture.project(features, tokens, graph.position)
        mixed = self.mixture(projected, tokens, graph.num_nodes)
        return mixed.embedding.view(graph.num_nodes, len(self.modalities), -1)

    def reconstruct(self, states: Tensor, available: Available) -> dict[str, Tensor]:
        """Standardised features ``{m: [N, D_m]}``, reconstructed from the available modalities alone.

        Shapes:
            states ``[N, M, D]``; available ``[N, M]``.
        """
        state = self.joint((states * available[:, :, None]).flatten(1))
        state = torch.relu(self.hidden(state))
        return {m: decoder(state) for m, decoder in zip(self.modalities, self.decoders, strict=True)}

    def consistency(self, states: Tensor, available: Available, dialogue: Tensor) -> Tensor:
        """Consistency of the modalities of each utterance, ``[N]``.

        Mean over the pairs of modalities that an utterance has; NaN where it has no pair.

        Shapes:
            states ``[N, M, D]``; available ``[N, M]``; dialogue ``[N]``, ascending.
        """
        total, count = states.new_zeros(len(states)), states.new_zeros(len(states))
        for rows, estimator, (first, second) in self._both(available):
            value = estimator(states[rows, first], states[rows, second], dialogue[rows])
            total = total.index_add(0, rows, value)
            count = count.index_add(0, rows, torch.ones_like(value))
        return torch.where(count > 0, total / count.clamp_min(1), torch.nan)

    def loss(self, graph: DialogueGraph, hidden: Available) -> Tensor:
        """Sum of reconstruction error, emotion loss of each modality, and losses of the estimators.

        Args:
            graph: a batch without masks.
            hidden: modalities that are masked for the decoder.
        """
        states, present = self(graph), graph.available
        rebuilt = self.reconstruct(states, present & ~hidden)
        error = reconstruction_error(rebuilt, {m: graph[m] for m in self.modalities}, present & hidden)
        counted = (present & hidden).any(dim=1).sum()
        losses = [error.sum() / counted.clamp_min(1)]
        for column, head in enumerate(self.emotion):
            rows = present[:, column].nonzero()[:, 0]
            losses.append(emotion_loss(head(states[rows, column]), graph.emotion[rows]))
        dialogue = graph.dialogue
        for rows, estimator, (first, second) in self._both(present):
            one, other = states[rows, first].detach(), states[rows, second].detach()
            losses.append(estimator.loss(one, other, dialogue[rows]))
        return torch.stack(losses).sum()

    def _both(self, available: Available) -> Iterator[tuple[Tensor, Estimator, tuple[int, int]]]:
        """Utterances that have both modalities of a pair, pair by pair."""
        for (first, second), estimator in zip(self.pairs, self.estimators, strict=True):
            rows = (available[:, first] & available[:, second]).nonzero()[:, 0]
            if len(rows):
                yield rows, cast(Estimator, estimator), (first, second)


def reconstruction_error(
    rebuilt: Mapping[str, Tensor], features: Mapping[str, Tensor], hidden: Available
) -> Tensor:
    r"""Direct hardness, ``d_i = mean_{m hidden} mean_d (\hat x - x)^2`` of each utterance, ``[N]``.

    Zero where no recorded modality is masked.

    Shapes:
        rebuilt, features ``{m: [N, D_m]}``, standardised; hidden ``[N, M]``: recorded, but masked.
    """
    total = torch.zeros(len(hidden), device=hidden.device)
    for column, (modality, guess) in enumerate(rebuilt.items()):
        rows = hidden[:, column].nonzero()[:, 0]
        # selected, not multiplied by zero: rows that were never recorded may hold NaN
        error = (guess[rows] - features[modality][rows]).square().mean(dim=1)
        total = total.index_add(0, rows, error)
    return total / hidden.sum(dim=1).clamp_min(1)
