"""Changes of emotion: one trained network decoded in several ways, beside the exact posterior."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Any

import numpy as np
import torch
import yaml
from scipy.spatial.distance import jensenshannon

from graphmer.corpora.posterior import change_posterior, posterior
from graphmer.corpora.simulate import SimulatedCorpus
from graphmer.evaluation.change_scores import ChangeScores
from graphmer.evaluation.change_statistics import shift_metrics
from graphmer.evaluation.evaluate import BatchOutput, assemble, evaluate
from graphmer.evaluation.gathering import Key
from graphmer.evaluation.metrics import class_metrics
from graphmer.evaluation.predictions import Predictions
from graphmer.evaluation.scores import Scores
from graphmer.evaluation.statistics import draw_dialogues, percentile_interval, resampled
from graphmer.experiment.components import FoldData
from graphmer.experiment.fold import MASK_SEED, predictions_path
from graphmer.experiment.run import Run
from graphmer.graph.dataset import GraphDataset, MaskedGraphs
from graphmer.training.calibration import fit_calibration
from graphmer.training.model_file import load_model

UNUSED = {"turns": "decoder", "chain": "change_head"}
"""Part of the model that each decoding does without: ``turns`` predicts each turn on its own and changes with
the change head, ``chain`` predicts both with the chain decoder."""

METRICS = (
    "mcc", "direct_mcc", "ap", "direct_ap", "precision", "recall", "direct_precision", "direct_recall",
    "pair_match", "pair_match_on_shifts", "disagreement", "direct_calibration_error", "transition_error",
    "contagion", "contagion_predicted", "prevalence", "always_shift_f1",
)  # fmt: skip
"""What is stored of `change_metrics`, and the mean inertia of the emotions."""


def measured(runs: Mapping[int, Run]) -> dict[str, Any]:
    """Scores of one system with each decoding, given one run for each seed.

    On simulated dialogues also those of the exact posterior on the same turns.
    """
    run = next(iter(runs.values()))
    made = {
        name: {key: p for seed, each in runs.items() for key, p in decoded(each, seed, name).items()}
        for name in UNUSED
    }
    if isinstance(run.components.corpus, SimulatedCorpus):
        made["bayes"] = bayes(run)
    labels = run.components.corpus.labels
    changes = {name: ChangeScores.from_predictions(predicted, labels) for name, predicted in made.items()}
    scores = {name: run.scores(predicted, title=name) for name, predicted in made.items()}
    names = changes["turns"].conditions
    rates = [name for name in names if name.startswith("rate:")]
    sets = [name for name in names if name not in rates]
    groups = {name: [name] for name in names} | {"mean of sets": sets, "mean of rates": rates}
    return {
        "commit": run.folder.environment["commit"],
        "config": yaml.safe_load((run.folder.path / "config.yaml").read_text()),
        "dialogues": len(run.components.corpus.dialogues),
        "tested": changes["turns"].counts.shape[2],
        "eligible": changes["turns"].eligible,
        "shifts": changes["turns"].shifts,
        "planted": planted(run),
        "learnt": learnt(runs),
        "readouts": {name: summary(changes[name], scores[name]) for name in made},
        "differences": differences(changes, scores, groups),
    }


def planted(run: Run) -> dict[str, float]:
    """Inertia and contagion that a simulated corpus was drawn with; empty for a real one."""
    corpus = run.components.corpus
    if not isinstance(corpus, SimulatedCorpus):
        return {}
    return {"inertia": corpus.process.inertia, "contagion": corpus.process.contagion}


def learnt(runs: Mapping[int, Run]) -> dict[str, float]:
    r"""Transitions that the decoders learned, compared with the planted ones; empty for a real corpus.

    Logits say :math:`p(c | x)`, which has the prior in it, so that the transition scores stand for
    :math:`\log p(c | c') / p(c)`. Their law is compared with ``inertia [c = c'] + (1 - inertia) p(c)`` by the
    mean Jensen-Shannon divergence of its rows, in bits; the inertia is the one that fits the diagonal.
    """
    errors, inertias = [], []
    for seed, run in runs.items():
        corpus = run.components.corpus
        if not isinstance(corpus, SimulatedCorpus):
            return {}
        prior, kept = corpus.process.prior, corpus.process.inertia
        for number in run.components.folds:
            decoder = load_model(run.folder.fold(number, seed)).model.decoder
            assert decoder is not None
            law = prior * np.exp(decoder.transition.detach().numpy() / decoder.temperature)
            law /= law.sum(axis=1, keepdims=True)
            errors.append(
                jensenshannon(law, kept * np.eye(len(prior)) + (1 - kept) * prior, base=2, axis=1) ** 2
            )
            inertias.append((np.diagonal(law) - prior) / (1 - prior))
    return {"law_error": float(np.mean(errors)), "inertia": float(np.mean(inertias))}


def decoded(run: Run, seed: int, decoding: str) -> dict[Key, Predictions]:
    """Predictions of one seed, stored with the models so that they are made once."""
    found = {}
    for number, fold in run.components.folds.items():
        folder = run.folder.fold(number, seed) / decoding
        if not folder.is_dir() or len(list(folder.rglob("*.npz"))) < len(run.components.protocols):
            folder.mkdir(exist_ok=True)
            trained = load_model(folder.parent)
            data = FoldData(fold, run.components.corpus, trained.standardiser, trained.encoding)
            for condition, predicted in _predict(run, data, folder, decoding).items():
                predicted.save(predictions_path(folder, condition))
        for condition in run.components.protocols:
            found[seed, str(number), condition] = Predictions.load(predictions_path(folder, condition))
    return found


def _predict(run: Run, data: FoldData, folder: Any, decoding: str) -> Mapping[str, Predictions]:
    model = load_model(folder.parent).model
    setattr(model, UNUSED[decoding], None)
    model.calibrate(type(model.calibration)())
    cpu, nodes = torch.device("cpu"), run.components.evaluation_nodes
    validation = GraphDataset(data.validation, run.components.build)
    views = MaskedGraphs(validation, tuple(run.components.fixed.values()), MASK_SEED)
    fit_calibration(model, views, nodes=nodes, device=cpu)
    test = GraphDataset(data.test, run.components.build)
    labels = run.components.corpus.labels
    return evaluate(model, test, run.components.protocols, labels, seed=MASK_SEED, nodes=nodes, device=cpu)


def bayes(run: Run) -> dict[Key, Predictions]:
    """Predictions of the exact posterior of a simulated corpus for the test dialogues.

    The threshold of a change is the one with the highest MCC that the posterior itself expects under the
    condition: no annotation is read.
    """
    corpus, found = run.components.corpus, {}
    assert isinstance(corpus, SimulatedCorpus)
    for number, fold in run.components.folds.items():
        part = GraphDataset([d for d in corpus.dialogues if d.id in set(fold.test)], run.components.build)
        for condition, protocol in run.components.protocols.items():
            masked = [protocol.apply(dialogue, MASK_SEED) for dialogue in part.dialogues]
            output = np.concatenate([posterior(corpus.process, each) for each in masked])
            change = torch.from_numpy(np.concatenate([change_posterior(corpus.process, d) for d in masked]))
            exact = BatchOutput(
                torch.from_numpy(output), change, change >= expected_threshold(change.numpy())
            )
            available = torch.cat([each.available for each in masked])
            found[1, str(number), condition] = assemble(part, condition, exact, available, corpus.labels)
    return found


def expected_threshold(probability: np.ndarray) -> float:
    """The probability that parts changes from the rest with the highest MCC if probabilities are true."""
    falling = np.sort(probability[~np.isnan(probability)])[::-1]
    total, shifts = len(falling), falling.sum()
    count, hit = np.arange(1, total), falling.cumsum()[:-1]
    mcc = (hit * total - count * shifts) / np.sqrt(count * (total - count) * shifts * (total - shifts))
    best = int(mcc.argmax())
    return float(falling[best] + falling[best + 1]) / 2


def summary(changes: ChangeScores, scores: Scores) -> dict[str, Any]:
    """Metrics of change, weighted F1 and calibration error under every condition."""
    rows = {(row.condition, row.metric): row for row in scores.summary()}
    error = np.array(scores.calibration_error).mean(axis=0)
    found = {}
    for column, (condition, metrics) in enumerate(changes.summary().items()):
        found[condition] = {name: asdict(metrics[name]) for name in METRICS if name in metrics}
        for suffix in ("", "_predicted"):
            kept = [metrics[f"inertia_{name}{suffix}"].mean for name in scores.labels.names]
            found[condition][f"inertia{suffix}"] = {"mean": float(np.nanmean(kept))}
        for name in ("weighted_f1", "wa"):
            found[condition][name] = asdict(rows[condition, name])
        found[condition]["calibration_error"] = {"mean": float(error[column])}
    return found


def differences(
    changes: Mapping[str, ChangeScores], scores: Mapping[str, Scores], groups: Mapping[str, Iterable[str]]
) -> list[dict[str, Any]]:
    """What head and decoder add to the change derived from single turns, paired by dialogue and seed.

    Args:
        changes: of the decodings ``turns`` and ``chain``.
        scores: of the same.
        groups: conditions to average over, by name.
    """
    turns, chain = (_metrics(changes[name], scores[name]) for name in ("turns", "chain"))
    compared = {
        ("head", "mcc"): (turns["mcc"], turns["direct_mcc"]),
        ("chain", "mcc"): (turns["mcc"], chain["direct_mcc"]),
        ("chain labels", "mcc"): (turns["mcc"], chain["mcc"]),
        ("chain", "pair_match_on_shifts"): (turns["pair_match_on_shifts"], chain["pair_match_on_shifts"]),
        ("chain", "weighted_f1"): (turns["weighted_f1"], chain["weighted_f1"]),
    }
    names = changes["turns"].conditions
    rows = []
    for group, members in groups.items():
        columns = [names.index(member) for member in members]
        for (system, metric), (before, after) in compared.items():
            apart = (after - before)[:, columns].mean(axis=1)
            low, high = percentile_interval(apart[1:])
            row = {"first": "argmax", "other": system, "condition": group, "metric": metric}
            rows.append({**row, "mean": float(apart[0]), "low": low, "high": high})
    return rows


def _metrics(changes: ChangeScores, scores: Scores) -> dict[str, np.ndarray]:
    """Means over seeds of all dialogues (row 0) and of every resample, ``[1 + R, K]``."""
    found: dict[str, np.ndarray] = {}
    for counts, measure in ((changes.counts, shift_metrics), (scores.counts, class_metrics)):
        dialogues = counts.shape[2]
        drawn = draw_dialogues(dialogues, resamples=1000, seed=0)
        found |= resampled(counts, measure, np.concatenate([np.ones((1, dialogues)), drawn]))
    return found
