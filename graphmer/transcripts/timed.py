"""Turns as files with times hold them."""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

from graphmer.characters import visible
from graphmer.dialogue import Emotion
from graphmer.errors import CorpusError
from graphmer.transcripts.transcript import TranscribedDialogue

_NO_CHARACTERS = re.compile("[\ufffe\uffff]")


@dataclass(frozen=True)
class TimedTurn:
    """A turn with times, whose texts are one line without control characters.

    Args:
        number: of the turn in the dialogue, from 1.
        speaker: name.
        text: words; empty if they are missing.
        start: in seconds, to the millisecond.
        end: in seconds, to the millisecond.
        emotion: label, or a score with three decimals; empty if there is none.
    """

    number: int
    speaker: str
    text: str
    start: float
    end: float
    emotion: str


def timed_turns(dialogue: TranscribedDialogue, form: str, *, longer: bool = False) -> list[TimedTurn]:
    """Turns of a dialogue, in its order.

    Args:
        dialogue: with a start and an end of each turn.
        form: what is written, for messages.
        longer: whether each turn must end after it starts, by at least a millisecond.

    Raises:
        CorpusError: if a turn has no times, or times that the format cannot have.
    """
    found = []
    for number, turn in enumerate(dialogue.turns, start=1):
        where = f"Dialogue {dialogue.id!r}, turn {number}"
        start, end = turn.start, turn.end
        if start is None or end is None or not math.isfinite(start) or not math.isfinite(end):
            raise CorpusError(
                f"{where}: has no start and end, which {form} needs. Write jsonl, csv or parquet."
            )
        start, end = round(start, 3), round(end, 3)
        if start < 0 or end < start or (longer and end == start):
            raise CorpusError(
                f"{where}: is from {start} s to {end} s, which {form} cannot have. Write jsonl, csv or "
                "parquet."
            )
        speaker, text = one_line(turn.speaker), one_line(turn.text or "")
        found.append(TimedTurn(number, speaker, text, start, end, _emotion(turn.emotion)))
    return found


def lanes(turns: Sequence[TimedTurn]) -> list[tuple[str, list[TimedTurn]]]:
    """Speakers with their turns, so that no two turns of a lane overlap.

    A speaker whose turns overlap has several lanes. Lanes are in the order of their first turns.
    """
    found: list[tuple[str, list[TimedTurn]]] = []
    free: dict[str, list[list[TimedTurn]]] = {}
    for turn in sorted(turns, key=lambda turn: (turn.start, turn.end)):
        mine = free.setdefault(turn.speaker, [])
        lane = next((lane for lane in mine if lane[-1].end <= turn.start), None)
        if lane is None:
            lane = []
            mine.append(lane)
            found.append((turn.speaker, lane))
        lane.append(turn)
    return found


def one_line(text: str) -> str:
    """The text with single blanks, and with control characters as escapes."""
    return _NO_CHARACTERS.sub("\ufffd", visible(" ".join(text.split())))


def _emotion(emotion: Emotion) -> str:
    if emotion is None:
        return ""
    return f"{emotion:.3f}" if isinstance(emotion, float) else one_line(str(emotion))
