"""RECCON: dialogues with emotions and the turns that cause them."""

import re
from collections import Counter
from typing import Any

from graphmer.dialogue import Utterance
from graphmer.errors import CorpusError
from graphmer.reprs import shown
from graphmer.transcripts.published_json import document, list_field, spoken, text_field
from graphmer.transcripts.text_file import TextFile
from graphmer.transcripts.transcript import ReadingOptions, ReadingReport, TranscribedDialogue, Transcript

_BEGIN = re.compile(r"\{\s*\"[^\"\n]*\"\s*:\s*\[\s*\[\s*\{")
_KEYS = ('"turn"', '"speaker"', '"utterance"', '"emotion"')
_EVIDENCE = "expanded emotion cause evidence"
_LATENT = "b"
"""Evidence that is not in the dialogue."""

_MISSPELT = {
    "happy": "happiness",
    "excited": "happiness",
    "sad": "sadness",
    "angry": "anger",
    "surprised": "surprise",
}
"""Names of a few labels of DailyDialog, and the class that they mean."""


class RecconFormat:
    """An object of dialogues, each a list of turns with emotion and evidence of its cause.

    Turns are numbered from 1. An emotional turn has the numbers of its causes, or none if its cause is not in
    the dialogue; a turn without evidence is not annotated. Misspelt classes are corrected where the file has
    the class that they mean, which the files of DailyDialog have and those of IEMOCAP do not.
    """

    name = "RECCON's JSON"

    def matches(self, head: str) -> bool:
        return _BEGIN.match(head) is not None and all(key in head for key in _KEYS)

    def read(self, file: TextFile, options: ReadingOptions) -> Transcript:
        content, report = document(file), ReadingReport()
        if not isinstance(content, dict) or not content:
            raise CorpusError(
                f"{file.path}: must be an object of dialogues; got {shown(content)}. Correct it."
            )
        entries = {id: _entries(value, f"{file.path}: {id}") for id, value in content.items()}
        classes = {str(turn.get("emotion")) for turns in entries.values() for turn in turns.values()}
        spelling = {name: meant for name, meant in _MISSPELT.items() if meant in classes}
        renamed: Counter[str] = Counter()
        dialogues = [
            _dialogue(id, turns, spelling, renamed, report, f"{file.path}: {id}")
            for id, turns in entries.items()
        ]
        for name, number in renamed.items():
            report.notes.append(f"label {name!r} read as {spelling[name]!r}: {number}")
        return Transcript(self.name, dialogues, report)


def _entries(value: Any, where: str) -> dict[int, dict[str, Any]]:
    """Turns of a dialogue by their number."""
    if not isinstance(value, list) or len(value) != 1 or not isinstance(value[0], list) or not value[0]:
        raise CorpusError(f"{where}: must hold one list of turns. Correct it.")
    turns: dict[int, dict[str, Any]] = {}
    for position, entry in enumerate(value[0]):
        number = entry.get("turn") if isinstance(entry, dict) else None
        if type(number) is not int or number in turns:
            raise CorpusError(
                f"{where}[{position}]: turn: must be a number of its own; got {shown(number)}. Correct it."
            )
        turns[number] = entry
    return dict(sorted(turns.items()))


def _dialogue(
    id: str,
    entries: dict[int, dict[str, Any]],
    spelling: dict[str, str],
    renamed: Counter[str],
    report: ReadingReport,
    where: str,
) -> TranscribedDialogue:
    turns = []
    for number, entry in entries.items():
        place = f"{where}, turn {number}"
        speaker = text_field(entry, "speaker", place)
        emotion = text_field(entry, "emotion", place).strip()
        if emotion in spelling:
            renamed[emotion] += 1
            emotion = spelling[emotion]
        text = spoken(text_field(entry, "utterance", place), speaker, report)
        causes = _causes(entry, entries, report, place) if _EVIDENCE in entry else None
        turns.append(
            Utterance(
                speaker,
                emotion=emotion or None,
                id=_name(id, number),
                text=text,
                causes=None if causes is None else tuple(_name(id, cause) for cause in causes),
            )
        )
    return TranscribedDialogue(id, tuple(turns))


def _name(id: str, number: int) -> str:
    return f"{id}_{number}"


def _causes(
    entry: dict[str, Any], turns: dict[int, dict[str, Any]], report: ReadingReport, where: str
) -> list[int]:
    causes = []
    for evidence in list_field(entry, _EVIDENCE, where):
        if evidence == _LATENT:
            continue
        number = (
            int(evidence) if isinstance(evidence, str) and re.fullmatch(r"\d{1,9}", evidence) else evidence
        )
        if type(number) is not int:
            raise CorpusError(
                f"{where}: {_EVIDENCE}: must be numbers of turns or {_LATENT!r}; got {shown(evidence)}. "
                "Correct it."
            )
        if number in turns:
            causes.append(number)
        else:
            report.left_out["cause that is no turn of its dialogue"] += 1
    return causes
