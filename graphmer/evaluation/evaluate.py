"""A model's predictions under missing-modality protocols."""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from graphmer.dialogue import LabelSpace
from graphmer.dialogue.missing import MissingProtocol
from graphmer.evaluation.predictions import Predictions
from graphmer.graph.dialogue_graph import DialogueGraph
from graphmer.graph.part import GraphPart, Views, bucketed, collated, lengths_of
from graphmer.nn.model import EmotionModel
from graphmer.processes import merged, rank_and_count


def outputs(
    model: EmotionModel,
    graphs: Sequence[DialogueGraph],
    labels: LabelSpace,
    *,
    nodes: int,
    device: torch.device,
) -> list[Tensor]:
    """Probabilities ``[N_i, C]``, or scores ``[N_i, 1]``, of each graph, in the order of `graphs`.

    The model is put into evaluation mode and left in it. Several processes share the work, and each has all
    the results.

    Args:
        model: on `device`.
        graphs: what to predict; may show the same dialogue under several conditions.
        labels: decides between probabilities and a score.
        nodes: most utterances in a batch.
        device: where the batches go.
    """
    model.eval()
    found: dict[int, Tensor] = {}
    rank, count = rank_and_count()
    with torch.inference_mode():
        for chosen in bucketed(lengths_of(graphs), nodes)[rank::count]:
            moved = collated(graphs, chosen).to(device)
            output = model(moved)
            said = output.emotion_logits if labels.is_score else model.probabilities(output, moved)
            said = said.float().cpu()
            found |= dict(zip(chosen, said.split(moved.ptr.diff().tolist()), strict=True))
    together = merged(found)
    return [together[position] for position in range(len(graphs))]


def evaluate(
    model: EmotionModel,
    part: GraphPart,
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
    views = Views(part, tuple(protocols.values()), seed)
    said = outputs(model, views, labels, nodes=nodes, device=device)
    results = {}
    for number, (condition, protocol) in enumerate(protocols.items()):
        output = torch.cat(said[number * len(part) : (number + 1) * len(part)])
        results[condition] = assemble(part, condition, output, part.available(protocol, seed), labels)
    return results


def assemble(
    part: GraphPart, condition: str, output: Tensor, available: Tensor, labels: LabelSpace
) -> Predictions:
    """Outputs ``[N, C]`` over all dialogues of a part as `Predictions`."""
    lengths = torch.tensor(part.lengths)
    return Predictions(
        condition=condition,
        dialogue_ids=tuple(dialogue.id for dialogue in part.dialogues),
        dialogue=torch.arange(len(part)).repeat_interleave(lengths),
        utterance_ids=tuple(name for dialogue in part.dialogues for name in dialogue.utterance_ids),
        target=torch.cat([labels.encode(dialogue.emotion) for dialogue in part.dialogues]),
        output=output,
        available=available,
        speaker=torch.cat([dialogue.speaker for dialogue in part.dialogues]),
    )
