"""Tiers of ELAN and Praat: which of them are utterances, and of whom."""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TypeVar

from graphmer.errors import CorpusError
from graphmer.transcripts.transcript import ReadingOptions, ReadingReport

EMOTIONS = "emotion@"
"""What the name of a tier of emotions begins with, before that of the tier that it belongs to."""

T = TypeVar("T")


def chosen(
    tiers: Mapping[T, Sequence[str]], top: Sequence[T], options: ReadingOptions, path: Path
) -> list[T]:
    """Tiers of utterances: those that the options name, else those of the top.

    Args:
        tiers: names by which each tier may be called.
        top: tiers that are read by default.
        options: names of the tiers.
        path: of the file, for messages.

    Raises:
        CorpusError: if there is no tier of a name.
    """
    for name in options.tiers:
        if not any(name in names for names in tiers.values()):
            known = ", ".join(dict.fromkeys(repr(names[0]) for names in tiers.values()))
            raise CorpusError(f"{path}: has no tier {name!r}. Name one of {known}.")
    if not options.tiers:
        return list(top)
    return [tier for tier, names in tiers.items() if any(name in names for name in options.tiers)]


def note(read: Sequence[tuple[str, str]], others: Counter[str], report: ReadingReport) -> None:
    """Say which tiers were read as whose utterances.

    Args:
        read: name of each tier that is read, and its speaker.
        others: number of annotations by the name of a tier that is not read.
        report: of the reading.
    """
    report.notes.append(f"tiers read as utterances: {', '.join(dict.fromkeys(tier for tier, _ in read))}")
    for speaker, number in Counter(speaker for _, speaker in read).items():
        if number > 1:
            names = ", ".join(tier for tier, whose in read if whose == speaker)
            report.notes.append(
                f"{speaker} has {number} tiers, all read ({names}); --tier names the right ones"
            )
    if others:
        shown = ", ".join(f"{name} ({number})" for name, number in others.items())
        report.notes.append(f"tiers not read, with their annotations: {shown}")
