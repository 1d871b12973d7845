"""JSON documents as the makers of a corpus publish them."""

import json
from collections.abc import Mapping
from typing import Any

from graphmer.errors import CorpusError
from graphmer.reprs import shown
from graphmer.transcripts.text_file import TextFile
from graphmer.transcripts.transcript import ReadingReport
from graphmer.transcripts.words import repaired, words


def document(file: TextFile) -> Any:
    """Content of a JSON document.

    Raises:
        CorpusError: if it is invalid; the message names its line.
    """
    try:
        return json.loads(file.text)
    except json.JSONDecodeError as error:
        raise CorpusError(
            f"{file.path}:{error.lineno}: no valid JSON ({error.msg}). Download or copy it again."
        ) from None
    except (ValueError, RecursionError):
        raise CorpusError(f"{file.path}: no valid JSON. Download or copy it again.") from None


def text_field(entry: Any, key: str, where: str) -> str:
    """Text in a field of an object.

    Raises:
        CorpusError: if `entry` is no object, or its field is no text.
    """
    value = entry.get(key) if isinstance(entry, Mapping) else None
    if not isinstance(value, str):
        raise CorpusError(f"{where}: {key}: must be a text; got {shown(value)}. Correct it.")
    return value


def list_field(entry: Any, key: str, where: str) -> list[Any]:
    """List in a field of an object.

    Raises:
        CorpusError: if `entry` is no object, or its field is no list.
    """
    value = entry.get(key) if isinstance(entry, Mapping) else None
    if not isinstance(value, list):
        raise CorpusError(f"{where}: {key}: must be a list; got {shown(value)}. Correct it.")
    return value


def spoken(text: str, speaker: str, report: ReadingReport) -> str | None:
    """Text of a turn, repaired, and counted with its speaker; ``None`` if it has no words."""
    clean = repaired(text)
    report.repaired += clean != text
    report.speakers[speaker] += 1
    found = words(clean)
    report.without_text += found is None
    return found
