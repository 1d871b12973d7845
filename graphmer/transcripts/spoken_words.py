"""Cues from single words with times and speakers, as transcription services give them."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from graphmer.transcripts.assemble import Cue

_SENTENCE_END = re.compile(r"[.?!\u2026\u3002\uff01\uff1f][\"'\u201d\u2019)\]]*$")
_NO_BLANK_BEFORE = re.compile(r"[.,;:?!%\u2026\u3001\u3002\uff01\uff0c\uff1f]")

_MOST_MARKS = 8
"""Signs among which the end of a sentence is."""

_PAUSE = 1.0
"""Seconds without a word after which another cue begins."""


@dataclass(frozen=True, slots=True)
class Word:
    """A word.

    Args:
        text: with its punctuation, or a mark of punctuation alone.
        start: in seconds, ``None`` if unknown (of numbers and marks).
        end: in seconds, ``None`` if unknown.
        speaker: name, ``None`` if unknown.
        is_joined: whether blanks before it are written: they begin `text`, end the text before, or are words.
    """

    text: str
    start: float | None = None
    end: float | None = None
    speaker: str | None = None
    is_joined: bool = False


def cues_of(words: Iterable[Word], *, sentences: bool = True) -> list[Cue]:
    """Cues of words in their order: another one begins with another speaker.

    A word without a speaker is taken for the one of the word before it.

    Args:
        words: of a recording.
        sentences: whether another cue also begins after a sentence or a pause.
    """
    found: list[Cue] = []
    part: _Part | None = None
    blank = False
    for word in words:
        text = word.text.strip()
        blank = blank or word.text[:1].isspace()
        if not text:
            continue
        is_mark = _NO_BLANK_BEFORE.fullmatch(text) is not None
        if part is None or (not is_mark and _begins(part, word, sentences=sentences)):
            if part is not None:
                found.append(part.cue())
            part = _Part(word.speaker, [text], text, word.start, word.end)
        else:
            part.add(word, text, is_joined=not blank if word.is_joined else is_mark)
        blank = word.text[-1:].isspace()
    return found if part is None else [*found, part.cue()]


@dataclass(slots=True)
class _Part:
    """A cue that goes on; `last` are its last signs without a blank."""

    speaker: str | None
    texts: list[str]
    last: str
    start: float | None
    end: float | None

    def add(self, word: Word, text: str, *, is_joined: bool) -> None:
        self.speaker = word.speaker if self.speaker is None else self.speaker
        self.texts.append(text if is_joined else f" {text}")
        self.last = self.last + text if is_joined else text
        self.start = word.start if self.start is None else self.start
        if word.end is not None:
            self.end = max(word.end, self.end or word.end)

    def cue(self) -> Cue:
        return Cue(self.speaker, "".join(self.texts), self.start, self.end)


def _begins(part: _Part, word: Word, *, sentences: bool) -> bool:
    if word.speaker is not None and part.speaker is not None and word.speaker != part.speaker:
        return True
    if not sentences:
        return False
    if word.start is not None and part.end is not None and word.start - part.end > _PAUSE:
        return True
    return _SENTENCE_END.search(part.last[-_MOST_MARKS:]) is not None
