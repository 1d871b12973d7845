"""Pickles of conv-emotion, DialogueGCN, MMGCN and M3NET.

Fields in their order; speakers come before labels, unlike in GCNet's files::

    IEMOCAP, MELD, AVEC   ids, speakers, labels, text, audio, video, sentences, train, test [, unused]
    MELD without video    ids, speakers, emotions, text, audio, sentences, train, test, sentiments
    DailyDialog           speakers, features, [unused,] acts, emotions, train, test, validation
"""

import math
from collections import Counter
from pathlib import Path
from typing import Any

from graphmer.corpora.base import Card
from graphmer.corpora.cards import AVEC, DAILYDIALOG, IEMOCAP, MELD, polarity
from graphmer.corpora.gcnet_labels import FOUR, IEMOCAP_DIALOGUE, SIX
from graphmer.corpora.pickled_fields import Field, PickledCorpus, first_entry, kind, kinds, numbers
from graphmer.corpora.problems import Findings
from graphmer.dialogue import LabelSpace
from graphmer.errors import CorpusError

MELD_CLASSES = ("neutral", "surprise", "fear", "sadness", "joy", "disgust", "anger")
"""Classes 0 to 6 of MELD in conv-emotion and COSMIC."""

DAILYDIALOG_CLASSES = {
    0: ("neutral", "anger", "disgust", "fear", "happiness", "sadness", "surprise"),
    1: ("happiness", "neutral", "anger", "sadness", "fear", "surprise", "disgust"),
    3: ("fear", "disgust", "happiness", "neutral", "anger", "surprise", "sadness"),
}
"""Classes 0 to 6 of DailyDialog by the number of neutral: as released, in COSMIC, in DialogueGCN."""

_SPEAKERS = ("texts", "vectors", "whole numbers")
_LABELS = ("whole numbers", "numbers")


def is_conv_emotion(content: Any) -> bool:
    """Whether a pickle has one of these layouts, by the contents of its fields."""
    return _is_multimodal(content) or _is_dailydialog(content)


def conv_emotion_fields(content: Any, path: Path, findings: Findings) -> PickledCorpus:
    """Fields of a pickle by their meaning.

    IEMOCAP and MELD have no validation dialogues: they are held out of training by whoever splits the corpus.

    Raises:
        CorpusError: if the pickle has another layout.
    """
    if _is_dailydialog(content):
        return _dailydialog(content, path, findings)
    if not _is_multimodal(content):
        raise CorpusError(
            f"{path}: no layout of conv-emotion, DialogueGCN, MMGCN or M3NET. Name another file or format."
        )
    ids, speaker, label, text, audio = content[:5]
    has_video = kind(content[5]) == "vectors"
    sentence, train, test = content[6:9] if has_video else content[5:8]
    card, labels = _corpus(label)
    return PickledCorpus(
        path=path,
        card=card,
        labels=labels,
        label=label,
        speaker=speaker,
        features={"audio": audio, "text": text} | ({"video": content[5]} if has_video else {}),
        sentence=sentence,
        ids=ids if kind(ids) == "texts" else None,
        parts={"train": train, "test": test},
    )


def _is_multimodal(content: Any) -> bool:
    found = kinds(content)
    if len(found) not in (9, 10) or found[1] not in _SPEAKERS or found[2] not in _LABELS:
        return False
    rest = found[3:9]
    return rest == ("vectors", "vectors", "vectors", "texts", "ids", "ids") or (
        rest[:5] == ("vectors", "vectors", "texts", "ids", "ids") and len(found) == 9
    )


def _is_dailydialog(content: Any) -> bool:
    found = kinds(content)
    if len(found) not in (7, 8) or found[0] not in _SPEAKERS or found[1] != "vectors":
        return False
    return found[-5:] == ("whole numbers", "whole numbers", "ids", "ids", "ids")


def _corpus(label: Field) -> tuple[Card, LabelSpace]:
    """Card and label space, by the names of dialogues and the type of labels."""
    if kind(label) == "numbers":
        return AVEC, LabelSpace(interval=_interval(label))
    if all(IEMOCAP_DIALOGUE.match(str(id)) for id in label):
        return IEMOCAP, iemocap_classes(label)
    return MELD, LabelSpace(MELD_CLASSES, polarity=polarity(MELD_CLASSES))


def iemocap_classes(label: Field) -> LabelSpace:
    """The four or the six classes of IEMOCAP, by the highest number."""
    names = FOUR if highest(label) < len(FOUR) else SIX
    return LabelSpace(names, polarity=polarity(names))


def highest(label: Field) -> int:
    """Highest class number; -1 if there is none."""
    return max((int(number) for number in numbers(label)), default=-1)


def _interval(label: Field) -> tuple[float, float]:
    """Interval of scores: [-1, 1], wider where the scores are."""
    finite = [float(score) for score in numbers(label)]
    return float(min(-1, math.floor(min(finite, default=0)))), float(
        max(1, math.ceil(max(finite, default=0)))
    )


def dailydialog_classes(label: Field, findings: Findings) -> LabelSpace:
    """Classes of DailyDialog, whose numbers differ from file to file: five of six turns are neutral."""
    counts = Counter(int(number) for number in numbers(label))
    (most, times), *_ = counts.most_common(1)
    names = DAILYDIALOG_CLASSES.get(most) if 2 * times > counts.total() else None
    if names is None:
        findings.warning(
            "classes without names: none is the most frequent one of DailyDialog, neutral",
            "",
            "Kept as numbers.",
        )
        return LabelSpace(tuple(f"class {number}" for number in range(7)))
    findings.note(
        f"class {most}, the most frequent one", "", f"Read as neutral; classes are {', '.join(names)}."
    )
    return LabelSpace(names, polarity=polarity(names))


def _dailydialog(content: Any, path: Path, findings: Findings) -> PickledCorpus:
    speaker, features, label = content[0], content[1], content[-4]
    train, test, validation = content[-3:]
    if kind({"first": first_entry(features)}) == "whole numbers":
        findings.warning(
            "features that are whole numbers",
            path.name,
            "Kept; numbers of words are no features, leave them out.",
        )
    return PickledCorpus(
        path=path,
        card=DAILYDIALOG,
        labels=dailydialog_classes(label, findings),
        label=label,
        speaker=speaker,
        features={"text": features},
        sentence=None,
        ids=None,
        parts={"train": train, "val": validation, "test": test},
    )
