"""Supports mixed into the utterances that they support."""

import copy
from collections.abc import Mapping

import torch
from torch import Tensor

from graphmer.dialogue.labels import annotated
from graphmer.graph import DialogueGraph
from graphmer.typing import Available

MOST = 0.5
"""Largest share of a support: the utterance remains the larger part of the mixture."""


def with_mixture(
    graph: DialogueGraph,
    rows: slice,
    drawn: Tensor,
    share: Tensor,
    features: Mapping[str, Tensor],
    present: Available,
    emotion: Tensor,
) -> DialogueGraph:
    r"""The graph of a dialogue with the support of each utterance mixed into it.

    With the share :math:`s` of the support, features are :math:`(1 - s) x + s x_{sup}` in each modality that
    both have, and :math:`x` in the others. Both emotions count, that of the support, in ``support_emotion``,
    for the ``share`` :math:`s` of the utterance's loss. Utterances without an annotation are mixed, but
    neither emotion counts for them: of the larger part of what they show it is unknown. Where there is no
    support the share is zero.

    This is mixup (Zhang et al., ICLR 2018) with a retrieved neighbour as the partner, and with the own
    context left as it is. It is not in HARDY-MER, where a support takes the utterance's whole place.

    Args:
        graph: a dialogue, as far as it may be seen, with ``weight``.
        rows: its rows on the axis of the training utterances.
        drawn: row of the support of each training utterance, -1 for none.
        share: of the support, for each training utterance.
        features: of all training utterances, ``{m: [N, D_m]}``.
        present: what was recorded of them.
        emotion: their encoded annotation.

    Shapes:
        drawn long ``[N]``; share ``[N]``, in [0, `MOST`]; present ``[N, M]``; emotion ``[N]``, or longer.
    """
    source = drawn[rows]
    mixed = copy.copy(graph)
    for column, (modality, table) in enumerate(features.items()):
        both = (source >= 0) & present[source, column] & graph.present[:, column]
        part = share[rows][both, None]
        own = table[rows].clone()
        own[both] = (1 - part) * own[both] + part * table[source[both]]
        mixed[modality] = own
    counts = (source >= 0) & annotated(graph.emotion)
    mixed.support_emotion = torch.where(counts, emotion[source], graph.emotion)
    mixed.share = share[rows].where(counts, 0.0)
    return mixed
