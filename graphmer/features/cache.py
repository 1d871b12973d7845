"""Cache of vectors on disk, by hash of input and extractor."""

import hashlib
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from graphmer.errors import ConfigError
from graphmer.features.extractor import Vector
from graphmer.features.provenance import Provenance
from graphmer.storage import user_cache

_AT_ONCE = 500
_DIGEST = 16


def default_folder() -> Path:
    """Folder of the cache unless another one is given."""
    return user_cache("features")


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
        with self._readable():
            self._database = sqlite3.connect(self.path, timeout=60)
            try:
                self._create()
            except BaseException:
                self._database.close()
                raise

    def _create(self) -> None:
        with self._database:
            self._database.execute(
                "CREATE TABLE IF NOT EXISTS vectors "
                "(key BLOB PRIMARY KEY, vector BLOB NOT NULL) WITHOUT ROWID"
            )

    def read(self, contents: Sequence[str]) -> dict[str, Vector]:
        """Cached vectors of contents; those without one are left out.

        Raises:
            ConfigError: if the file is damaged.
        """
        keys = {self._key(content): content for content in contents}
        found: dict[str, Vector] = {}
        ordered = list(keys)
        for begin in range(0, len(ordered), _AT_ONCE):
            some = ordered[begin : begin + _AT_ONCE]
            places = ",".join("?" * len(some))
            # a damaged value may have another type
            query = f"SELECT key, CAST(vector AS BLOB) FROM vectors WHERE key IN ({places})"
            rows = self._rows(query, some)
            for key, stored in rows:
                content = stored[:-_DIGEST]
                if len(content) != 4 * self._width:  # of an earlier version, without a checksum
                    continue
                if stored != content + _digest(key + content):
                    raise self._damaged("a vector does not match its checksum")
                found[keys[key]] = np.frombuffer(content, dtype="<f4").copy()  # the buffer is read-only
        return found

    def write(self, vectors: Mapping[str, Vector]) -> None:
        """Store vectors by their contents.

        Raises:
            ConfigError: if the file is damaged.
        """
        rows = []
        for content, vector in vectors.items():
            key, stored = self._key(content), vector.astype("<f4").tobytes()
            rows.append((key, stored + _digest(key + stored)))
        with self._readable(), self._database:
            self._database.executemany("INSERT OR REPLACE INTO vectors VALUES (?, ?)", rows)

    def close(self) -> None:
        """Close the file."""
        self._database.close()

    def _rows(self, query: str, values: Sequence[bytes]) -> Iterable[tuple[bytes, bytes]]:
        with self._readable():
            return self._database.execute(query, values).fetchall()

    @contextmanager
    def _readable(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.DatabaseError as error:
            raise self._damaged(str(error)) from None

    def _damaged(self, why: str) -> ConfigError:
        return ConfigError(f"{self.path}: damaged cache of features ({why}). Remove the file.")

    def _key(self, content: str) -> bytes:
        return hashlib.sha256(self._salt + content.encode()).digest()


def _digest(content: bytes) -> bytes:
    return hashlib.blake2b(content, digest_size=_DIGEST).digest()
