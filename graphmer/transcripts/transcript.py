"""Transcripts: dialogues of turns without features, and a report of how their file was read."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Protocol

from graphmer.dialogue import Utterance
from graphmer.reprs import counted
from graphmer.transcripts.diarization import Diarization
from graphmer.transcripts.speakers import similar_names
from graphmer.transcripts.text_file import TextFile

UNKNOWN = "unknown"
"""Speaker of a cue without a name."""

Unnamed = Literal["refuse", "one", "alternate", "unknown", "continue"]
"""Speaker of turns without a name: error, one speaker, two in turn, `UNKNOWN`, the previous speaker."""

Annotators = Literal["majority", "refuse"]
"""Label of a turn with several annotators: that of most of them, or an error where they disagree."""


@dataclass(frozen=True)
class ReadingOptions:
    """Choices of the user that a file cannot answer.

    Args:
        unnamed: speakers of a file in which nobody is named; ``continue`` also holds for single cues.
        roster: names of the speakers; if given, nothing else is taken for a name.
        merge_gap: longest pause in seconds between cues of one speaker that are merged into one turn;
            ``None`` for no merging.
        label: name of the label in files whose users name it, such as a key of ConvoKit's metadata.
        merge_speakers: names to use in place of those in the file; see `read_merged_speakers`.
        columns: columns of a table or keys of JSON by role (``speaker``, ``text``, ``start``, ``end``,
            ``dialogue``, ``turn``, ``label``); others are found by their names.
        rttm: who speaks when, by recording; names turns without a speaker. See `read_diarization`.
        split_words: whether segments are split where the speaker of their words changes.
        tiers: names of the tiers of utterances (ELAN, Praat); by default the top tiers.
        annotators: label of turns with several annotators.
    """

    unnamed: Unnamed = "refuse"
    roster: tuple[str, ...] = ()
    merge_gap: float | None = 2.0
    label: str | None = None
    merge_speakers: Mapping[str, str] = field(default_factory=dict)
    columns: Mapping[str, str] = field(default_factory=dict)
    rttm: Mapping[str, Diarization] = field(default_factory=dict)
    split_words: bool = False
    tiers: tuple[str, ...] = ()
    annotators: Annotators = "refuse"

    def __post_init__(self) -> None:
        if self.merge_gap is not None and not self.merge_gap >= 0:
            raise ValueError(f"`merge_gap` must be seconds >= 0, or None; got {self.merge_gap}.")


@dataclass
class ReadingReport:
    """What was done with the contents of a file.

    Attributes:
        taken: what was taken for a speaker, text, times or label, such as a column.
        merged: cues that were merged into the turn before them.
        without_text: turns whose text is missing, such as ``[inaudible]``.
        repaired: turns whose mis-decoded characters were repaired.
        unnamed: turns without a name.
        left_out: number of parts that are no turns, by their kind.
        speakers: number of turns by speaker.
        notes: anything else that a user should know.
    """

    taken: dict[str, str] = field(default_factory=dict)
    merged: int = 0
    without_text: int = 0
    repaired: int = 0
    unnamed: int = 0
    left_out: Counter[str] = field(default_factory=Counter)
    speakers: Counter[str] = field(default_factory=Counter)
    notes: list[str] = field(default_factory=list)

    def lines(self) -> list[str]:
        """The report in sentences, without what did not occur."""
        facts = [
            (self.merged, f"{counted(self.merged, 'cue')} merged into the turn before"),
            (self.without_text, f"{counted(self.without_text, 'turn')} without text"),
            (self.repaired, f"{counted(self.repaired, 'turn')} with mis-decoded characters repaired"),
            (self.unnamed, f"{counted(self.unnamed, 'turn')} without the name of a speaker"),
            *((number, f"left out: {counted(number, kind)}") for kind, number in self.left_out.items()),
        ]
        taken = "; ".join(f"{role}: {what}" for role, what in self.taken.items())
        return [taken] * bool(taken) + [text for number, text in facts if number] + self.remarks

    @property
    def remarks(self) -> list[str]:
        """The notes, and names of speakers that resemble one another."""
        return self.notes + [
            f"names that may be one person: {', '.join(map(repr, names))}; if so, give --merge-speakers"
            for names in similar_names(self.speakers)
        ]


@dataclass(frozen=True)
class TranscribedDialogue:
    """Turns of one dialogue in temporal order, without features.

    Args:
        id: unique within the file.
        turns: utterances; the text of a turn without words is ``None``.
        session: recording session, if the file has them.
    """

    id: str
    turns: tuple[Utterance, ...]
    session: str | None = None


@dataclass(frozen=True)
class Transcript:
    """Contents of a file.

    Args:
        format: name of the format that was detected.
        dialogues: dialogues in the order of the file.
        report: what was merged, left out and repaired.
    """

    format: str
    dialogues: Sequence[TranscribedDialogue]
    report: ReadingReport

    def lines(self) -> list[str]:
        """Summary and report in sentences."""
        return [self.summary, *self.report.lines()]

    @property
    def summary(self) -> str:
        """Format, sizes and speakers in one line."""
        turns = sum(len(dialogue.turns) for dialogue in self.dialogues)
        sizes = f"{counted(len(self.dialogues), 'dialogue')}, {counted(turns, 'turn')}"
        return f"{self.format}: {sizes}, speakers {_names(self.report.speakers)}"


def _names(speakers: Mapping[str, int], shown: int = 8) -> str:
    common = sorted(speakers, key=lambda name: -speakers[name])
    others = f" and {len(common) - shown} more" if len(common) > shown else ""
    return ", ".join(f"{name} ({speakers[name]})" for name in common[:shown]) + others


class FolderFormat(Protocol):
    """A corpus of words that is a folder."""

    @property
    def name(self) -> str:
        """How messages call it."""
        ...

    def matches(self, folder: Path) -> bool:
        """Whether a folder has the files of this corpus."""
        ...

    def read(self, folder: Path, options: ReadingOptions) -> Transcript:
        """Read all of it.

        Raises:
            CorpusError: if it is invalid; the message names file and line.
        """
        ...


class TranscriptFormat(Protocol):
    """A format of transcripts."""

    @property
    def name(self) -> str:
        """How messages call it."""
        ...

    def matches(self, head: str) -> bool:
        """Whether a file that begins with `head` has this format."""
        ...

    def read(self, file: TextFile, options: ReadingOptions) -> Transcript:
        """Read a whole file.

        Raises:
            CorpusError: if it is invalid; the message names file and line.
        """
        ...
