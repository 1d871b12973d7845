"""CPM-Nets: cross partial multi-view networks (NeurIPS 2019)."""

import logging
from collections.abc import Sequence
from copy import deepcopy
from itertools import combinations
from typing import Annotated, Literal

import torch
from pydantic import Field
from torch import Tensor, nn

from graphmer.dialogue import Dialogue, LabelSpace
from graphmer.graph import DialogueGraph
from graphmer.nn.latent_fit import LatentFit
from graphmer.nn.network import Network, NetworkOutput, NetworkSettings, Signature
from graphmer.settings import Positive, Width
from graphmer.systems.system import System

logger = logging.getLogger(__name__)

_NEVER = -1e9
"""Similarity to a class without a training example."""
_RIDGE = 1e-3
"""L2 penalty of the least squares of decoders and scores, per utterance."""


class CpmNetsSettings(NetworkSettings):
    """Settings of CPM-Nets."""

    system: Literal["cpm_nets"] = "cpm_nets"
    """Name of the system."""
    width: Width = 128
    """Size ``K`` of the latent codes. The released scripts search 128 to 512."""
    similarity: Annotated[float, Field(ge=0)] = 10.0
    """Weight of the loss of the similarities (of the scores) in the codes of training utterances."""
    epochs: Positive = 30
    """Rounds of fitting decoders and codes in turn; the best one on validation is kept."""
    code_steps: Positive = 5
    """Gradient steps (Adam) on the training codes in a round."""
    learning_rate: Annotated[float, Field(gt=0)] = 0.01
    """Learning rate of these steps."""
    fit_steps: Positive = 50
    """Gradient steps that fit the code of a new utterance. At 2000 the error has converged, but a code fitted
    to few features is then less like those of its class: validation on IEMOCAP falls by four points."""
    fit_step_size: Annotated[float, Field(gt=0, le=1)] = 1.0
    """Their size, as a share of the largest one that does not overshoot."""


class CpmNetsNetwork(Network):
    """Cross partial multi-view networks (Zhang et al., NeurIPS 2019; TPAMI 2020).

    Each utterance has a code ``h``, the one from which linear decoders reproduce what is available of it
    (`LatentFit`). Its class is that of the training codes it is most similar to,
    ``S_c = mean_{j: y_j = c} h . h_j``; these similarities are the logits, and the codes the states.
    What is missing takes no part, so any pattern is read without training for it.

    Training minimises ``sum_n sum_m r_nm ||f_m(h_n) - x_nm||^2 + w sum_n hinge_n`` over decoders and codes in
    turn (`hinge`). A class without training examples is never predicted; where nothing is available all
    similarities are zero.

    Differences from the released code:
        - the decoders of a round are the least-squares ones instead of five steps towards them, and the code
          of a new utterance is found by gradient descent from zero in closed form, not by Adam from noise, so
          that it is the same in every batch;
        - training codes start at the principal components of the features, not at noise;
        - rounds are selected on validation; the released code reports the test score of the last one;
        - a class with a single example does not divide by zero;
        - a score is a ridge regression on the codes, refitted every round, with its squared error in place of
          the hinge (the original has classes only);
        - the adversarial term of the journal version is left out.

    Args:
        settings: of the network.
        signature: inputs and outputs.
    """

    total: Tensor
    count: Tensor
    weight: Tensor
    bias: Tensor

    def __init__(self, settings: CpmNetsSettings, signature: Signature) -> None:
        super().__init__(settings, signature)
        self.width = settings.width
        self.latent = LatentFit(signature.widths, settings.width)
        self._steps, self._step_size = settings.fit_steps, settings.fit_step_size
        if signature.outputs > 1:
            self.register_buffer("total", torch.zeros(signature.outputs, settings.width))
            self.register_buffer("count", torch.zeros(signature.outputs))
        else:
            self.register_buffer("weight", torch.zeros(settings.width))
            self.register_buffer("bias", torch.zeros(1))

    def forward(self, graph: DialogueGraph) -> NetworkOutput:
        features = self.filled(graph)
        code = self.latent.fit(features, graph.available, self._steps, self._step_size)
        return NetworkOutput(self.classify(code), code, self.latent(code))

    def classify(self, code: Tensor) -> Tensor:
        """Mean similarity to the training codes of each class ``[N, C]``, or the score ``[N, 1]``."""
        if self.signature.outputs == 1:
            return (code @ self.weight + self.bias)[:, None]
        similarity = code @ (self.total / self.count.clamp_min(1)[:, None]).T
        return similarity.where(self.count > 0, _NEVER)


