"""Praat's TextGrids, long and short: tiers of intervals."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from graphmer.errors import CorpusError
from graphmer.transcripts import tiers
from graphmer.transcripts.assemble import Cue, turns
from graphmer.transcripts.text_file import TextFile
from graphmer.transcripts.transcript import (
    UNKNOWN,
    ReadingOptions,
    ReadingReport,
    TranscribedDialogue,
    Transcript,
)

_TOKEN = re.compile(r'"(?P<text>[^"]*(?:""[^"]*)*)"|!.*|(?P<word>[^\s"]+)|"')
_NUMBER = re.compile(r"[-+]?\d+(?:\.\d*)?(?:[eE][-+]?\d+)?", re.ASCII)
_LARGEST = 1e9
_OF_WORDS = re.compile(
    r"(?:(?P<name>.+?)\s+-\s+)?(?:words?|utterances?|sentences?|phrases?|transcripts?|transcriptions?|text|speech|"
    r"ort)",
    re.IGNORECASE,
)
"""Names of tiers that are no person's, or that aligners write after it."""

_OF_SOUNDS = re.compile(r"(?:.*[\s_-])?(?:phones?|phonemes?|syllables?|mau|tones?|tobi)", re.IGNORECASE)
"""Names of tiers below words."""

_SILENCE = frozenset({"sil", "sp", "<sil>", "<eps>", "<p:>", "#", "silence", "<silence>", "[silence]"})
"""What aligners and annotators write into intervals without speech."""


@dataclass(frozen=True)
class _Tier:
    name: str
    is_points: bool
    intervals: list[tuple[float, float, str]]


class TextGridFormat:
    """Intervals with a text of each interval tier, whose name is the speaker.

    A tier such as ``words`` has no speaker, and ``Ann - words`` is of Ann. Tiers of sounds, such as
    ``phones``, and of emotions are read only if the options name them. Empty intervals are silence. A tier
    ``emotion@NAME`` has the emotions of the intervals of the tier ``NAME`` with the same times. Tiers of
    points are not read.
    """

    name = "Praat TextGrid"

    def matches(self, head: str) -> bool:
        begin = head[:200]
        return ('"ooTextFile' in begin and '"TextGrid"' in begin) or "Praat chronological TextGrid" in begin

    def read(self, file: TextFile, options: ReadingOptions) -> Transcript:
        report = ReadingReport(taken={"speaker": "names of tiers", "times": "seconds"})
        grid = list(_tiers(_Tokens(file)))
        emotions = _emotions(grid)
        speech = [tier for tier in grid if not tier.is_points and _whose(tier, grid) is None]
        names = {number: (tier.name,) for number, tier in enumerate(speech)}
        top = [number for number, tier in enumerate(speech) if not _is_no_speech(tier.name)] or list(names)
        found = [speech[number] for number in tiers.chosen(names, top, options, file.path)]
        if options.roster:
            found = [tier for tier in found if _speaker(tier, emotions) in options.roster]
        cues = []
        for tier in found:
            labels, speaker = emotions.get(tier.name, {}), _speaker(tier, emotions)
            for start, end, text in tier.intervals:
                label = labels.get((start, end))
                if not label and text.strip().casefold() in _SILENCE:
                    report.left_out["silence mark"] += 1
                elif text.strip() or label:
                    cues.append(Cue(speaker, text, start, end, label))
        if not cues:
            raise CorpusError(
                f"{file.path}: no interval has a text. Name a TextGrid with tiers of utterances."
            )
        report.left_out["point"] += sum(len(tier.intervals) for tier in grid if tier.is_points)
        others = Counter({tier.name: len(tier.intervals) for tier in speech if tier not in found})
        tiers.note([(tier.name, _speaker(tier, emotions) or UNKNOWN) for tier in found], others, report)
        turned = tuple(turns(cues, options, report, str(file.path)))
        return Transcript(self.name, [TranscribedDialogue(file.path.stem, turned)], report)


