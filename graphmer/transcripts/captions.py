"""Captions: lines that are shown at some time, and who says them."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from graphmer.transcripts.assemble import Cue
from graphmer.transcripts.transcript import ReadingOptions, ReadingReport
from graphmer.transcripts.voices import accepted_names, voices, with_names
from graphmer.transcripts.words import is_name


@dataclass(frozen=True)
class Caption:
    """Lines that are shown together.

    Args:
        start: in seconds.
        end: in seconds, ``None`` if unknown.
        lines: with their markup.
        name: of the speaker, where the file gives it outside of the lines.
    """

    start: float
    end: float | None
    lines: Sequence[str]
    name: str | None = None


def captioned(captions: Sequence[Caption], options: ReadingOptions, report: ReadingReport) -> list[Cue]:
    """Cues of captions, whose speaker is in markup, or a name before or above the words.

    For names without markup see `accepted_names`. Voices of a caption are cues with its times.

    Args:
        captions: in the order of the file.
        options: of the user.
        report: gets what was taken for a speaker.
    """
    above = _named_above(captions, options)
    spoken = [(each, voice) for each in above or captions for voice in voices(each.lines, each.name)]
    names = accepted_names([voice for _, voice in spoken], options.roster, report)
    ways = {
        "names above the text": above is not None,
        "voice spans": above is None and any(voice.name for _, voice in spoken),
        "names before the text": bool(names),
    }
    report.taken["speaker"] = " and ".join(way for way, is_used in ways.items() if is_used) or "nothing"
    return [
        Cue(voice.name, voice.text, caption.start, caption.end, voice.emotion)
        for caption, whole in spoken
        for voice in with_names(whole, names)
    ]


def _named_above(captions: Sequence[Caption], options: ReadingOptions) -> list[Caption] | None:
    """Captions with the names that are their first lines; ``None`` if these are not names.

    They are if each caption has one and they recur, two times on average, or are all in the roster.
    """
    found: list[Caption] = []
    for caption in captions:
        first, *rest = caption.lines or ("",)
        if caption.name is not None or not rest or not is_name(first.strip()):
            return None
        found.append(replace(caption, name=" ".join(first.split()), lines=rest))
    times = Counter(caption.name for caption in found)
    if options.roster:
        return found if set(times) <= set(options.roster) else None
    return found if 2 * len(times) <= len(found) else None