def hinge(code: Tensor, target: Tensor, classes: int) -> Tensor:
    """``max(0, 1[y != y'] + max_c S_c - S_y)`` of each utterance, ``y'`` being the most similar class.

    ``S_c`` is the mean similarity to the other utterances of class ``c``, zero if there are none but itself;
    a class without any is left out.

    Shapes:
        code ``[N, K]``; target long ``[N]``; returns ``[N]``.
    """
    member = torch.nn.functional.one_hot(target, classes).to(code.dtype)
    count = member.sum(dim=0)
    own = member * code.square().sum(dim=1, keepdim=True)
    similarity = (code @ (member.T @ code).T - own) / (count - member).clamp_min(1)
    best, predicted = similarity.where(count > 0, -torch.inf).max(dim=1)
    chosen = similarity.gather(1, target[:, None])[:, 0]
    return (best - chosen + (predicted != target)).clamp_min(0)


class _Utterances:
    """Utterances of a part without their dialogues: features (zero where missing), availability, labels."""

    def __init__(
        self, dialogues: Sequence[Dialogue], modalities: tuple[str, ...], labels: LabelSpace
    ) -> None:
        self.available = torch.cat([d.available for d in dialogues])
        self.features = {
            m: torch.cat([d.features[m] for d in dialogues]).where(self.available[:, column, None], 0.0)
            for column, m in enumerate(modalities)
        }
        target = torch.cat([labels.encode(d.emotion) for d in dialogues])
        self.labelled = labels.labelled(target)
        self.target = target[self.labelled]


@torch.no_grad()
def _solve_decoders(latent: LatentFit, code: Tensor, part: _Utterances) -> None:
    """Least-squares decoders of the codes, with a little L2 on their weights."""
    for column, (modality, decoder) in enumerate(latent.decoders.items()):
        assert isinstance(decoder, nn.Linear)
        rows = part.available[:, column]
        if rows.any():
            solution, bias = _ridge(code[rows], part.features[modality][rows])
            decoder.weight.copy_(solution.T)
            decoder.bias.copy_(bias)


