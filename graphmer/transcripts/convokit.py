"""Corpora of ConvoKit: a folder with ``utterances.jsonl``."""

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from graphmer.dialogue import Utterance
from graphmer.errors import CorpusError
from graphmer.reprs import shown
from graphmer.transcripts.published_json import spoken
from graphmer.transcripts.transcript import ReadingOptions, ReadingReport, TranscribedDialogue, Transcript

_UTTERANCES = "utterances.jsonl"
_COMPANIONS = ("speakers.json", "users.json", "conversations.json", "corpus.json", "index.json")


@dataclass(frozen=True)
class _Entry:
    """An utterance of the file."""

    id: str
    conversation: str
    speaker: str
    text: str
    reply_to: str | None
    timestamp: float | None
    label: str | None


class ConvoKitFormat:
    """One utterance per line, in conversations, with the answered utterance and metadata.

    The label is a key of ``meta`` that the user names. Turns are ordered by timestamp if all have one, else
    along the replies, else as in the file. Timestamps only order turns: they are no times of a recording.
    Pickled vectors are not read.
    """

    name = "ConvoKit's corpus"

    def matches(self, folder: Path) -> bool:
        return (folder / _UTTERANCES).is_file() and any((folder / name).is_file() for name in _COMPANIONS)

    def read(self, folder: Path, options: ReadingOptions) -> Transcript:
        report = ReadingReport()
        conversations: dict[str, dict[str, _Entry]] = defaultdict(dict)
        keys: set[str] = set()
        for where, record in _records(folder / _UTTERANCES):
            entry = _entry(record, options.label, where)
            if entry.id in conversations[entry.conversation]:
                raise CorpusError(f"{where}: the id {entry.id!r} occurs twice. Remove one of the lines.")
            conversations[entry.conversation][entry.id] = entry
            keys |= set(_meta(record))
        if not conversations:
            raise CorpusError(f"{folder / _UTTERANCES}: has no utterance. Copy the corpus again.")
        if options.label is not None and options.label not in keys:
            raise CorpusError(
                f"{folder}: no utterance has {options.label!r} in its meta. Known are "
                f"{', '.join(sorted(keys)) or 'none'}."
            )
        if options.label is None and keys:
            report.notes.append(f"unlabelled; name the label with --label, one of {', '.join(sorted(keys))}")
        vectors = len(list(folder.glob("vectors.*.p")))
        report.left_out.update({"file of vectors": vectors} if vectors else {})
        dialogues = [
            TranscribedDialogue(id, _turns(list(entries.values()), report))
            for id, entries in conversations.items()
        ]
        return Transcript(self.name, dialogues, report)


def _records(path: Path) -> Iterator[tuple[str, Mapping[str, Any]]]:
    with path.open("rb") as lines:
        for number, line in enumerate(lines, start=1):
            if not line.strip():
                continue
            where = f"{path}:{number}"
            try:
                record = json.loads(line.decode("utf-8-sig"))
            except (ValueError, RecursionError):
                raise CorpusError(f"{where}: no valid JSON in UTF-8. Copy the corpus again.") from None
            if not isinstance(record, dict):
                raise CorpusError(f"{where}: must be an object; got {shown(record)}. Correct it.")
            yield where, record


def _meta(record: Mapping[str, Any]) -> Mapping[str, Any]:
    meta = record.get("meta")
    return meta if isinstance(meta, dict) else {}


def _entry(record: Mapping[str, Any], label: str | None, where: str) -> _Entry:
    id = _name(record, ("id",), where)
    return _Entry(
        id=id,
        conversation=_name(record, ("conversation_id", "root"), where) or id,
        speaker=_name(record, ("speaker", "user"), where),
        text=_name(record, ("text",), where, required=False),
        reply_to=_name(record, ("reply-to", "reply_to"), where, required=False) or None,
        timestamp=_timestamp(record.get("timestamp"), where),
        label=None if label is None else _label(_meta(record).get(label), f"{where}: meta.{label}"),
    )


def _name(record: Mapping[str, Any], keys: tuple[str, ...], where: str, *, required: bool = True) -> str:
    """Text of the first key that is there; older corpora have other keys."""
    value = next((record[key] for key in keys if record.get(key) is not None), None)
    if value is None and not required:
        return ""
    if isinstance(value, str) or type(value) is int:
        return str(value)
    raise CorpusError(f"{where}: {keys[0]}: must be a text; got {shown(value)}. Correct it.")


def _timestamp(value: Any, where: str) -> float | None:
    try:
        found = None if value is None or value == "" else float(value)
    except (TypeError, ValueError, OverflowError):
        raise CorpusError(f"{where}: timestamp: must be a number; got {shown(value)}. Correct it.") from None
    return None if found is None or found != found else found


def _label(value: Any, where: str) -> str | None:
    if value is None or isinstance(value, str | int | float):
        return None if value is None or value != value else str(value)
    raise CorpusError(f"{where}: a label must be a text or a number; got {shown(value)}. Name another key.")


def _turns(entries: Sequence[_Entry], report: ReadingReport) -> tuple[Utterance, ...]:
    known = {entry.id for entry in entries}
    turns = []
    for entry in _ordered(entries):
        reply_to = entry.reply_to if entry.reply_to in known else None
        if entry.reply_to is not None and reply_to is None:
            report.left_out["reply to an utterance outside its conversation"] += 1
        text = spoken(entry.text, entry.speaker, report)
        turns.append(Utterance(entry.speaker, emotion=entry.label, id=entry.id, text=text, reply_to=reply_to))
    return tuple(turns)


def _ordered(entries: Sequence[_Entry]) -> list[_Entry]:
    """Entries by time; without times, each reply after what it answers and before the next answer to that."""
    times = [entry.timestamp for entry in entries]
    if all(time is not None for time in times):
        return sorted(entries, key=lambda entry: entry.timestamp or 0.0)
    known = {entry.id for entry in entries}
    replies: dict[str | None, list[_Entry]] = defaultdict(list)
    for entry in entries:
        replies[entry.reply_to if entry.reply_to in known else None].append(entry)
    ordered: list[_Entry] = []
    waiting = replies[None][::-1]
    while waiting:
        entry = waiting.pop()
        ordered.append(entry)
        waiting += replies[entry.id][::-1]
    reached = {entry.id for entry in ordered}
    return ordered + [entry for entry in entries if entry.id not in reached]  # replies in a circle
