"""Temperatures and the threshold of a change, fitted on the validation part after the epoch was selected."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import torch
from scipy.optimize import minimize_scalar
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy, nll_loss

from graphmer.graph import DialogueGraph
from graphmer.graph.dataset import batches
from graphmer.nn.calibration import Calibration
from graphmer.nn.model import EmotionModel
from graphmer.nn.output import ModelOutput, dialogue_numbers
from graphmer.training.objective import ChangePairs
from graphmer.typing import UNLABELLED

_TEMPERATURES = (0.1, 10.0)  # a part that is answered without a mistake would ask for 0


@dataclass(frozen=True, eq=False)
class _Heard:
    """A batch, without its features, with what an uncalibrated model said of it."""

    graph: DialogueGraph
    output: ModelOutput

    @classmethod
    def of(cls, model: EmotionModel, graph: DialogueGraph) -> "_Heard":
        output = model(graph)
        for modality in model.modalities:  # of all conditions together they may be larger than memory
            del graph[modality]
        return cls(graph, output)


def fit_calibration(
    model: EmotionModel, graphs: Sequence[DialogueGraph], *, nodes: int, device: torch.device
) -> Calibration:
    """The calibration that suits a trained model of classes best.

    Temperatures minimise the negative log-likelihood of the annotations (Guo et al. 2017, section 4.2): of
    the emotions, as the softmax or the decoder's marginals have them, and of the change head. The threshold
    is the probability of a change with the highest MCC between prediction and annotation.

    Differences from the paper: a decoder's scores are divided as a whole, not its inputs.

    Args:
        model: on `device`, not calibrated yet; is put into evaluation mode and left in it.
        graphs: the validation part as all conditions show it; one number of each kind serves them all.
        nodes: most utterances in a batch.
        device: where the batches go.
    """
    model.eval()
    with torch.no_grad():
        heard = [_Heard.of(model, batch.to(device)) for _, batch in batches(graphs, nodes)]
        found = Calibration(emotion=_best_temperature(lambda heat: _emotion_loss(model, heard, heat)))
        if model.change_head is not None:
            said, truth = _change_logits(model, heard)
            found = replace(found, change=_best_temperature(lambda heat: _change_loss(said, truth, heat)))
        model.calibrate(found)
        if model.knows_change:
            found = replace(found, threshold=_best_threshold(model, heard))
        model.calibrate(found)
    return found


def _best_temperature(loss: Callable[[float], float]) -> float:
    low, high = map(math.log, _TEMPERATURES)
    found = minimize_scalar(
        lambda power: loss(math.exp(power)), bounds=(low, high), method="bounded", options={"xatol": 1e-3}
    )
    return math.exp(found.x)


def _emotion_loss(model: EmotionModel, heard: Sequence[_Heard], temperature: float) -> float:
    """Sum of the negative log-likelihoods of the annotated emotions."""
    total = 0.0
    for each in heard:
        logits, target = each.output.emotion_logits.float(), each.graph.emotion
        if model.decoder is None:
            loss = cross_entropy(logits / temperature, target, ignore_index=UNLABELLED, reduction="sum")
        else:
            model.decoder.temperature = temperature
            chain = model.decoder(logits, each.graph.speaker, dialogue_numbers(each.graph))
            loss = nll_loss(chain.marginal, target, ignore_index=UNLABELLED, reduction="sum")
        total += float(loss)
    return total


def _change_logits(model: EmotionModel, heard: Sequence[_Heard]) -> tuple[Tensor, Tensor]:
    said, truth = [], []
    for each in heard:
        pairs = ChangePairs.of(each.graph)
        said.append(model.change_logits(each.output, pairs.previous)[pairs.eligible].float())
        truth.append(pairs.changed.float())
    return torch.cat(said), torch.cat(truth)


def _change_loss(said: Tensor, truth: Tensor, temperature: float) -> float:
    return float(binary_cross_entropy_with_logits(said / temperature, truth, reduction="sum"))


def _best_threshold(model: EmotionModel, heard: Sequence[_Heard]) -> float:
    """The midpoint between two probabilities that parts changes from the rest with the highest MCC."""
    said, truth = [], []
    for each in heard:
        pairs, annotated = ChangePairs.of(each.graph), each.graph.emotion != UNLABELLED
        said.append(model.decide(each.output, each.graph, annotated).change[pairs.eligible])
        truth.append(pairs.changed)
    probability, order = torch.cat(said).double().sort(descending=True)
    change = torch.cat(truth)[order].double()
    if not 0 < change.sum() < len(change):
        return Calibration.threshold  # nothing can be told apart
    count = torch.arange(1, len(change), device=change.device)
    hit, shifts, total = change.cumsum(0)[:-1], change.sum(), len(change)
    covariance = hit * total - count * shifts
    mcc = covariance / (count * (total - count) * shifts * (total - shifts)).sqrt()
    # only between different probabilities
    mcc = mcc.where(probability[:-1] > probability[1:], -1.0)
    best = int(mcc.argmax())
    return float(probability[best] + probability[best + 1]) / 2
