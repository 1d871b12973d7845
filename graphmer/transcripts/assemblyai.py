"""JSON of AssemblyAI."""

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator
from pydantic.dataclasses import dataclass

from graphmer.transcripts.assemble import Cue
from graphmer.transcripts.json_file import JsonFormat, Name, Number, Part, Text
from graphmer.transcripts.spoken_words import Word, cues_of
from graphmer.transcripts.transcript import ReadingOptions, ReadingReport


@dataclass(frozen=True, slots=True)
class _Spoken:
    """A word or an utterance."""

    text: Text = ""
    start: Number = None
    end: Number = None
    speaker: Name = None
    channel: Name = None


_Several = Annotated[tuple[_Spoken, ...], BeforeValidator(lambda value: value or ())]


class _AssemblyAI(Part):
    words: _Several = ()
    utterances: _Several = ()
    status: Literal["completed"] | None = None


def _cues(document: _AssemblyAI, options: ReadingOptions, report: ReadingReport) -> list[Cue]:
    """Utterances, or the sentences of the words."""
    report.taken["times"] = "milliseconds"
    if document.utterances:
        found = [Cue(_name(part), part.text, *_times(part)) for part in document.utterances]
    else:
        found = cues_of(Word(part.text, *_times(part), _name(part)) for part in document.words)
    if any(cue.speaker is not None for cue in found):
        report.taken["speaker"] = "`speaker` of " + ("utterances" if document.utterances else "words")
    return found


def _name(part: _Spoken) -> str | None:
    return part.speaker or (part.channel and f"channel {part.channel}")


def _times(part: _Spoken) -> tuple[float | None, float | None]:
    return (
        None if part.start is None else part.start / 1000,
        None if part.end is None else part.end / 1000,
    )


def _is_assemblyai(begin: Any) -> bool:
    keys = set(begin) if isinstance(begin, dict) else set()
    return bool({"audio_url", "acoustic_model", "speech_model", "language_model"} & keys) and "id" in keys


ASSEMBLYAI = JsonFormat("AssemblyAI JSON", _AssemblyAI, _is_assemblyai, _cues)
