"""Downloads of corpora: verified by checksum, resumed where they were cut off."""

import logging
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from graphmer.checksums import file_checksum
from graphmer.corpora.sources import Source
from graphmer.errors import ConfigError, CorpusError
from graphmer.storage import replacing

Progress = Callable[[str, int, int], None]
"""Called with the name of a file, and how many of how many bytes are there; 0 if the size is not known."""

_BLOCK = 2**16
_SECONDS = 30


@dataclass(frozen=True)
class Fetched:
    """A file of a corpus that is there now.

    Args:
        path: of the file.
        is_new: whether it was not there before.
        checksum: its SHA-256.
        is_verified: whether the checksum is the known one; `False` where none is known.
    """

    path: Path
    is_new: bool
    checksum: str
    is_verified: bool


def fetch(source: Source, name: str, folder: Path, origin: str | None, progress: Progress) -> Fetched:
    """A file of a corpus: as it is there, or from where its authors keep it, or from a mirror.

    A download that was cut off continues; a file with another checksum than the known one is not kept.

    Args:
        source: the corpus.
        name: of the file.
        folder: for the file; made if need be.
        origin: folder or address to take it from; ``None`` for that of the authors.
        progress: called as a download goes on.

    Raises:
        CorpusError: if it cannot be had; the message says why, and where to put it by hand.
        ConfigError: if ``pooch`` is not installed.
    """
    known, target = source.files[name], folder / name
    if target.is_file():
        checksum = file_checksum(target)
        if known not in (None, checksum):
            raise CorpusError(
                f"{target}: is another file than {_remedy(source, name, folder, checksum, known)}"
            )
        return Fetched(target, False, checksum, known is not None)
    place = Path(origin) if origin is not None and "://" not in origin else None
    if place is not None:
        _copy(place / name, target, source, name, known)
    else:
        _download(f"{origin or source.base}".rstrip("/") + f"/{name}", target, source, name, progress)
    return Fetched(target, True, file_checksum(target), known is not None)


def _copy(path: Path, target: Path, source: Source, name: str, known: str | None) -> None:
    if not path.is_file():
        raise CorpusError(f"{path}: not there. {_by_hand(source, name, target.parent)}")
    checksum = file_checksum(path)
    if known not in (None, checksum):
        raise CorpusError(
            f"{path}: is another file than {_remedy(source, name, target.parent, checksum, known)}"
        )
    target.parent.mkdir(parents=True, exist_ok=True)
    with replacing(target) as partial:
        shutil.copyfile(path, partial)


def _download(address: str, target: Path, source: Source, name: str, progress: Progress) -> None:
    pooch, requests = _packages()
    pooch.get_logger().setLevel(logging.WARNING)

    def download(url: str, file: Any, _: Any) -> None:
        _resumable(requests, url, Path(file), target.with_name(f".{name}.download"), name, progress)

    try:
        pooch.retrieve(address, source.files[name], fname=name, path=target.parent, downloader=download)
    except requests.exceptions.HTTPError as error:
        problem = f"{error.response.status_code} {error.response.reason}"
        raise CorpusError(f"{address}: {problem}. {_by_hand(source, name, target.parent)}") from None
    except requests.exceptions.RequestException as error:
        problem = type(error).__name__
        raise CorpusError(
            f"{address}: cannot be reached, or was cut off ({problem}); what has come is kept, so try again. "
            f"{_by_hand(source, name, target.parent)}"
        ) from None
    except ValueError:  # of pooch: another checksum
        raise CorpusError(
            f"{address}: is another file than the one that graphmer knows (SHA-256 "
            f"{str(source.files[name])[:12]}...); it was not kept. {_by_hand(source, name, target.parent)}"
        ) from None


def _resumable(requests: Any, url: str, file: Path, partial: Path, name: str, progress: Progress) -> None:
    """Append to what an earlier download left; as a whole it becomes the file."""
    begun = partial.stat().st_size if partial.is_file() else 0
    headers = {"Range": f"bytes={begun}-", "Accept-Encoding": "identity"} if begun else {}
    with requests.get(url, headers=headers, stream=True, timeout=_SECONDS) as response:
        if begun and response.status_code == requests.codes.requested_range_not_satisfiable:
            partial.unlink()
            _resumable(requests, url, file, partial, name, progress)
            return
        response.raise_for_status()
        begun = begun if response.status_code == requests.codes.partial_content else 0
        size = begun + int(response.headers.get("Content-Length") or 0)
        with partial.open("ab" if begun else "wb") as out:
            for block in response.iter_content(_BLOCK):
                out.write(block)
                begun += len(block)
                progress(name, begun, size)
    partial.replace(file)


def _packages() -> tuple[Any, Any]:
    try:
        import pooch
        import requests
    except ImportError:
        raise ConfigError('Downloads need pooch: pip install "graphmer[data]".') from None
    return pooch, requests


def _by_hand(source: Source, name: str, folder: Path) -> str:
    return f"Or put {name} from {source.page} into {folder}, or name a folder or mirror with --from."


def _remedy(source: Source, name: str, folder: Path, checksum: str, known: str | None) -> str:
    return (
        f"the {name} that graphmer knows (SHA-256 {checksum[:12]}... instead of {str(known)[:12]}...). "
        f"Move it away. {_by_hand(source, name, folder)}"
    )
