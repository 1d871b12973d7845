"""Praat TextGrids with tiers of emotions."""

from collections.abc import Callable, Sequence

from graphmer.transcripts.tiers import EMOTIONS
from graphmer.transcripts.timed import TimedTurn, lanes, timed_turns
from graphmer.transcripts.transcript import TranscribedDialogue


def textgrid(dialogue: TranscribedDialogue, remark: str = "") -> str:
    """TextGrid of the long form: for each speaker a tier of turns and below it one of their emotions.

    Time without a turn is an empty interval. A speaker whose turns overlap has several tiers of one name.

    Raises:
        CorpusError: if a turn has no times, or no duration.
    """
    turns = timed_turns(dialogue, "a TextGrid", longer=True)
    end = max(turn.end for turn in turns)
    tiers = [
        (name, lane, value)
        for speaker, lane in lanes(turns)
        for name, value in ((speaker, _text), (f"{EMOTIONS}{speaker}", _emotion))
    ]
    lines = ['File type = "ooTextFile"', 'Object class = "TextGrid"', f"! {remark}" if remark else ""]
    lines += ["xmin = 0", f"xmax = {end}"]
    lines += ["tiers? <exists>", f"size = {len(tiers)}", "item []:"]
    for number, (name, lane, value) in enumerate(tiers, start=1):
        intervals = _intervals(lane, value, end)
        lines += [
            f"    item [{number}]:",
            '        class = "IntervalTier"',
            f"        name = {_quoted(name)}",
        ]
        lines += ["        xmin = 0", f"        xmax = {end}", f"        intervals: size = {len(intervals)}"]
        for place, (first, last, text) in enumerate(intervals, start=1):
            lines += [f"        intervals [{place}]:", f"            xmin = {first}"]
            lines += [f"            xmax = {last}", f"            text = {_quoted(text)}"]
    return "\n".join(lines) + "\n"


def _intervals(
    lane: Sequence[TimedTurn], value: Callable[[TimedTurn], str], end: float
) -> list[tuple[float, float, str]]:
    """Turns of a lane with empty intervals between them, from 0 to the end."""
    found: list[tuple[float, float, str]] = []
    last = 0.0
    for turn in lane:
        if turn.start > last:
            found.append((last, turn.start, ""))
        last = turn.end
        found.append((turn.start, last, value(turn)))
    if last < end:
        found.append((last, end, ""))
    return found


def _text(turn: TimedTurn) -> str:
    return turn.text


def _emotion(turn: TimedTurn) -> str:
    return turn.emotion


def _quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'
