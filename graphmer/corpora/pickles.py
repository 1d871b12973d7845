"""Corpora in one pickle, whose layout is found by its contents."""

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from graphmer.corpora.assemble import NanPolicy, ZerosPolicy
from graphmer.corpora.base import InMemoryCorpus
from graphmer.corpora.cogmen import PACKAGE, cogmen_fields, is_cogmen
from graphmer.corpora.conv_emotion import conv_emotion_fields, is_conv_emotion
from graphmer.corpora.cosmic import cosmic_fields, is_comet, is_cosmic
from graphmer.corpora.mmsa import is_mmsa, read_mmsa
from graphmer.corpora.pickled_fields import PickledCorpus, kinds
from graphmer.corpora.pooling import Pooling
from graphmer.corpora.problems import Findings, collecting
from graphmer.corpora.unpickle import load_pickle
from graphmer.errors import CorpusError

LAYOUTS: Mapping[str, Callable[[Any], bool]] = {
    "conv_emotion": is_conv_emotion,
    "cosmic": lambda content: is_cosmic(content) or is_comet(content),
    "cogmen": is_cogmen,
    "mmsa": is_mmsa,
}
"""Tests of the contents of a pickle, by the name of the format."""

_FIELDS: Mapping[str, Callable[[Any, Path, Findings], PickledCorpus]] = {
    "conv_emotion": conv_emotion_fields,
    "cosmic": cosmic_fields,
    "cogmen": cogmen_fields,
}


def is_pickle(path: Path) -> bool:
    """Whether a file is a pickle, by its first bytes, or by its ending for those of Python 2."""
    if not path.is_file():
        return False
    with path.open("rb") as file:
        begin = file.read(2)
    is_binary = len(begin) == 2 and begin[0] == 0x80 and begin[1] <= 5
    return is_binary or path.suffix.lower() in (".pkl", ".pickle")


def read_pickled(
    path: str | Path,
    format: str | None = None,
    *,
    label: str | None = None,
    nan: NanPolicy = "missing",
    zeros: ZerosPolicy = "keep",
    pooling: Pooling = "mean",
    findings: Findings | None = None,
) -> InMemoryCorpus:
    """Read a corpus from a pickle of conv-emotion, DialogueGCN, MMGCN, M3NET, COSMIC, COGMEN or MMSA.

    Args:
        path: file.
        format: one of `LAYOUTS`; found by the contents if omitted.
        label: name of the label, of MMSA's pickles only.
        nan: meaning of a vector with NaN or infinity.
        zeros: meaning of a vector of zeros.
        pooling: reduction of frame-level features, which MMSA's pickles have.
        findings: collector of all problems; if omitted, errors raise.

    Raises:
        CorpusError: if the file is no pickle, holds other objects than containers and arrays, or has another
            layout.
    """
    path = Path(path)
    content = load_pickle(path, (PACKAGE,))
    found = format or next((name for name, matches in LAYOUTS.items() if matches(content)), None)
    if found is None:
        raise CorpusError(f"{path}: no known layout. {_description(content)}")
    if label is not None and found != "mmsa":
        raise CorpusError(f"{path}: has one kind of label, {label!r} cannot be chosen. Leave it out.")
    with collecting(findings) as problems:
        if found != "mmsa":
            return _FIELDS[found](content, path, problems).corpus(problems, nan, zeros)
        return read_mmsa(content, path, problems, label=label, nan=nan, zeros=zeros, pooling=pooling)


def _description(content: Any) -> str:
    fields = kinds(content)
    if fields[:4] in (("texts", "whole numbers", "texts", "texts"), ("texts", "numbers", "texts", "texts")):
        return "It is a label file in GCNet's layout: name its folder, with --label and --modality."
    if fields == ("numbers",) * 3 and all(re.fullmatch(r"\d+_\d+", str(key)) for key in content[0]):
        return "It has MELD's features by turn, without labels and speakers; they are in MELD's CSV."
    what = f"{len(fields)} fields: {', '.join(fields)}" if fields else f"a {type(content).__name__}"
    return f"It holds {what}; known are conv-emotion, DialogueGCN, MMGCN, M3NET, COSMIC, COGMEN and MMSA."
