"""Columns of a corpus, their types, and its header in the metadata of the schema."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from graphmer.corpora.header import Header, checked_header
from graphmer.corpora.parquet.files import TurnFile, load_pyarrow
from graphmer.corpora.problems import Findings, did_you_mean
from graphmer.errors import CorpusError

PREFIX = "features_"
"""Beginning of the names of columns of features; the name of the modality follows."""

REQUIRED = ("dialogue", "turn", "speaker")
METADATA = b"graphmer"
_WIDEST = 1_000_000
_REMEDY = "Store it so, or rename it."


def _is_text(type: Any, types: Any) -> bool:
    """Whether a type is text, or whole numbers, which are taken as names; also with a dictionary."""
    if types.is_dictionary(type):
        type = type.value_type
    return any(is_kind(type) for is_kind in (types.is_string, types.is_large_string, types.is_string_view))


def _is_name(type: Any, types: Any) -> bool:
    return _is_text(type, types) or types.is_integer(type)


def _is_number(type: Any, types: Any) -> bool:
    return types.is_floating(type) or types.is_integer(type)


def _is_vector(type: Any, types: Any) -> bool:
    return _is_list(type, types) and _is_number(type.value_type, types)


def _is_list(type: Any, types: Any) -> bool:
    return types.is_fixed_size_list(type) or types.is_list(type) or types.is_large_list(type)


_KINDS: Mapping[str, tuple[str, Callable[[Any, Any], bool]]] = {
    "dialogue": ("strings", _is_name),
    "turn": ("whole numbers", lambda type, types: types.is_integer(type)),
    "speaker": ("strings", _is_name),
    "label": ("strings, or numbers", lambda type, types: _is_text(type, types) or _is_number(type, types)),
    "id": ("strings", _is_name),
    "text": ("strings", _is_text),
    "start": ("floats", _is_number),
    "end": ("floats", _is_number),
    "reply_to": ("strings", _is_name),
    "causes": (
        "lists of strings",
        lambda type, types: _is_list(type, types) and _is_name(type.value_type, types),
    ),
    "split": ("strings", _is_text),
    "session": ("strings", _is_name),
}
"""Content of each column, and a test of its type."""


@dataclass(frozen=True)
class Columns:
    """Columns of a file that are read.

    Args:
        names: of the columns of `_KINDS` that are there.
        widths: features per modality, in the order of the columns; 0 where lists have no fixed size.
        classes: names of the class numbers in ``label``, by Hugging Face ``datasets``; ``None`` without.
    """

    names: tuple[str, ...]
    widths: Mapping[str, int]
    classes: tuple[str, ...] | None = None


def read_columns(file: TurnFile, findings: Findings) -> Columns:
    """Columns of a file; those that are not read are noted.

    Raises:
        CorpusError: if one is absent, or of another type.
    """
    schema, types = file.schema, load_pyarrow().types
    names: list[str] = []
    widths: dict[str, int] = {}
    for field in schema:
        name = field.name
        if schema.names.count(name) > 1:
            raise CorpusError(f"{file.path}: column {name!r} occurs twice. Rename one of them.")
        if name in _KINDS:
            content, fits = _KINDS[name]
            # a column without any value has the type null
            if not (fits(field.type, types) or (types.is_null(field.type) and name not in REQUIRED)):
                raise CorpusError(
                    f"{file.path}: column {name!r} must hold {content}; got {field.type}. {_REMEDY}"
                )
            names.append(name)
        elif name.startswith(PREFIX):
            widths[name.removeprefix(PREFIX)] = _width(file, field, types)
        else:
            findings.note(f"column {name!r}", str(file.path), f"Not read. {did_you_mean(name, _KINDS)}")
    for name in REQUIRED:
        if name not in names:
            near = did_you_mean(name, [each for each in schema.names if each not in _KINDS])
            raise CorpusError(f"{file.path}: column {name!r} is absent. {near} Add it, or rename one.")
    return Columns(tuple(names), widths, _classes(schema))


def _width(file: TurnFile, field: Any, types: Any) -> int:
    if types.is_null(field.type):
        return 0
    if not _is_vector(field.type, types):
        raise CorpusError(
            f"{file.path}: column {field.name!r} must hold lists of floats; got {field.type}. {_REMEDY}"
        )
    if not types.is_fixed_size_list(field.type):
        return 0
    if not 0 < field.type.list_size <= _WIDEST:
        raise CorpusError(
            f"{file.path}: column {field.name!r} must have lists of 1 to {_WIDEST} numbers; "
            f"got {field.type.list_size}. Store it again."
        )
    return int(field.type.list_size)


def _classes(schema: Any) -> tuple[str, ...] | None:
    """Class names that ``datasets`` keeps beside a column of class numbers."""
    try:
        content = json.loads((schema.metadata or {})[b"huggingface"])
        names = content["info"]["features"]["label"]["names"]
    except (KeyError, TypeError, ValueError, RecursionError):
        return None
    known = isinstance(names, list) and all(isinstance(name, str) for name in names)
    return tuple(names) if known else None


def stored_header(file: TurnFile) -> Header | None:
    """Header in the metadata of a file; ``None`` if there is none.

    Raises:
        CorpusError: if it is invalid.
    """
    content = (file.schema.metadata or {}).get(METADATA)
    if content is None:
        return None
    where = f"{file.path}: metadata {METADATA.decode()!r}"
    try:
        parsed = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise CorpusError(f"{where}: no valid JSON ({error}). Write the file again.") from None
    return checked_header(parsed, where)


def schema_of(header: Header) -> Any:
    """Arrow schema of a corpus that is written, with its header."""
    arrow = load_pyarrow()
    text, number = arrow.string(), arrow.float32()
    label = arrow.float64() if header.labels.interval else text
    fields = [
        arrow.field("dialogue", text, nullable=False),
        arrow.field("turn", arrow.int32(), nullable=False),
        arrow.field("speaker", text, nullable=False),
        arrow.field("label", label),
        arrow.field("id", text, nullable=False),
        arrow.field("text", text),
        arrow.field("start", number),
        arrow.field("end", number),
        arrow.field("reply_to", text),
        arrow.field("causes", arrow.list_(text)),
        arrow.field("split", text),
        arrow.field("session", text),
    ]
    for modality, width in header.widths.items():
        # elements that cannot be null are read nearly twice as fast
        element = arrow.field("element", number, nullable=False)
        fields.append(arrow.field(PREFIX + modality, arrow.list_(element, width)))
    content = header.model_dump(mode="json", exclude_defaults=True)
    return arrow.schema(fields, {METADATA: json.dumps(content, allow_nan=False)})
