"""JSON of Amazon Transcribe, and of its call analytics."""

from typing import Any

from pydantic.dataclasses import dataclass

from graphmer.transcripts.assemble import Cue
from graphmer.transcripts.json_file import JsonFormat, Name, Number, Part, Text
from graphmer.transcripts.spoken_words import Word, cues_of
from graphmer.transcripts.transcript import ReadingOptions, ReadingReport


@dataclass(frozen=True, slots=True)
class _Alternative:
    content: Text = ""


@dataclass(frozen=True, slots=True)
class _Item:
    start_time: Number = None
    end_time: Number = None
    speaker_label: Name = None
    alternatives: tuple[_Alternative, ...] = ()


class _SpeakerSegment(Part):
    speaker_label: Name = None
    items: tuple[_Item, ...] = ()


class _SpeakerLabels(Part):
    segments: tuple[_SpeakerSegment, ...] = ()


class _Channel(Part):
    channel_label: Name = None
    items: tuple[_Item, ...] = ()


class _ChannelLabels(Part):
    channels: tuple[_Channel, ...] = ()


class _Results(Part):
    items: tuple[_Item, ...] = ()
    speaker_labels: _SpeakerLabels | None = None
    channel_labels: _ChannelLabels | None = None


class _Amazon(Part):
    results: _Results


class _CallTurn(Part):
    ParticipantRole: Name = None
    ParticipantId: Name = None
    Content: Text = ""
    BeginOffsetMillis: Number = None
    EndOffsetMillis: Number = None


class _Call(Part):
    Transcript: tuple[_CallTurn, ...]


def _cues(document: _Amazon, options: ReadingOptions, report: ReadingReport) -> list[Cue]:
    """Sentences of each speaker, or of each channel."""
    results = document.results
    report.taken["times"] = "seconds"
    channels = results.channel_labels.channels if results.channel_labels else ()
    if channels:
        report.taken["speaker"] = "channels"
        return [
            cue
            for channel in channels
            for cue in cues_of(_word(item, channel.channel_label) for item in channel.items)
        ]
    speakers: dict[float, str] = {}
    for segment in results.speaker_labels.segments if results.speaker_labels else ():
        for item in segment.items:
            speaker = item.speaker_label or segment.speaker_label
            if item.start_time is not None and speaker is not None:
                speakers[item.start_time] = speaker
    found = cues_of(
        _word(
            item, item.speaker_label or (None if item.start_time is None else speakers.get(item.start_time))
        )
        for item in results.items
    )
    if any(cue.speaker is not None for cue in found):
        report.taken["speaker"] = "`speaker_label`"
    return found


def _word(item: _Item, speaker: str | None) -> Word:
    text = item.alternatives[0].content if item.alternatives else ""
    return Word(text, item.start_time, item.end_time, speaker)


def _call_cues(document: _Call, options: ReadingOptions, report: ReadingReport) -> list[Cue]:
    report.taken |= {"speaker": "`ParticipantRole`", "times": "milliseconds"}
    return [
        Cue(
            turn.ParticipantRole or turn.ParticipantId,
            turn.Content,
            None if turn.BeginOffsetMillis is None else turn.BeginOffsetMillis / 1000,
            None if turn.EndOffsetMillis is None else turn.EndOffsetMillis / 1000,
        )
        for turn in document.Transcript
    ]


def _is_amazon(begin: Any) -> bool:
    results = begin.get("results") if isinstance(begin, dict) else None
    return isinstance(results, dict) and ("transcripts" in results or "jobName" in begin)


def _is_call(begin: Any) -> bool:
    found = begin.get("Transcript") if isinstance(begin, dict) else None
    return isinstance(found, list) and any(isinstance(turn, dict) and "Content" in turn for turn in found)


AMAZON = JsonFormat("Amazon Transcribe JSON", _Amazon, _is_amazon, _cues)
AMAZON_CALL = JsonFormat("Amazon call analytics JSON", _Call, _is_call, _call_cues)
