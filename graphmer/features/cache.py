"""Cache of vectors on disk, by hash of input and extractor."""

import hashlib
import os
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np

from graphmer.errors import ConfigError
from graphmer.features.extractor import Vector
from graphmer.features.provenance import Provenance

_AT_ONCE = 500


def default_folder() -> Path:
    """``$XDG_CACHE_HOME/graphmer/features``, by default in ``~/.cache``."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "graphmer" / "features"


class VectorCache:
    """Vectors of one extractor in an SQLite file; each batch is stored as a whole or not at all.

    Args:
        folder: of the cache, made if it is not there.
        provenance: of the extractor.

    Raises:
        ConfigError: if the file cannot be opened or is damaged.
    """

    def __init__(self, folder: Path, provenance: Provenance) -> None:
        self._salt = f"{provenance.digest} {provenance.version}\n".encode()
        self._width = provenance.width
        self.path = folder / f"{hashlib.sha256(self._salt).hexdigest()[:32]}.sqlite"
        folder.mkdir(parents=True, exist_ok=True)
        try:
            self._database = sqlite3.connect(self.path, timeout=60)
            with self._database:
                self._database.execute(
                    "CREATE TABLE IF NOT EXISTS vectors "
                    "(key BLOB PRIMARY KEY, vector BLOB NOT NULL) WITHOUT ROWID"
                )
        except sqlite3.DatabaseError as error:
            raise ConfigError(f"{self.path}: damaged cache of features ({error}). Remove the file.") from None

    def read(self, contents: Sequence[str]) -> dict[str, Vector]:
        """Cached vectors of contents; those without one are left out."""
        keys = {self._key(content): content for content in contents}
        found: dict[str, Vector] = {}
        ordered = list(keys)
        for begin in range(0, len(ordered), _AT_ONCE):
            some = ordered[begin : begin + _AT_ONCE]
            places = ",".join("?" * len(some))
            rows = self._rows(f"SELECT key, vector FROM vectors WHERE key IN ({places})", some)
            for key, stored in rows:
                vector = np.frombuffer(stored, dtype="<f4")
                if vector.shape == (self._width,):
                    found[keys[key]] = vector.copy()  # the buffer is read-only
        return found

    def write(self, vectors: Mapping[str, Vector]) -> None:
        """Store vectors by their contents."""
        rows = [(self._key(content), vector.astype("<f4").tobytes()) for content, vector in vectors.items()]
        with self._database:
            self._database.executemany("INSERT OR REPLACE INTO vectors VALUES (?, ?)", rows)

    def close(self) -> None:
        """Close the file."""
        self._database.close()

    def _rows(self, query: str, values: Sequence[bytes]) -> Iterable[tuple[bytes, bytes]]:
        try:
            return self._database.execute(query, values).fetchall()
        except sqlite3.DatabaseError as error:
            raise ConfigError(f"{self.path}: damaged cache of features ({error}). Remove the file.") from None

    def _key(self, content: str) -> bytes:
        return hashlib.sha256(self._salt + content.encode()).digest()
