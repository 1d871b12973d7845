"""EmoryNLP's published tables: ``emorynlp_train_final.csv`` and the like."""

import ast

from graphmer.dialogue import Utterance
from graphmer.errors import CorpusError
from graphmer.transcripts.published_table import (
    NumberedTurns,
    columns_of,
    seconds,
    table_rows,
    whole_number,
)
from graphmer.transcripts.text_file import TextFile
from graphmer.transcripts.transcript import ReadingOptions, ReadingReport, TranscribedDialogue, Transcript
from graphmer.transcripts.words import repaired, words

_DIALOGUE = ("Season", "Episode", "Scene_ID")
_COLUMNS = ("Utterance", "Speaker", "Emotion", *_DIALOGUE, "Utterance_ID", "Start_Time", "End_Time")
_LONGEST = 1000
"""Characters of the longest list of speakers."""


class EmoryNlpFormat:
    """EmoryNLP's CSV: one row per utterance; season, episode and scene are the dialogue.

    ``Speaker`` holds a list of names; several that speak at once are one speaker, ``Ann, Bob``.
    """

    name = "EmoryNLP's CSV"

    def matches(self, head: str) -> bool:
        return set(_COLUMNS) <= set(columns_of(head))

    def read(self, file: TextFile, options: ReadingOptions) -> Transcript:
        report = ReadingReport()
        found: NumberedTurns[tuple[int, ...]] = NumberedTurns()
        for where, row in table_rows(file, _COLUMNS):
            scene = tuple(whole_number(row, column, where) for column in _DIALOGUE)
            number = whole_number(row, "Utterance_ID", where)
            found.add(scene, number, _utterance(row, f"{_name(scene)}_{number}", where, report), where)
        dialogues = [TranscribedDialogue(_name(scene), turns) for scene, turns in found.dialogues()]
        return Transcript(self.name, dialogues, report)


def _name(scene: tuple[int, ...]) -> str:
    """Season, episode and scene as in the names of COSMIC's pickle."""
    return "_".join(map(str, scene))


def _utterance(row: dict[str, str], id: str, where: str, report: ReadingReport) -> Utterance:
    speaker = ", ".join(_speakers(row["Speaker"], where))
    text = repaired(row["Utterance"])
    report.repaired += text != row["Utterance"]
    report.speakers[speaker] += 1
    clean = words(text)
    report.without_text += clean is None
    start, end = (_time(row, column, where, report) for column in ("Start_Time", "End_Time"))
    return Utterance(speaker, emotion=row["Emotion"].strip() or None, id=id, text=clean, start=start, end=end)


def _time(row: dict[str, str], column: str, where: str, report: ReadingReport) -> float | None:
    """Seconds; times were found by aligning subtitles, and one that cannot be read is left out."""
    try:
        return seconds(row, column, where)
    except CorpusError:
        report.left_out["time that cannot be read"] += 1
        return None


def _speakers(text: str, where: str) -> list[str]:
    """Names of a list that is written as in Python."""
    try:
        names = ast.literal_eval(text.strip()) if len(text) <= _LONGEST else None
    except (ValueError, SyntaxError, RecursionError, MemoryError):
        names = None
    if not isinstance(names, list) or not names or not all(isinstance(name, str) for name in names):
        raise CorpusError(
            f"{where}: Speaker: must be a list of names such as \"['Ann']\"; got {text[:60]!r}. Correct it."
        )
    named = [repaired(name).strip() for name in names]
    if not all(named):
        raise CorpusError(f"{where}: Speaker: must not be empty. Name the speaker.")
    return named
