"""Losses of the reconstruction of missing modalities, shared by the systems that reconstruct them."""

from collections.abc import Mapping

from torch import Tensor

from graphmer.graph import DialogueGraph
from graphmer.nn.losses import reconstruction_loss
from graphmer.nn.network import NetworkOutput


def masked_error(reconstruction: Mapping[str, Tensor], graph: DialogueGraph) -> Tensor:
    """`reconstruction_loss` of a batch.

    Args:
        reconstruction: features ``{m: [N, D_m]}`` of all modalities.
        graph: the batch, with their true features.
    """
    features = {modality: graph[modality] for modality in reconstruction}
    return reconstruction_loss(reconstruction, features, graph.available, graph.present)


def completion_loss(output: NetworkOutput, graph: DialogueGraph) -> Tensor:
    """Mean squared error per feature of what was recorded but masked, summed over the modalities of a turn.

    The reconstruction loss of GCNet, the mean over all turns:
    ``L_rec = (1 / N) sum_i sum_m (1 - r_im) ||x'_im - x_im||^2 / D_m``.

    Differences from the released code: the mask of the turns has the layout of the features, where the
    released one is transposed for dialogues of unequal length; what was never recorded is no target.
    """
    masked = graph.present & ~graph.available
    return masked_error(output.reconstruction, graph) * masked.sum() / len(masked)
