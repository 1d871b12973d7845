"""Logistic regression on single utterances: what can be known without any context."""

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]
from torch import Tensor

from graphmer.dialogue import Dialogue, LabelSpace

_PENALTIES = (
    1000.0,
    100.0,
    10.0,
    1.0,
)  # L2 on standardised features, strongest first: each starts from the last
_MAX_ITERATIONS = 2000  # far above what a penalised fit on standardised features takes

_Rows = tuple[NDArray[np.float32], NDArray[Any]]


class UtteranceLogistic:
    """One linear classifier per set of available modalities; ridge regression where the label is a score.

    The classifier of a set is trained on the labelled training utterances that have at least this set, on
    their concatenated and standardised features; its L2 penalty is the one with the best validation accuracy
    (for a score: the lowest mean absolute error). An utterance goes to the classifier of the modalities it
    has, or, if training had no utterances for that one, to that of the largest subset. Where nothing is
    available the answer is the training distribution of the classes (the mean score).

    Args:
        labels: what to predict.

    Example:
        >>> from graphmer.dialogue import Utterance
        >>> turns = [Utterance("Ann", {"text": [float(n % 2)]}, ("sad", "happy")[n % 2]) for n in range(8)]
        >>> demo = Dialogue.from_utterances("demo", turns)
        >>> baseline = UtteranceLogistic(LabelSpace(("happy", "sad"))).fit([demo], [demo])
        >>> baseline.predict(demo).argmax(dim=1).tolist()
        [1, 0, 1, 0, 1, 0, 1, 0]
    """

    def __init__(self, labels: LabelSpace) -> None:
        self.labels = labels
        self._modalities: tuple[str, ...] = ()
        self._models: dict[tuple[int, ...], Pipeline] = {}
        self._prior: NDArray[np.float32] = np.zeros(0, dtype=np.float32)

    def fit(self, train: Sequence[Dialogue], validation: Sequence[Dialogue]) -> "UtteranceLogistic":
        """Train every classifier and choose its penalty.

        Args:
            train: dialogues to learn from, as damaged as the training regime wants them.
            validation: dialogues to choose the penalties on.

        Returns:
            the baseline itself.

        Raises:
            ValueError: if no dialogue is given, modalities differ between dialogues, or no set of modalities
                has labelled utterances (of two classes at least) on both sides.
        """
        if not train or not validation:
            raise ValueError(
                f"Fitting needs training and validation dialogues; got {len(train)} and {len(validation)}."
            )
        self._modalities = train[0].modalities
        learnt, held_out = self._labelled(train), self._labelled(validation)
        self._models = {}
        # Small fits: on a busy machine BLAS threads that wait for one another made them fifty times slower.
        # And OpenBLAS says now and then that a product of finite numbers was invalid when it is not.
        with threadpool_limits(limits=1), np.errstate(invalid="ignore"):
            for subset in _subsets(len(self._modalities)):
                rows, checks = learnt.having(subset), held_out.having(subset)
                if len(checks[1]) and len(np.unique(rows[1])) > 1:
                    self._models[subset] = self._fit_subset(rows, checks)
        if not self._models:
            raise ValueError(
                "Fitting needs, for at least one modality, labelled training utterances of two classes (or "
                "scores) and a labelled validation utterance; there is no such modality."
            )
        self._prior = self._distribution(learnt.target)
        return self

    def predict(self, dialogue: Dialogue) -> Tensor:
        """Probabilities of each utterance, or its score.

        Shapes:
            returns float ``[N, C]`` or ``[N, 1]``.

        Raises:
            ValueError: if called before `fit`, or the dialogue has other modalities.
        """
        if not self._models:
            raise ValueError("`predict` needs a fitted baseline; call `fit` first.")
        self._check_modalities(dialogue)
        output = np.tile(self._prior, (len(dialogue), 1))
        available = dialogue.available.numpy(force=True)
        for pattern in np.unique(available, axis=0):
            subset = self._usable(tuple(np.flatnonzero(pattern).tolist()))
            if subset is not None:
                rows = (available == pattern).all(axis=1)
                features = [dialogue.features[self._modalities[m]].numpy(force=True)[rows] for m in subset]
                output[rows] = self._outputs(self._models[subset], np.concatenate(features, axis=1))
        return torch.from_numpy(output)

    def _usable(self, pattern: tuple[int, ...]) -> tuple[int, ...] | None:
        trained = [subset for subset in self._models if set(subset) <= set(pattern)]
        return max(trained, key=len, default=None)

    def _outputs(self, model: Pipeline, features: NDArray[np.float32]) -> NDArray[np.float32]:
        if self.labels.is_score:
            return model.predict(features)[:, None].astype(np.float32)
        output = np.zeros((len(features), self.labels.outputs), dtype=np.float32)
        output[:, model.classes_] = model.predict_proba(features)
        return output

    def _distribution(self, target: NDArray[Any]) -> NDArray[np.float32]:
        if self.labels.is_score:
            return np.array([target.mean()], dtype=np.float32)
        return (np.bincount(target, minlength=self.labels.outputs) / len(target)).astype(np.float32)

    def _fit_subset(self, train: _Rows, validation: _Rows) -> Pipeline:
        """The pipeline with the best penalty; the strongest one wins a tie."""
        scale = StandardScaler().fit(train[0])
        scaled, checked = scale.transform(train[0]), scale.transform(validation[0])
        estimator: Any = Ridge()
        if not self.labels.is_score:
            estimator = LogisticRegression(warm_start=True, max_iter=_MAX_ITERATIONS)
        best, best_merit = None, -np.inf
        for penalty in _PENALTIES:
            strength = {"alpha": penalty} if self.labels.is_score else {"C": 1 / penalty}
            estimator.set_params(**strength).fit(scaled, train[1])
            predicted = estimator.predict(checked)
            hits = -np.abs(predicted - validation[1]) if self.labels.is_score else predicted == validation[1]
            if hits.mean() > best_merit:
                best, best_merit = deepcopy(estimator), hits.mean()
        return make_pipeline(scale, best)

    def _labelled(self, dialogues: Sequence[Dialogue]) -> "_Utterances":
        for dialogue in dialogues:
            self._check_modalities(dialogue)
        target = torch.cat([self.labels.encode(dialogue.emotion) for dialogue in dialogues])
        keep = self.labels.labelled(target)
        features = [torch.cat([d.features[name] for d in dialogues])[keep] for name in self._modalities]
        available = torch.cat([dialogue.available for dialogue in dialogues])[keep]
        return _Utterances(
            tuple(matrix.numpy(force=True) for matrix in features),
            available.numpy(force=True),
            target[keep].numpy(force=True),
        )

    def _check_modalities(self, dialogue: Dialogue) -> None:
        if dialogue.modalities != self._modalities:
            raise ValueError(
                f"Dialogue {dialogue.id!r} must have the modalities of the training dialogues, "
                f"{self._modalities}, in this order; got {dialogue.modalities}."
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


def _subsets(modalities: int) -> list[tuple[int, ...]]:
    return [s for size in range(1, modalities + 1) for s in combinations(range(modalities), size)]
