"""JSON of ElevenLabs Scribe."""

from typing import Annotated, Any

from pydantic import AliasChoices, BeforeValidator, Field, model_validator
from pydantic.dataclasses import dataclass

from graphmer.transcripts.assemble import Cue
from graphmer.transcripts.json_file import JsonFormat, Name, Number, Part, Text, parts_of
from graphmer.transcripts.spoken_words import Word, cues_of
from graphmer.transcripts.transcript import ReadingOptions, ReadingReport

_EVENT = "audio_event"


def _person(value: Any) -> Any:
    """Name, or id, of a person."""
    return (value.get("name") or value.get("id")) if isinstance(value, dict) else value


@dataclass(frozen=True, slots=True)
class _Word:
    """A word, the blanks between two, or a sound such as ``(laughs)``."""

    text: Text = ""
    start: Number = Field(default=None, validation_alias=AliasChoices("start", "start_time"))
    end: Number = Field(default=None, validation_alias=AliasChoices("end", "end_time"))
    type: str = "word"
    speaker: Annotated[Name, BeforeValidator(_person)] = Field(
        default=None, validation_alias=AliasChoices("speaker_id", "speaker")
    )


class _Channel(Part):
    channel: int | None = Field(None, alias="channel_index")
    words: tuple[_Word, ...] = ()


def _listed(value: Any) -> Any:
    """Documents of one channel, or in segments, as those of several channels."""
    if not isinstance(value, dict) or "transcripts" in value:
        return value
    return {"transcripts": [{**value, "words": value.get("words", value.get("segments"))}]}


class _ElevenLabs(Part):
    is_reshaped = True

    transcripts: tuple[_Channel, ...]

    _list = model_validator(mode="before")(_listed)


def _cues(document: _ElevenLabs, options: ReadingOptions, report: ReadingReport) -> list[Cue]:
    """Sentences of each speaker, or of each channel."""
    report.taken["times"] = "seconds"
    several = len(document.transcripts) > 1
    has_blanks = any(word.text.isspace() for channel in document.transcripts for word in channel.words)
    found = []
    for number, channel in enumerate(document.transcripts):
        report.left_out["sound"] += sum(word.type == _EVENT for word in channel.words)
        at = number if channel.channel is None else channel.channel
        found += cues_of(
            Word(
                word.text,
                word.start,
                word.end,
                f"channel {at}" if several else word.speaker,
                is_joined=has_blanks,
            )
            for word in channel.words
            if word.type != _EVENT
        )
    if several or any(cue.speaker is not None for cue in found):
        report.taken["speaker"] = "channels" if several else "`speaker_id` of words"
    return found


def _is_elevenlabs(begin: Any) -> bool:
    if not isinstance(begin, dict):
        return False
    if any({"text", "start_time", "words"} <= set(part) for part in parts_of(begin.get("segments"))):
        return "language_code" in begin
    words = parts_of(begin.get("words"))
    for channel in parts_of(begin.get("transcripts")):
        words += parts_of(channel.get("words"))
    is_scribe = any("text" in word and ("speaker_id" in word or "type" in word) for word in words)
    return is_scribe and ("language_code" in begin or "transcripts" in begin)


ELEVENLABS = JsonFormat("ElevenLabs Scribe JSON", _ElevenLabs, _is_elevenlabs, _cues)
