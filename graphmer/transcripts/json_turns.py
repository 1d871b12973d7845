"""Dialogues as JSON of any program: a turn or a dialogue per line, or in an array."""

from collections.abc import Iterator, Mapping
from typing import Any

from graphmer.errors import CorpusError
from graphmer.transcripts.columns import columns_of, known_roles
from graphmer.transcripts.json_chats import is_service, nested, plain_turn
from graphmer.transcripts.json_file import beginning, load_json, well_formed
from graphmer.transcripts.row import Row
from graphmer.transcripts.rows import dialogues_of
from graphmer.transcripts.text_file import TextFile
from graphmer.transcripts.transcript import ReadingOptions, ReadingReport, Transcript

_LISTS = (
    *("utterances", "turns", "dialogue", "dialog", "messages", "conversation", "conversations", "segments"),
    "lines",
)
"""Keys of the list of turns of a dialogue."""

_IDS = ("id", "dialogue_id", "dialog_id", "conversation_id", "session_id", "name")
"""Keys of the name of a dialogue."""


class JsonTurnsFormat:
    """Objects with a text, or dialogues with a list of them; keys are found like the columns of a table.

    Dialogues are objects with one of the usual keys for their turns, lists in a list, lists by id, or within
    another object.

    Turns with ``features`` are graphmer's own format, which is no transcript.
    """

    name = "JSON of turns"

    def matches(self, head: str) -> bool:
        first, turn = _first(head)
        if '"features"' in head or not isinstance(turn, dict):
            return False
        return _is_turn(turn) or (turn is first and _is_flat(turn))

    def read(self, file: TextFile, options: ReadingOptions) -> Transcript:
        report = ReadingReport()
        _, turn = _first(file.head.lstrip())
        columns_of(list(turn), options.columns, f"{file.path}: entry 1")  # before all of it is read
        rows = [row for where, value in _objects(file) for row in _rows(where, value, report)]
        if not rows:
            raise CorpusError(
                f"{file.path}: has no turn. Name a file with objects such as "
                '{"speaker": "Ann", "text": "hello"}.'
            )
        if len({row.dialogue is None for row in rows}) > 1:
            raise CorpusError(f"{file.path}: has both dialogues and single turns. Use one of them.")
        names = list(dict.fromkeys(name for row in rows for name in row.cells))
        dialogues = dialogues_of(rows, names, options, report, file.path)
        return Transcript(self.name, dialogues, report)


def _first(head: str) -> tuple[Any, Any]:
    """The first object of a file, and the first turn, which may be that object or within it."""
    begin = beginning(head)
    if isinstance(begin, dict):
        begin = list(begin.values()) if _is_by_id(begin) else nested(begin, _LISTS)
    first = next(iter(begin), None) if isinstance(begin, list) else begin
    turns = _turns_of(first)
    if turns is None:
        return first, first
    found = (turn for turn in turns if isinstance(turn, dict) and not is_service(turn))
    return first, next(map(plain_turn, found), None)


def _is_by_id(value: Mapping[str, Any]) -> bool:
    """Whether it has nothing but dialogues by their ids, each a list of turns or an object with one."""
    dialogues = [_turns_of(each) for each in value.values()]
    is_free = bool(value) and value.keys().isdisjoint(_LISTS)
    return is_free and all(each and isinstance(each[0], dict) for each in dialogues)


def _turns_of(value: Any) -> list[Any] | None:
    """Turns of a dialogue; ``None`` if it is a turn."""
    if isinstance(value, list):
        return value
    if not isinstance(value, dict):
        return None
    return next((value[key] for key in _LISTS if isinstance(value.get(key), list)), None)


def _is_turn(value: Mapping[str, Any]) -> bool:
    roles = known_roles(list(value))
    return "text" in roles and isinstance(value[roles["text"]], str | list) and len(roles) > 1


def _is_flat(value: Mapping[str, Any]) -> bool:
    """Whether it may be a turn whose keys are not known."""
    cells = list(value.values())
    is_plain = all(cell is None or isinstance(cell, str | int | float) for cell in cells)
    return is_plain and len(cells) > 1 and any(isinstance(cell, str) for cell in cells)


def _objects(file: TextFile) -> Iterator[tuple[str, Any]]:
    """Place and value of each object of a file."""
    text = file.text.lstrip("\ufeff")
    lines = [(number, line) for number, line in enumerate(text.split("\n"), start=1) if line.strip()]
    if len(lines) > 1 and all(line.lstrip().startswith("{") for _, line in lines):
        for number, line in lines:
            yield f"{file.path}:{number}", load_json(line, str(file.path), number)
        return
    value = load_json(text, str(file.path))
    if isinstance(value, dict) and _is_by_id(value):
        for id, each in value.items():
            yield f"{file.path}: {well_formed(id)}", each
        return
    value = nested(value, _LISTS)
    for number, each in enumerate(value if isinstance(value, list) else [value], start=1):
        yield f"{file.path}: entry {number}", each


def _rows(where: str, value: Any, report: ReadingReport) -> Iterator[Row]:
    """Turns of an object, which is a dialogue or a turn."""
    turns = _turns_of(value)
    if turns is None:
        if not isinstance(value, dict):
            raise CorpusError(f"{where}: must be an object; got {str(value)[:40]!r}. Correct it.")
        if is_service(value):
            report.left_out["service message"] += 1
        else:
            yield Row(where, plain_turn(value))
        return
    described = value if isinstance(value, dict) else {}
    ids = (described[key] for key in _IDS if isinstance(described.get(key), str | int))
    id = next((well_formed(str(id)) for id in ids), None)
    for number, turn in enumerate(turns, start=1):
        if not isinstance(turn, dict):
            raise CorpusError(
                f"{where}, turn {number}: must be an object; got {str(turn)[:40]!r}. Correct it."
            )
        if is_service(turn):
            report.left_out["service message"] += 1
            continue
        yield Row(f"{where}, turn {number}", plain_turn(turn), id or where.rpartition(":")[2].strip())
