"""Cues from single words with times and speakers, as transcription services give them."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from graphmer.transcripts.assemble import Cue

_SENTENCE_END = re.compile(r"[.?!\u2026\u3002\uff01\uff1f][\"'\u201d\u2019)\]]*$")
_NO_BLANK_BEFORE = re.compile(r"[.,;:?!%\u2026\u3001\u3002\uff01\uff0c\uff1f]")

_PAUSE = 1.0
"""Seconds without a word after which another cue begins."""


@dataclass(frozen=True)
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
    blank = False
    for word in words:
        text = word.text.strip()
        blank = blank or word.text[:1].isspace()
        if not text:
            continue
        last = found[-1] if found else None
        if last is None or _begins(last, word, text, sentences=sentences):
            found.append(Cue(word.speaker, text, word.start, word.end))
        else:
            is_joined = not blank if word.is_joined else _NO_BLANK_BEFORE.fullmatch(text) is not None
            found[-1] = Cue(
                last.speaker if last.speaker is not None else word.speaker,
                f"{last.text}{'' if is_joined else ' '}{text}",
                word.start if last.start is None else last.start,
                last.end if word.end is None else max(word.end, last.end or word.end),
            )
        blank = word.text[-1:].isspace()
    return found


def _begins(last: Cue, word: Word, text: str, *, sentences: bool) -> bool:
    if _NO_BLANK_BEFORE.fullmatch(text):
        return False
    if word.speaker is not None and last.speaker is not None and word.speaker != last.speaker:
        return True
    if not sentences:
        return False
    if word.start is not None and last.end is not None and word.start - last.end > _PAUSE:
        return True
    return _SENTENCE_END.search(last.text) is not None
