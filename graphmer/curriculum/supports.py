"""Supports beside the dialogues: what message passing and the losses see of them."""

import copy
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from graphmer.graph import DialogueGraph
from graphmer.typing import Available

Form = Literal["mixup", "slots", "context"]
"""``mixup``: a support is mixed into the utterance it supports (`with_mixture`). ``slots``: it stands in its
place, in a copy of its dialogue. ``context``: it stays in a copy of its own dialogue, seen with what may be
seen of the one it supports."""


@dataclass(frozen=True, eq=False)
class Copies:
    """What the copies of all dialogues hold, on the axis of the training utterances.

    Attributes:
        source: row of the utterance in each place; its own one where nothing was replaced.
        available: what may be seen of it.
        supported: places whose label counts in the loss of the supports.
        weight: of that label; zero elsewhere.

    Shapes:
        source long ``[N]``; available ``[N, M]``; supported bool ``[N]``; weight ``[N]``.
    """

    source: Tensor
    available: Available
    supported: Tensor
    weight: Tensor


def slots(drawn: Tensor, available: Available, present: Available) -> Copies:
    """Supports in the places of the utterances they support.

    Args:
        drawn: row of the support of each utterance, -1 for none.
        available: what may be seen of each utterance.
        present: what was recorded of it.

    Shapes:
        drawn long ``[N]``; available, present ``[N, M]``.
    """
    own = torch.arange(len(drawn))
    supported = drawn >= 0
    source = torch.where(supported, drawn, own)
    return Copies(source, available & present[source], supported, supported.float())


def context(drawn: Tensor, available: Available, present: Available) -> Copies:
    """Supports in their own dialogues; one that was drawn for several utterances counts as often.

    It is seen with what may be seen of the last of these utterances. Arguments as for `slots`.
    """
    own = torch.arange(len(drawn))
    asking = (drawn >= 0).nonzero()[:, 0]
    last = own.scatter_reduce(0, drawn[asking], asking, "amax", include_self=False)
    weight = torch.bincount(drawn[asking], minlength=len(drawn)).float()
    return Copies(own, available[last] & present, weight > 0, weight)


def with_copy(
    graph: DialogueGraph,
    rows: slice,
    copies: Copies,
    features: Mapping[str, Tensor],
    emotion: Tensor,
    *,
    relation: int | None,
) -> DialogueGraph:
    """The graph of a dialogue with its copy beside it.

    The copy has the dialogue's speakers and edges. Nothing of it is labelled in ``emotion``;
    ``support_emotion`` has the labels of the supports, and ``sequence`` tells the copy (1) from the dialogue
    (0).

    Args:
        graph: a dialogue, as far as it may be seen, with ``weight`` and ``hardness``.
        rows: its rows on the axis of the training utterances.
        copies: what the copies hold.
        features: of all training utterances, ``{m: [N, D_m]}``.
        emotion: their encoded annotation; its last entry is that of nobody.
        relation: number of the edges from a support to the utterance in whose place it stands; ``None`` for
            no edges.

    Shapes:
        emotion ``[N + 1]``.
    """
    count, source, available = graph.num_nodes, copies.source[rows], copies.available[rows]
    nobody = emotion[-1].expand(count)
    both = copy.copy(graph)
    for modality, table in features.items():
        both[modality] = torch.cat([graph[modality], table[source]])
    both.available = torch.cat([graph.available, available])
    # nothing of the copy is hidden, so nothing of it is to be rebuilt
    both.present = torch.cat([graph.present, available])
    both.emotion = torch.cat([graph.emotion, nobody])
    both.support_emotion = torch.cat([nobody, torch.where(copies.supported[rows], emotion[source], nobody)])
    both.weight = torch.cat([graph.weight, copies.weight[rows]])
    both.hardness = torch.cat([graph.hardness, torch.zeros(count)])
    both.sequence = torch.arange(2).repeat_interleave(count)
    for name in ("speaker", "position"):
        both[name] = torch.cat([graph[name], graph[name]])
    edges, kinds = [graph.edge_index, graph.edge_index + count], [graph.edge_type, graph.edge_type]
    if relation is not None:
        places = copies.supported[rows].nonzero()[:, 0]
        edges.append(torch.stack([places + count, places]))
        kinds.append(torch.full_like(places, relation))
    both.edge_index, both.edge_type = torch.cat(edges, dim=1), torch.cat(kinds)
    both.num_nodes = 2 * count
    return both
