"""Loss of the completion of missing modalities, shared by the systems that complete them from context."""

from torch import Tensor

from graphmer.graph import DialogueGraph
from graphmer.nn.losses import reconstruction_loss
from graphmer.nn.network import NetworkOutput


def completion_loss(output: NetworkOutput, graph: DialogueGraph) -> Tensor:
    """Mean squared error per feature of what was recorded but masked, summed over the modalities of a turn.

    The reconstruction loss of GCNet, the mean over all turns:
    ``L_rec = (1 / N) sum_i sum_m (1 - r_im) ||x'_im - x_im||^2 / D_m``.

    Differences from the released code: the mask of the turns has the layout of the features, where the
    released one is transposed for dialogues of unequal length; what was never recorded is no target.
    """
    masked = graph.present & ~graph.available
    features = {modality: graph[modality] for modality in output.reconstruction}
    loss = reconstruction_loss(output.reconstruction, features, graph.available, graph.present)
    return loss * masked.sum() / len(masked)