def _ridge(inputs: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
    """Weights ``[K, D]`` and bias ``[D]`` of the ridge regression of the targets."""
    inputs_mean, targets_mean = inputs.mean(dim=0), targets.mean(dim=0)
    centred = inputs - inputs_mean
    scale = centred.square().mean().clamp_min(1e-12)
    gram = centred.T @ centred + _RIDGE * len(inputs) * scale * torch.eye(inputs.shape[1])
    weight = torch.linalg.solve(gram, centred.T @ (targets - targets_mean))
    return weight, targets_mean - inputs_mean @ weight


def _first_codes(part: _Utterances, width: int) -> Tensor:
    """Principal components of the concatenated features with mean square 1 over all; zeros beyond them."""
    joined = torch.cat([*part.features.values()], dim=1)
    joined = joined - joined.mean(dim=0)
    vector = torch.linalg.eigh(joined.T @ joined / len(joined)).eigenvectors[:, -width:].flip(1)
    components = joined @ vector
    components = components / components.square().mean().sqrt().clamp_min(1e-12)
    return torch.nn.functional.pad(components, (0, width - components.shape[1]))


def _step_codes(
    network: CpmNetsNetwork, code: Tensor, part: _Utterances, optimizer: torch.optim.Optimizer
) -> None:
    """Gradient steps on the training codes; the gradient of ``L_rec`` is that of its quadratic form."""
    settings: CpmNetsSettings = network.settings  # type: ignore[assignment]
    gram, linear = network.latent.quadratic(part.features, part.available)
    for _ in range(settings.code_steps):
        optimizer.zero_grad()
        known = code[part.labelled]
        if network.signature.outputs > 1:
            loss = hinge(known, part.target, network.signature.outputs).sum()
        else:
            loss = (network.classify(known)[:, 0] - part.target).square().sum()
        (settings.similarity * loss).backward()  # type: ignore[no-untyped-call]
        assert code.grad is not None
        products = torch.stack([code.detach() @ each for each in gram], dim=1)
        code.grad += 2 * ((products * part.available[:, :, None]).sum(dim=1) - linear)
        optimizer.step()


@torch.no_grad()
def _store(network: CpmNetsNetwork, code: Tensor, target: Tensor) -> None:
    """Keep what predictions need of the labelled training codes."""
    if network.signature.outputs == 1:
        weight, bias = _ridge(code, target[:, None].to(code.dtype))
        network.weight.copy_(weight[:, 0])
        network.bias.copy_(bias)
        return
    network.total.zero_().index_add_(0, target, code)
    network.count.copy_(torch.bincount(target, minlength=network.signature.outputs))


@torch.no_grad()
def _merit(network: CpmNetsNetwork, part: _Utterances) -> float:
    """Accuracy, or minus the mean absolute error, averaged over all sets of modalities."""
    count, found = len(network.modalities), []
    for size in range(1, count + 1):
        for kept in combinations(range(count), size):
            mask = torch.zeros(count, dtype=torch.bool)
            mask[list(kept)] = True
            available = part.available & mask
            code = network.latent.fit(part.features, available, network._steps, network._step_size)
            output = network.classify(code[part.labelled])
            if network.signature.outputs == 1:
                found.append(-float((output[:, 0] - part.target).abs().mean()))
            else:
                found.append(float((output.argmax(dim=1) == part.target).float().mean()))
    return sum(found) / len(found)


def fit_cpm_nets(
    network: CpmNetsNetwork, train: Sequence[Dialogue], validation: Sequence[Dialogue], labels: LabelSpace
) -> None:
    """Fit decoders and training codes in turn, and keep the round that is best on validation.

    All utterances take part in the reconstruction, the labelled ones in the similarities. Logs ``L_rec`` of
    the codes fitted to the validation part, and how much lower it is after twice as many steps.

    Args:
        network: with the modalities of the dialogues; filled in place.
        train: dialogues to learn from, as they were recorded.
        validation: dialogues to choose the round on.
        labels: the label space.

    Raises:
        ValueError: if either part has no labelled utterance.
    """
    settings: CpmNetsSettings = network.settings  # type: ignore[assignment]
    learnt, held_out = (
        _Utterances(part, network.modalities, labels) if part else None for part in (train, validation)
    )
    if learnt is None or held_out is None or not (len(learnt.target) and len(held_out.target)):
        raise ValueError("Fitting needs labelled utterances for training and for validation.")
    code = _first_codes(learnt, network.width).requires_grad_()
    optimizer = torch.optim.Adam([code], lr=settings.learning_rate)
    best, kept = -float("inf"), deepcopy(network.state_dict())
    for _ in range(settings.epochs):
        _solve_decoders(network.latent, code.detach(), learnt)
        _store(network, code.detach()[learnt.labelled], learnt.target)
        merit = _merit(network, held_out)
        if merit > best:
            best, kept = merit, deepcopy(network.state_dict())
        _step_codes(network, code, learnt, optimizer)
    network.load_state_dict(kept)
    errors = [
        network.latent.error(
            network.latent.fit(held_out.features, held_out.available, steps, settings.fit_step_size),
            held_out.features,
            held_out.available,
        ).mean()
        for steps in (settings.fit_steps, 2 * settings.fit_steps)
    ]
    logger.info(
        "L_rec of validation %.4g after %d steps, %.4g after twice as many; merit %.4f",
        errors[0],
        settings.fit_steps,
        errors[1],
        best,
    )


CPM_NETS = System(CpmNetsSettings, CpmNetsNetwork, fit=fit_cpm_nets, causal=True)
"""Fitted by itself; has no stages."""