def _is_no_speech(name: str) -> bool:
    """Whether a tier has sounds or emotions."""
    words = re.split(r"[\W_]+", name.casefold())
    return _OF_SOUNDS.fullmatch(name) is not None or not {"emotion", "emotions"}.isdisjoint(words)


def _speaker(tier: _Tier, emotions: Mapping[str, object]) -> str | None:
    """Person whose tier it is, or ``None`` if its name is no person's."""
    name = " ".join(tier.name.split())
    found = _OF_WORDS.fullmatch(name)
    return found["name"] if found is not None and tier.name not in emotions else name or None


def _whose(tier: _Tier, grid: list[_Tier]) -> str | None:
    """Name of the tier whose emotions a tier has."""
    name = tier.name.removeprefix(tiers.EMOTIONS)
    return name if name != tier.name and any(other.name == name for other in grid) else None


def _emotions(grid: list[_Tier]) -> dict[str, dict[tuple[float, float], str]]:
    found: dict[str, dict[tuple[float, float], str]] = defaultdict(dict)
    for tier in grid:
        whose = _whose(tier, grid)
        if whose is not None and not tier.is_points:
            found[whose] |= {
                (start, end): text.strip() for start, end, text in tier.intervals if text.strip()
            }
    return found


class _Tokens:
    """Texts and numbers of a TextGrid; all else in it is there for human readers."""

    def __init__(self, file: TextFile) -> None:
        self.path = file.path
        self._content = file.text
        self._found = _TOKEN.finditer(self._content)
        self._place = 0

    def text(self) -> str:
        for token in self._next():
            if token["text"] is not None:
                return token["text"].replace('""', '"')
            if _is_value(token):
                raise self.error(f"expected a text in quotation marks; got {token[0][:40]}")
        raise self.error("the file ends too early")

    def number(self) -> float:
        for token in self._next():
            if token["word"] is not None and _NUMBER.fullmatch(token["word"]):
                value = float(token["word"]) + 0.0  # no -0
                if abs(value) <= _LARGEST:
                    return value
            if _is_value(token):
                raise self.error(f"expected a number; got {token[0][:40]!r}")
        raise self.error("the file ends too early")

    def flag(self) -> bool:
        for token in self._next():
            if token["word"] in ("<exists>", "<absent>"):
                return token["word"] == "<exists>"
            if _is_value(token):
                break
        raise self.error("expected <exists>")

    def error(self, problem: str) -> CorpusError:
        line = self._content.count("\n", 0, self._place) + 1
        return CorpusError(f"{self.path}:{line}: {problem}. Save the TextGrid in Praat again.")

    def _next(self) -> Iterator[re.Match[str]]:
        for token in self._found:
            self._place = token.start()
            yield token
        self._place = len(self._content)


def _is_value(token: re.Match[str]) -> bool:
    if token["word"] is not None:
        return _NUMBER.fullmatch(token["word"]) is not None
    return token[0][:1] != "!"


def _tiers(tokens: _Tokens) -> Iterator[_Tier]:
    if tokens.text() not in ("ooTextFile", "ooTextFile short") or tokens.text() != "TextGrid":
        raise tokens.error("is no TextGrid of the long or short form")
    tokens.number()
    tokens.number()
    if not tokens.flag():
        return
    for _ in range(_count(tokens)):
        kind, name = tokens.text(), tokens.text()
        if kind not in ("IntervalTier", "TextTier"):
            raise tokens.error(f"the class of a tier must be IntervalTier or TextTier; got {kind[:40]!r}")
        tokens.number()
        tokens.number()
        is_points = kind == "TextTier"
        yield _Tier(name, is_points, [_interval(tokens, is_points) for _ in range(_count(tokens))])


def _interval(tokens: _Tokens, is_point: bool) -> tuple[float, float, str]:
    start = tokens.number()
    end = start if is_point else tokens.number()
    if end < start:
        raise tokens.error(f"the interval ends before it starts ({start} s, {end} s)")
    return start, end, tokens.text()


def _count(tokens: _Tokens) -> int:
    number = tokens.number()
    if number < 0 or number != int(number):
        raise tokens.error(f"a number of tiers or intervals must be whole and not negative; got {number}")
    return int(number)
