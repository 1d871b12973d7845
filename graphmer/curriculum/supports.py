"""A dialogue with retrieved utterances beside it: what message passing and the losses see of supports."""

import copy
from collections.abc import Mapping

import torch
from torch import Tensor

from graphmer.graph import DialogueGraph
from graphmer.typing import UNLABELLED, Available


def with_supports(
    graph: DialogueGraph,
    drawn: Tensor,
    features: Mapping[str, Tensor],
    present: Available,
    emotion: Tensor,
    *,
    relation: int | None,
) -> DialogueGraph:
    """The graph of a dialogue and, beside it, a copy in which some utterances are replaced by supports.

    The copy has the dialogue's speakers and edges. A support may be seen with what may be seen of the
    utterance in whose place it stands. Nothing of the copy is labelled in ``emotion``; ``support_emotion``
    has the supports' own labels, and ``sequence`` tells the copy (1) from the dialogue (0).

    Args:
        graph: a dialogue, as far as it may be seen, with ``weight``.
        drawn: row of the support of each utterance, -1 to leave it as it is.
        features: of all training utterances.
        present: what was recorded of them.
        emotion: their encoded annotation.
        relation: number of the edges from a support to the utterance it supports; ``None`` for no edges.

    Shapes:
        drawn long ``[N]``; features ``{m: [R, D_m]}``; present ``[R, M]``; emotion ``[R]``.
    """
    count = graph.num_nodes
    places = (drawn >= 0).nonzero()[:, 0]
    rows = drawn[places]
    available = graph.available.clone()
    available[places] &= present[rows]
    nobody = torch.full_like(graph.emotion, torch.nan if graph.emotion.is_floating_point() else UNLABELLED)
    labels = nobody.clone()
    labels[places] = emotion[rows]
    both = copy.copy(graph)
    for modality, table in features.items():
        replaced = graph[modality].clone()
        replaced[places] = table[rows]
        both[modality] = torch.cat([graph[modality], replaced])
    both.available = torch.cat([graph.available, available])
    # nothing of the copy is hidden, so nothing of it is to be rebuilt
    both.present = torch.cat([graph.present, available])
    both.emotion = torch.cat([graph.emotion, nobody])
    both.support_emotion = torch.cat([nobody, labels])
    both.weight = torch.cat([graph.weight, torch.ones(count)])
    both.sequence = torch.arange(2).repeat_interleave(count)
    for name in ("speaker", "position"):
        both[name] = torch.cat([graph[name], graph[name]])
    edges, kinds = [graph.edge_index, graph.edge_index + count], [graph.edge_type, graph.edge_type]
    if relation is not None:
        edges.append(torch.stack([places + count, places]))
        kinds.append(torch.full_like(places, relation))
    both.edge_index, both.edge_type = torch.cat(edges, dim=1), torch.cat(kinds)
    both.num_nodes = 2 * count
    return both
