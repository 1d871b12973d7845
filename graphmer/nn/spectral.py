"""Spectra of graphs over the turns of each dialogue, on the ragged node axis."""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import normalize

from graphmer.nn.padding import PaddedDialogues

REACH = 3
"""Turns on either side that a turn is connected to."""
TIE = 1e-6
"""Eigenvalues that are closer than this count as equal."""


def structural_graph(speaker: Tensor) -> Tensor:
    """Normalised adjacency ``D^(-1/2) A D^(-1/2)`` of the turns of a dialogue, double ``[L, L]``.

    ``A_ij = exp(-|i - j| / 2) (1 + [s_i = s_j]) / 2`` for turns at most `REACH` apart, the turn itself
    included.

    Args:
        speaker: number of the speaker of each turn, ``[L]``; numbers are only compared.
    """
    turn = torch.arange(len(speaker), dtype=torch.double, device=speaker.device)
    distance = (turn[:, None] - turn).abs()
    same = (speaker[:, None] == speaker).double()
    adjacency = torch.exp(-distance / 2) * (1 + same) / 2 * (distance <= REACH)
    scale = adjacency.sum(dim=1).rsqrt()
    return scale[:, None] * adjacency * scale


def leading_modes(adjacency: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """Eigenvalues ``[count]`` of largest magnitude, descending, and their eigenvectors ``[L, count]``.

    Where there are fewer, or where the last ones are equal to one that is left out, so that their vectors
    would be arbitrary, both are zero.

    Args:
        adjacency: symmetric, ``[L, L]``.
        count: number of modes.
    """
    values, vectors = (found.flip(-1) for found in torch.linalg.eigh(adjacency))
    order = (values.abs() / TIE).round().argsort(descending=True, stable=True)
    chosen, rest = order[:count], order[count:]
    torn = ((values[chosen, None] - values[rest]).abs() < TIE).any(dim=1)
    missing = count - len(chosen)
    values = values[chosen].masked_fill(torn, 0.0)
    vectors = vectors[:, chosen].masked_fill(torn, 0.0)
    pad = torch.nn.functional.pad
    return pad(values, (0, missing)), pad(vectors, (0, missing))


@dataclass(frozen=True)
class SpectralBasis:
    """Eigenvectors ``U`` of the structural graph ``A`` of each dialogue, as a basis for other graphs.

    Neither the signs of eigenvectors nor a rotation of those with equal eigenvalues changes anything: in both
    methods, values of equal eigenvalues are replaced by their mean.

    Args:
        adjacency: of the structural graphs.
        vectors: columns of ``U``, zero in padding and for modes that a dialogue does not have.
        values: eigenvalues.
        ties: row-stochastic; averages over modes of equal eigenvalues.
        layout: of the turns as padded dialogues.

    Shapes:
        adjacency ``[B, L, L]``; vectors ``[B, L, K]``; values ``[B, K]``; ties ``[B, K, K]``.
    """

    adjacency: Tensor
    vectors: Tensor
    values: Tensor
    ties: Tensor
    layout: PaddedDialogues

    @classmethod
    @torch.no_grad()
    def of(cls, speaker: Tensor, dialogue: Tensor, modes: int) -> "SpectralBasis":
        """Basis of the dialogues of a batch, without gradient.

        Args:
            speaker: speaker of each turn.
            dialogue: dialogue of each turn, ascending.
            modes: ``K``, largest number of modes.

        Shapes:
            speaker, dialogue ``[N]``.
        """
        layout = PaddedDialogues.of(dialogue)
        count, longest = layout.inside.shape
        turns = layout.inside.sum(dim=1).tolist()
        graphs = [structural_graph(part) for part in torch.split(speaker, turns)]
        adjacency = speaker.new_zeros((count, longest, longest), dtype=torch.double)
        vectors = adjacency.new_zeros((count, longest, modes))
        values = adjacency.new_zeros((count, modes))
        for number, graph in enumerate(graphs):
            adjacency[number, : len(graph), : len(graph)] = graph
            values[number], vectors[number, : len(graph)] = leading_modes(graph, modes)
        equal = ((values[:, :, None] - values[:, None]).abs() < TIE).double()
        ties = equal / equal.sum(dim=2, keepdim=True)
        return cls(adjacency.float(), vectors.float(), values.float(), ties.float(), layout)

    @property
    def modes(self) -> Tensor:
        """Which modes a dialogue has, bool ``[B, K]``."""
        return (self.vectors != 0).any(dim=1)

    def spectrum(self, state: Tensor) -> Tensor:
        """Spectrum ``diag(U^T G U)`` of ``G = A * relu(cos(h_i, h_j))``, ``[B, K]``; turns of zeros count 0.

        Args:
            state: ``h`` of each turn, ``[N, W]``.
        """
        unit = self.layout.pad(normalize(state, dim=1))
        graph = self.adjacency * torch.relu(unit @ unit.transpose(1, 2))
        return self._averaged((self.vectors * (graph @ self.vectors)).sum(dim=1))

    def smooth(self, spectrum: Tensor, state: Tensor) -> Tensor:
        """``U diag(spectrum) U^T h``, ``[N, W]``.

        Args:
            spectrum: ``[B, K]``.
            state: ``h`` of each turn, ``[N, W]``.
        """
        dense = self.layout.pad(state)
        coefficients = self._averaged(spectrum)[:, :, None] * (self.vectors.transpose(1, 2) @ dense)
        return self.layout.rows(self.vectors @ coefficients)

    def _averaged(self, spectrum: Tensor) -> Tensor:
        return (self.ties * spectrum[:, None]).sum(dim=2)
