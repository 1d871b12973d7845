"""Files of a retrieval index: one FAISS file per modality, and a JSON sidecar with their checksums."""

import hashlib
import secrets
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from graphmer.checksums import file_checksum, read_json, write_json
from graphmer.dialogue import Dialogue
from graphmer.errors import CheckpointError
from graphmer.retrieval.store import VectorStore

FORMAT = 2
"""Version of the file format; increased when older readers cannot read the files."""

_SIDECAR = "index.json"


def fold_fingerprint(dialogues: Iterable[Dialogue], corpus: str) -> str:
    """Hash that identifies the training part of a fold and its features.

    It depends on the ids of the training utterances, in any order, and on `corpus`.

    Args:
        dialogues: the training part.
        corpus: fingerprint of the corpus, extended by the encoder's settings where features are encoded.
    """
    digest = hashlib.blake2b(corpus.encode(), digest_size=16)
    for dialogue, utterance in sorted((d.id, utterance) for d in dialogues for utterance in d.utterance_ids):
        digest.update(f"\0{dialogue}\0{utterance}".encode())
    return digest.hexdigest()


def write_index(folder: Path, description: Mapping[str, Any], stores: Sequence[VectorStore]) -> None:
    """Write an index into a folder, atomically.

    The vectors are written under new names, then the sidecar that has their names and checksums. The old
    vectors are deleted last. If writing is interrupted, the folder holds the old index or the new one. An
    index that is memory-mapped from the old files keeps working.

    Args:
        folder: folder of the index; created if it does not exist.
        description: content of the sidecar.
        stores: vectors of each modality.

    Raises:
        OSError: if the disk is full or cannot be written to.
    """
    folder.mkdir(parents=True, exist_ok=True)
    stamp = secrets.token_hex(4)
    names = [f"{stamp}-{number}.faiss" for number in range(len(stores))]
    for name, store in zip(names, stores, strict=True):
        store.write(folder / name)
    checksums = {name: file_checksum(folder / name) for name in names}
    write_json(folder / _SIDECAR, {"format": FORMAT, "files": checksums, **description})
    for path in folder.glob("*.faiss"):
        if path.name not in names:
            path.unlink()


def read_description(folder: Path, fingerprint: str) -> dict[str, Any]:
    """Read the sidecar of an index.

    Args:
        folder: folder of the index.
        fingerprint: fingerprint of the fold that the index must belong to.

    Raises:
        CheckpointError: if the sidecar does not exist, is damaged, of another format or of another fold.
    """
    path = folder / _SIDECAR
    if not path.is_file():
        raise CheckpointError(f"{path}: not there. Name a folder that an index was saved to.")
    with readable(path):
        description = read_json(path)
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


def verify_vectors(path: Path, checksum: str) -> None:
    """Compare a file of vectors with its checksum in the sidecar.

    Raises:
        ValueError: if it is missing or does not match.
    """
    if not path.is_file() or file_checksum(path) != checksum:
        raise ValueError(f"{path.name} is missing or damaged")


@contextmanager
def readable(path: Path) -> Iterator[None]:
    """Context manager that converts errors of reading an index into a `CheckpointError`."""
    try:
        yield
    except (AttributeError, KeyError, OSError, TypeError, ValueError) as error:
        raise CheckpointError(f"{path}: not a readable retrieval index ({error}). Build it again.") from None
