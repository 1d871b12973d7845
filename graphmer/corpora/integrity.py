"""Checksums of the files of a written corpus, in ``checksums.sha256`` beside them.

It has the format of ``sha256sum``, so that ``sha256sum -c checksums.sha256`` verifies a copy without
graphmer, and a first line with a checksum of its own. A corpus without this file, written by hand, by another
tool or by an earlier version, is read without the check.
"""

import re
from collections.abc import Iterable
from pathlib import Path

from graphmer.checksums import KEY, UNSEALED, file_checksum, read_sealed, seal
from graphmer.errors import CorpusError

CHECKSUMS = "checksums.sha256"
"""File name of the checksums in the folder of a corpus."""

_LINE = re.compile(r"(?P<digest>[0-9a-f]{64})  (?P<name>.+)")


def write_checksums(folder: Path, names: Iterable[str]) -> None:
    """Write the checksums of files of a folder."""
    lines = [f"# {KEY} {UNSEALED}", *(f"{file_checksum(folder / name)}  {name}" for name in names)]
    path = folder / CHECKSUMS
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    seal(path)


def verify_checksums(folder: Path) -> None:
    """Compare every file that ``checksums.sha256`` names with its checksum.

    Each file is read once as a whole. A folder without checksums is not checked. What happens to a file
    later, while features are read from it on access, is not noticed.

    Raises:
        CorpusError: naming the first file that is missing, damaged or edited.
    """
    path = folder / CHECKSUMS
    if not path.exists():
        return
    try:
        _, *lines = read_sealed(path, required=True).decode().splitlines()
    except (OSError, ValueError):
        raise CorpusError(f"{path}: damaged or edited. {_remedy('Restore it')}") from None
    for line in lines:
        match = _LINE.fullmatch(line)
        if match is None:
            raise CorpusError(f"{path}: not a line of checksums: {line!r}. {_remedy('Restore it')}")
        file = folder / match["name"]
        try:
            found = file_checksum(file)
        except OSError as error:
            raise CorpusError(
                f"{file}: cannot be read ({error.strerror}). {_remedy('Restore the file')}"
            ) from None
        if found != match["digest"]:
            raise CorpusError(
                f"{file}: its content does not match its checksum: the file was damaged or edited. "
                f"{_remedy('Restore it')}"
            )


def _remedy(restore: str) -> str:
    return f"{restore} from a copy; after an edit of your own, delete {CHECKSUMS}."
