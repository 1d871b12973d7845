"""Subtitles with speakers: WebVTT (Zoom, Teams, Meet, YouTube) and SRT."""

import html
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from graphmer.errors import CorpusError
from graphmer.transcripts.assemble import Cue, turns
from graphmer.transcripts.text_file import TextFile
from graphmer.transcripts.transcript import ReadingOptions, ReadingReport, TranscribedDialogue, Transcript
from graphmer.transcripts.words import named

_TIME = r"(?:\d+:)?\d{1,2}:\d{1,2}(?:[.,]\d{1,3})?"
_TIMES = re.compile(rf"^\s*({_TIME})[ \t]*-->[ \t]*({_TIME})(?:[ \t]+\S.*)?\s*$")
_VOICE = re.compile(r"<v(?:\.[^\s>]*)?[ \t]+(?P<name>[^>]+)>|</v>")
_TAG = re.compile(r"</?(?:i|b|u|c|lang|ruby|rt|font|[\d:.]+)(?:[.\s][^<>]*)?>|\{\\[^}]*\}", re.IGNORECASE)
_BRACKETED = re.compile(r"[\[(](?P<name>[^\[\]()]{1,40})[\])](?:\s*:)?\s*(?P<text>.*)", re.DOTALL)
_EMOTION = re.compile(r'<(?:c\.emotion|font class="emotion")>\[([^<>]*)\]</(?:c|font)>')
_SPEAKER = re.compile(r'\s*<font class="speaker">([^<>]*):</font>')
_BLOCK = re.compile(r"(?:NOTE|STYLE|REGION)(?:\s|$)")


@dataclass
class _Block:
    """A cue as it is in the file."""

    start: float
    end: float
    lines: list[str]


@dataclass(frozen=True)
class _Voice:
    """What one person says in a cue; `name` is given by markup, if at all."""

    name: str | None
    text: str
    emotion: str | None = None


class SubtitleFormat:
    """Cues with times, whose speaker is a voice span, ``Name:``, ``[Name]`` or ``(Name)``.

    A name without markup is taken for a speaker if it occurs more than once or is in the roster; the report
    has all names. Several voices of one cue are several turns with the times of the cue. Emotions are read
    where graphmer wrote them.

    Args:
        name: of the format.
        webvtt: whether it is WebVTT, whose cues end with a blank line; else SRT.
    """

    def __init__(self, name: str, *, webvtt: bool) -> None:
        self.name = name
        self.webvtt = webvtt

    def matches(self, head: str) -> bool:
        if self.webvtt:
            return re.match(r"WEBVTT(?:\s|$)", head) is not None
        lines = [line for line in head.split("\n") if line.strip()]
        return any(_TIMES.match(line) for line in lines[:2])

    def read(self, file: TextFile, options: ReadingOptions) -> Transcript:
        report = ReadingReport()
        blocks = list(self._blocks(file, report))
        if not blocks:
            raise CorpusError(f"{file.path}: has no cue. Name a file with lines such as 00:01.0 --> 00:02.0.")
        if self.webvtt and not any(_VOICE.search(line) for block in blocks for line in block.lines):
            blocks = _unrolled(blocks, report)
        spoken = [(block, voice) for block in blocks for voice in _voices(block.lines)]
        accepted = _accepted([voice for _, voice in spoken], options.roster)
        ways = {
            "voice spans": any(voice.name for _, voice in spoken),
            "names before the text": bool(accepted),
        }
        report.taken = {"speaker": " and ".join(way for way, is_used in ways.items() if is_used) or "nothing"}
        cues = [
            Cue(*_words(voice, accepted), block.start, block.end, voice.emotion) for block, voice in spoken
        ]
        found = tuple(turns(cues, options, report, str(file.path)))
        return Transcript(self.name, [TranscribedDialogue(file.path.stem, found)], report)

    def _blocks(self, file: TextFile, report: ReadingReport) -> Iterator[_Block]:
        lines = file.text.split("\n")
        times = [number for number, line in enumerate(lines) if _TIMES.match(line)]
        if self.webvtt:
            comments = _comments(lines)
            times = [number for number in times if number not in comments]
        for number, following in zip(times, [*times[1:], len(lines)], strict=False):
            text = lines[number + 1 : following]
            if following < len(lines) and text and text[-1].strip() and _is_id(text, webvtt=self.webvtt):
                text = text[:-1]
            if self.webvtt:
                text = _until_blank(text, report)
            start, end = (_seconds(part) for part in _TIMES.match(lines[number]).groups())  # type: ignore[union-attr]
            if end < start:
                raise CorpusError(
                    f"{file.path}:{number + 1}: the cue ends before it starts. Correct its times."
                )
            if end == float("inf"):
                raise CorpusError(f"{file.path}:{number + 1}: the time is too large. Correct it.")
            yield _Block(start, end, [line for line in text if line.strip()])


