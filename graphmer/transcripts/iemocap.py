"""IEMOCAP as released: times and emotions in ``EmoEvaluation``, words in ``transcriptions``."""

import re
from collections.abc import Iterator
from pathlib import Path

from graphmer.dialogue import Utterance
from graphmer.errors import CorpusError
from graphmer.transcripts.published_json import spoken
from graphmer.transcripts.text_file import TextFile
from graphmer.transcripts.transcript import ReadingOptions, ReadingReport, TranscribedDialogue, Transcript

_EVALUATIONS = "dialog/EmoEvaluation"
_NUMBER = r"(\d{1,6}(?:\.\d{1,9})?)"
_EVALUATION = re.compile(rf"\[{_NUMBER} - {_NUMBER}\]\t(\S+)\t(\w{{3}})\t\[.*\]")
_WORDS = re.compile(rf"(\S+) \[{_NUMBER}-{_NUMBER}\]:\s?(.*)")
_TURN = re.compile(r"(?P<dialogue>Ses(?P<session>\d\d)[FM]_.+)_(?P<speaker>[FM])\d{3}")

EMOTIONS = {
    "neu": "neutral",
    "hap": "happy",
    "sad": "sad",
    "ang": "angry",
    "exc": "excited",
    "fru": "frustrated",
    "sur": "surprise",
    "fea": "fear",
    "dis": "disgust",
    "oth": None,
    "xxx": None,
}
"""Class of each code; turns of another emotion, or on which the annotators do not agree, are unlabelled."""


class IemocapFormat:
    """Folders ``SessionN``, or one of them, with ``dialog/EmoEvaluation`` and ``dialog/transcriptions``.

    Turns are those that were evaluated, ordered by time. The speaker is the letter before the last three
    digits of a turn's name; the letter after the session is the actor whose motion was captured.
    """

    name = "IEMOCAP's EmoEvaluation"

    def matches(self, folder: Path) -> bool:
        return bool(_sessions(folder))

    def read(self, folder: Path, options: ReadingOptions) -> Transcript:
        report = ReadingReport()
        dialogues = [
            _dialogue(path, session / "dialog/transcriptions" / path.name, report)
            for session in _sessions(folder)
            for path in _texts(session / _EVALUATIONS)
        ]
        if not dialogues:
            raise CorpusError(f"{folder}: has no {_EVALUATIONS}/*.txt. Copy the release again.")
        return Transcript(self.name, dialogues, report)


def _sessions(folder: Path) -> list[Path]:
    """Folders of the sessions in a folder, or itself."""
    found = [folder, *sorted(folder.glob("Session*"))]
    return [session for session in found if (session / _EVALUATIONS).is_dir()]


def _texts(folder: Path) -> list[Path]:
    """Text files without those that macOS adds, such as ``._Ses01F_impro01.txt``."""
    return sorted(path for path in folder.glob("*.txt") if not path.name.startswith("."))


def _dialogue(path: Path, transcript: Path, report: ReadingReport) -> TranscribedDialogue:
    texts = _transcribed(transcript, report)
    turns: dict[str, Utterance] = {}
    session = None
    for where, name, start, end, code in _evaluated(path, report):
        parts = _TURN.fullmatch(name)
        if parts is None or parts["dialogue"] != path.stem:
            raise CorpusError(f"{where}: must be a turn such as {path.stem}_F000; got {name!r}. Correct it.")
        if name in turns or code not in EMOTIONS:
            rule = "is evaluated twice" if name in turns else f"has an unknown emotion, {code!r}"
            raise CorpusError(f"{where}: {name} {rule}. Correct it.")
        session = str(int(parts["session"]))
        text = spoken(texts.pop(name, ""), parts["speaker"], report)
        turns[name] = Utterance(
            parts["speaker"], emotion=EMOTIONS[code], id=name, text=text, start=start, end=end
        )
    if not turns:
        raise CorpusError(f"{path}: has no turn. Copy the file again.")
    if texts:
        report.left_out["transcribed turn without an evaluation"] += len(texts)
    ordered = sorted(turns.values(), key=lambda turn: (turn.start, turn.end))
    return TranscribedDialogue(path.stem, tuple(ordered), session)


def _evaluated(path: Path, report: ReadingReport) -> Iterator[tuple[str, str, float, float, str]]:
    """Place, name, times and code of each turn; single votes are left out, they are no turns."""
    for number, line in enumerate(TextFile.opened(path).text.split("\n"), start=1):
        found = _EVALUATION.fullmatch(line.strip())
        if found is not None:
            yield f"{path}:{number}", found[3], float(found[1]), float(found[2]), found[4]
        elif line.startswith("["):
            report.left_out["line of an evaluation that cannot be read"] += 1


def _transcribed(path: Path, report: ReadingReport) -> dict[str, str]:
    if not path.is_file():
        report.notes.append(f"no transcription of {path.stem}")
        return {}
    texts: dict[str, str] = {}
    for line in TextFile.opened(path).text.split("\n"):
        found = _WORDS.fullmatch(line.strip())
        if found is not None:
            texts[found[1]] = found[4]
        elif line.strip():
            report.left_out["line of a transcription that cannot be read"] += 1
    return texts
