"""A model's predictions under missing-modality protocols."""

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
class Said:
    """What a model says of the turns of a dialogue.

    Attributes:
        output: probabilities ``[N, C]``, or scores ``[N, 1]``.
        change: the model's own probability of a change since the speaker's latest annotated turn, ``[N]``;
            `None` where it has only its emotions.
        changed: whether that is called a change, bool ``[N]``; `None` where `change` is.
    """

    output: Tensor
    change: Tensor | None = None
    changed: Tensor | None = None

    def split(self, lengths: list[int]) -> Iterator["Said"]:
        """The parts of a batch."""
        rows = [row for row in (self.output, self.change, self.changed) if row is not None]
        return (Said(*parts) for parts in zip(*(torch.split(row, lengths) for row in rows), strict=True))

    @classmethod
    def joined(cls, parts: Sequence["Said"]) -> "Said":
        """Several dialogues as one."""
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
) -> list[Said]:
    """What a model says of each graph, in the order of `graphs`.

    The model is put into evaluation mode and left in it. Of the annotations it learns only which turns have
    one, and only to know which pairs of turns are asked for. Several processes share the work, and each has
    all the results.

    Args:
        model: on `device`.
        graphs: what to predict; may show the same dialogue under several conditions.
        labels: decides between probabilities and a score.
        nodes: most utterances in a batch.
        device: where the batches go.
    """
    model.eval()
    found: dict[int, Said] = {}
    rank, count = rank_and_count()
    with torch.inference_mode():
        for chosen in bucketed(lengths_of(graphs), nodes)[rank::count]:
            batch = collated(graphs, chosen)
            said = _answer(model, batch.to(device), labels)
            found |= dict(zip(chosen, said.split(batch.ptr.diff().tolist()), strict=True))
    together = merged(found)
    return [together[position] for position in range(len(graphs))]


def _answer(model: EmotionModel, batch: DialogueGraph, labels: LabelSpace) -> Said:
    output = model(batch)
    if labels.is_score:
        return Said(output.logits.float().cpu())
    decision = model.decide(output, batch, batch.emotion != UNLABELLED)
    if not model.predicts_change:
        return Said(decision.probability.cpu())
    return Said(decision.probability.cpu(), decision.change.cpu(), decision.changed.cpu())


def evaluate(
    model: EmotionModel,
    part: GraphDataset,
    protocols: Mapping[str, MissingProtocol],
    labels: LabelSpace,
    *,
    seed: int,
    nodes: int,
    device: torch.device,
) -> dict[str, Predictions]:
    """Predictions under each protocol, all protocols stacked into shared batches.

    Args:
        model: on `device`.
        part: the dialogues.
        protocols: what is missing, by the name of the condition.
        labels: the label space.
        seed: of the masks.
        nodes: most utterances in a batch.
        device: where the batches go.
    """
    views = MaskedGraphs(part, tuple(protocols.values()), seed)
    said = outputs(model, views, labels, nodes=nodes, device=device)
    results = {}
    for number, (condition, protocol) in enumerate(protocols.items()):
        answer = Said.joined(said[number * len(part) : (number + 1) * len(part)])
        results[condition] = assemble(part, condition, answer, part.available(protocol, seed), labels)
    return results


def assemble(
    part: GraphDataset, condition: str, said: Said, available: Tensor, labels: LabelSpace
) -> Predictions:
    """What was said of all dialogues of a part as `Predictions`."""
    lengths = torch.tensor(part.lengths)
    return Predictions(
        condition=condition,
        dialogue_ids=tuple(dialogue.id for dialogue in part.dialogues),
        dialogue=torch.arange(len(part)).repeat_interleave(lengths),
        utterance_ids=tuple(name for dialogue in part.dialogues for name in dialogue.utterance_ids),
        target=torch.cat([labels.encode(dialogue.emotion) for dialogue in part.dialogues]),
        output=said.output,
        available=available,
        speaker=torch.cat([dialogue.speaker for dialogue in part.dialogues]),
        change=said.change,
        changed=said.changed,
    )
