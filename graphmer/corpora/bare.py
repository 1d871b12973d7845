"""Reader of one file of dialogues without a ``dataset.yaml``: its labels and widths are found in it."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import numpy as np

from graphmer.corpora.assemble import Assembly, NanPolicy, ZerosPolicy, normal_form
from graphmer.corpora.base import Card, InMemoryCorpus
from graphmer.corpora.cards import SCORE_INTERVAL, polarity
from graphmer.corpora.jsonl import VectorFiles, build, read_records
from graphmer.corpora.objects import STANDARD_INPUT, name_of
from graphmer.corpora.pooling import Pooling
from graphmer.corpora.problems import Findings, collecting
from graphmer.corpora.records import DialogueRecord
from graphmer.dialogue import LabelSpace
from graphmer.errors import CorpusError


def read_bare(
    path: str | Path,
    *,
    nan: NanPolicy = "missing",
    zeros: ZerosPolicy = "keep",
    pooling: Pooling = "error",
    aliases: Mapping[str, str] | None = None,
    findings: Findings | None = None,
) -> InMemoryCorpus:
    """Read a corpus from one file of dialogues.

    The classes are the names of emotions in it, sorted; if all annotations are numbers, they are scores in
    [-3, 3]. The width of a modality is the most frequent one.

    Args:
        path: file of dialogues as in graphmer's format; ``-`` is standard input.
        nan: meaning of a vector with NaN or infinity.
        zeros: meaning of a vector of zeros.
        pooling: reduction of frame-level features.
        aliases: names to use in place of those in the file, ``{name in the file: class}``.
        findings: collector of all problems; if omitted, errors raise.

    Raises:
        CorpusError: if the file or a dialogue is invalid.
    """
    path = Path(path)
    files = VectorFiles(path.parent)
    with collecting(findings) as found:
        read = [(where, record) for where, record in read_records(path, found) if record is not None]
        records = [record for _, record in read]
        labels = _labels(records, aliases or {})
        known = {alias: name for alias, name in (aliases or {}).items() if name in labels.names}
        widths = _widths(records, files)
        try:
            assembly = Assembly(labels, widths, found, nan, zeros=zeros, pooling=pooling, aliases=known)
        except ValueError as error:
            raise CorpusError(f"{name_of(path)}: labels: {error}") from None
        built = [(build(record, where, assembly, files), record.split) for where, record in read]
        return assembly.corpus(
            Card("standard input" if path == STANDARD_INPUT else path.name.split(".")[0]),
            labels,
            [dialogue for dialogue, _ in built if dialogue is not None],
            {dialogue.id: part for dialogue, part in built if dialogue is not None and part is not None},
        )


def _labels(records: Iterable[DialogueRecord], aliases: Mapping[str, str]) -> LabelSpace:
    found = {turn.label for record in records for turn in record.utterances if turn.label is not None}
    if all(isinstance(label, int | float) for label in found):
        return LabelSpace(interval=SCORE_INTERVAL)
    known = {normal_form(alias): name for alias, name in aliases.items()}
    spelling: dict[str, str] = {}
    for name in sorted({known.get(normal_form(label), str(label)) for label in found}, reverse=True):
        spelling.setdefault(normal_form(name), name)  # lower case before capitals
    names = tuple(sorted(spelling.values()))
    return LabelSpace(names, polarity=polarity(names))


def _widths(records: Iterable[DialogueRecord], files: VectorFiles) -> dict[str, int]:
    """Most frequent width of each modality, in the order in which they occur."""
    counts: dict[str, Counter[int]] = {}
    for modality, width in _sizes(records, files):
        counts.setdefault(modality, Counter())[width] += 1
    return {modality: count.most_common(1)[0][0] for modality, count in counts.items()}


def _sizes(records: Iterable[DialogueRecord], files: VectorFiles) -> Iterator[tuple[str, int]]:
    for record in records:
        for turn in record.utterances:
            for modality, value in turn.features.items():
                try:
                    array = np.asarray(files.read(value) if isinstance(value, str) else value)
                except ValueError:  # is reported when the dialogue is built
                    continue
                yield modality, array.shape[-1] if array.ndim else 1
