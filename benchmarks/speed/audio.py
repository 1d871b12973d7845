"""Audio features of tones with the length of utterances, beside the plain way of each library.

The plain way reads a whole recording once and cuts the turns from it in memory; graphmer searches the file
for each turn, checks it, and hashes the file. Timed on one core, in processor time. A speech network has
random weights and the size of WavLM Base, since what it costs does not depend on them.
"""

import itertools
import os
import tempfile
import time
import wave
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from benchmarks.speed.timing import Spread, in_turn
from graphmer.features import (
    Clip,
    Extractor,
    FunctionalsExtractor,
    SpeechNetworkExtractor,
    audio_functionals,
    extract,
)

RATE = 16_000
TURNS = 24
"""Turns of a call, of 1 to 6 seconds."""
_EXTRACTORS = ("egemaps", "opensmile", "network")


def measure(rounds: int) -> dict[str, Any]:
    torch.set_num_threads(1)
    os.environ["OMP_NUM_THREADS"] = "1"
    audio_functionals._WORTH_PROCESSES = TURNS + 1  # one process on either side
    found: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as folder:
        clips = written(Path(folder) / "call.wav")
        for name in _EXTRACTORS:
            try:
                extractor, plain = sides(name, Path(folder))
            except Exception as error:  # of a package that is not installed
                why = {"why": f"not measured: {' '.join(str(error).split())}"}
                found |= {f"audio/{name}": why, f"audio/{name}/rate": why}
                continue
            found |= compared(name, extractor, plain, clips, min(rounds, 3))
    return found


def compared(
    name: str,
    extractor: Extractor,
    plain: Callable[[NDArray[np.float32]], object],
    clips: list[Clip],
    rounds: int,
) -> dict[str, Any]:
    """Plain time over ours, and the rate in times of real time."""
    spans = [(float(clip.start or 0), float(clip.end or 0)) for clip in clips]
    path = clips[0].audio
    assert path is not None

    def read_and_cut() -> None:
        with wave.open(str(path)) as file:
            samples = np.frombuffer(file.readframes(file.getnframes()), "<i2").astype(np.float32) / 32768
        for start, end in spans:
            plain(samples[round(start * RATE) : round(end * RATE)])

    ways = {"plain": read_and_cut, "ours": lambda: extract(extractor, clips)}
    times = in_turn(ways, rounds, clock=time.process_time)
    seconds = sum(end - start for start, end in spans)
    return {
        f"audio/{name}": {
            "value": times["plain"].median / times["ours"].median,
            "seconds": {each: vars(spread) for each, spread in times.items()},
        },
        f"audio/{name}/rate": {"value": seconds / times["ours"].median, "detail": in_words(times, seconds)},
    }


def in_words(times: dict[str, Spread], seconds: float) -> str:
    return f"plain {seconds / times['plain'].median:.1f}; {TURNS} turns, {seconds:.0f} s of sound"


def sides(name: str, folder: Path) -> tuple[Extractor, Callable[[NDArray[np.float32]], object]]:
    """The extractor, and the library's own function of one signal."""
    if name == "network":
        return network(folder / "network")
    extractor = FunctionalsExtractor("opensmile" if name == "opensmile" else "egemaps")
    if name == "egemaps":
        from afx_audio import egemaps

        return extractor, lambda signal: egemaps(signal, RATE)
    import opensmile

    smile = opensmile.Smile(
        feature_set=opensmile.FeatureSet.eGeMAPSv02, feature_level=opensmile.FeatureLevel.Functionals
    )
    return extractor, lambda signal: smile.process_signal(signal, RATE)


def network(folder: Path) -> tuple[Extractor, Callable[[NDArray[np.float32]], object]]:
    from transformers import AutoModel, Wav2Vec2FeatureExtractor, WavLMConfig, WavLMModel

    WavLMModel(WavLMConfig()).save_pretrained(folder)
    Wav2Vec2FeatureExtractor().save_pretrained(folder)
    model, prepare = (
        AutoModel.from_pretrained(folder).eval(),
        Wav2Vec2FeatureExtractor.from_pretrained(folder),
    )

    def plain(signal: NDArray[np.float32]) -> object:
        with torch.inference_mode():
            read = prepare(signal, sampling_rate=RATE, return_tensors="pt")
            return model(**read).last_hidden_state.mean(1)

    return SpeechNetworkExtractor(str(folder)), plain


def written(path: Path) -> list[Clip]:
    """A call of harmonic tones with noise, and its turns."""
    draw = np.random.default_rng(0)
    lengths = draw.uniform(1, 6, TURNS)
    ends = np.cumsum(lengths)
    times = np.arange(round(ends[-1] * RATE)) / RATE
    phase = np.cumsum(2 * np.pi * (150 + 40 * np.sin(2 * np.pi * 0.7 * times)) / RATE)
    signal = sum(np.sin(number * phase) / number for number in range(1, 20)) * 0.1
    signal = signal * (0.6 + 0.4 * np.sin(2 * np.pi * 3 * times)) + draw.normal(0, 0.003, len(times))
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, RATE, 0, "NONE", ""))
        file.writeframes(np.round(signal * 32767).astype("<i2").tobytes())
    return [Clip(None, path, start, end) for start, end in itertools.pairwise([0.0, *ends])]
