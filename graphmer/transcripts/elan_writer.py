"""ELAN's annotation documents with tiers of emotions."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timezone
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from graphmer.transcripts.tiers import EMOTIONS
from graphmer.transcripts.timed import TimedTurn, lanes, timed_turns
from graphmer.transcripts.transcript import TranscribedDialogue

_SCHEMA = "http://www.mpi.nl/tools/elan/EAFv3.0.xsd"
_INSTANCE = "http://www.w3.org/2001/XMLSchema-instance"
_CONSTRAINTS = {
    "Time_Subdivision": "Time subdivision of parent annotation's time interval, no time gaps allowed "
    "within this interval",
    "Symbolic_Subdivision": "Symbolic subdivision of a parent annotation. Annotations refering to the same "
    "parent are ordered",
    "Symbolic_Association": "1-1 association with a parent annotation",
    "Included_In": "Time alignable annotations within the parent annotation's time interval, gaps are "
    "allowed",
}


def eaf(dialogue: TranscribedDialogue, remark: str = "") -> str:
    """Document of format 3.0: for each speaker a tier of turns and below it one of their emotions.

    The tier of emotions is of symbolic association, so that an emotion moves with its turn. A speaker whose
    turns overlap has several tiers. Times are in milliseconds.

    Raises:
        CorpusError: if a turn has no times, or no duration.
    """
    turns = timed_turns(dialogue, "ELAN", longer=True)
    root = Element("ANNOTATION_DOCUMENT", {"AUTHOR": "graphmer", "DATE": _now(), "FORMAT": "3.0"})
    root.attrib |= {"VERSION": "3.0", "xmlns:xsi": _INSTANCE, "xsi:noNamespaceSchemaLocation": _SCHEMA}
    header = SubElement(root, "HEADER", {"MEDIA_FILE": "", "TIME_UNITS": "milliseconds"})
    SubElement(header, "PROPERTY", {"NAME": "lastUsedAnnotationId"}).text = str(2 * len(turns))
    if remark:
        SubElement(header, "PROPERTY", {"NAME": "remark"}).text = remark
    _time_order(root, turns)
    for tier, speaker, lane in _tiers(turns):
        speech = SubElement(root, "TIER", {"LINGUISTIC_TYPE_REF": "utterance", "PARTICIPANT": speaker})
        speech.set("TIER_ID", tier)
        felt = SubElement(root, "TIER", {"LINGUISTIC_TYPE_REF": "emotion", "PARENT_REF": tier})
        felt.attrib |= {"PARTICIPANT": speaker, "TIER_ID": f"{EMOTIONS}{tier}"}
        for turn in lane:
            id = f"a{turn.number}"
            start, end = (f"ts{2 * turn.number - first}" for first in (1, 0))
            slots = {"TIME_SLOT_REF1": start, "TIME_SLOT_REF2": end}
            _annotation(speech, "ALIGNABLE_ANNOTATION", {"ANNOTATION_ID": id} | slots, turn.text)
            if turn.emotion:
                below = {"ANNOTATION_ID": f"a{len(turns) + turn.number}", "ANNOTATION_REF": id}
                _annotation(felt, "REF_ANNOTATION", below, turn.emotion)
    _types(root)
    indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + tostring(root, encoding="unicode") + "\n"


def _time_order(root: Element, turns: Sequence[TimedTurn]) -> None:
    """Time slots in the order of their times, and of the turns where these are equal."""
    order = SubElement(root, "TIME_ORDER")
    times = [
        (round(1000 * time), 2 * turn.number - first)
        for turn in turns
        for first, time in ((1, turn.start), (0, turn.end))
    ]
    for time, slot in sorted(times):
        SubElement(order, "TIME_SLOT", {"TIME_SLOT_ID": f"ts{slot}", "TIME_VALUE": str(time)})


def _tiers(turns: Sequence[TimedTurn]) -> Iterator[tuple[str, str, list[TimedTurn]]]:
    """Id of each tier, its speaker and its turns."""
    speakers = {turn.speaker for turn in turns}
    used: set[str] = set()
    for speaker, lane in lanes(turns):
        number, tier = 1, speaker
        while tier in used or (number > 1 and tier in speakers):
            number += 1
            tier = f"{speaker} ({number})"
        used.add(tier)
        yield tier, speaker, lane


def _annotation(tier: Element, kind: str, attributes: dict[str, str], value: str) -> None:
    annotation = SubElement(SubElement(tier, "ANNOTATION"), kind, attributes)
    SubElement(annotation, "ANNOTATION_VALUE").text = value


def _types(root: Element) -> None:
    for name, constraint in (("utterance", None), ("emotion", "Symbolic_Association")):
        type = SubElement(root, "LINGUISTIC_TYPE", {"GRAPHIC_REFERENCES": "false"})
        type.attrib |= {"LINGUISTIC_TYPE_ID": name, "TIME_ALIGNABLE": "false" if constraint else "true"}
        if constraint:
            type.set("CONSTRAINTS", constraint)
    for name, description in _CONSTRAINTS.items():
        SubElement(root, "CONSTRAINT", {"DESCRIPTION": description, "STEREOTYPE": name})


def _now() -> str:
    return datetime.now(timezone.utc).isoformat(timespec="seconds")
