"""Pickles of COGMEN: lists of samples, one per dialogue, by part.

The class of the samples is not imported: COGMEN downloads a model when it is imported.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from graphmer.corpora.cards import IEMOCAP
from graphmer.corpora.conv_emotion import iemocap_classes
from graphmer.corpora.gcnet_labels import IEMOCAP_DIALOGUE
from graphmer.corpora.pickled_fields import PickledCorpus, kind
from graphmer.corpora.problems import Findings
from graphmer.corpora.unpickle import Record
from graphmer.errors import CorpusError

PACKAGE = "cogmen"
"""Package of the samples."""

_PARTS = {"train": "train", "dev": "val", "test": "test"}
_FEATURES = {"audio": "audio", "text": "text", "visual": "video", "sbert_sentence_embeddings": "sentence"}
_FIELDS = ("vid", "speaker", "label", "sentence")


def is_cogmen(content: Any) -> bool:
    """Whether a pickle has parts that are lists of samples."""
    if not isinstance(content, Mapping) or not content or not content.keys() <= _PARTS.keys():
        return False
    return all(
        isinstance(part, list) and all(isinstance(sample, Record) for sample in part)
        for part in content.values()
    )


def cogmen_fields(content: Any, path: Path, findings: Findings) -> PickledCorpus:
    """Fields of a pickle by their meaning.

    Text features are the ``text`` of COGMEN; its sentence embeddings are the modality ``sentence``. Windows
    of dialogues, as ``--split_utterances`` makes them, overlap and are refused.

    Raises:
        CorpusError: if the pickle has another layout.
    """
    if not is_cogmen(content):
        raise CorpusError(f"{path}: no layout of COGMEN. Name another file or format.")
    fields: dict[str, dict[str, Any]] = {name: {} for name in (*_FIELDS[1:], *_FEATURES)}
    parts: dict[str, list[str]] = {}
    for part, samples in content.items():
        for sample in samples:
            values = vars(sample)
            absent = [name for name in _FIELDS if name not in values]
            if absent:
                raise CorpusError(f"{path}: a sample has no {absent[0]!r}. Name a file of COGMEN.")
            id = str(values["vid"])
            if id in fields["label"]:
                raise CorpusError(
                    f"{path}: dialogue {id!r} has several samples, overlapping windows of "
                    "--split_utterances. Write the file without it."
                )
            parts.setdefault(_PARTS[part], []).append(id)
            for name in fields:
                fields[name][id] = values.get(name, [])
    label = fields["label"]
    if kind(label) != "whole numbers" or not all(IEMOCAP_DIALOGUE.match(id) for id in label):
        raise CorpusError(
            f"{path}: only COGMEN's files of IEMOCAP are read. Convert the file to graphmer's format."
        )
    return PickledCorpus(
        path=path,
        card=IEMOCAP,
        labels=iemocap_classes(label),
        label=label,
        speaker=fields["speaker"],
        features={
            name: fields[field] for field, name in _FEATURES.items() if kind(fields[field]) == "vectors"
        },
        sentence=fields["sentence"],
        ids=None,
        parts=parts,
    )
