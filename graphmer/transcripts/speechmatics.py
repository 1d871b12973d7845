"""JSON of Speechmatics (``json-v2``)."""

from typing import Any

from pydantic.dataclasses import dataclass

from graphmer.transcripts.assemble import Cue
from graphmer.transcripts.json_file import JsonFormat, Name, Number, Part, Text, parts_of
from graphmer.transcripts.spoken_words import Word, cues_of
from graphmer.transcripts.transcript import ReadingOptions, ReadingReport

_UNKNOWN = "UU"
"""Speaker of words without a speaker."""


@dataclass(frozen=True, slots=True)
class _Alternative:
    content: Text = ""
    speaker: Name = None


@dataclass(frozen=True, slots=True)
class _Result:
    """A word, an entity of several words, or a mark of punctuation."""

    alternatives: tuple[_Alternative, ...] = ()
    start_time: Number = None
    end_time: Number = None
    attaches_to: str | None = None
    channel: Name = None


class _Language(Part):
    word_delimiter: str = " "


class _Metadata(Part):
    language_pack_info: _Language | None = None


class _Speechmatics(Part):
    results: tuple[_Result, ...]
    metadata: _Metadata | None = None


def _cues(document: _Speechmatics, options: ReadingOptions, report: ReadingReport) -> list[Cue]:
    """Sentences of each speaker within its channel."""
    report.taken["times"] = "seconds"
    language = document.metadata.language_pack_info if document.metadata else None
    has_blanks = language is None or language.word_delimiter.isspace()
    by_channel: dict[str | None, list[Word]] = {}
    attaches = False
    for result in document.results:
        if not result.alternatives:
            continue
        best = result.alternatives[0]
        is_joined = attaches or not has_blanks or result.attaches_to in ("previous", "both")
        attaches = result.attaches_to in ("next", "both")
        name = None if best.speaker == _UNKNOWN else best.speaker
        speaker = " ".join(part for part in (result.channel, name) if part) or None
        word = Word(best.content, result.start_time, result.end_time, speaker, is_joined=is_joined)
        by_channel.setdefault(result.channel, []).append(word)
    found = [cue for words in by_channel.values() for cue in cues_of(words)]
    if any(cue.speaker is not None for cue in found):
        report.taken["speaker"] = "`channel` and `speaker`" if len(by_channel) > 1 else "`speaker`"
    return found


def _is_speechmatics(begin: Any) -> bool:
    results = parts_of(begin.get("results")) if isinstance(begin, dict) else []
    return any({"alternatives", "type", "start_time"} <= set(result) for result in results)


SPEECHMATICS = JsonFormat("Speechmatics JSON", _Speechmatics, _is_speechmatics, _cues)
