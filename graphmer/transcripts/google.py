"""JSON of Google Cloud Speech-to-Text, versions 1 and 2."""

from typing import Annotated, Any

from pydantic import AliasChoices, BeforeValidator, Field, model_validator
from pydantic.dataclasses import dataclass

from graphmer.transcripts.assemble import Cue
from graphmer.transcripts.json_file import JsonFormat, Name, Number, Part, Text
from graphmer.transcripts.spoken_words import Word, cues_of
from graphmer.transcripts.transcript import ReadingOptions, ReadingReport


def _seconds(value: Any) -> Any:
    """A duration such as ``1.300s``, or its fields."""
    if isinstance(value, dict):
        seconds, nanos = value.get("seconds", 0), value.get("nanos", 0)
        return float(seconds) + float(nanos) / 1e9 if _are_numbers(seconds, nanos) else value
    return value.removesuffix("s") if isinstance(value, str) else value


def _are_numbers(*values: Any) -> bool:
    try:
        return all(abs(float(value)) < 1e12 for value in values)
    except (TypeError, ValueError, OverflowError):
        return False


_Time = Annotated[Number, BeforeValidator(_seconds)]


def _key(*names: str, default: Any = None) -> Any:
    return Field(default, validation_alias=AliasChoices(*names))


def _tag(value: Any) -> Any:
    return None if value in (0, "0", "") else value


_Tag = Annotated[Name, BeforeValidator(_tag)]
"""Number of a speaker or a channel; 0 stands for none."""


@dataclass(frozen=True, slots=True)
class _Word:
    word: Text = ""
    start: _Time = _key("startTime", "startOffset", "start_time", "start_offset")
    end: _Time = _key("endTime", "endOffset", "end_time", "end_offset")
    speaker: _Tag = _key("speakerLabel", "speakerTag", "speaker_label", "speaker_tag")


class _Alternative(Part):
    transcript: Text = ""
    words: tuple[_Word, ...] = ()


class _Result(Part):
    alternatives: tuple[_Alternative, ...] = ()
    channel: _Tag = _key("channelTag", "channel_tag")
    end: _Time = _key("resultEndTime", "resultEndOffset", "result_end_time", "result_end_offset")


def _unwrapped(value: Any) -> Any:
    """The answer of a long-running operation is in ``response``."""
    return value["response"] if isinstance(value, dict) and "response" in value else value


class _Google(Part):
    is_reshaped = True

    results: tuple[_Result, ...]

    _unwrap = model_validator(mode="before")(_unwrapped)


def _cues(document: _Google, options: ReadingOptions, report: ReadingReport) -> list[Cue]:
    """Sentences of the words with speakers, which the last result repeats; else the results."""
    report.taken["times"] = "seconds"
    best = [(result, result.alternatives[0]) for result in document.results if result.alternatives]
    tagged = [
        Word(word.word, word.start, word.end, word.speaker)
        for _, alternative in best
        for word in alternative.words
        if word.speaker is not None
    ]
    if tagged:
        report.taken["speaker"] = "tags of words"
        return cues_of(tagged)
    channels = {result.channel for result, _ in best}
    if len(channels) > 1:
        report.taken["speaker"] = "channels"
    found = []
    for result, alternative in best:
        start = alternative.words[0].start if alternative.words else None
        end = alternative.words[-1].end if alternative.words else result.end
        channel = (result.channel or "").replace("speaker", "channel")
        found.append(Cue(channel or None if len(channels) > 1 else None, alternative.transcript, start, end))
    return found


def _is_google(begin: Any) -> bool:
    begin = _unwrapped(begin)
    results = begin.get("results") if isinstance(begin, dict) else None
    parts = [part for part in results if isinstance(part, dict)] if isinstance(results, list) else []
    return any(_is_result(part) for part in parts)


def _is_result(part: dict[str, Any]) -> bool:
    """Whether it is one of Google; those of Speechmatics have a type, those of Watson are final or not."""
    return "alternatives" in part and "type" not in part and "final" not in part


GOOGLE = JsonFormat("Google Speech-to-Text JSON", _Google, _is_google, _cues)
