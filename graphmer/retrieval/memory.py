"""Retrieval memory: annotated training utterances that a model reads with each turn."""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from graphmer.dialogue import Dialogue
from graphmer.graph import DialogueGraph
from graphmer.retrieval.feature_index import FeatureIndex
from graphmer.retrieval.store import Metric
from graphmer.retrieval.table import NeighbourTable, select_supports
from graphmer.typing import Available


class RetrievalMemory:
    """Retrieval memory of the annotated training utterances.

    Called on a graph, it appends a copy of the dialogue. In the copy each turn is replaced by its support,
    the nearest training utterance by the available modalities of the turn. An edge leads from the support to
    the turn. A model that was trained with supports in its graph met the same structure in training. The
    annotations of the training utterances are not stored.

    **Differences from training**: a turn always has its nearest support, whatever its hardness, because the
    hardness of new turns is unknown; training samples one of several supports. Features are compared as the
    model reads them.

    Args:
        features: features of the training utterances as the model reads them, by modality.
        present: available modalities of each training utterance.
        dialogues: ids of the training dialogues; a turn gets no support from its own dialogue.
        dialogue: index into `dialogues` of each training utterance.
        metric: metric by modality.
        neighbours: neighbours per modality among which the support is selected.
        relation: number of the relation from a support to its turn.

    Shapes:
        features ``{m: [R, D_m]}``; present ``[R, M]``; dialogue long ``[R]``.
    """

    def __init__(
        self,
        features: Mapping[str, Tensor],
        present: Available,
        dialogues: Sequence[str],
        dialogue: Tensor,
        *,
        metric: Mapping[str, Metric],
        neighbours: int,
        relation: int,
    ) -> None:
        self.features, self.present = dict(features), present
        self.dialogues, self.dialogue = tuple(dialogues), dialogue
        self.metric, self.neighbours, self.relation = dict(metric), neighbours, relation
        widths = {modality: stored.shape[1] for modality, stored in self.features.items()}
        self._index = FeatureIndex(widths, self.metric)
        keys = [(self.dialogues[number], str(row)) for row, number in enumerate(dialogue.tolist())]
        self._index.add(keys, self.features, present)
        self._scale = self._index.table(neighbours).scale

    @classmethod
    def of(
        cls,
        train: Sequence[Dialogue],
        metric: Metric | Mapping[str, Metric],
        *,
        neighbours: int,
        relation: int,
    ) -> "RetrievalMemory":
        """Memory of the annotated utterances of a training part.

        Args:
            train: training dialogues as the model reads them.
            metric: metric for all modalities or by modality.
            neighbours: neighbours per modality among which the support is selected.
            relation: number of the relation from a support to its turn.

        Raises:
            ValueError: if no utterance has an annotation.
        """
        kept = [torch.tensor([emotion is not None for emotion in d.emotion]) for d in train]
        used = [(d, rows) for d, rows in zip(train, kept, strict=True) if bool(rows.any())]
        if not used:
            raise ValueError("A retrieval memory needs annotated training utterances; there are none.")
        modalities = train[0].modalities
        counts = torch.tensor([int(rows.sum()) for _, rows in used])
        return cls(
            {m: torch.cat([d.features[m][rows] for d, rows in used]) for m in modalities},
            torch.cat([d.available[rows] for d, rows in used]),
            [d.id for d, _ in used],
            torch.arange(len(used)).repeat_interleave(counts),
            metric=dict.fromkeys(modalities, metric) if isinstance(metric, str) else metric,
            neighbours=neighbours,
            relation=relation,
        )

    def __deepcopy__(self, memo: dict[int, Any]) -> "RetrievalMemory":
        """The memory itself: it is never modified, so copies of a model may share it."""
        return self

    def supports(self, graph: DialogueGraph) -> Tensor:
        """Row of the nearest training utterance of each turn; -1 for a turn without available modalities.

        Shapes:
            returns long ``[N]``.
        """
        available = graph.available.cpu()
        features = {m: graph[m].detach().float().cpu() for m in self.features}
        ids = graph.dialogue_id if isinstance(graph.dialogue_id, list) else [graph.dialogue_id]
        numbers = torch.zeros(len(available)).long() if graph.get("batch") is None else graph.batch.cpu()
        own = [ids[number] for number in numbers.tolist()]
        found = self._index.search(features, available, own, self.neighbours)
        table = NeighbourTable((), tuple(self.features), *found, self._scale)
        return select_supports(table, available, torch.ones(len(available)), self.neighbours).rows[:, 0]

    def __call__(self, graph: DialogueGraph) -> DialogueGraph:
        """The graph or batch with copies of its dialogues appended that hold the supports.

        Shapes:
            returns a graph of ``2 N`` nodes; the first ``N`` are those of the input graph.
        """
        count, device = graph.num_nodes, graph.available.device
        rows = self.supports(graph).to(device)
        supported = (rows >= 0).nonzero()[:, 0]
        batch = torch.zeros_like(graph.speaker) if graph.get("batch") is None else graph.batch
        present = self.present.to(device)[rows] & (rows >= 0)[:, None]
        extended = DialogueGraph(
            available=torch.cat([graph.available, graph.available & present]),
            edge_index=torch.cat([
                graph.edge_index, graph.edge_index + count, torch.stack([supported + count, supported])
            ], dim=1),
            edge_type=torch.cat(
                [graph.edge_type, graph.edge_type, torch.full_like(supported, self.relation)]
            ),
            speaker=graph.speaker.repeat(2),
            position=graph.position.repeat(2),
            batch=torch.cat([batch, batch + batch[-1:] + 1]),
            num_nodes=2 * count,
        )  # fmt: skip
        for modality, stored in self.features.items():
            extended[modality] = torch.cat([graph[modality], stored.to(device)[rows]])
        return extended

    def to_json(self) -> dict[str, Any]:
        """Everything but the `tensors` as JSON values."""
        return {
            "dialogues": list(self.dialogues),
            "metric": self.metric,
            "neighbours": self.neighbours,
            "relation": self.relation,
        }

    def tensors(self) -> dict[str, Tensor]:
        """Features, available modalities and dialogue numbers as tensors by name."""
        rows = {"present": self.present, "dialogue": self.dialogue}
        return rows | {f"features/{modality}": stored for modality, stored in self.features.items()}

    @classmethod
    def restored(cls, values: Mapping[str, Any], tensors: Mapping[str, Tensor]) -> "RetrievalMemory":
        """Memory from the outputs of `to_json` and `tensors`.

        Raises:
            KeyError: if an entry is missing.
        """
        metric = values["metric"]
        return cls(
            {modality: tensors[f"features/{modality}"] for modality in metric},
            tensors["present"],
            values["dialogues"],
            tensors["dialogue"],
            metric=metric,
            neighbours=values["neighbours"],
            relation=values["relation"],
        )
