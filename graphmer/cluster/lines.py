"""Shards of a file of JSON lines: whole batches of dialogues, read by their place in the file."""

import codecs
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from pydantic import ValidationError

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


class Counted(NamedTuple):
    """A line of a file.

    Attributes:
        begin: place of its first byte.
        end: place after its last byte.
        id: of its dialogue; ``None`` for a blank line.
        turns: of its dialogue.
    """

    begin: int
    end: int
    id: str | None
    turns: int


@dataclass(frozen=True)
class Shard:
    """Consecutive lines of a file that are predicted together.

    Attributes:
        number: place among the shards, from 0.
        begin: place of the first byte.
        end: place after the last byte.
        line: number of the first line, from 1.
        turns: of its dialogues.
    """

    number: int
    begin: int
    end: int
    line: int
    turns: int


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


def plan_shards(lines: Iterable[Counted], *, nodes: int, turns: int) -> list[Shard]:
    """Shards that end where a batch ends, so that each is predicted in the batches of the whole file.

    Args:
        lines: of the file, in their order.
        nodes: utterances from which on a batch is complete; see `Predictor.predict_many`.
        turns: from which on a shard is complete.

    Raises:
        CorpusError: if two dialogues have one id.
    """
    shards: list[Shard] = []
    ids: set[str] = set()
    first: tuple[int, int] | None = None
    of_batch = of_shard = end = 0
    for number, line in enumerate(lines, start=1):
        if line.id is None:
            continue
        if line.id in ids:
            raise CorpusError(f"Line {number}: dialogue {line.id!r} occurs twice. Ids must be unique.")
        ids.add(line.id)
        first, end = first or (line.begin, number), line.end
        of_batch, of_shard = of_batch + line.turns, of_shard + line.turns
        if of_batch >= nodes:
            of_batch = 0
            if of_shard >= turns:
                shards.append(Shard(len(shards), first[0], end, first[1], of_shard))
                first, of_shard = None, 0
    if first is not None:
        shards.append(Shard(len(shards), first[0], end, first[1], of_shard))
    return shards


def read_shard(
    path: Path,
    shard: Shard,
    widths: Mapping[str, int],
    findings: Findings,
    *,
    zeros: ZerosPolicy,
    pooling: Pooling,
) -> list[Dialogue]:
    """The dialogues of a shard, as `graphmer.read_dialogues` reads them.

    Raises:
        CorpusError: if a line is invalid; the message names file, line, field and value.
    """
    assembly = Assembly(None, widths, findings, zeros=zeros, pooling=pooling)
    files = VectorFiles(path.parent)
    dialogues = []
    for where, text in _texts(path, shard):
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


def _texts(path: Path, shard: Shard) -> Iterator[tuple[str, bytes]]:
    """Place and text of each line of a shard that is not blank."""
    with path.open("rb") as file:
        file.seek(shard.begin)
        number = shard.line
        while file.tell() < shard.end:
            text = file.readline().removeprefix(codecs.BOM_UTF8).strip()
            if text:
                yield f"{path}:{number}", text
            number += 1
