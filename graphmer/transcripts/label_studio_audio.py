"""Regions of recordings in Label Studio: who speaks in them, what is said, and emotions."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from graphmer.errors import CorpusError
from graphmer.transcripts.transcript import ReadingReport


def audio_turns(task: Mapping[str, Any], report: ReadingReport, where: str) -> list[dict[str, Any]]:
    """Turns of a task whose regions are parts of a recording, in the order of their times.

    A region is what several results with one id say of it: labels are the speaker, a text area the text. Of
    labels of several tags, those of the one with *speaker* in its name are the speaker. Choices are emotions.

    Raises:
        CorpusError: if several annotators transcribed the recording.
    """
    annotations = [each for each in _objects(task.get("annotations")) if not each.get("was_cancelled")]
    regions = [found for each in annotations if (found := _regions(each))]
    if not regions:
        return []
    report.taken["speaker"] = "labels of regions of the recording"
    report.left_out["cancelled annotation"] += len(_objects(task.get("annotations"))) - len(annotations)
    if len(regions) > 1:
        raise CorpusError(
            f"{where}: {len(regions)} annotators transcribed the recording; their regions cannot be joined. "
            "Export one annotation."
        )
    turns = [_turn(results) for found in regions for results in found.values()]
    return sorted(turns, key=lambda turn: (turn["start"], turn["end"]))


def _objects(value: Any) -> list[dict[str, Any]]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def _regions(annotation: Mapping[str, Any]) -> dict[str, list[dict[str, Any]]]:
    """Results of each region of a recording."""
    found: dict[str, list[dict[str, Any]]] = {}
    for result in _objects(annotation.get("result")):
        value = result.get("value")
        if not isinstance(value, dict) or "startOffset" in value:
            continue
        if all(type(value.get(key)) in (int, float) for key in ("start", "end")):
            found.setdefault(str(result.get("id")), []).append(result)
    return found


def _turn(results: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    first = results[0]["value"]
    labels = list(_values(results, "labels"))
    speaker = next((label for tag, label in labels if "speaker" in tag), labels[0][1] if labels else "")
    texts = [text for _, text in _values(results, "text")]
    emotions = [choice for _, choice in _values(results, "choices")]
    return {
        "author": speaker,
        "text": " ".join(texts),
        "start": first["start"],
        "end": first["end"],
        "emotion": emotions[0] if len(emotions) == 1 else None,
    }


def _values(results: Sequence[Mapping[str, Any]], key: str) -> Iterator[tuple[str, str]]:
    """Name of the tag and each text of a key."""
    for result in results:
        value = result["value"].get(key)
        for each in value if isinstance(value, list) else [value]:
            if isinstance(each, str):
                yield str(result.get("from_name")).casefold(), each
