"""Evaluation of a model under missing-modality protocols."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from graphmer.dialogue import LabelSpace
from graphmer.dialogue.missing import MissingProtocol
from graphmer.evaluation.predictions import Predictions
from graphmer.graph.dataset import GraphDataset, MaskedGraphs, bucketed, collated, lengths_of
from graphmer.graph.dialogue_graph import DialogueGraph
from graphmer.nn.model import EmotionModel
from graphmer.processes import merged, rank_and_count
from graphmer.typing import UNLABELLED


@dataclass(frozen=True, eq=False)
class BatchOutput:
    """Outputs of a model for the turns of a dialogue or a batch of dialogues.

    Attributes:
        output: class probabilities ``[N, C]``, or scores ``[N, 1]``.
        change: directly predicted probability of a change since the speaker's latest labelled turn, ``[N]``;
            `None` if the model does not predict changes directly.
        changed: directly predicted change, bool ``[N]``; `None` if `change` is `None`.
    """

    output: Tensor
    change: Tensor | None = None
    changed: Tensor | None = None

    def split(self, lengths: list[int]) -> Iterator["BatchOutput"]:
        """Outputs of each dialogue of a batch."""
        rows = [row for row in (self.output, self.change, self.changed) if row is not None]
        return (
            BatchOutput(*parts) for parts in zip(*(torch.split(row, lengths) for row in rows), strict=True)
        )

    @classmethod
    def concatenate(cls, parts: Sequence["BatchOutput"]) -> "BatchOutput":
        """Concatenate the outputs of several dialogues."""
        change = [part.change for part in parts if part.change is not None]
        changed = [part.changed for part in parts if part.changed is not None]
        output = torch.cat([part.output for part in parts])
        return cls(output, torch.cat(change), torch.cat(changed)) if change else cls(output)


def outputs(
    model: EmotionModel,
    graphs: Sequence[DialogueGraph],
    labels: LabelSpace,
    *,
    nodes: int,
    device: torch.device,
) -> list[BatchOutput]:
    """Outputs of a model for each graph, in the order of `graphs`.

    The model is switched to evaluation mode. Annotations are used only as a mask of the labelled turns, which
    defines the pairs of turns for change prediction. Several processes share the work, and each returns all
    outputs.

    Args:
        model: model on `device`.
        graphs: graphs to predict; the same dialogue may occur under several conditions.
        labels: label space; decides between probabilities and scores.
        nodes: maximum number of utterances per batch.
        device: device of the batches.
    """
    model.eval()
    found: dict[int, BatchOutput] = {}
    rank, count = rank_and_count()
    with torch.inference_mode():
        for chosen in bucketed(lengths_of(graphs), nodes)[rank::count]:
            batch = collated(graphs, chosen)
            output = _predict(model, batch.to(device), labels)
            found |= dict(zip(chosen, output.split(batch.ptr.diff().tolist()), strict=True))
    gathered = merged(found)
    return [gathered[position] for position in range(len(graphs))]


def _predict(model: EmotionModel, batch: DialogueGraph, labels: LabelSpace) -> BatchOutput:
    output = model(batch)
    if labels.is_score:
        return BatchOutput(output.logits.float().cpu())
    decision = model.decide(output, batch, batch.emotion != UNLABELLED)
    if not model.predicts_change:
        return BatchOutput(decision.probability.cpu())
    return BatchOutput(decision.probability.cpu(), decision.change.cpu(), decision.changed.cpu())


def evaluate(
    model: EmotionModel,
    dataset: GraphDataset,
    protocols: Mapping[str, MissingProtocol],
    labels: LabelSpace,
    *,
    seed: int,
    nodes: int,
    device: torch.device,
) -> dict[str, Predictions]:
    """Predictions under each protocol; batches combine dialogues of all protocols.

    Args:
        model: model on `device`.
        dataset: dialogues to predict.
        protocols: missing-modality protocols by the name of their condition.
        labels: label space.
        seed: seed of the masks.
        nodes: maximum number of utterances per batch.
        device: device of the batches.
    """
    views = MaskedGraphs(dataset, tuple(protocols.values()), seed)
    predicted = outputs(model, views, labels, nodes=nodes, device=device)
    results = {}
    for number, (condition, protocol) in enumerate(protocols.items()):
        output = BatchOutput.concatenate(predicted[number * len(dataset) : (number + 1) * len(dataset)])
        available = dataset.available(protocol, seed)
        results[condition] = assemble(dataset, condition, output, available, labels)
    return results


def assemble(
    dataset: GraphDataset, condition: str, output: BatchOutput, available: Tensor, labels: LabelSpace
) -> Predictions:
    """`Predictions` from the concatenated outputs of all dialogues of a dataset."""
    lengths = torch.tensor(dataset.lengths)
    return Predictions(
        condition=condition,
        dialogue_ids=tuple(dialogue.id for dialogue in dataset.dialogues),
        dialogue=torch.arange(len(dataset)).repeat_interleave(lengths),
        utterance_ids=tuple(name for dialogue in dataset.dialogues for name in dialogue.utterance_ids),
        target=torch.cat([labels.encode(dialogue.emotion) for dialogue in dataset.dialogues]),
        output=output.output,
        available=available,
        speaker=torch.cat([dialogue.speaker for dialogue in dataset.dialogues]),
        change=output.change,
        changed=output.changed,
    )
