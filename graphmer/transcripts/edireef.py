"""EDiReF (SemEval-2024 task 10): episodes that end in a change of emotion, and the turns that trigger it."""

import re
from collections.abc import Mapping
from typing import Any

from graphmer.dialogue import Utterance
from graphmer.errors import CorpusError
from graphmer.reprs import shown
from graphmer.transcripts.published_json import document, list_field, spoken
from graphmer.transcripts.text_file import TextFile
from graphmer.transcripts.transcript import ReadingOptions, ReadingReport, TranscribedDialogue, Transcript

_BEGIN = re.compile(r"\[\s*\{")
_KEYS = ('"speakers"', '"emotions"', '"utterances"')


class EdirefFormat:
    """A list of episodes, each with lists of speakers, emotions, utterances and triggers.

    The triggers are the causes of the last turn, whose emotion is the one that changed. Test files call them
    ``labels``; the files of the first subtask have none.
    """

    name = "EDiReF's JSON"

    def matches(self, head: str) -> bool:
        return _BEGIN.match(head) is not None and all(key in head for key in _KEYS)

    def read(self, file: TextFile, options: ReadingOptions) -> Transcript:
        report = ReadingReport()
        episodes = document(file)
        if not isinstance(episodes, list) or not episodes:
            raise CorpusError(f"{file.path}: must be a list of episodes; got {shown(episodes)}. Correct it.")
        unknown = [0]
        dialogues = [
            _dialogue(episode, f"{file.path}: episode {number}", number, report, unknown)
            for number, episode in enumerate(episodes)
        ]
        if unknown[0]:
            report.notes.append(f"triggers without a value, taken for none: {unknown[0]}")
        return Transcript(self.name, dialogues, report)


def _dialogue(
    episode: Any, where: str, number: int, report: ReadingReport, unknown: list[int]
) -> TranscribedDialogue:
    columns = {key: list_field(episode, key, where) for key in ("speakers", "emotions", "utterances")}
    name = "labels" if "triggers" not in episode and "labels" in episode else "triggers"
    triggers = list_field(episode, name, where) if name in episode else None
    if triggers is not None:
        columns[name] = triggers
    lengths = {key: len(column) for key, column in columns.items()}
    if len(set(lengths.values())) > 1 or not columns["utterances"]:
        described = ", ".join(f"{count} {key}" for key, count in lengths.items())
        raise CorpusError(
            f"{where}: its lists must be equally long and not empty; got {described}. Correct it."
        )
    id = _id(episode, number, where)
    ids = [f"{id}_{position}" for position in range(len(columns["utterances"]))]
    turns = []
    for position, fields in enumerate(zip(*list(columns.values())[:3], strict=True)):
        speaker, emotion, text = (_text(field, f"{where}, turn {position}") for field in fields)
        clean = spoken(text, speaker, report)
        turns.append(Utterance(speaker, emotion=emotion.strip() or None, id=ids[position], text=clean))
    if triggers is not None:
        marked = [_is_trigger(value, f"{where}: {name}", unknown) for value in triggers]
        causes = tuple(id for id, is_trigger in zip(ids, marked, strict=True) if is_trigger)
        last = turns[-1]
        turns[-1] = Utterance(last.speaker, emotion=last.emotion, id=last.id, text=last.text, causes=causes)
    return TranscribedDialogue(id, tuple(turns))


def _id(episode: Mapping[str, Any], number: int, where: str) -> str:
    id = episode.get("episode", number)
    if not isinstance(id, str | int):
        raise CorpusError(f"{where}: episode: must be a name; got {shown(id)}. Correct it.")
    return str(id)


def _text(value: Any, where: str) -> str:
    if not isinstance(value, str):
        raise CorpusError(f"{where}: must be a text; got {shown(value)}. Correct it.")
    return value


def _is_trigger(value: Any, where: str, unknown: list[int]) -> bool:
    """Whether a turn is a trigger: ``1``, ``1.0`` or ``'1.0'``; NaN and null are counted as unknown."""
    try:
        number = float("nan") if value is None or value == "" else float(value)
    except (TypeError, ValueError, OverflowError):
        number = -1.0
    if number != number:
        unknown[0] += 1
        return False
    if number not in (0.0, 1.0):
        raise CorpusError(f"{where}: must be 0 or 1; got {shown(value)}. Correct it.")
    return number == 1.0
