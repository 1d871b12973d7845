"""Voices of a subtitle: by markup, or by names that are written before the words."""

import html
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from graphmer.transcripts.transcript import ReadingReport
from graphmer.transcripts.words import named

VOICE = re.compile(r"<v(?:\.[^\s>]*)?(?:[ \t]+(?P<name>[^>]*))?>|</v>")
"""Begin or end of a voice span of WebVTT."""

_TAG = re.compile(r"</?(?:i|b|u|c|lang|ruby|rt|font|[\d:.]+)(?:[.\s][^<>]*)?>|\{\\[^}]*\}", re.IGNORECASE)
_BRACKETED = re.compile(r"[\[(](?P<name>[^\[\]()]{1,40})[\])](?:\s*:)?\s*(?P<text>.*)", re.DOTALL)
_EMOTION = re.compile(r'<(?:c\.emotion|font class="emotion")>\[([^<>]*)\]</(?:c|font)>')
_SPEAKER = re.compile(r'\s*<font class="speaker">([^<>]*):</font>')
_DASHES = re.compile(r"(?m)^\s*[-\u2013\u2014](?:\s+|(?=[^\W\d]|[(\[]))")
_CHANGES = re.compile(r"(?m)(?:^\s*(?:>{2,3}|(?:&gt;){2,3})\s*|\s(?:>{2,3}|(?:&gt;){2,3})\s)")
"""What captions for the deaf write where another person begins."""

_SOUNDS = frozenset(
    {
        *("applause", "beep", "breathing", "chatter", "cheering", "clapping", "clears"),
        *("coughing", "coughs", "crosstalk", "cries", "crying", "gasps", "groans"),
        *("inaudible", "laughing", "laughs", "laughter", "music", "musik", "noise"),
        *("pause", "screaming", "screams", "shouting", "sighs", "silence", "singing"),
        *("sniffles", "sobbing", "sound", "speaking", "static", "unintelligible", "whispering"),
        *("whispers"),
    }
)
"""First words of what is in brackets for a sound, not for a person."""


_NUMBERED = re.compile(r"(?:speaker|spk)[ _-]?(?:\d{1,3}|[A-Z])", re.IGNORECASE)
"""Names that programs give, and which are names even where they occur once."""


@dataclass(frozen=True)
class Voice:
    """What one person says in a cue; `name` is given by markup, if at all."""

    name: str | None
    text: str
    emotion: str | None = None


def voices(lines: Sequence[str], name: str | None = None) -> Iterator[Voice]:
    """Voices of a cue.

    Args:
        lines: of the cue, with their markup.
        name: of the speaker, where the cue gives it outside of its text.
    """
    text = "\n".join(lines)
    spans = list(VOICE.finditer(text))
    if any(span["name"] is not None or span[0] != "</v>" for span in spans):
        yield from _spans(text, spans)
        return
    dashed = [part for part in _DASHES.split(text) if part.strip()] if _recurs(_DASHES, text) else [text]
    for part in dashed:
        for said in [each for each in _CHANGES.split(part) if each.strip()] or [part]:
            speaker = _SPEAKER.match(said)
            yield _voice(speaker[1] if speaker else name, said[speaker.end() :] if speaker else said)


def _recurs(pattern: re.Pattern[str], text: str) -> bool:
    return sum(1 for _ in pattern.finditer(text)) > 1


def _spans(text: str, spans: Sequence[re.Match[str]]) -> Iterator[Voice]:
    if text[: spans[0].start()].strip():
        yield _voice(None, text[: spans[0].start()])
    ends = [span.start() for span in spans[1:]] + [len(text)]
    for span, end in zip(spans, ends, strict=True):
        voice = _voice(span["name"], text[span.end() : end])
        if voice.name or voice.text:
            yield voice


def _voice(name: str | None, text: str) -> Voice:
    emotion = _EMOTION.search(text)
    return Voice(
        (" ".join(html.unescape(name).split()) or None) if name else None,
        plain(_EMOTION.sub("", text)),
        html.unescape(emotion[1]) if emotion else None,
    )


def plain(text: str) -> str:
    """Text without markup and entities."""
    return html.unescape(_TAG.sub("", text)).replace("\u00a0", " ").strip()


def accepted_names(
    found: Sequence[Voice], roster: Sequence[str], report: ReadingReport, *, once: bool = False
) -> set[str]:
    """Names without markup that are taken for speakers; the report has those that are not.

    Those of the roster, if there is one. Else names that occur more than once, or in markup, or are numbered;
    or all, if each voice begins with one and none occurs twice.

    Args:
        found: voices of a file.
        roster: names of the speakers, if they are known.
        report: of the reading.
        once: whether all are taken if each voice begins with one, even where some occur twice.
    """
    if roster:
        return set(roster)
    open_voices = [voice for voice in found if voice.name is None and voice.text]
    begins = [written for voice in open_voices if (written := _written(voice.text)) is not None]
    later = [written for voice in open_voices for _, written in _below(voice.text)]
    times = Counter(name for name, text in begins + later if text)
    known = {voice.name for voice in found if voice.name is not None}
    names = {n for n, number in times.items() if number > 1 or n in known or _NUMBERED.fullmatch(n)}
    if len(open_voices) > 1 and len(begins) == len(open_voices) and (once or len(times) == len(begins)):
        return set(times)
    single = [name for name, _ in begins if times[name] == 1 and name not in names]
    if single:
        report.notes.append(
            f"before a colon or in brackets, but once and so no names: {', '.join(single[:8])}"
            f"{f' and {len(single) - 8} more' if len(single) > 8 else ''}; if they are, give --roster"
        )
    return names


def with_names(voice: Voice, names: Iterable[str]) -> Iterator[Voice]:
    """A voice with the name that is written before its words, in parts where another name begins a line."""
    if voice.name is not None:
        yield voice
        return
    lines = voice.text.split("\n")
    starts = [0, *(at for at, (name, _) in _below(voice.text) if name in names)]
    for start, end in zip(starts, [*starts[1:], len(lines)], strict=True):
        text = "\n".join(lines[start:end])
        written = _written(text)
        if written is not None and written[0] in names:
            yield replace(voice, name=written[0], text=written[1])
        else:
            yield replace(voice, text=text)


def _below(text: str) -> Iterator[tuple[int, tuple[str, str]]]:
    """Number of each line but the first that begins with a name, the name and its words."""
    lines = text.split("\n")
    for at in range(1, len(lines)):
        written = _written("\n".join(lines[at : at + 2]))
        if written is not None:
            yield at, written


def _written(text: str) -> tuple[str, str] | None:
    """Name and words of ``Name: words``, ``[Name] words`` or ``(Name)`` above the words."""
    text = text if (dash := _DASHES.match(text)) is None else text[dash.end() :]
    found = _BRACKETED.match(text)
    if found is not None and named(f"{found['name']}: ") is not None:
        name = found["name"].strip()
        return None if name.casefold().partition(" ")[0].strip(".,") in _SOUNDS else (name, found["text"])
    return named(text)
