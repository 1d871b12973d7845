"""Temperature scaling and the threshold of a change, fitted on the validation part after selection."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from scipy.optimize import minimize_scalar
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy, nll_loss

from graphmer.evaluation.metrics import classification
from graphmer.graph import DialogueGraph
from graphmer.graph.dataset import batches
from graphmer.nn.calibration import Calibration
from graphmer.nn.model import EmotionModel
from graphmer.nn.network import NetworkOutput
from graphmer.systems.objectives import ChangePairs
from graphmer.typing import UNLABELLED

_STRENGTHS = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6)
"""Of the logit adjustment."""
_TEMPERATURES = (0.1, 10.0)  # without a single mistake the best temperature would be 0


@dataclass(frozen=True, eq=False)
class _CalibrationBatch:
    """A batch without its features, with the output of the uncalibrated network."""

    graph: DialogueGraph
    output: NetworkOutput

    @classmethod
    def of(cls, model: EmotionModel, graph: DialogueGraph) -> "_CalibrationBatch":
        output = model(graph)
        for modality in model.modalities:  # all conditions together may be larger than memory
            del graph[modality]
        return cls(graph, output)


def fit_calibration(
    model: EmotionModel,
    graphs: Sequence[DialogueGraph],
    *,
    nodes: int,
    device: torch.device,
    frequency: Tensor | None = None,
) -> Calibration:
    """Calibration of a trained model of classes.

    Temperatures minimise the negative log-likelihood of the annotations (Guo et al. 2017, section 4.2): of
    the emotions, as the softmax or the decoder's marginals have them, and of the change head. The threshold
    is the probability of a change with the highest MCC between prediction and annotation.

    With the frequencies of the classes, the logits are adjusted first: ``-t log frequency`` is added, so that
    rare classes are recognised more often (Menon et al. 2021, eq. 9). The strength ``t`` is the one with the
    highest sum of weighted F1, counted twice, and accuracy.

    Differences from the papers: a decoder's scores are divided as a whole, not its inputs; ``t`` is 0 to 0.6,
    for weighted F1, while 1 would be right for the balanced accuracy.

    Args:
        model: on `device`, not calibrated yet; is put into evaluation mode and left in it.
        graphs: the validation part under all conditions, which share one calibration.
        nodes: most utterances in a batch.
        device: where the batches go.
        frequency: of the classes in the training part, ``[C]``; ``None`` adjusts nothing.
    """
    model.eval()
    with torch.no_grad():
        parts = [_CalibrationBatch.of(model, batch.to(device)) for _, batch in batches(graphs, nodes)]
        values: dict[str, Any] = {}
        if frequency is not None:
            values["bias"] = _best_bias(model, parts, frequency)
            model.calibrate(Calibration(**values))
        values["emotion"] = _best_temperature(lambda t: _emotion_loss(model, parts, t))
        if model.change_head is not None:
            logits, changed = _change_logits(model, parts)
            values["change"] = _best_temperature(lambda t: _change_loss(logits, changed, t))
        model.calibrate(Calibration(**values))
        if model.predicts_change:
            values["threshold"] = _best_threshold(model, parts)
            model.calibrate(Calibration(**values))
    return model.calibration


def _best_temperature(loss: Callable[[float], float]) -> float:
    low, high = map(math.log, _TEMPERATURES)
    found = minimize_scalar(
        lambda power: loss(math.exp(power)), bounds=(low, high), method="bounded", options={"xatol": 1e-3}
    )
    return math.exp(found.x)


def _best_bias(
    model: EmotionModel, parts: Sequence[_CalibrationBatch], frequency: Tensor
) -> tuple[float, ...]:
    """Bias of the best strength: weighted F1 counts twice, accuracy once; the smaller one wins a tie."""
    log = frequency.clamp_min(1e-4).log()
    candidates = [tuple((-strength * (log - log.max())).tolist()) for strength in _STRENGTHS]
    merits = []
    for bias in candidates:
        model.calibrate(Calibration(bias=bias))
        predicted = torch.cat([model.probabilities(each.output, each.graph).argmax(1) for each in parts])
        target = torch.cat([each.graph.emotion for each in parts])
        keep = target != UNLABELLED
        found = classification(target[keep].cpu(), predicted[keep].cpu(), len(log))
        merits.append(2 * found["weighted_f1"] + found["wa"])
    return candidates[max(range(len(merits)), key=merits.__getitem__)]


def _emotion_loss(model: EmotionModel, parts: Sequence[_CalibrationBatch], temperature: float) -> float:
    """Sum of the negative log-likelihoods of the annotated emotions."""
    total = 0.0
    for each in parts:
        logits, target = model.adjusted(each.output, each.graph), each.graph.emotion
        if model.decoder is None:
            loss = cross_entropy(logits / temperature, target, ignore_index=UNLABELLED, reduction="sum")
        else:
            model.decoder.temperature = temperature
            chain = model.decoder(logits, each.graph.speaker, each.graph.dialogue)
            loss = nll_loss(chain.marginal, target, ignore_index=UNLABELLED, reduction="sum")
        total += float(loss)
    return total


def _change_logits(model: EmotionModel, parts: Sequence[_CalibrationBatch]) -> tuple[Tensor, Tensor]:
    logits, changed = [], []
    for each in parts:
        pairs = ChangePairs.of(each.graph)
        logits.append(model.change_logits(each.output, pairs.previous)[pairs.eligible].float())
        changed.append(pairs.changed.float())
    return torch.cat(logits), torch.cat(changed)


def _change_loss(logits: Tensor, changed: Tensor, temperature: float) -> float:
    return float(binary_cross_entropy_with_logits(logits / temperature, changed, reduction="sum"))


def _best_threshold(model: EmotionModel, parts: Sequence[_CalibrationBatch]) -> float:
    """Midpoint between two probabilities that separates changes with the highest MCC."""
    predicted, changed = [], []
    for each in parts:
        pairs, annotated = ChangePairs.of(each.graph), each.graph.emotion != UNLABELLED
        predicted.append(model.decide(each.output, each.graph, annotated).change[pairs.eligible])
        changed.append(pairs.changed)
    probability, order = torch.cat(predicted).double().sort(descending=True)
    change = torch.cat(changed)[order].double()
    if not 0 < change.sum() < len(change):
        return Calibration().threshold  # only one class of pairs
    count = torch.arange(1, len(change), device=change.device)
    hit, shifts, total = change.cumsum(0)[:-1], change.sum(), len(change)
    covariance = hit * total - count * shifts
    mcc = covariance / (count * (total - count) * shifts * (total - shifts)).sqrt()
    # only between different probabilities
    mcc = mcc.where(probability[:-1] > probability[1:], -1.0)
    best = int(mcc.argmax())
    return float(probability[best] + probability[best + 1]) / 2
