"""Evaluation of a model under missing-modality protocols."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace

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
        cause: probability that the turn ``k`` turns before causes the emotion, ``[N, W + 1]``, NaN where
            there is none; `None` for a model without a cause head.
        caused: predicted causes, bool ``[N, W + 1]``; `None` if `cause` is `None`.
        reliability: estimated probability that a modality is not damaged, ``[N, M]``; `None` for a model that
            does not estimate it.
    """

    output: Tensor
    change: Tensor | None = None
    changed: Tensor | None = None
    cause: Tensor | None = None
    caused: Tensor | None = None
    reliability: Tensor | None = None

    @property
    def _rows(self) -> dict[str, Tensor]:
        return {each.name: row for each in fields(self) if (row := getattr(self, each.name)) is not None}

    def split(self, lengths: list[int]) -> Iterator["BatchOutput"]:
        """Outputs of each dialogue of a batch."""
        rows = self._rows
        parts = zip(*(torch.split(row, lengths) for row in rows.values()), strict=True)
        return (BatchOutput(**dict(zip(rows, each, strict=True))) for each in parts)

    @classmethod
    def concatenate(cls, parts: Sequence["BatchOutput"]) -> "BatchOutput":
        """Concatenate the outputs of several dialogues."""
        return cls(**{name: torch.cat([part._rows[name] for part in parts]) for name in parts[0]._rows})


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
    estimated = {} if output.reliability is None else {"reliability": output.reliability.float().sigmoid()}
    if labels.is_score:
        return BatchOutput(
            **{name: row.cpu() for name, row in ({"output": output.logits.float()} | estimated).items()}
        )
    decision = model.decide(output, batch, batch.emotion != UNLABELLED)
    found = {"output": decision.probability, **estimated}
    if model.predicts_change:
        found |= {"change": decision.change, "changed": decision.changed}
    if model.cause_head is not None:
        cause = model.causes(output, batch)
        found |= {"cause": cause, "caused": cause >= model.calibration.cause_threshold}
    return BatchOutput(**{name: row.cpu() for name, row in found.items()})


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
        found = assemble(dataset, condition, output, available, labels)
        if found.reliability is not None:
            found = replace(found, damaged=dataset.damaged(protocol, seed))
        results[condition] = found
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
        cause=output.cause,
        caused=output.caused,
        reliability=output.reliability,
    )
