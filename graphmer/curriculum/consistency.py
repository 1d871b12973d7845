"""Estimators of the consistency of two modalities of an utterance."""

import math
from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, normalize

from graphmer.nn.grid_attention import grid_attention
from graphmer.nn.tokens import Tokens

ENTROPY_WEIGHT = 0.4
"""Weight of the mean entropy difference in the loss: 0.001 / 3 times a sum over about 1,200 positions, as
the released code has it."""

CONTRASTS = 2048
"""Utterances, evenly spread over those given, that an utterance is contrasted with in `InfoNCE`."""


class CrossAttention(nn.Module):
    """Cross-attention between two modalities over a dialogue: ``x + MLP(x)``, ``x = Attention(q, kv) W_o``.

    Differences from the released code: attention weights are never dropped out; the code drops out all of
    them by a slip in the order of its arguments.

    Args:
        width: ``D``.
        heads: ``H``; must divide `width`.
    """

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.query = nn.Linear(width, width)
        self.key_value = nn.Linear(width, 2 * width)
        self.output = nn.Linear(width, width)
        self.feed_forward = nn.Sequential(nn.Linear(width, width), nn.GELU(), nn.Linear(width, width))

    def forward(self, queries: Tensor, keys: Tensor, tokens: Tokens) -> Tensor:
        """Attention within each dialogue; queries, keys ``[T, D]``, returns ``[T, D]``."""
        rows = torch.cat([self.query(queries), self.key_value(keys)], dim=1)
        attended = grid_attention(rows, tokens, self.heads, tokens.filled[:, None, None, :])
        state = self.output(attended)
        return state + self.feed_forward(state)


class EntropyDifference(nn.Module):
    r"""The method's estimate, ``I = H(r^m) + H(r^n) - H(J)``, ``J = CA(r^m, r^n) + CA'(r^n, r^m)``.

    :math:`H(f) = -\sum_d p_d \log p_d` with :math:`p` the softmax over the features of one utterance
    (HARDY-MER, section "mutual information"). It is maximised with the weight `ENTROPY_WEIGHT`.

    It is no mutual information: pushing the first two entropies up and the last one down has its optimum in
    flat states, however consistent they are. It is here because the method is defined by it.

    Differences from the released code: the mean over real utterances instead of a sum over a padded batch,
    and only utterances that have both modalities.

    Args:
        width: ``D``.
        heads: attention heads.
    """

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.forth = CrossAttention(width, heads)
        self.back = CrossAttention(width, heads)

    def forward(self, first: Tensor, second: Tensor, dialogue: Tensor) -> Tensor:
        """The estimate ``[T]`` for utterances ``[T, D]`` that have both modalities."""
        tokens = Tokens.of(torch.ones(len(dialogue), 1, dtype=torch.bool, device=dialogue.device), dialogue)
        joint = self.forth(first, second, tokens) + self.back(second, first, tokens)
        return entropy(first) + entropy(second) - entropy(joint)

    def loss(self, first: Tensor, second: Tensor, dialogue: Tensor) -> Tensor:
        """Term that the method minimises in addition to the reconstruction."""
        return -ENTROPY_WEIGHT * self(first, second, dialogue).mean()


class InfoNCE(nn.Module):
    r"""Pointwise mutual information by contrast, InfoNCE (van den Oord et al. 2018, eq. 4).

    ``s_ij = cos(A r^m_i, B r^n_j) / t``; the value of an utterance is ``s_ii - log mean_j exp(s_ij)``, the
    mean of both directions, a lower bound of the mutual information on the average. High where modalities
    agree.

    Args:
        width: ``D``.
        heads: width of the compared vectors is that of one attention head.
    """

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.first = nn.Linear(width, width // heads)
        self.second = nn.Linear(width, width // heads)
        self.log_sharpness = nn.Parameter(torch.tensor(2.0))

    def forward(self, first: Tensor, second: Tensor, dialogue: Tensor) -> Tensor:
        """The estimate ``[T]`` for utterances ``[T, D]`` that have both modalities."""
        forth, back = self._views(first, second)
        others = slice(None, None, -(-len(forth) // CONTRASTS))
        expected = (forth @ back[others].T).logsumexp(dim=1) + (back @ forth[others].T).logsumexp(dim=1)
        return (forth * back).sum(dim=1) - expected / 2 + math.log(len(forth[others]))

    def loss(self, first: Tensor, second: Tensor, dialogue: Tensor) -> Tensor:
        """Symmetric InfoNCE over the utterances given."""
        forth, back = self._views(first, second)
        score, own = forth @ back.T, torch.arange(len(forth), device=forth.device)
        return (cross_entropy(score, own) + cross_entropy(score.T, own)) / 2

    def _views(self, first: Tensor, second: Tensor) -> tuple[Tensor, Tensor]:
        scale = (self.log_sharpness.clamp_max(4.0) / 2).exp()
        return scale * normalize(self.first(first), dim=1), scale * normalize(self.second(second), dim=1)


def entropy(state: Tensor) -> Tensor:
    """Entropy of the softmax over the features of each row, in nats: ``[T, D]`` to ``[T]``."""
    logarithm = state.log_softmax(dim=1)
    return -(logarithm.exp() * logarithm).sum(dim=1)


Estimator = EntropyDifference | InfoNCE

ESTIMATORS: dict[str, Callable[[int, int], Estimator]] = {"entropy": EntropyDifference, "infonce": InfoNCE}
"""Estimators of consistency by the name a configuration has: ``(D, heads) -> module``."""
