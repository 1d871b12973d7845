"""Dialogues of consecutive rows of turns, which may go on in the next file."""

from collections.abc import Iterator, Sequence

from graphmer.corpora.assemble import PARTS, Assembly
from graphmer.corpora.parquet.files import TurnFile
from graphmer.corpora.parquet.mapped import MappedTurns
from graphmer.corpora.parquet.schema import PREFIX, Columns
from graphmer.corpora.parquet.turns import TurnDecoder, Turns
from graphmer.corpora.problems import Findings
from graphmer.dialogue import Dialogue

BATCH = 2**23
"""Bytes of features that are decoded together."""

_MOST = 8192


def read_turns(
    files: Sequence[TurnFile],
    columns: Sequence[Columns],
    assembly: Assembly,
    *,
    without: Sequence[str] = (),
    mapped: MappedTurns | None = None,
) -> Iterator[tuple[Dialogue | None, str | None]]:
    """Iterator over each dialogue of files (``None`` if it is invalid), and its set in the official split.

    A dialogue may go on in the next file.

    Args:
        files: in their order.
        columns: of each file.
        assembly: validates and collects problems.
        without: columns that are not read.
        mapped: makes features lazy, once they are validated; ``None`` to keep them in memory.
    """
    waiting: list[Turns] = []
    seen: set[str] = set()
    for turns in _decoded(files, columns, assembly, without):
        names = turns.dialogue
        begins = [row for row in range(1, len(names)) if names[row] != names[row - 1]]
        for begin, end in zip([0, *begins], [*begins, len(names)], strict=True):
            if waiting and waiting[-1].dialogue[-1] != names[begin]:
                yield _dialogue(Turns.joined(waiting), assembly, seen, mapped)
                waiting.clear()
            waiting.append(turns.part(begin, end))
    if waiting:
        yield _dialogue(Turns.joined(waiting), assembly, seen, mapped)


def _decoded(
    files: Sequence[TurnFile], columns: Sequence[Columns], assembly: Assembly, without: Sequence[str]
) -> Iterator[Turns]:
    rows = max(1, min(_MOST, BATCH // (4 * sum(assembly.widths.values()) or 1)))
    for file, each in zip(files, columns, strict=True):
        names = [name for name in each.names if name not in without]
        vectors = [PREFIX + modality for modality in each.widths if modality in assembly.widths]
        decoder = TurnDecoder(each, assembly, str(file.path), file.part)
        first = file.first
        for batch in file.batches([*names, *vectors], rows):
            if batch.num_rows:
                with file.readable():
                    turns = decoder.turns(batch, first)
                yield turns
            first += batch.num_rows


def _dialogue(
    turns: Turns, assembly: Assembly, seen: set[str], mapped: MappedTurns | None
) -> tuple[Dialogue | None, str | None]:
    """Dialogue of its rows, or ``None`` if it is invalid."""
    name, where, findings = turns.dialogue[0], turns.where(0), assembly.findings
    if name is None:
        findings.error("'dialogue' is missing (null)", where, "Give each row the id of its dialogue.")
        return None, None
    if name in seen:
        what = f"the rows of dialogue {name!r} are not contiguous"
        findings.error(what, where, "Sort the rows by dialogue and turn, or give each dialogue its own id.")
        return None, None
    seen.add(name)
    if turns.turn != list(range(len(turns))):
        row = next(row for row, turn in enumerate(turns.turn) if turn != row)
        what = f"'turn' of dialogue {name!r} must count from 0; got {turns.turn[row]} in place of {row}"
        findings.error(what, turns.where(row), "Sort the rows by dialogue and turn.")
        return None, None
    if None in turns.speaker:
        row = turns.speaker.index(None)
        findings.error("'speaker' is missing (null)", turns.where(row), "Name the speaker of each turn.")
        return None, None
    part, session = _common(turns, "split", findings), _common(turns, "session", findings)
    if part not in (None, *PARTS):
        findings.error(f"'split' must be one of {', '.join(PARTS)}; got {part!r}", where, "Correct it.")
        return None, None
    try:
        found = Dialogue.from_columns(
            name,
            utterance_ids=[id or f"{name}_{place}" for place, id in enumerate(turns.id)],
            speaker=[str(speaker) for speaker in turns.speaker],
            features=turns.features if mapped is None else mapped.features(turns),
            available=turns.available,
            emotion=turns.emotion,
            text=turns.text,
            start=turns.start,
            end=turns.end,
            reply_to=turns.reply_to,
            causes=turns.causes,
            session=session,
        )
    except ValueError as error:
        findings.error(str(error).rstrip("."), where, "Correct the dialogue.")
        return None, None
    return found, part


def _common(turns: Turns, column: str, findings: Findings) -> str | None:
    """The one value of a column of a dialogue."""
    values: list[str | None] = getattr(turns, column)
    if values.count(values[0]) < len(values):
        row = next(row for row, value in enumerate(values) if value != values[0])
        what = f"{column!r} must be the same in all turns of dialogue {turns.dialogue[0]!r}"
        findings.error(f"{what}; got {values[row]!r} after {values[0]!r}", turns.where(row), "Correct it.")
    return values[0]
