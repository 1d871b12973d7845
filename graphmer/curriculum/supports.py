"""Supports in copies of dialogues."""

import copy
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

import torch
from torch import Tensor

from graphmer.graph import DialogueGraph
from graphmer.nn.targets import TrainingTargets
from graphmer.typing import Available

Form = Literal["mixup", "slots", "context"]
"""``mixup``: a support is mixed into the utterance that it supports (`mixed_with`). ``slots``: it takes the
utterance's place in a copy of the dialogue. ``context``: it stays in a copy of its own dialogue, with the
modalities that are available of the utterance that it supports."""


@dataclass(frozen=True, eq=False)
class Copies:
    """Content of the copies of all dialogues, on the axis of the training utterances.

    Attributes:
        source: row of the utterance in each place; its own where nothing was replaced.
        available: its available modalities.
        supported: places whose label counts in the loss of the supports.
        weight: weight of that label; zero elsewhere.

    Shapes:
        source long ``[N]``; available ``[N, M]``; supported bool ``[N]``; weight ``[N]``.
    """

    source: Tensor
    available: Available
    supported: Tensor
    weight: Tensor


def slots(supports: Tensor, available: Available, present: Available) -> Copies:
    """Supports in the places of the utterances that they support.

    Args:
        supports: row of the support of each utterance, -1 for none.
        available: available modalities of each utterance.
        present: recorded modalities of each utterance.

    Shapes:
        supports long ``[N]``; available, present ``[N, M]``.
    """
    own = torch.arange(len(supports))
    supported = supports >= 0
    source = torch.where(supported, supports, own)
    return Copies(source, available & present[source], supported, supported.float())


def context(supports: Tensor, available: Available, present: Available) -> Copies:
    """Supports in their own dialogues; one that was sampled for several utterances counts as often.

    Its available modalities are those of the last of these utterances. Arguments as for `slots`.
    """
    own = torch.arange(len(supports))
    supported = (supports >= 0).nonzero()[:, 0]
    last = own.scatter_reduce(0, supports[supported], supported, "amax", include_self=False)
    weight = torch.bincount(supports[supported], minlength=len(supports)).float()
    return Copies(own, available[last] & present, weight > 0, weight)


def with_copy(
    graph: DialogueGraph,
    targets: TrainingTargets,
    rows: slice,
    copies: Copies,
    features: Mapping[str, Tensor],
    emotion: Tensor,
    *,
    relation: int | None,
) -> tuple[DialogueGraph, TrainingTargets]:
    """Graph of a dialogue followed by its copy, and their targets.

    The copy has the dialogue's speakers and edges. Its ``emotion`` is unlabelled; the supports' labels are in
    the targets. ``copy_number`` is 0 in the dialogue and 1 in the copy.

    Args:
        graph: a masked dialogue.
        targets: its training targets, with ``weight`` and ``hardness``.
        rows: its rows on the axis of the training utterances.
        copies: content of the copies.
        features: of all training utterances, ``{m: [N, D_m]}``.
        emotion: their encoded annotation; its last entry is unlabelled.
        relation: number of the relation from a support to the utterance whose place it takes; ``None`` for
            no edges.

    Shapes:
        emotion ``[N + 1]``.
    """
    count, source, available = graph.num_nodes, copies.source[rows], copies.available[rows]
    assert targets.weight is not None  # a curriculum has given both
    assert targets.hardness is not None
    unlabelled = emotion[-1].expand(count)
    both = copy.copy(graph)
    for modality, table in features.items():
        both[modality] = torch.cat([graph[modality], table[source]])
    both.available = torch.cat([graph.available, available])
    # nothing of the copy is masked, so nothing of it is reconstructed
    both.present = torch.cat([graph.present, available])
    both.emotion = torch.cat([graph.emotion, unlabelled])
    both.copy_number = torch.arange(2).repeat_interleave(count)
    for name in ("speaker", "position"):
        both[name] = torch.cat([graph[name], graph[name]])
    edges, kinds = [graph.edge_index, graph.edge_index + count], [graph.edge_type, graph.edge_type]
    if relation is not None:
        places = copies.supported[rows].nonzero()[:, 0]
        edges.append(torch.stack([places + count, places]))
        kinds.append(torch.full_like(places, relation))
    both.edge_index, both.edge_type = torch.cat(edges, dim=1), torch.cat(kinds)
    both.num_nodes = 2 * count
    labels = torch.where(copies.supported[rows], emotion[source], unlabelled)
    added = replace(
        targets,
        support_emotion=torch.cat([unlabelled, labels]),
        weight=torch.cat([targets.weight, copies.weight[rows]]),
        hardness=torch.cat([targets.hardness, torch.zeros(count)]),
    )
    return both, added
