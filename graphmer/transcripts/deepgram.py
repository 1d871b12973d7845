"""JSON of Deepgram."""

from typing import Annotated, Any

from pydantic import BeforeValidator
from pydantic.dataclasses import dataclass

from graphmer.transcripts.assemble import Cue
from graphmer.transcripts.json_file import JsonFormat, Name, Number, Part, Text
from graphmer.transcripts.spoken_words import Word, cues_of
from graphmer.transcripts.transcript import ReadingOptions, ReadingReport


@dataclass(frozen=True, slots=True)
class _Word:
    word: Text = ""
    punctuated_word: str | None = None
    start: Number = None
    end: Number = None
    speaker: Name = None


class _Alternative(Part):
    words: tuple[_Word, ...] = ()


class _Channel(Part):
    alternatives: tuple[_Alternative, ...] = ()


class _Utterance(Part):
    transcript: Text = ""
    start: Number = None
    end: Number = None
    channel: int = 0
    speaker: Name = None


class _Results(Part):
    channels: tuple[_Channel, ...] = ()
    utterances: Annotated[tuple[_Utterance, ...], BeforeValidator(lambda value: value or ())] = ()


class _Deepgram(Part):
    results: _Results


def _cues(document: _Deepgram, options: ReadingOptions, report: ReadingReport) -> list[Cue]:
    """Utterances, or the sentences of the words of each channel."""
    results = document.results
    several = len(results.channels) > 1
    if results.utterances:
        found = [
            Cue(_name(spoken.speaker, spoken.channel, several), spoken.transcript, spoken.start, spoken.end)
            for spoken in results.utterances
        ]
    else:
        found = [
            cue
            for number, channel in enumerate(results.channels)
            for cue in cues_of(
                Word(
                    word.punctuated_word or word.word,
                    word.start,
                    word.end,
                    _name(word.speaker, number, several),
                )
                for word in (channel.alternatives[0].words if channel.alternatives else ())
            )
        ]
    report.taken["times"] = "seconds"
    if any(cue.speaker is not None for cue in found):
        what = "utterances" if results.utterances else "words"
        report.taken["speaker"] = f"channels and `speaker` of {what}" if several else f"`speaker` of {what}"
    return found


def _name(speaker: str | None, channel: int, several: bool) -> str | None:
    """Speakers are numbered within their channel."""
    return " ".join(filter(None, (f"channel {channel}", speaker))) if several else speaker


def _is_deepgram(begin: Any) -> bool:
    results = begin.get("results") if isinstance(begin, dict) else None
    return isinstance(results, dict) and bool({"channels", "utterances"} & set(results))


DEEPGRAM = JsonFormat("Deepgram JSON", _Deepgram, _is_deepgram, _cues)
