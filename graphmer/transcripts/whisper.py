"""JSON of Whisper and its relatives: of OpenAI, transformers, WhisperX and whisper.cpp."""

import re
from collections.abc import Iterable, Sequence
from typing import Annotated, Any

from pydantic import AliasChoices, BeforeValidator, Field, model_validator
from pydantic.dataclasses import dataclass

from graphmer.transcripts.assemble import Cue
from graphmer.transcripts.diarization import chosen
from graphmer.transcripts.json_file import Clock, JsonFormat, Name, Number, Part, Text, parts_of
from graphmer.transcripts.spoken_words import Word, cues_of
from graphmer.transcripts.transcript import ReadingOptions, ReadingReport

_SPECIAL = re.compile(r"\[_[A-Z_0-9]+\]|\[SPEAKER_TURN\]")
"""Tokens of whisper.cpp that are no words."""


@dataclass(frozen=True, slots=True)
class _Word:
    word: Text = ""
    start: Number = None
    end: Number = None
    speaker: Name = None


class _Segment(Part):
    text: Text = ""
    start: Number = None
    end: Number = None
    speaker: Name = Field(None, validation_alias=AliasChoices("speaker", "speaker_id"))
    words: Annotated[tuple[_Word, ...], BeforeValidator(lambda value: value or ())] = ()


def _chunked(value: Any) -> Any:
    """Documents with segments: chunks of transformers with a pair of times, or words of OpenAI's API."""
    if not isinstance(value, dict) or "segments" in value:
        return value
    if "words" in value:
        return {"segments": [{**word, "text": word.get("word")} for word in parts_of(value["words"])]}
    if not {"chunks", "speakers"} & set(value):
        return value
    chunks = parts_of(value.get("speakers")) or parts_of(value.get("chunks"))
    return {"segments": [{**chunk, **_times_of(chunk.get("timestamp"))} for chunk in chunks]}


def _times_of(pair: Any) -> dict[str, Any]:
    return {"start": pair[0], "end": pair[1]} if isinstance(pair, list) and len(pair) == 2 else {}


class _Whisper(Part):
    is_reshaped = True

    segments: tuple[_Segment, ...]

    _chunks = model_validator(mode="before")(_chunked)


class _Offsets(Part):
    begin: Number = Field(None, alias="from")
    end: Number = Field(None, alias="to")


class _Stamps(Part):
    begin: Clock = Field(None, alias="from")
    end: Clock = Field(None, alias="to")


class _CppSegment(Part):
    text: Text = ""
    offsets: _Offsets | None = None
    timestamps: _Stamps | None = None
    t0: Number = None
    t1: Number = None
    speaker: Name = None


def _listed(value: Any) -> Any:
    """Segments of a document: under ``transcription``, under ``segments``, or the document itself."""
    if isinstance(value, list):
        return {"transcription": value}
    if isinstance(value, dict) and "transcription" not in value and "segments" in value:
        return {"transcription": value["segments"]}
    return value


class _Cpp(Part):
    is_reshaped = True

    transcription: tuple[_CppSegment, ...]

    _list = model_validator(mode="before")(_listed)


def _whisper_cues(document: _Whisper, options: ReadingOptions, report: ReadingReport) -> list[Cue]:
    report.taken["times"] = "seconds"
    found: list[Cue] = []
    other = 0
    for segment in document.segments:
        words = [Word(word.word, word.start, word.end, word.speaker) for word in segment.words]
        if options.split_words and words:
            found += cues_of(_diarized(words, options), sentences=False)
            continue
        speakers = {word.speaker for word in words if word.speaker is not None}
        other += bool(speakers - {segment.speaker}) and segment.speaker is not None
        found.append(Cue(segment.speaker, segment.text, segment.start, segment.end))
    if other:
        report.notes.append(
            f"segments with words of another speaker: {other}; --split-words splits them where it changes"
        )
    if any(cue.speaker is not None for cue in found):
        report.taken["speaker"] = "key 'speaker' of " + ("words" if options.split_words else "segments")
    return found


def _diarized(words: Sequence[Word], options: ReadingOptions) -> Iterable[Word]:
    """Words without a speaker with that of the only recording of an RTTM."""
    if len(options.rttm) != 1:
        return words
    diarization = chosen(options.rttm, "", "")
    return [
        word
        if word.speaker is not None or word.start is None
        else Word(
            word.text,
            word.start,
            word.end,
            next(
                (name for name, _ in diarization.overlaps(word.start, word.end or word.start).most_common(1)),
                None,
            ),
        )
        for word in words
    ]


def _cpp_cues(document: _Cpp, options: ReadingOptions, report: ReadingReport) -> list[Cue]:
    found = []
    for segment in document.transcription:
        times: tuple[float | None, float | None]
        if segment.offsets is not None:
            times, unit = (segment.offsets.begin, segment.offsets.end), 1000
        elif segment.timestamps is not None:
            times, unit = (segment.timestamps.begin, segment.timestamps.end), 1
        else:
            times, unit = (segment.t0, segment.t1), 100
        report.taken["times"] = _CPP_TIMES[unit]
        start, end = (None if time is None else time / unit for time in times)
        speaker = None if segment.speaker == "?" else segment.speaker
        found.append(Cue(speaker, _SPECIAL.sub(" ", segment.text), start, end))
    return found


_CPP_TIMES = {1000: "`offsets` in milliseconds", 100: "`t0`, `t1` in hundredths", 1: "`timestamps`"}


def _segments(begin: Any) -> list[dict[str, Any]]:
    return parts_of(begin.get("segments")) if isinstance(begin, dict) else []


def _is_whisperx(begin: Any) -> bool:
    segments = [segment for segment in _segments(begin) if "text" in segment]
    words = [word for segment in segments for word in parts_of(segment.get("words"))]
    has_speakers = any({"speaker", "speaker_id"} & set(segment) for segment in segments)
    has_list = isinstance(begin, dict) and {"segments", "word_segments"} <= set(begin)
    return has_list or has_speakers or any("score" in word for word in words)


def _is_whisper(begin: Any) -> bool:
    chunks = parts_of(begin.get("chunks")) if isinstance(begin, dict) else []
    if any("text" in segment and "start" in segment for segment in _segments(begin)):
        return True
    if any("text" in chunk and "timestamp" in chunk for chunk in chunks):
        return True
    if isinstance(begin, dict) and {"task", "text", "words"} <= set(begin):
        return True
    # The text of a long recording comes first and fills the beginning of the file.
    return isinstance(begin, dict) and set(begin) in ({"text"}, {"task", "language", "duration", "text"})


def _is_cpp(begin: Any) -> bool:
    segments = begin.get("transcription") if isinstance(begin, dict) else begin
    first = next(iter(parts_of(segments) or _segments(begin)), {})
    return bool({"t0", "offsets"} & set(first)) or ("timestamps" in first and "text" in first)


WHISPER_CPP = JsonFormat("whisper.cpp JSON", _Cpp, _is_cpp, _cpp_cues)
WHISPERX = JsonFormat("WhisperX JSON", _Whisper, _is_whisperx, _whisper_cues)
WHISPER = JsonFormat("Whisper JSON", _Whisper, _is_whisper, _whisper_cues)
