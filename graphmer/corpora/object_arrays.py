"""Objects in an ``.npz``, as NumPy pickles them: plain containers only."""

from pathlib import Path
from typing import Any

import numpy as np

from graphmer.corpora.unpickle import unpickled
from graphmer.errors import CorpusError
from graphmer.npy import check_archive

_HEADERS: dict[tuple[int, int], Any] = {
    (1, 0): np.lib.format.read_array_header_1_0,
    (2, 0): np.lib.format.read_array_header_2_0,
}


def load_objects(path: Path) -> dict[str, Any]:
    """The object in each member of an archive, ``{name: object}``; members with numbers are left out.

    Raises:
        CorpusError: if the file is missing or damaged, or holds other objects than containers and arrays.
    """
    if not path.is_file():
        raise CorpusError(f"{path}: no such file. Correct the path.")
    pickles: dict[str, bytes] = {}
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as archive:
            check_archive(archive)
            for member in archive.zip.infolist():
                with archive.zip.open(member) as stream:
                    _, _, dtype = _HEADERS[np.lib.format.read_magic(stream)](stream)
                    if dtype.hasobject:
                        pickles[member.filename.removesuffix(".npy")] = stream.read()
    except Exception as error:  # a damaged archive can raise anything
        raise CorpusError(f"{path}: not a readable .npz ({error}). Copy it again.") from None
    found = {}
    for name, content in pickles.items():
        array = unpickled(content, path)
        if not isinstance(array, np.ndarray) or array.size != 1:
            raise CorpusError(f"{path}: {name!r} must hold one object. Write it again.")
        found[name] = array.item()
    return found
