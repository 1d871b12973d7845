"""Functionals of eGeMAPS v02: 88 statistics of pitch, loudness, spectrum and voice quality of an utterance.

Eyben et al. (2016), https://doi.org/10.1109/TAFFC.2015.2457417.
"""

from collections.abc import Callable, Iterable, Sequence
from functools import cache, cached_property
from importlib import import_module
from pathlib import Path
from typing import Literal

import numpy as np
from joblib import Parallel, cpu_count, delayed
from numpy.typing import NDArray

from graphmer.features.audio import RATE, SILENCE, AudioReader, checked
from graphmer.features.extractor import Clip, Missing, Vector
from graphmer.features.models import package_version
from graphmer.features.provenance import Provenance
from graphmer.features.recording import Signal, read_spans
from graphmer.features.spans import Span

Library = Literal["egemaps", "opensmile"]
"""afx-audio, or openSMILE, which may not be used commercially."""

OPENSMILE_LICENCE = "openSMILE is licensed for research and teaching only, not for commercial use"

_PACKAGES: dict[Library, str] = {"egemaps": "afx-audio", "opensmile": "opensmile"}
_EXTRAS: dict[Library, str] = {"egemaps": "audio", "opensmile": "opensmile"}
_WIDTH = 88
_SHORTEST = 0.06
"""Seconds of one frame of the pitch."""

_CHUNK = 16
"""Utterances that a process reads and computes at a time."""

_WORTH_PROCESSES = 64
"""Utterances from which on further processes are started, which takes seconds."""


class FunctionalsExtractor:
    """eGeMAPS v02 functionals, on as many processes as there are cores where there is enough to do.

    An utterance without a voiced frame has zeros in the statistics of the voice, as both libraries define.

    Args:
        library: that computes them.

    Raises:
        ConfigError: if its package, or PyAV, is not installed.
    """

    modality = "audio"

    def __init__(self, library: Library = "egemaps") -> None:
        self._library = library
        self._version = package_version(_PACKAGES[library], _EXTRAS[library])
        self._reader = AudioReader(_SHORTEST)

    @cached_property
    def provenance(self) -> Provenance:
        package = f"{_PACKAGES[self._library]} {self._version}"
        return Provenance(
            extractor="eGeMAPS v02 functionals",
            model=self._library,
            version=package,
            width=_WIDTH,
            settings={"library": package, "rate": RATE, "silence": SILENCE},
            sha256="",
        )

    def content(self, clip: Clip) -> str | Missing:
        return self._reader.content(clip)

    def batches(self, contents: Sequence[str]) -> Iterable[Sequence[str]]:
        ordered = [content for some in self._reader.by_file(contents).values() for content in some]
        size = _CHUNK * cpu_count() if len(ordered) >= _WORTH_PROCESSES else _CHUNK
        return (ordered[begin : begin + size] for begin in range(0, len(ordered), size))

    def vectors(self, contents: Sequence[str]) -> Sequence[Vector | Missing]:
        chunks = [contents[begin : begin + _CHUNK] for begin in range(0, len(contents), _CHUNK)]
        tasks = [self._reader.by_file(chunk) for chunk in chunks]
        work = Parallel(n_jobs=min(len(tasks), cpu_count()))  # in this process if there is one task
        done = work(delayed(_functionals)(task, self._library) for task in tasks)
        vectors: dict[str, Vector | Missing] = {}
        for task, found in zip(tasks, done, strict=True):
            vectors |= zip((content for some in task.values() for content in some), found, strict=True)
        return [vectors[content] for content in contents]

    def notes(self, contents: Sequence[str]) -> Sequence[str]:
        licence = [OPENSMILE_LICENCE] if self._library == "opensmile" else []
        return [*licence, *self._reader.notes(contents)]


def _functionals(task: dict[Path, list[str]], library: Library) -> list[Vector | Missing]:
    """Vectors of the contents of each file, in their order."""
    found: list[Vector | Missing] = []
    for path, contents in task.items():
        spans = [Span.parse(content)[1:] for content in contents]
        for read in read_spans(path, spans, RATE):
            signal = checked(read, _SHORTEST)
            found.append(signal if isinstance(signal, Missing) else _of(signal, library))
    return found


def _of(signal: Signal, library: Library) -> Vector:
    return np.asarray(_COMPUTE[library](signal), dtype=np.float32)


def _by_afx(signal: Signal) -> NDArray[np.float64]:
    from afx_audio import egemaps

    return np.array(list(egemaps(signal, RATE).values()))


def _by_opensmile(signal: Signal) -> NDArray[np.float64]:
    return _smile()(signal, RATE)[0, :, 0]


@cache
def _smile() -> Callable[[Signal, int], NDArray[np.float64]]:
    opensmile = import_module("opensmile")
    return opensmile.Smile(
        feature_set=opensmile.FeatureSet.eGeMAPSv02, feature_level=opensmile.FeatureLevel.Functionals
    )


_COMPUTE = {"egemaps": _by_afx, "opensmile": _by_opensmile}
