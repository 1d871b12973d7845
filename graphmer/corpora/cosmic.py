"""Pickles of COSMIC: RoBERTa features of the usual text corpora, and the sentences they are of.

Fields in their order; the test dialogues come before those of validation::

    IEMOCAP, DailyDialog, EmoryNLP   speakers, labels, roberta1 to roberta4, sentences, train, test, valid
    MELD                             speakers, emotions, sentiments, roberta1 to ..., as above
    without features                 speakers, labels, [sentiments,] sentences, train, test, valid
"""

import re
from pathlib import Path
from typing import Any

from graphmer.corpora.base import Card
from graphmer.corpora.cards import DAILYDIALOG, EMORYNLP, IEMOCAP, MELD, polarity
from graphmer.corpora.conv_emotion import MELD_CLASSES, dailydialog_classes, iemocap_classes
from graphmer.corpora.gcnet_labels import IEMOCAP_DIALOGUE
from graphmer.corpora.pickled_fields import Field, PickledCorpus, averaged, kinds
from graphmer.corpora.problems import Findings
from graphmer.dialogue import LabelSpace
from graphmer.errors import CorpusError

EMORYNLP_CLASSES = ("Joyful", "Mad", "Peaceful", "Neutral", "Sad", "Powerful", "Scared")
"""Classes 0 to 6 of EmoryNLP in COSMIC."""

_EMORYNLP_DIALOGUE = re.compile(r"\D*\d+_\D*\d+_\D*\d+")
_SPEAKERS = ("texts", "vectors", "whole numbers")
_LAYERS = ("vectors",) * 4
_END = ("texts", "ids", "ids", "ids")


def is_cosmic(content: Any) -> bool:
    """Whether a pickle has one of these layouts, by the contents of its fields."""
    found = kinds(content)
    if not found or found[0] not in _SPEAKERS:
        return False
    rest = found[2:] if found[2:3] == ("whole numbers",) else found[1:]
    return found[1:2] == ("whole numbers",) and rest[1:] in ((*_LAYERS, *_END), _END)


def is_comet(content: Any) -> bool:
    """Whether a pickle has COSMIC's COMET features, which have no labels."""
    return kinds(content) == ("vectors",) * 9


def cosmic_fields(content: Any, path: Path, findings: Findings) -> PickledCorpus:
    """Fields of a pickle by their meaning; ``text`` is the mean of the four layers, as in COSMIC.

    Raises:
        CorpusError: if the pickle has another layout.
    """
    if is_comet(content):
        raise CorpusError(
            f"{path}: COMET features, which have neither labels nor speakers. Name the file "
            "..._features_roberta.pkl."
        )
    if not is_cosmic(content):
        raise CorpusError(f"{path}: no layout of COSMIC. Name another file or format.")
    has_sentiment = kinds(content)[2] == "whole numbers"
    speaker, label = content[0], content[1]
    layers = content[3 if has_sentiment else 2 : -4]
    sentence, train, test, validation = content[-4:]
    card, labels = _corpus(label, has_sentiment, findings)
    return PickledCorpus(
        path=path,
        card=card,
        labels=labels,
        label=label,
        speaker=speaker,
        features={"text": averaged(layers)} if layers else {},
        sentence=sentence,
        ids=None,
        parts={"train": train, "val": validation, "test": test},
    )


def _corpus(label: Field, has_sentiment: bool, findings: Findings) -> tuple[Card, LabelSpace]:
    """Card and label space, by the names of dialogues and the presence of sentiments."""
    if has_sentiment:
        return MELD, LabelSpace(MELD_CLASSES, polarity=polarity(MELD_CLASSES))
    if all(IEMOCAP_DIALOGUE.match(str(id)) for id in label):
        return IEMOCAP, iemocap_classes(label)
    if all(_EMORYNLP_DIALOGUE.fullmatch(str(id)) for id in label):
        return EMORYNLP, LabelSpace(EMORYNLP_CLASSES, polarity=polarity(EMORYNLP_CLASSES))
    return DAILYDIALOG, dailydialog_classes(label, findings)
