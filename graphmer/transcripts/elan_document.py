"""Contents of ELAN's files: tiers, their annotations and the times of these."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from xml.etree.ElementTree import Element

from graphmer.errors import CorpusError
from graphmer.transcripts.elan_times import Annotation, Interval, divided, interpolated
from graphmer.transcripts.markup import parsed
from graphmer.transcripts.text_file import TextFile

_MILLISECONDS = re.compile(r"[0-9]{1,12}")
_ORIGIN = re.compile(r"-?[0-9]{1,12}")


@dataclass(frozen=True)
class Tier:
    """A tier.

    Args:
        id: unique within the file.
        participant: who it is of, or ``None``.
        parent: id of the tier that it depends on, or ``None`` for a top tier.
        type: its linguistic type.
        annotations: in the order of the file.
    """

    id: str
    participant: str | None
    parent: str | None
    type: str
    annotations: Sequence[Annotation]

    @property
    def is_of_emotions(self) -> bool:
        """Whether its id or type has the word emotion."""
        words = re.split(r"[\W_]+", f"{self.id} {self.type}".casefold())
        return not {"emotion", "emotions"}.isdisjoint(words)

    @property
    def is_aligned(self) -> bool:
        """Whether its first annotation has times of its own."""
        return bool(self.annotations) and self.annotations[0].slots is not None


class ElanDocument:
    """An annotation document of ELAN.

    Args:
        file: an ``.eaf``.

    Raises:
        CorpusError: if it is no well-formed document of ELAN.
    """

    def __init__(self, file: TextFile) -> None:
        self.path = file.path
        root = parsed(file)
        if root.tag != "ANNOTATION_DOCUMENT":
            raise CorpusError(f"{self.path}: is no document of ELAN but <{root.tag}>. Name an .eaf file.")
        self.slots = {
            self._attribute(slot, "TIME_SLOT_ID"): self._seconds(slot)
            for slot in root.iterfind("TIME_ORDER/TIME_SLOT")
        }
        self.constraints = {
            type.get("LINGUISTIC_TYPE_ID"): type.get("CONSTRAINTS")
            for type in root.iterfind("LINGUISTIC_TYPE")
        }
        self.origins = [self._origin(media) for media in root.iterfind("HEADER/MEDIA_DESCRIPTOR")]
        self.tiers: dict[str, Tier] = {}
        for element in root.iterfind("TIER"):
            tier = self._tier(element)
            if tier.id in self.tiers:
                raise CorpusError(f"{self.path}: has two tiers {tier.id!r}. Rename one of them.")
            self.tiers[tier.id] = tier

    @cached_property
    def _places(self) -> dict[str, int]:
        return {id: place for place, id in enumerate(self.slots)}

    @cached_property
    def top_down(self) -> list[Tier]:
        """Tiers, each after the one that it depends on.

        Raises:
            CorpusError: if a tier depends on none of the file, or on itself.
        """
        children: dict[str | None, list[Tier]] = {}
        for tier in self.tiers.values():
            children.setdefault(tier.parent, []).append(tier)
        found = sorted(children.get(None, ()), key=lambda tier: not tier.is_aligned)
        for tier in found:  # which grows
            found += children.get(tier.id, ())
        if len(found) < len(self.tiers):
            lost = next(tier for tier in self.tiers.values() if tier not in found)
            raise CorpusError(
                f"{self.path}: tier {lost.id!r} depends on {lost.parent!r}, which is no tier above it. "
                "Save the file in ELAN again."
            )
        return found

    def times(self) -> dict[str, Interval]:
        """Start and end of each annotation in seconds of the recording, by its id.

        Raises:
            CorpusError: if an annotation has no time, or ends before it starts.
        """
        chains = [
            [slot for annotation in tier.annotations for slot in annotation.slots or ()]
            for tier in self.top_down
        ]
        seconds = interpolated(self.slots, chains)
        found: dict[str, Interval] = {}
        for tier in self.top_down:
            for annotation in tier.annotations:
                if annotation.slots is not None:
                    found[annotation.id] = self._interval(annotation, seconds, tier.id)
            found |= divided([each for each in tier.annotations if each.slots is None], found)
            lost = next((each for each in tier.annotations if each.id not in found), None)
            if lost is not None:
                raise CorpusError(
                    f"{self.path}: annotation {lost.id!r} of tier {tier.id!r} refers to {lost.parent!r}, "
                    "which no tier above it has. Save the file in ELAN again."
                )
        origin = next(iter(self.origins), 0.0)
        return {id: (round(start + origin, 3), round(end + origin, 3)) for id, (start, end) in found.items()}

    def place(self, annotation: Annotation) -> int:
        """Place of the time slot of its start in the file; 0 if it has none."""
        return self._places.get(annotation.slots[0], 0) if annotation.slots else 0

    def labels(self, tier: Tier) -> Mapping[str, str]:
        """Emotions by the id of the annotation: values of the tiers of emotions below a tier."""
        found: dict[str, str] = {}
        for other in self.emotion_tiers(tier):
            found |= {each.parent: each.text for each in other.annotations if each.parent and each.text}
        return found

    def emotion_tiers(self, tier: Tier) -> list[Tier]:
        """Tiers of symbolic association below a tier whose id or type has the word emotion."""
        return [
            other
            for other in self.tiers.values()
            if other.parent == tier.id
            and self.constraints.get(other.type) == "Symbolic_Association"
            and other.is_of_emotions
        ]

    def speaker(self, tier: Tier) -> str:
        """Participant of a tier or of the nearest one above it that has one, else the id of the tier."""
        above: Tier | None = tier
        while above is not None:
            if above.participant:
                return above.participant
            above = self.tiers.get(above.parent) if above.parent else None
        return tier.id

    def _tier(self, element: Element) -> Tier:
        id = self._attribute(element, "TIER_ID")
        return Tier(
            id,
            " ".join(element.get("PARTICIPANT", "").split()) or None,
            element.get("PARENT_REF") or None,
            element.get("LINGUISTIC_TYPE_REF", ""),
            list(self._annotations(element)),
        )

    def _annotations(self, tier: Element) -> Iterator[Annotation]:
        for element in tier.iterfind("ANNOTATION/*"):
            id = self._attribute(element, "ANNOTATION_ID")
            text = "".join(element.findtext("ANNOTATION_VALUE", "")).strip()
            if element.tag == "ALIGNABLE_ANNOTATION":
                names = ("TIME_SLOT_REF1", "TIME_SLOT_REF2")
                start, end = (self._attribute(element, name) for name in names)
                yield Annotation(id, text, slots=(start, end))
            else:
                parent = self._attribute(element, "ANNOTATION_REF")
                yield Annotation(id, text, parent=parent, previous=element.get("PREVIOUS_ANNOTATION"))

    def _interval(self, annotation: Annotation, seconds: Mapping[str, float], tier: str) -> Interval:
        where = f"{self.path}: annotation {annotation.id!r} of tier {tier!r}"
        start, end = (seconds.get(slot) for slot in annotation.slots or ())
        if start is None or end is None:
            raise CorpusError(f"{where}: its time slots have no time. Align it in ELAN.")
        if end < start:
            raise CorpusError(f"{where}: ends before it starts ({start} s, {end} s). Correct its times.")
        return start, end

    def _seconds(self, slot: Element) -> float | None:
        value = slot.get("TIME_VALUE")
        if value is None:
            return None
        if not _MILLISECONDS.fullmatch(value):
            raise CorpusError(
                f"{self.path}: TIME_VALUE of {slot.get('TIME_SLOT_ID')!r}: must be milliseconds; got "
                f"{value!r}. Correct it."
            )
        return int(value) / 1000

    def _origin(self, media: Element) -> float:
        value = media.get("TIME_ORIGIN", "0")
        if not _ORIGIN.fullmatch(value):
            raise CorpusError(f"{self.path}: TIME_ORIGIN must be milliseconds; got {value!r}. Correct it.")
        return int(value) / 1000

    def _attribute(self, element: Element, name: str) -> str:
        value = element.get(name)
        if not value:
            raise CorpusError(f"{self.path}: <{element.tag}> has no {name}. Save the file in ELAN again.")
        return value
