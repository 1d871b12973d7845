"""Dialogues of a file of JSON lines, read by their place in the file."""

import codecs
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from pydantic import ValidationError

from graphmer.cluster.shards import Counted, Shard
from graphmer.corpora.assemble import Assembly, ZerosPolicy
from graphmer.corpora.jsonl import VectorFiles, build
from graphmer.corpora.pooling import Pooling
from graphmer.corpora.problems import Findings
from graphmer.corpora.records import DialogueRecord, UtteranceRecord, describe
from graphmer.dialogue import Dialogue
from graphmer.errors import CorpusError

RANGE = 64 * 2**20
"""Bytes of a file in which the dialogues are counted by one task."""

_KNOWN = {1: DialogueRecord.model_fields, 3: UtteranceRecord.model_fields}


@dataclass(frozen=True)
class LineSource:
    """A plain file of JSON lines.

    Args:
        path: of the file.
        given: the file that it was unpacked from, which messages name and beside which matrices are; itself
            where nothing was unpacked.
    """

    path: Path
    given: Path

    def pieces(self) -> list[tuple[int, int]]:
        size = self.path.stat().st_size
        return [(begin, min(begin + RANGE, size)) for begin in range(0, size, RANGE)]

    def count(self, piece: tuple[int, int]) -> list[Counted]:
        return count_dialogues(self.path, *piece)

    def dialogues(self, counted: Iterable[list[Counted]]) -> Iterable[Counted]:
        return chain.from_iterable(counted)

    def read(
        self,
        shard: Shard,
        widths: Mapping[str, int],
        findings: Findings,
        *,
        zeros: ZerosPolicy,
        pooling: Pooling,
    ) -> list[Dialogue]:
        assembly = Assembly(None, widths, findings, zeros=zeros, pooling=pooling)
        return _read(self, shard, assembly)


def count_dialogues(path: Path, begin: int, end: int) -> list[Counted]:
    """The lines that begin within a range of bytes; of the last one, also what is beyond it.

    Raises:
        CorpusError: if a line is no JSON object with turns.
    """
    found = []
    with path.open("rb") as file:
        if begin:
            file.seek(begin - 1)
            file.readline()  # of the range before, unless it ends there
        while (place := file.tell()) < end and (line := file.readline()):
            id, turns = _counted(line, path, place) if line.strip() else (None, 0)
            found.append(Counted(place, file.tell(), id, turns))
    return found


def _counted(line: bytes, path: Path, place: int) -> tuple[str, int]:
    try:
        record = json.loads(line)
        return str(record["id"]), len(record["utterances"])
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise CorpusError(
            f"{path}, byte {place}: must be a line of JSON with the id and utterances of a dialogue "
            f"({type(error).__name__}: {str(error)[:80]}). Ray reads plain JSON lines, one dialogue a line; "
            "`graphmer data check` lists all problems."
        ) from None


def _read(source: LineSource, shard: Shard, assembly: Assembly) -> list[Dialogue]:
    files, findings = VectorFiles(source.given.parent), assembly.findings
    dialogues = []
    for number, text in _texts(source.path, shard):
        where = f"{source.given}:{number}"
        try:
            record = DialogueRecord.model_validate_json(text)
        except ValidationError as error:
            for field, what, action in describe(error, _KNOWN):
                findings.error(what, f"{where}: {field}" if field else where, action)
            record = None
        dialogue = None if record is None else build(record, where, assembly, files)
        findings.raise_errors()
        if dialogue is not None:
            dialogues.append(dialogue)
    return dialogues


def _texts(path: Path, shard: Shard) -> Iterator[tuple[int, bytes]]:
    """Number and text of each line of a shard that is not blank."""
    with path.open("rb") as file:
        file.seek(shard.begin)
        number = shard.line
        while file.tell() < shard.end:
            text = file.readline().removeprefix(codecs.BOM_UTF8).strip()
            if text:
                yield number, text
            number += 1
