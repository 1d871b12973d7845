"""How far eGeMAPS functionals of afx-audio agree with those of openSMILE on speech.

    python -m benchmarks.accuracy.egemaps                # speech of the program espeak-ng
    python -m benchmarks.accuracy.egemaps FOLDER         # recordings of people, the first 5 s of each

Needs ``graphmer[audio,opensmile]``; openSMILE may be used for research only. For each functional: the
correlation over clips, and the median distance in standard deviations of openSMILE.
"""

import itertools
import json
import subprocess
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphmer.features import Clip, FunctionalsExtractor, Missing, extract

RESULT = Path(__file__).parent.parent / "results" / "features" / "egemaps.json"
SECONDS = 5.0
VOICES = ("en-us", "en-gb+f3", "en-us+m5", "en-gb-scotland+f5", "de", "fr+f2", "es", "it+m7")
STYLES = (("50", "160"), ("30", "120"), ("75", "210"))  # pitch of 0 to 99, words a minute
SENTENCES = (
    "I got the job! They called me this morning.",
    "No. I never said that.",
    "Where have you been all day, and why did nobody call me back?",
    "My dog died yesterday, and I do not know how to tell my sister.",
    "Yes!",
)


def main(folder: str | None = None) -> None:
    if folder is not None:
        store("recordings", compared(sorted(Path(folder).iterdir())))
        return
    with tempfile.TemporaryDirectory() as made:
        store("espeak-ng", compared(spoken(Path(made))))


def spoken(folder: Path) -> list[Path]:
    """Sentences in several voices, by espeak-ng."""
    paths = []
    for voice, (pitch, rate), sentence in itertools.product(VOICES, STYLES, SENTENCES):
        paths.append(folder / f"{len(paths)}.wav")
        command = ["espeak-ng", "-v", voice, "-p", pitch, "-s", rate, "-w", str(paths[-1]), sentence]
        subprocess.run(command, check=True)
    return paths


def compared(paths: list[Path]) -> dict[str, Any]:
    """Summary, and agreement of each functional."""
    from afx_audio.extractors.egemaps import EGEMAPS_NAMES

    clips = [Clip(None, path, 0.0, SECONDS) for path in paths]
    ours, theirs = (extract(FunctionalsExtractor(name), clips).vectors for name in ("egemaps", "opensmile"))
    pairs = [
        pair for pair in zip(ours, theirs, strict=True) if not any(isinstance(each, Missing) for each in pair)
    ]
    functionals = agreement(
        EGEMAPS_NAMES, *(np.array(side, dtype=float) for side in zip(*pairs, strict=True))
    )
    correlations = np.array([each["correlation"] for each in functionals.values()])
    return {
        "clips": len(pairs),
        "median correlation": round(float(np.median(correlations)), 4),
        "functionals that correlate": {str(r): int((correlations >= r).sum()) for r in (0.99, 0.9, 0.7)},
        "versions": {name: version(name) for name in ("afx-audio", "opensmile")},
        "functionals": functionals,
    }


def agreement(
    names: tuple[str, ...], ours: NDArray[np.float64], theirs: NDArray[np.float64]
) -> dict[str, dict[str, float]]:
    """Agreement of each functional from values ``[clips, functionals]`` of two libraries."""
    found = {}
    for name, mine, other in zip(names, ours.T, theirs.T, strict=True):
        found[name] = {
            "correlation": round(float(np.corrcoef(mine, other)[0, 1]), 4),
            "distance": round(float(np.median(np.abs(mine - other)) / other.std()), 4),
        }
    return found


def store(kind: str, found: dict[str, Any]) -> None:
    """Write one kind of speech beside the others, and print its summary."""
    stored = json.loads(RESULT.read_text()) if RESULT.is_file() else {}
    RESULT.write_text(json.dumps({**stored, kind: found}, indent=1) + "\n")
    print({name: value for name, value in found.items() if name != "functionals"})


if __name__ == "__main__":
    main(*sys.argv[1:])
