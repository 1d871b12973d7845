"""Logistic regression on single utterances: what can be known without any context."""

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass
from itertools import combinations
from typing import Any, Literal, cast

import numpy as np
import torch
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]
from torch import Tensor, nn

from graphmer.dialogue import Dialogue, LabelSpace
from graphmer.graph import DialogueGraph
from graphmer.nn.network import Network, NetworkOutput, NetworkSettings, Signature
from graphmer.systems.system import System

_PENALTIES = (1000.0, 100.0, 10.0, 1.0)
"""L2 on standardised features, strongest first: each fit starts from the last one."""
_MAX_ITERATIONS = 2000  # far above what a penalised fit on standardised features takes
_NEVER = -1e9
"""Logit of a class without a training example among the utterances of a set of modalities."""

_Rows = tuple[NDArray[np.float32], NDArray[Any]]


class LogisticSettings(NetworkSettings):
    """Logistic regression has no settings; its penalties are chosen on validation."""

    system: Literal["logistic"] = "logistic"
    """Name of the system."""


class StandardisedLinear(nn.Module):
    """``W ((x - mean) / scale) + b``, with stored and not trained values.

    Args:
        inputs: columns of ``x``.
        outputs: ``C``, or 1 for a score.
    """

    mean: Tensor
    scale: Tensor
    weight: Tensor
    bias: Tensor

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(inputs))
        self.register_buffer("scale", torch.ones(inputs))
        self.register_buffer("weight", torch.zeros(outputs, inputs))
        self.register_buffer("bias", torch.zeros(outputs))

    def forward(self, features: Tensor) -> Tensor:
        return ((features - self.mean) / self.scale) @ self.weight.T + self.bias


class LogisticNetwork(Network):
    """Logistic regression for each set of available modalities; ridge regression where the label is a score.

    The classifier of a set reads the concatenated features of its modalities. An utterance goes to the
    classifier of the modalities that it has, or, if that one could not be fitted, to that of the largest
    subset. Where nothing is available the output is the training distribution of the classes (the mean
    score). The states are the logits.

    Args:
        settings: none.
        signature: inputs and outputs.
    """

    prior: Tensor
    fitted: Tensor

    def __init__(self, settings: LogisticSettings, signature: Signature) -> None:
        super().__init__(settings, signature)
        widths, outputs = list(signature.widths.values()), signature.outputs
        self.width = outputs
        self.sets = [s for size in range(1, len(widths) + 1) for s in combinations(range(len(widths)), size)]
        self.classifiers = nn.ModuleList(
            StandardisedLinear(sum(widths[m] for m in subset), outputs) for subset in self.sets
        )
        self.register_buffer("fitted", torch.zeros(len(self.sets), dtype=torch.bool))
        self.register_buffer("prior", torch.zeros(outputs))

    def forward(self, graph: DialogueGraph) -> NetworkOutput:
        available = graph.available
        logits = self.prior.expand(len(available), -1).clone()
        for pattern in available.unique(dim=0):
            number = self._usable(tuple(pattern.nonzero()[:, 0].tolist()))
            if number is not None:
                rows = (available == pattern).all(dim=1)
                features = [graph[self.modalities[m]][rows] for m in self.sets[number]]
                logits[rows] = self.classifiers[number](torch.cat(features, dim=1))
        return NetworkOutput(logits, logits)

    def _usable(self, pattern: tuple[int, ...]) -> int | None:
        fitted = [n for n in self.fitted.nonzero()[:, 0].tolist() if set(self.sets[n]) <= set(pattern)]
        return max(fitted, key=lambda number: len(self.sets[number]), default=None)


def fit_logistic(
    network: LogisticNetwork, train: Sequence[Dialogue], validation: Sequence[Dialogue], labels: LabelSpace
) -> None:
    """Fit the classifier of each set of modalities, and choose its penalty on validation.

    The classifier of a set is fitted to the labelled training utterances that have at least this set; its L2
    penalty is the one with the best validation accuracy (for a score: the lowest mean absolute error).

    Args:
        network: with the modalities of the dialogues; filled in place.
        train: dialogues to learn from, as they were recorded.
        validation: dialogues to choose the penalties on.
        labels: the label space.

    Raises:
        ValueError: if no dialogue is given, modalities differ between dialogues, or no set of modalities has
            labelled utterances (of two classes at least) on both sides.
    """
    if not train or not validation:
        raise ValueError(
            f"Fitting needs training and validation dialogues; got {len(train)} and {len(validation)}."
        )
    learnt, held_out = (_labelled(part, network.modalities, labels) for part in (train, validation))
    network.fitted.zero_()
    # Small fits: on a busy machine BLAS threads that wait for one another made them fifty times slower. And
    # OpenBLAS reports now and then that a product of finite numbers was invalid when it is not.
    with threadpool_limits(limits=1), np.errstate(invalid="ignore"):
        for number, subset in enumerate(network.sets):
            rows, checks = learnt.having(subset), held_out.having(subset)
            if len(checks[1]) and len(np.unique(rows[1])) > 1:
                _fit(cast(StandardisedLinear, network.classifiers[number]), rows, checks, labels)
                network.fitted[number] = True
    if not network.fitted.any():
        raise ValueError(
            "Fitting needs, for at least one modality, labelled training utterances of two classes (or "
            "scores) and a labelled validation utterance; there is no such modality."
        )
    network.prior.copy_(_prior(learnt.target, labels))


