"""Mixup of utterances with their supports."""

import copy
from collections.abc import Mapping
from dataclasses import replace

import torch
from torch import Tensor

from graphmer.dialogue.labels import annotated
from graphmer.graph import DialogueGraph
from graphmer.nn.targets import TrainingTargets
from graphmer.typing import Available

MOST = 0.5
"""Largest share of a support: the utterance remains the larger part of the mixture."""


def mixed_with(
    graph: DialogueGraph,
    targets: TrainingTargets,
    rows: slice,
    supports: Tensor,
    share: Tensor,
    features: Mapping[str, Tensor],
    present: Available,
    emotion: Tensor,
) -> tuple[DialogueGraph, TrainingTargets]:
    r"""Graph and targets of a dialogue with the support of each utterance mixed into it.

    With the share :math:`s` of the support, features are :math:`(1 - s) x + s x_{sup}` in each modality that
    both have, and :math:`x` in the others. Both emotions count, that of the support for the share
    :math:`s` of the utterance's loss. Utterances without an annotation are mixed, but neither emotion counts
    for them, because the emotion of the larger part is unknown. Without a support the share is zero.

    This is mixup (Zhang et al., ICLR 2018) with a retrieved neighbour as the partner, and with the own
    context unchanged. It is not in HARDY-MER, where a support replaces the whole utterance.

    Args:
        graph: a masked dialogue.
        targets: its training targets.
        rows: its rows on the axis of the training utterances.
        supports: row of the support of each training utterance, -1 for none.
        share: share of the support, for each training utterance.
        features: of all training utterances, ``{m: [N, D_m]}``.
        present: their recorded modalities.
        emotion: their encoded annotation.

    Shapes:
        supports long ``[N]``; share ``[N]``, in [0, `MOST`]; present ``[N, M]``; emotion ``[N]``, or longer.
    """
    source = supports[rows]
    mixed = copy.copy(graph)
    for column, (modality, table) in enumerate(features.items()):
        both = (source >= 0) & present[source, column] & graph.present[:, column]
        part = share[rows][both, None]
        own = table[rows].clone()
        own[both] = (1 - part) * own[both] + part * table[source[both]]
        mixed[modality] = own
    counts = (source >= 0) & annotated(graph.emotion)
    added = replace(
        targets,
        support_emotion=torch.where(counts, emotion[source], graph.emotion),
        support_share=share[rows].where(counts, 0.0),
    )
    return mixed, added
