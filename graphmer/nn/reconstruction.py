"""Heads that reconstruct the features of the modalities."""

from collections.abc import Mapping

from torch import Tensor, nn


class ReconstructionHeads(nn.ModuleDict):
    """A linear map from the states to the features of each modality.

    Args:
        width: ``D`` of the states.
        widths: features per modality; empty for no heads.
    """

    def __init__(self, width: int, widths: Mapping[str, int]) -> None:
        super().__init__({m: nn.Linear(width, d) for m, d in widths.items()})

    def forward(self, state: Tensor) -> dict[str, Tensor]:
        """Features of each modality, ``{m: [N, D_m]}``.

        Args:
            state: one for all modalities, or one for each in the order of the heads.

        Shapes:
            state ``[N, D]`` or ``[N, M, D]``.
        """
        own = state.unbind(1) if state.ndim == 3 else [state] * len(self)
        return {m: head(rows) for (m, head), rows in zip(self.items(), own, strict=True)}
