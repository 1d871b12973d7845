"""A retrieval index on disk: one FAISS file per modality, everything else as a JSON sidecar."""

import json
import secrets
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from graphmer.errors import CheckpointError
from graphmer.retrieval.store import VectorStore
from graphmer.storage import write_text

FORMAT = 1
"""Raised when the files change in a way that older readers cannot read."""

_SIDECAR = "index.json"


def write_index(folder: Path, description: Mapping[str, Any], stores: Sequence[VectorStore]) -> None:
    """Write vectors under new names, then the sidecar that names them, then delete the old vectors.

    Whatever stops it, the folder holds the old index or the new one; an index that is mapped from the old
    files goes on working.
    """
    folder.mkdir(parents=True, exist_ok=True)
    stamp = secrets.token_hex(4)
    names = [f"{stamp}-{number}.faiss" for number in range(len(stores))]
    for name, store in zip(names, stores, strict=True):
        store.write(folder / name)
    write_text(folder / _SIDECAR, json.dumps({"format": FORMAT, "files": names, **description}))
    for path in folder.glob("*.faiss"):
        if path.name not in names:
            path.unlink()


def read_description(folder: Path, fingerprint: str) -> dict[str, Any]:
    """The sidecar of an index of the fold with this fingerprint.

    Raises:
        CheckpointError: if it is not there, damaged, of another format or of another fold.
    """
    path = folder / _SIDECAR
    if not path.is_file():
        raise CheckpointError(f"{path}: not there. Name a folder that an index was saved to.")
    with readable(folder):
        description = dict(json.loads(path.read_text(encoding="utf-8")))
        found, fold = description["format"], description["fingerprint"]
    if found != FORMAT:
        raise CheckpointError(
            f"{path}: format {found}, this graphmer reads {FORMAT}. Use the version that wrote it."
        )
    if fold != fingerprint:
        raise CheckpointError(
            f"{path}: index of another fold (fingerprint {fold}, must be {fingerprint}). Build it from the "
            "training part of this fold."
        )
    return description


@contextmanager
def readable(folder: Path) -> Iterator[None]:
    """Turn what goes wrong while an index is put together from its files into a `CheckpointError`."""
    try:
        yield
    except (AttributeError, KeyError, OSError, TypeError, ValueError) as error:
        raise CheckpointError(
            f"{folder}: not a readable retrieval index ({error}). Build it again."
        ) from None
