"""Turns from cues: who speaks, which cues are one turn, which turns have no words."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from graphmer.dialogue import Emotion, Utterance
from graphmer.errors import CorpusError
from graphmer.reprs import counted
from graphmer.transcripts.diarization import chosen
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
        id: of the turn, or ``None``.
        raw: what the file has in place of the text, with its codes of transcription.
    """

    speaker: str | None
    text: str
    start: float | None = None
    end: float | None = None
    emotion: Emotion = None
    id: str | None = None
    raw: str | None = None


def turns(
    cues: Sequence[Cue],
    options: ReadingOptions,
    report: ReadingReport,
    where: str,
    *,
    recording: str | None = None,
    numbered: bool = False,
) -> list[Utterance]:
    """Turns of a dialogue from its cues, ordered by start, then by end.

    Args:
        cues: of one dialogue.
        options: of the user.
        report: in which is counted what is done.
        where: place in messages.
        recording: name in an RTTM file; by default the name of the file in `where`.
        numbered: whether the order of the cues is known, whatever their times.

    Raises:
        CorpusError: if nobody is named and the options do not say who speaks.
    """
    ordered = cues
    if options.rttm:
        ordered = _diarized(ordered, options, report, where, recording or Path(where).stem)
    if options.merge_speakers:
        ordered = _renamed(ordered, options.merge_speakers, report)
    if not numbered and all(cue.start is not None for cue in ordered):
        ordered = sorted(ordered, key=lambda cue: (cue.start, cue.end if cue.end is not None else cue.start))
    found = [_turn(cue, report) for cue in _with_speakers(ordered, options, report, where)]
    if options.merge_gap is not None:
        found = _merged(found, options.merge_gap, report)
    report.without_text += sum(turn.text is None for turn in found)
    report.speakers += Counter(turn.speaker for turn in found)
    return found


def _diarized(
    cues: Sequence[Cue], options: ReadingOptions, report: ReadingReport, where: str, recording: str
) -> Sequence[Cue]:
    """Cues without a name with the speaker who has most of their time."""
    open_cues = [cue for cue in cues if cue.speaker is None]
    if open_cues and all(cue.start is None for cue in open_cues):
        raise CorpusError(f"{where}: has no times, so its turns cannot be found in the RTTM. Omit --rttm.")
    diarization = chosen(options.rttm, recording, where)
    shared, found = 0, []
    for cue in cues:
        if cue.speaker is None and cue.start is not None:
            overlaps = diarization.overlaps(cue.start, cue.start if cue.end is None else cue.end)
            shared += len(overlaps) > 1
            cue = replace(cue, speaker=max(overlaps, key=lambda name: overlaps[name], default=None))
        found.append(cue)
    report.taken["speaker"] = "the one with most of the time of a turn in the RTTM"
    if len(open_cues) < len(cues):
        report.notes.append(f"{counted(len(cues) - len(open_cues), 'turn')} with a name kept it")
    if shared:
        report.notes.append(f"{counted(shared, 'turn')} in which several persons of the RTTM speak")
    return found


def _renamed(cues: Sequence[Cue], names: Mapping[str, str], report: ReadingReport) -> Sequence[Cue]:
    for name, number in Counter(cue.speaker for cue in cues if cue.speaker in names).items():
        if name != names[str(name)]:
            report.notes.append(f"{counted(number, 'turn')} of {name!r} given to {names[str(name)]!r}")
    return [replace(cue, speaker=names.get(cue.speaker or "", cue.speaker)) for cue in cues]


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
    return Utterance(
        speaker, emotion=cue.emotion, id=cue.id, text=clean, start=cue.start, end=cue.end, raw=cue.raw
    )


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
        raw = "\n".join(part for part in (last.raw, turn.raw) if part) or None
        ends = [end for end in (last.end, turn.end) if end is not None]
        merged[-1] = replace(last, text=text, raw=raw, end=max(ends, default=None))
    return merged


def _continues(last: Utterance, turn: Utterance, gap: float) -> bool:
    if last.speaker != turn.speaker or turn.speaker == UNKNOWN or last.end is None or turn.start is None:
        return False
    return turn.emotion == last.emotion and turn.start - last.end <= gap
