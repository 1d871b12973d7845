"""JSON of transcription services: detected by structure in the beginning of a file, validated as a whole."""

import json
import re
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Annotated, Any, ClassVar, Generic, TypeVar

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    FiniteFloat,
    ValidationError,
)

from graphmer.errors import CorpusError
from graphmer.transcripts.assemble import Cue, turns
from graphmer.transcripts.text_file import TextFile
from graphmer.transcripts.times import read_time
from graphmer.transcripts.transcript import ReadingOptions, ReadingReport, TranscribedDialogue, Transcript

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*(?:"|\\?\Z)|[\[\]{},]', re.DOTALL)
_STRING = re.compile(r'"(?:[^"\\]|\\.)*"', re.DOTALL)
_CLOSERS = {"{": "}", "[": "]"}
_DEEPEST = 100
"""Depth up to which the beginning of a file is looked at."""


class Part(BaseModel):
    """Part of a document; keys that are not read may have any value.

    Parts that occur for each word are dataclasses with slots, which take a quarter of the memory.
    """

    model_config = ConfigDict(frozen=True)

    is_reshaped: ClassVar[bool] = False
    """Whether a validator takes the whole document, which must be an object for it."""


def well_formed(text: str) -> str:
    """Text in which lone halves of surrogate pairs, which no encoding has, are replaced."""
    return text if text.isascii() else text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _name(value: Any) -> Any:
    if type(value) is int:
        return f"speaker {value}"
    return (value.strip() or None) if isinstance(value, str) else value


def _or_empty(value: Any) -> Any:
    return "" if value is None else value


def _clock(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    time = read_time(value)
    return None if time is None else time.value


def parts_of(value: Any) -> list[dict[str, Any]]:
    """Objects of a list; none of any other value."""
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


Text = Annotated[str, BeforeValidator(_or_empty)]
"""Words; ``null`` is empty."""

Name = Annotated[str | None, BeforeValidator(_name)]
"""Name of a speaker; numbers become ``speaker 0``, the empty name ``None``."""

Number = Annotated[FiniteFloat, Field(ge=-1e12, le=1e12)] | None
"""A number, also as text; its unit is that of the service."""

Clock = Annotated[Number, BeforeValidator(_clock)]
"""Seconds, also as ``00:00:02,000``."""


Document = TypeVar("Document", bound=Part)


@dataclass(frozen=True)
class JsonFormat(Generic[Document]):
    """JSON of a service, which is one dialogue.

    Args:
        name: of the service.
        model: schema of what is read.
        known: whether the beginning of a document, as far as it is complete, is of the service.
        cues: of a document, with times in seconds; counts what it leaves out in the report.
    """

    name: str
    model: type[Document]
    known: Callable[[Any], bool]
    cues: Callable[[Document, ReadingOptions, ReadingReport], Sequence[Cue]]

    def matches(self, head: str) -> bool:
        return self.known(beginning(head))

    def read(self, file: TextFile, options: ReadingOptions) -> Transcript:
        report = ReadingReport()
        document = self._document(file)
        cues = [_sound(cue, report) for cue in self.cues(document, options, report)]
        if not cues:
            raise CorpusError(f"{file.path}: {self.name} without any speech. Name another file.")
        found = turns(cues, options, report, str(file.path))
        return Transcript(self.name, [TranscribedDialogue(file.path.stem, tuple(found))], report)

    def _document(self, file: TextFile) -> Document:
        """What is read of a file, without objects for the rest of it."""
        if not self.model.is_reshaped:
            with suppress(ValidationError):  # it may be what only Python reads, such as half a surrogate pair
                return self.model.model_validate_json(file.text.lstrip("\ufeff"))
        content = load_json(file.text, str(file.path))
        try:
            return self.model.model_validate(content)
        except ValidationError as error:
            raise CorpusError(f"{file.path}: {_problem(error)} Export the file again.") from None


def _sound(cue: Cue, report: ReadingReport) -> Cue:
    """A cue of well-formed texts that does not end before it starts."""
    if not (cue.text.isascii() and (cue.speaker or "").isascii()):
        speaker = None if cue.speaker is None else well_formed(cue.speaker)
        cue = replace(cue, text=well_formed(cue.text), speaker=speaker)
    if cue.start is None or cue.end is None or cue.end >= cue.start:
        return cue
    report.left_out["time of an end before its start"] += 1
    return replace(cue, end=None)


def load_json(text: str, where: str, line: int = 1) -> Any:
    """Value of a JSON text.

    Raises:
        CorpusError: if it is no valid JSON; the message has the line.
    """
    try:
        return json.loads(text.lstrip("\ufeff"))
    except json.JSONDecodeError as error:
        place = f"{where}:{line + error.lineno - 1}"
        raise CorpusError(f"{place}: no valid JSON: {error.msg}. Correct the document.") from None
    except (ValueError, RecursionError) as error:
        raise CorpusError(f"{where}:{line}: no valid JSON: {error}. Correct the document.") from None


@lru_cache(maxsize=1)
def beginning(head: str) -> Any:
    """The first value of a JSON text that may be cut off, without what is incomplete.

    A text at the end is kept as far as it goes. ``None`` if it is neither an object nor an array.

    Example:
        >>> beginning('{"a": [1, {"b": 2, "c": 3'), beginning('{"text": "So, he')
        ({'a': [1, {'b': 2}]}, {'text': 'So, he'})
    """
    stack: list[str] = []
    whole, closers = 0, ""
    for token in _TOKEN.finditer(head if head[:1] in ("{", "[") else ""):
        sign = token[0]
        if sign in _CLOSERS:
            stack.append(_CLOSERS[sign])
            if len(stack) > _DEEPEST:
                break
        elif sign in ("}", "]"):
            if sign != stack.pop():
                break
        elif sign != ",":
            if not _STRING.fullmatch(sign):
                text = re.sub(r"\\(u[0-9a-fA-F]{0,3})?$", "", head[: token.end()])
                return _value(f'{text}"{closers}') or _value(head[:whole] + closers)
            continue
        whole, closers = token.start() if sign == "," else token.end(), "".join(reversed(stack))
        if not stack:
            break
    return _value(head[:whole] + closers)


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _problem(error: ValidationError) -> str:
    first = error.errors()[0]
    place = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in first["loc"]).lstrip(".")
    shown = repr(first["input"])
    shown = shown if len(shown) <= 40 else f"{shown[:40]}..."
    return f"{place or 'the document'}: {first['msg'][:1].lower()}{first['msg'][1:]}; got {shown}."
