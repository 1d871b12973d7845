"""Turns from cues: who speaks, which cues are one turn, which turns have no words."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from graphmer.dialogue import Emotion, Utterance
from graphmer.errors import CorpusError
from graphmer.transcripts.transcript import UNKNOWN, ReadingOptions, ReadingReport
from graphmer.transcripts.words import repaired, words


@dataclass(frozen=True)
class Cue:
    """A part of a file that one person says.

    Args:
        speaker: name, or ``None`` if the file gives none.
        text: as in the file, without markup.
        start: in seconds.
        end: in seconds.
        emotion: label, or ``None`` if it has none.
    """

    speaker: str | None
    text: str
    start: float | None = None
    end: float | None = None
    emotion: Emotion = None


def turns(cues: Sequence[Cue], options: ReadingOptions, report: ReadingReport, where: str) -> list[Utterance]:
    """Turns of a dialogue from its cues, ordered by start, then by end.

    Raises:
        CorpusError: if nobody is named and the options do not say who speaks.
    """
    ordered = cues
    if all(cue.start is not None for cue in cues):
        ordered = sorted(cues, key=lambda cue: (cue.start, cue.end if cue.end is not None else cue.start))
    found = [_turn(cue, report) for cue in _with_speakers(ordered, options, report, where)]
    if options.merge_gap is not None:
        found = _merged(found, options.merge_gap, report)
    report.without_text += sum(turn.text is None for turn in found)
    report.speakers += Counter(turn.speaker for turn in found)
    return found


def _with_speakers(
    cues: Sequence[Cue], options: ReadingOptions, report: ReadingReport, where: str
) -> Iterable[Cue]:
    missing = sum(cue.speaker is None for cue in cues)
    report.unnamed += missing
    if not missing:
        return cues
    if options.unnamed == "continue":
        return _continued(cues)
    if missing < len(cues) or options.unnamed == "unknown":
        return [cue if cue.speaker is not None else replace(cue, speaker=UNKNOWN) for cue in cues]
    if options.unnamed == "refuse":
        raise CorpusError(
            f"{where}: no turn has the name of a speaker. Say who speaks: --speakers one, alternate or "
            "unknown."
        )
    names = ("A", "B") if options.unnamed == "alternate" else ("A",)
    return [replace(cue, speaker=names[number % len(names)]) for number, cue in enumerate(cues)]


def _continued(cues: Sequence[Cue]) -> Iterable[Cue]:
    speaker = UNKNOWN
    for cue in cues:
        speaker = cue.speaker or speaker
        yield replace(cue, speaker=speaker)


def _turn(cue: Cue, report: ReadingReport) -> Utterance:
    text = repaired(cue.text)
    report.repaired += text != cue.text
    speaker, clean = cue.speaker or UNKNOWN, words(text)
    return Utterance(speaker, emotion=cue.emotion, text=clean, start=cue.start, end=cue.end)


def _merged(found: Sequence[Utterance], gap: float, report: ReadingReport) -> list[Utterance]:
    """Turns with those of one speaker and label merged if the pause is at most `gap` seconds."""
    merged: list[Utterance] = []
    for turn in found:
        last = merged[-1] if merged else None
        if last is None or not _continues(last, turn, gap):
            merged.append(turn)
            continue
        report.merged += 1
        text = " ".join(part for part in (last.text, turn.text) if part) or None
        ends = [end for end in (last.end, turn.end) if end is not None]
        merged[-1] = replace(last, text=text, end=max(ends, default=None))
    return merged


def _continues(last: Utterance, turn: Utterance, gap: float) -> bool:
    if last.speaker != turn.speaker or turn.speaker == UNKNOWN or last.end is None or turn.start is None:
        return False
    return turn.emotion == last.emotion and turn.start - last.end <= gap
