"""Training utterances that a model hears beside the turns of a new dialogue."""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from graphmer.dialogue import Dialogue
from graphmer.graph import DialogueGraph
from graphmer.retrieval.index import RetrievalIndex
from graphmer.retrieval.store import Metric
from graphmer.retrieval.table import NeighbourTable, select_supports
from graphmer.typing import Available


class RetrievalMemory:
    """The annotated utterances of a training part, and the nearest of them beside each turn that is read.

    Beside a dialogue stands a copy of it in which each turn has given its place to the training utterance
    most like it in what may be seen of the turn; the turn hears that one. It is what a model that was trained
    with supports in its graph met in training. The annotations of the training utterances are not kept.

    Differences from training: always the nearest support instead of one drawn from the nearest, whatever the
    hardness, which is not known of new turns; and the features are compared as the model reads them.

    Args:
        features: as the model reads them, by modality.
        present: which modalities each utterance has.
        dialogues: ids of the dialogues; none of a dialogue's own utterances stands beside it.
        dialogue: place of each utterance's dialogue in these.
        metric: by modality.
        neighbours: utterances of each modality among which the nearest is chosen.
        relation: number of the relation by which a turn hears its support.

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
        self._index = RetrievalIndex(widths, self.metric, fingerprint="")  # it is never saved
        keys = [(self.dialogues[place], str(row)) for row, place in enumerate(dialogue.tolist())]
        self._index.add_rows(keys, self.features, present)
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
        """The bank of a training part, as the model reads it.

        Raises:
            ValueError: if no utterance has an annotation.
        """
        kept = [torch.tensor([emotion is not None for emotion in d.emotion]) for d in train]
        used = [(d, rows) for d, rows in zip(train, kept, strict=True) if bool(rows.any())]
        if not used:
            raise ValueError("A support bank needs annotated training utterances; there are none.")
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
        """Itself: it never changes, and copies of a model may share it."""
        return self

    def supports(self, graph: DialogueGraph) -> Tensor:
        """The nearest training utterance of each turn: its row, -1 for a turn of which nothing may be seen.

        Shapes:
            returns long ``[N]``.
        """
        available = graph.available.cpu()
        features = {m: graph[m].detach().float().cpu() for m in self.features}
        ids = graph.dialogue_id if isinstance(graph.dialogue_id, list) else [graph.dialogue_id]
        numbers = torch.zeros(len(available)).long() if graph.get("batch") is None else graph.batch.cpu()
        own = [ids[number] for number in numbers.tolist()]
        found = self._index.nearest_to(features, available, own, self.neighbours)
        table = NeighbourTable((), tuple(self.features), *found, self._scale)
        return select_supports(table, available, torch.ones(len(available)), self.neighbours).rows[:, 0]

    def __call__(self, graph: DialogueGraph) -> DialogueGraph:
        """A batch, or a graph on its own, with copies behind it that hold the supports.

        Shapes:
            the first ``N`` of the ``2 N`` nodes are those of the graph.
        """
        count, device = graph.num_nodes, graph.available.device
        rows = self.supports(graph).to(device)
        there = (rows >= 0).nonzero()[:, 0]
        batch = torch.zeros_like(graph.speaker) if graph.get("batch") is None else graph.batch
        present = self.present.to(device)[rows] & (rows >= 0)[:, None]
        both = DialogueGraph(
            available=torch.cat([graph.available, graph.available & present]),
            edge_index=torch.cat(
                [graph.edge_index, graph.edge_index + count, torch.stack([there + count, there])], dim=1
            ),
            edge_type=torch.cat(
                [graph.edge_type, graph.edge_type, torch.full_like(there, self.relation)]
            ),
            speaker=graph.speaker.repeat(2),
            position=graph.position.repeat(2),
            batch=torch.cat([batch, batch + batch[-1:] + 1]),
            num_nodes=2 * count,
        )  # fmt: skip
        for modality, stored in self.features.items():
            both[modality] = torch.cat([graph[modality], stored.to(device)[rows]])
        return both

    def to_json(self) -> dict[str, Any]:
        """All but `tensors`, as plain values."""
        return {
            "dialogues": list(self.dialogues),
            "metric": self.metric,
            "neighbours": self.neighbours,
            "relation": self.relation,
        }

    def tensors(self) -> dict[str, Tensor]:
        """Features and what belongs to them, by name."""
        rows = {"present": self.present, "dialogue": self.dialogue}
        return rows | {f"features/{modality}": stored for modality, stored in self.features.items()}

    @classmethod
    def restored(cls, values: Mapping[str, Any], tensors: Mapping[str, Tensor]) -> "RetrievalMemory":
        """The inverse of `to_json` and `tensors`.

        Raises:
            KeyError: if something is missing.
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
