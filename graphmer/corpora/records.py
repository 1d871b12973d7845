"""Schema of dialogues as JSON, and messages about values that do not fit it."""

import json
import math
import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    FiniteFloat,
    ValidationError,
)

from graphmer.corpora.problems import did_you_mean

REFERENCE = re.compile(r"(?P<file>[^#]+\.npy)(?:#(?P<row>\d{1,18}))?")
"""A vector in a file: ``matrix.npy#row`` or ``vector.npy``."""

_LARGEST = 10**38
"""Magnitude beyond which a whole number is no feature, no score and no name; about that of float32."""

_SHOWN = 60


def _name(value: Any) -> Any:
    """A name, which may be written as a number: ``7`` and ``7.0`` are the name ``"7"``."""
    if type(value) is float and math.isfinite(value):
        value = int(value) if value.is_integer() else str(value)
    return str(value) if type(value) is int and abs(value) <= _LARGEST else value


def _without_null(value: Any) -> Any:
    if isinstance(value, dict):
        return {modality: vector for modality, vector in value.items() if vector is not None}
    return {} if value is None else value


def _features(value: Any) -> Any:
    if isinstance(value, str) and REFERENCE.fullmatch(value):
        return value
    if isinstance(value, list):
        if all(type(number) is float or _is_bounded_integer(number) for number in value):
            return value
        if all(isinstance(frame, list) for frame in value):
            numbers = (number for frame in value for number in frame)
            if all(type(number) is float or _is_bounded_integer(number) for number in numbers):
                return value
    raise ValueError(
        "must be a list of numbers or of frames, 'matrix.npy#row' or 'vector.npy' "
        "(null if missing, or leave the key out)"
    )


def _is_bounded_integer(number: Any) -> bool:
    return type(number) is int and abs(number) <= _LARGEST


def _label(value: Any) -> Any:
    if value is None or type(value) in (str, float) or _is_bounded_integer(value):
        return value
    raise ValueError("must be a class name, a score, or null")


Name = Annotated[str, BeforeValidator(_name)]
"""A name; numbers are taken as names."""

Seconds = Annotated[FiniteFloat, Field(ge=-1e12, le=1e12)]

Features = Annotated[dict[str, Annotated[Any, AfterValidator(_features)]], BeforeValidator(_without_null)]
"""``{modality: numbers or reference}``; a modality that is ``null`` is left out."""


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class UtteranceRecord(_Record):
    """Schema of a turn; see `graphmer.dialogue.Utterance` for units."""

    speaker: Name
    id: Name | None = None
    text: str | None = None
    start: Seconds | None = None
    end: Seconds | None = None
    label: Annotated[Any, AfterValidator(_label)] = None
    """Class name or score; ``null`` or an absent key means unlabelled."""
    reply_to: Name | None = None
    causes: tuple[Name, ...] | None = None
    """Ids of the turns that cause the emotion; an absent key means not annotated, an empty list none."""
    features: Features = {}
    """``{modality: numbers or reference}``. ``"audio.npy#17"`` is row 17 of a matrix, ``"clip.npy"`` a file
    with one vector or frames; paths are relative to the folder of the file, or to the working directory for
    standard input. A modality without a key, or with ``null``, is missing."""


class CorrectionRecord(_Record):
    """Schema of a line of a stream that adds late modalities to an earlier turn."""

    correct: Name
    """Id of the turn."""
    features: Features
    """As in `UtteranceRecord`."""


class DialogueRecord(_Record):
    """Schema of one dialogue."""

    id: Name
    utterances: tuple[UtteranceRecord, ...]
    split: Literal["train", "val", "test"] | None = None
    session: Name | None = None


def describe(
    error: ValidationError, known: Mapping[int, Mapping[str, Any]]
) -> Iterator[tuple[str, str, str]]:
    """Field, problem and remedy of each pydantic error; `known` has the valid fields by depth."""
    for one in error.errors(include_url=False):
        field = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in one["loc"]).lstrip(
            "."
        )
        if one["type"] == "extra_forbidden":
            yield field, "unknown field", did_you_mean(str(one["loc"][-1]), known.get(len(one["loc"]), ()))
        elif one["type"] == "missing":
            yield field, "required field is absent", "Add it."
        elif one["type"] == "json_invalid":
            yield field, f"no valid JSON: {one['ctx']['error']}", "Write one JSON object per line."
        else:
            rule = one["msg"].removeprefix("Value error, ").replace("Input should be", "must be")
            yield field, f"{rule}; got {in_json(one['input'])}", "Correct the field."


def in_json(value: Any) -> str:
    """The value as JSON has it, shortened.

    Example:
        >>> in_json(None), in_json("calm"), in_json(True)
        ('null', '"calm"', 'true')
    """
    try:
        text = json.dumps(value, ensure_ascii=False, default=str)
    except ValueError:
        return "a value too large to show"
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."
