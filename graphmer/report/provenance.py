"""Provenance of a result: facts about the corpus and training curves."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from graphmer.corpora.base import Corpus


def corpus_facts(corpus: Corpus) -> dict[str, Any]:
    """Card, size, recorded modalities and labels of a corpus.

    Args:
        corpus: corpus of the training and test dialogues.
    """
    card = corpus.card
    turns = sum(len(dialogue) for dialogue in corpus.dialogues)
    emotions = Counter(emotion for dialogue in corpus.dialogues for emotion in dialogue.emotion)
    recorded = {
        modality: sum(int(dialogue.available[:, column].sum()) for dialogue in corpus.dialogues) / turns
        for column, modality in enumerate(corpus.widths)
    }
    return {
        "name": card.name,
        "licence": card.licence,
        "citation": card.citation,
        "url": card.url,
        "note": card.note,
        "fingerprint": corpus.fingerprint,
        "dialogues": len(corpus.dialogues),
        "turns": turns,
        "unlabelled": emotions[None],
        "widths": dict(corpus.widths),
        "recorded": {modality: round(share, 4) for modality, share in recorded.items()},
        "emotions": {name: emotions[name] for name in corpus.labels.names},
    }


def training_curves(log: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Losses and validation scores of each model by epoch.

    Args:
        log: records of a run's ``log.jsonl``; if an epoch was logged twice, the later record counts.

    Returns:
        for each fold and seed the ``epochs`` in order and the number of the ``chosen`` epoch.
    """
    models: dict[tuple[int, int], dict[int, Mapping[str, Any]]] = {}
    for record in log:
        models.setdefault((record["fold"], record["seed"]), {})[record["number"]] = record
    kept = ("number", "stage", "losses", "score", "seconds")
    return [
        {
            "fold": fold,
            "seed": seed,
            "epochs": [{name: epochs[number][name] for name in kept} for number in sorted(epochs)],
            "chosen": max((number for number, epoch in epochs.items() if epoch["best"]), default=None),
        }
        for (fold, seed), epochs in models.items()
    ]
