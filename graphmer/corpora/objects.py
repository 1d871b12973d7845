"""JSON objects from files and standard input: one per line, one document or an array, plain or gzip."""

import codecs
import gzip
import io
import json
import re
import shutil
import sys
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import chain, islice
from pathlib import Path
from typing import BinaryIO, cast

from graphmer.corpora.problems import did_you_mean
from graphmer.errors import CorpusError
from graphmer.storage import replacing

STANDARD_INPUT = Path("-")
"""Path that stands for standard input."""

_GZIP = b"\x1f\x8b"
_JSON = {".json", ".jsonl", ".gz"}
_BLANK = re.compile(r"\s*")


def read_objects(path: Path) -> Iterator[tuple[str, bytes]]:
    """Iterator over the place and the text of each JSON object of a file; ``-`` is standard input.

    Lines are read one at a time. If the file is one document or an array on several lines, or an array on
    one line, all of it is read first.

    Raises:
        CorpusError: if there is no such file, it is a damaged gzip, or a document is no valid JSON.
    """
    name = name_of(path)
    with _opened(path) as stream:
        yield from _objects(_lines(stream, name), name)


def is_json(path: Path) -> bool:
    """Whether a file is of JSON or gzip by its beginning; so is what cannot be opened, and an empty file."""
    if path == STANDARD_INPUT or not path.is_file():
        return True
    with path.open("rb") as file:
        begin = file.read(4096)
    text = begin.removeprefix(codecs.BOM_UTF8).lstrip()
    return begin.startswith(_GZIP) or not text or text[:1] in (b"{", b"[") or path.suffix in _JSON


def unpacked(path: Path, target: Path) -> Path:
    """The file itself, or, if it is gzip, the target that it is unpacked into, unless that is there already.

    Raises:
        CorpusError: if the gzip is damaged.
    """
    with path.open("rb") as file:
        if file.read(2) != _GZIP:
            return path
    if target.is_file() and target.stat().st_mtime > path.stat().st_mtime:
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    with (
        _undamaged(str(path)),
        replacing(target) as partial,
        partial.open("wb") as copy,
        gzip.open(path) as file,
    ):
        shutil.copyfileobj(file, copy, 2**20)
    return target


def name_of(path: Path) -> str:
    """How messages call a file of dialogues."""
    return "standard input" if path == STANDARD_INPUT else str(path)


@contextmanager
def _opened(path: Path) -> Iterator[BinaryIO]:
    if path == STANDARD_INPUT:
        yield _decompressed(sys.stdin.buffer)
        return
    if not path.exists() or path.is_dir():
        near = did_you_mean(path.name, sorted(other.name for other in path.parent.glob("*.json*")))
        raise CorpusError(f"{path}: no such file of dialogues. {near}")
    with path.open("rb") as file:
        yield _decompressed(file)


def _decompressed(stream: BinaryIO) -> BinaryIO:
    buffered = stream if hasattr(stream, "peek") else io.BufferedReader(cast("io.RawIOBase", stream))
    is_gzip = cast("io.BufferedReader", buffered).peek(2)[:2] == _GZIP
    return cast("BinaryIO", gzip.GzipFile(fileobj=buffered) if is_gzip else buffered)


def _lines(stream: BinaryIO, name: str) -> Iterator[tuple[int, bytes]]:
    """Number and text of each line that is not blank."""
    with _undamaged(name):
        for number, line in enumerate(stream, start=1):
            text = line.removeprefix(codecs.BOM_UTF8).strip()
            if text:
                yield number, text


@contextmanager
def _undamaged(name: str) -> Iterator[None]:
    """Context manager in which a damaged gzip becomes a `CorpusError`."""
    try:
        yield
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise CorpusError(f"{name}: damaged gzip file ({error}). Compress it again.") from None


def _objects(lines: Iterator[tuple[int, bytes]], name: str) -> Iterator[tuple[str, bytes]]:
    begin = list(islice(lines, 1))
    if begin and not _is_object(begin[0][1]):
        begin += islice(lines, 1)
    if _is_document([text for _, text in begin]):
        yield from _document(chain(begin, lines), name)
        return
    for number, text in chain(begin, lines):
        yield f"{name}:{number}", text


def _is_object(text: bytes) -> bool:
    try:
        return isinstance(json.loads(text), dict)
    except (ValueError, RecursionError):
        return False


def _is_document(begin: list[bytes]) -> bool:
    """Whether these lines begin a document or an array, rather than JSON lines with a bad first one."""
    if begin and begin[0].startswith(b"["):
        return True
    return len(begin) == 2 and begin[0].startswith(b"{") and not begin[1].startswith(b"{")


def _document(lines: Iterable[tuple[int, bytes]], name: str) -> Iterator[tuple[str, bytes]]:
    parts: list[bytes] = []
    for number, line in lines:
        parts += [b""] * (number - 1 - len(parts)) + [line]
    try:
        text = b"\n".join(parts).decode()
        found = list(_values(text))
    except json.JSONDecodeError as error:
        where = f"{name}:{error.lineno}"
        raise CorpusError(f"{where}: no valid JSON: {error.msg}. Correct the document.") from None
    except (UnicodeDecodeError, ValueError, RecursionError) as error:
        raise CorpusError(f"{name}: no valid JSON: {error}. Correct the document.") from None
    for number, value in enumerate(found, start=1):
        yield f"{name}: dialogue {number}", json.dumps(value).encode()


def _values(text: str) -> Iterator[object]:
    """Top-level values of a document; those of an array one by one."""
    decoder, position = json.JSONDecoder(), 0
    while position < len(text):
        value, position = decoder.raw_decode(text, position)
        yield from value if isinstance(value, list) else [value]
        position = cast("re.Match[str]", _BLANK.match(text, position)).end()