def _prior(target: NDArray[Any], labels: LabelSpace) -> Tensor:
    """Logits of the training distribution of the classes, or the mean score."""
    if labels.is_score:
        return torch.tensor([target.mean()], dtype=torch.float32)
    share = torch.from_numpy(np.bincount(target, minlength=labels.outputs) / len(target)).float()
    return torch.where(share > 0, share.log(), _NEVER)


def _fit(classifier: StandardisedLinear, train: _Rows, validation: _Rows, labels: LabelSpace) -> None:
    """Fit one classifier with the best penalty; the strongest one wins a tie."""
    from sklearn.linear_model import LogisticRegression, Ridge  # slow to import
    from sklearn.preprocessing import StandardScaler

    scaler = StandardScaler().fit(train[0])
    scaled, checked = scaler.transform(train[0]), scaler.transform(validation[0])
    estimator: Any = Ridge()
    if not labels.is_score:
        estimator = LogisticRegression(warm_start=True, max_iter=_MAX_ITERATIONS)
    best, best_merit = estimator, -np.inf
    for penalty in _PENALTIES:
        strength = {"alpha": penalty} if labels.is_score else {"C": 1 / penalty}
        estimator.set_params(**strength).fit(scaled, train[1])
        predicted = estimator.predict(checked)
        hits = -np.abs(predicted - validation[1]) if labels.is_score else predicted == validation[1]
        if hits.mean() > best_merit:
            best, best_merit = deepcopy(estimator), hits.mean()
    classifier.mean.copy_(torch.from_numpy(scaler.mean_))
    classifier.scale.copy_(torch.from_numpy(scaler.scale_))
    _store(classifier, best, labels)


def _store(classifier: StandardisedLinear, estimator: Any, labels: LabelSpace) -> None:
    """Copy weights and intercepts, one row a class."""
    weight = torch.as_tensor(np.atleast_2d(estimator.coef_), dtype=torch.float32)
    bias = torch.as_tensor(np.atleast_1d(estimator.intercept_), dtype=torch.float32)
    if labels.is_score:
        classifier.weight.copy_(weight)
        classifier.bias.copy_(bias)
        return
    classes = torch.from_numpy(estimator.classes_)
    if len(classes) == 2:  # scikit-learn keeps the second class only; the first one has logit zero
        weight, bias = torch.cat([torch.zeros_like(weight), weight]), torch.cat([bias.new_zeros(1), bias])
    classifier.weight.zero_()[classes] = weight
    classifier.bias.fill_(_NEVER)[classes] = bias


def _labelled(
    dialogues: Sequence[Dialogue], modalities: tuple[str, ...], labels: LabelSpace
) -> "_Utterances":
    for dialogue in dialogues:
        if dialogue.modalities != modalities:
            raise ValueError(
                f"Dialogue {dialogue.id!r} must have the modalities of the network, {modalities}, in this "
                f"order; got {dialogue.modalities}."
            )
    target = torch.cat([labels.encode(dialogue.emotion) for dialogue in dialogues])
    keep = labels.labelled(target)
    features = [torch.cat([d.features[name] for d in dialogues])[keep] for name in modalities]
    available = torch.cat([dialogue.available for dialogue in dialogues])[keep]
    return _Utterances(
        tuple(matrix.numpy(force=True) for matrix in features),
        available.numpy(force=True),
        target[keep].numpy(force=True),
    )


@dataclass(frozen=True, eq=False)
class _Utterances:
    """Labelled utterances without their dialogues: features of each modality, availability, target."""

    features: tuple[NDArray[np.float32], ...]
    available: NDArray[np.bool_]
    target: NDArray[Any]

    def having(self, subset: tuple[int, ...]) -> _Rows:
        """Concatenated features and targets of the utterances that have at least these modalities."""
        rows = self.available[:, subset].all(axis=1)
        return np.concatenate([self.features[m][rows] for m in subset], axis=1), self.target[rows]


LOGISTIC = System(LogisticSettings, LogisticNetwork, fit=fit_logistic, causal=True)
"""Fitted without gradients; has no stages."""
