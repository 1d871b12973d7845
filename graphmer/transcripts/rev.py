"""JSON of Rev: of its machine (Rev.ai) and of its transcribers."""

from typing import Annotated, Any

from pydantic import AliasChoices, BeforeValidator, Field
from pydantic.dataclasses import dataclass

from graphmer.transcripts.assemble import Cue
from graphmer.transcripts.json_file import Clock, JsonFormat, Name, Part, Text, parts_of
from graphmer.transcripts.spoken_words import Word, cues_of
from graphmer.transcripts.transcript import ReadingOptions, ReadingReport


@dataclass(frozen=True, slots=True)
class _Element:
    """A word, a mark of punctuation or a blank, or a tag such as of laughter."""

    type: str = "text"
    value: Text = ""
    start: Clock = Field(default=None, validation_alias=AliasChoices("ts", "timestamp"))
    end: Clock = Field(default=None, validation_alias=AliasChoices("end_ts", "end_timestamp"))


class _Monologue(Part):
    speaker: Name = None
    elements: tuple[_Element, ...] = ()


class _Person(Part):
    id: Name = None
    name: Name = None


class _Rev(Part):
    monologues: tuple[_Monologue, ...]
    speakers: Annotated[tuple[_Person, ...], BeforeValidator(lambda value: value or ())] = ()


def _cues(document: _Rev, options: ReadingOptions, report: ReadingReport) -> list[Cue]:
    """Sentences of each monologue; blanks are elements of their own."""
    report.taken |= {"speaker": "`speaker` of monologues", "times": "seconds"}
    names = {person.id: person.name for person in document.speakers if person.name is not None}
    spoken = [[each for each in one.elements if each.type != "tag"] for one in document.monologues]
    report.left_out["tag"] += sum(len(one.elements) for one in document.monologues) - sum(map(len, spoken))
    has_blanks = any(element.value.isspace() for elements in spoken for element in elements)
    found = []
    for monologue, elements in zip(document.monologues, spoken, strict=True):
        speaker = names.get(monologue.speaker, monologue.speaker)
        found += cues_of(
            Word(element.value, element.start, element.end, speaker, is_joined=has_blanks)
            for element in elements
        )
    return found


def _is_rev(begin: Any) -> bool:
    monologues = begin.get("monologues") if isinstance(begin, dict) else None
    return any("elements" in monologue for monologue in parts_of(monologues))


REV = JsonFormat("Rev JSON", _Rev, _is_rev, _cues)