def _is_id(text: Sequence[str], *, webvtt: bool) -> bool:
    """Whether the last line before a line of times is the id of the next cue."""
    return (len(text) > 1 and not text[-2].strip() and webvtt) or text[-1].strip().isdigit()


def _comments(lines: Sequence[str]) -> set[int]:
    """Numbers of the lines of blocks that begin with NOTE, STYLE or REGION after a blank line."""
    found: set[int] = set()
    for number, (before, line) in enumerate(pairwise(["", *lines])):
        begins = not before.strip() and _BLOCK.match(line) is not None
        if line.strip() and (begins or number - 1 in found):
            found.add(number)
    return found


def _until_blank(text: Sequence[str], report: ReadingReport) -> list[str]:
    """The text of a cue, up to the first blank line; other lines that are no comments are counted."""
    end = next((number for number, line in enumerate(text) if not line.strip()), len(text))
    is_comment = False
    for before, line in zip(["", *text[end:]], text[end:], strict=False):
        if line.strip() and not before.strip():
            is_comment = _BLOCK.match(line) is not None
        if line.strip() and not is_comment:
            report.left_out["stray line"] += 1
    return list(text[:end])


def _unrolled(blocks: Sequence[_Block], report: ReadingReport) -> list[_Block]:
    """Rolling captions without the lines that repeat the end of the cue before."""
    shown = [[plain(line) for line in block.lines] for block in blocks]
    repeats = [bool(now and before) and now[0] == before[-1] for before, now in pairwise(shown)]
    if len(blocks) < 3 or 2 * sum(repeats) < len(repeats):
        return list(blocks)
    report.notes.append(f"rolling captions: {sum(repeats)} repeated lines removed")
    kept = [blocks[0]]
    for block, repeated in zip(blocks[1:], repeats, strict=True):
        lines = block.lines[1:] if repeated else block.lines
        if lines:
            kept.append(_Block(block.start, block.end, lines))
        else:
            kept[-1].end = max(kept[-1].end, block.end)
    return kept


def _voices(lines: Sequence[str]) -> Iterator[_Voice]:
    """Voices of a cue."""
    text = "\n".join(lines)
    spans = list(_VOICE.finditer(text))
    if any(span["name"] for span in spans):
        yield from _spans(text, spans)
        return
    parts = re.split(r"(?m)^\s*-\s+", text)
    dashed = len(parts) > 2
    for part in parts if dashed else [text]:
        if part.strip() or not dashed:
            speaker = _SPEAKER.match(part)
            yield _voice(speaker and speaker[1], part[speaker.end() :] if speaker else part)


def _spans(text: str, spans: Sequence[re.Match[str]]) -> Iterator[_Voice]:
    if text[: spans[0].start()].strip():
        yield _voice(None, text[: spans[0].start()])
    ends = [span.start() for span in spans[1:]] + [len(text)]
    for span, end in zip(spans, ends, strict=True):
        voice = _voice(span["name"], text[span.end() : end])
        if voice.name or voice.text:
            yield voice


def _voice(name: str | None, text: str) -> _Voice:
    emotion = _EMOTION.search(text)
    return _Voice(
        " ".join(html.unescape(name).split()) if name else None,
        plain(_EMOTION.sub("", text)),
        html.unescape(emotion[1]) if emotion else None,
    )


def plain(text: str) -> str:
    """Text without markup and entities."""
    return html.unescape(_TAG.sub("", text)).replace("\u00a0", " ").strip()


def _written(text: str) -> tuple[str, str] | None:
    """Name and words of ``Name: words``, ``[Name] words`` or ``(Name)`` above the words."""
    found = _BRACKETED.match(text)
    if found is not None and named(f"{found['name']}: ") is not None:
        return found["name"].strip(), found["text"]
    return named(text)


def _accepted(voices: Sequence[_Voice], roster: Sequence[str]) -> set[str]:
    """Names without markup that are taken for speakers."""
    if roster:
        return set(roster)
    texts = [voice.text for voice in voices if voice.name is None]
    found = Counter(written[0] for text in texts if (written := _written(text)))
    known = {voice.name for voice in voices if voice.name is not None}
    return {name for name, number in found.items() if number > 1 or name in known}


def _words(voice: _Voice, accepted: set[str]) -> tuple[str | None, str]:
    if voice.name is not None:
        return voice.name, voice.text
    written = _written(voice.text)
    return written if written is not None and written[0] in accepted else (None, voice.text)


def _seconds(text: str) -> float:
    """Seconds of ``[hours:]minutes:seconds[.fraction]``."""
    total = 0.0
    for part in text.replace(",", ".").split(":"):
        total = total * 60 + float(part)
    return round(total, 3)


WEBVTT = SubtitleFormat("WebVTT", webvtt=True)
SRT = SubtitleFormat("SRT", webvtt=False)
