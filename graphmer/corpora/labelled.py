"""A corpus without its unlabelled turns."""

import hashlib
from collections.abc import Mapping
from functools import partial

import torch
from torch import Tensor

from graphmer.corpora.base import Corpus, InMemoryCorpus
from graphmer.dialogue import Dialogue
from graphmer.dialogue.dialogue import LazyFeatures
from graphmer.errors import CorpusError
from graphmer.typing import Features


def labelled_turns(corpus: Corpus) -> InMemoryCorpus:
    """Copy of a corpus in which unlabelled turns, and dialogues of nothing else, are left out.

    A turn that replies to one of them replies to an unknown turn, and one of them is no longer a cause.

    Args:
        corpus: with or without unlabelled turns.

    Raises:
        CorpusError: if no turn has a label.
    """
    kept = {dialogue.id: _labelled(dialogue) for dialogue in corpus.dialogues}
    dialogues = [dialogue for dialogue in kept.values() if dialogue is not None]
    if not dialogues:
        raise CorpusError(f"{corpus.card.name}: no turn has a label. Set `data.unlabelled: context`.")
    official = {
        part: tuple(id for id in ids if kept[id] is not None) for part, ids in corpus.official.items()
    }
    digest = hashlib.sha256(f"labelled turns of {corpus.fingerprint}".encode()).hexdigest()
    fingerprint = digest[: len(corpus.fingerprint)]
    return InMemoryCorpus(corpus.card, corpus.labels, corpus.widths, dialogues, official, fingerprint)


def _labelled(dialogue: Dialogue) -> Dialogue | None:
    rows = [row for row, emotion in enumerate(dialogue.emotion) if emotion is not None]
    if len(rows) == len(dialogue):
        return dialogue
    if not rows:
        return None
    index = torch.tensor(rows)
    place = torch.full((len(dialogue) + 1,), -1)  # the last entry is that of an unknown turn, -1
    place[index] = torch.arange(len(rows))
    names = [dialogue.speakers[number] for number in dialogue.speaker[index].tolist()]
    speakers = tuple(dict.fromkeys(names))
    return Dialogue(
        id=dialogue.id,
        utterance_ids=tuple(dialogue.utterance_ids[row] for row in rows),
        speakers=speakers,
        speaker=torch.tensor([speakers.index(name) for name in names]),
        features=_features(dialogue.features, index),
        available=dialogue.available[index],
        emotion=tuple(dialogue.emotion[row] for row in rows),
        text=tuple(dialogue.text[row] for row in rows),
        start=dialogue.start[index],
        end=dialogue.end[index],
        reply_to=place[dialogue.reply_to[index]],
        session=dialogue.session,
        causes=_causes(dialogue, place.tolist()),
    )


def _causes(dialogue: Dialogue, place: list[int]) -> dict[int, tuple[int, ...]]:
    """Causes among the turns that are left, by the new position, -1 for turns that are left out."""
    return {
        place[turn]: tuple(place[cause] for cause in causes if place[cause] >= 0)
        for turn, causes in dialogue.causes.items()
        if place[turn] >= 0
    }


def _features(features: Mapping[str, Features], index: Tensor) -> Mapping[str, Features]:
    if isinstance(features, LazyFeatures):
        make = {modality: partial(_rows, features, modality, index) for modality in features}
        return LazyFeatures(len(index), make)
    return {modality: matrix[index] for modality, matrix in features.items()}


def _rows(features: LazyFeatures, modality: str, index: Tensor) -> Features:
    return features[modality][index]
