"""The teacher: what it cannot rebuild, and where modalities disagree, is what makes an utterance hard."""

from collections.abc import Iterator, Mapping
from itertools import combinations
from typing import cast

import torch
from torch import Tensor, nn

from graphmer.curriculum.consistency import ESTIMATORS, Estimator
from graphmer.graph import DialogueGraph
from graphmer.nn.losses import emotion_loss
from graphmer.nn.mixture import ExpertMixture
from graphmer.nn.model import JointLayer
from graphmer.nn.output import dialogue_numbers
from graphmer.nn.tokens import Tokens
from graphmer.typing import Available


class Teacher(nn.Module):
    """Modality experts with a decoder that rebuilds what is hidden, and a view on each pair of modalities.

    ``c = [k^a r^a; k^t r^t; k^v r^v]``, ``h = c + Drop(ReLU(W_p c))``, ``x = W_2 ReLU(W_1 h)`` where ``r^m``
    is what the experts make of modality ``m`` and ``k^m`` says whether it may be seen (HARDY-MER, section
    "teacher").

    It minimises ``L_rec + sum_m L_emotion^m``, the emotion read from the state of each modality, so that the
    states hold what matters. The estimators of consistency learn beside it and leave the states as they are.

    Differences from the released code: a router mixes the experts, as in the model that is taught; the target
    is the true feature vector, not the masked one, which is all zeros; attention is not dropped out; one
    teacher serves all conditions; and the consistency does not move the experts, since to maximise the
    entropy difference is to flatten the states until nothing can be rebuilt from them. Experts read one
    modality at a time, so hiding a modality from the decoder equals hiding it from the whole teacher, and one
    pass through the experts serves every condition.

    Args:
        widths: features per modality, ``{m: D_m}``.
        outputs: ``C``, or 1 for a score.
        width: ``D`` of the experts.
        depth: layers of an expert.
        heads: attention heads.
        dropout: probability throughout.
        estimator: name in `ESTIMATORS`, how the consistency of two modalities is measured.

    Raises:
        ValueError: on an unknown estimator, or if `heads` does not divide `width`.
    """

    def __init__(
        self,
        widths: Mapping[str, int],
        outputs: int,
        *,
        width: int = 64,
        depth: int = 1,
        heads: int = 2,
        dropout: float = 0.1,
        estimator: str = "infonce",
    ) -> None:
        super().__init__()
        if estimator not in ESTIMATORS:
            raise ValueError(f"`estimator` must be one of {list(ESTIMATORS)}; got {estimator!r}.")
        self.mixture = ExpertMixture(
            widths, width=width, depth=depth, heads=heads, dropout=dropout, block="preln",
            router_logit_dropout=0.0,
        )  # fmt: skip
        self.emotion = nn.ModuleList(nn.Linear(width, outputs) for _ in widths)
        joint = width * len(widths)
        self.joint = JointLayer(joint, dropout)
        self.hidden = nn.Linear(joint, joint)
        self.decoders = nn.ModuleList(nn.Linear(joint, features) for features in widths.values())
        self.pairs = tuple(combinations(range(len(widths)), 2))
        self.estimators = nn.ModuleList(ESTIMATORS[estimator](width, heads) for _ in self.pairs)

    @property
    def modalities(self) -> tuple[str, ...]:
        """Names of the modalities, in the order of the columns of ``available``."""
        return self.mixture.modalities

    def forward(self, graph: DialogueGraph) -> Tensor:
        """What the experts make of each modality of each utterance, ``[N, M, D]``; zero where it is missing.

        The states of one modality depend on no other modality.
        """
        tokens = Tokens.of(graph.available, dialogue_numbers(graph))
        features = {modality: graph[modality] for modality in self.modalities}
        projected = self.mixture.project(features, tokens, graph.position)
        mixed = self.mixture(projected, tokens, graph.num_nodes)
        return mixed.embedding.view(graph.num_nodes, len(self.modalities), -1)

    def rebuild(self, states: Tensor, available: Available) -> dict[str, Tensor]:
        """Standardised features ``{m: [N, D_m]}``, rebuilt from the available modalities alone.

        Shapes:
            states ``[N, M, D]``; available ``[N, M]``.
        """
        state = self.joint((states * available[:, :, None]).flatten(1))
        state = torch.relu(self.hidden(state))
        return {m: decoder(state) for m, decoder in zip(self.modalities, self.decoders, strict=True)}

    def consistency(self, states: Tensor, available: Available, dialogue: Tensor) -> Tensor:
        """How much the modalities of each utterance say of one another, ``[N]``.

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
        """Error of rebuilding what is hidden, emotions from each modality, and what the estimators learn by.

        Args:
            graph: a batch, nothing hidden.
            hidden: what the decoder shall not see.
        """
        states, present = self(graph), graph.available
        rebuilt = self.rebuild(states, present & ~hidden)
        error = rebuilding_error(rebuilt, {m: graph[m] for m in self.modalities}, present & hidden)
        counted = (present & hidden).any(dim=1).sum()
        losses = [error.sum() / counted.clamp_min(1)]
        for column, head in enumerate(self.emotion):
            rows = present[:, column].nonzero()[:, 0]
            losses.append(emotion_loss(head(states[rows, column]), graph.emotion[rows]))
        dialogue = dialogue_numbers(graph)
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


def rebuilding_error(
    rebuilt: Mapping[str, Tensor], features: Mapping[str, Tensor], hidden: Available
) -> Tensor:
    r"""Direct hardness, ``d_i = mean_{m hidden} mean_d (\hat x - x)^2`` of each utterance, ``[N]``.

    Zero where nothing that was recorded is hidden.

    Shapes:
        rebuilt, features ``{m: [N, D_m]}``, standardised; hidden ``[N, M]``: recorded, but not to be seen.
    """
    total = torch.zeros(len(hidden), device=hidden.device)
    for column, (modality, guess) in enumerate(rebuilt.items()):
        rows = hidden[:, column].nonzero()[:, 0]
        # picked, not multiplied by zero: rows that were never recorded may hold NaN
        error = (guess[rows] - features[modality][rows]).square().mean(dim=1)
        total = total.index_add(0, rows, error)
    return total / hidden.sum(dim=1).clamp_min(1)
