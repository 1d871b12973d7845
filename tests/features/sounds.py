"""Files with tones, written and encoded for tests."""

import wave
from pathlib import Path

import numpy as np


def tone(seconds, hertz=200.0, rate=16_000, level=0.5):
    """A tone with three harmonics whose pitch rises a little, ``[samples]``."""
    times = np.arange(round(seconds * rate)) / rate
    phase = 2 * np.pi * hertz * (times + 0.05 * times**2)
    return level * sum(np.sin(k * phase) / k for k in (1, 2, 3)) / 1.5


def write_wav(path: Path, *channels, rate=16_000):
    """A 16 bit wav file of signals, one a channel."""
    samples = np.round(np.stack(channels, axis=1) * 32767).astype("<i2")
    with wave.open(str(path), "wb") as file:
        file.setnchannels(len(channels))
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(samples.tobytes())
    return path


def encode(path: Path, signal, codec, rate=16_000):
    """A file of another codec by PyAV."""
    import av

    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=rate, layout="mono")
        frame = av.AudioFrame.from_ndarray(np.round(signal * 32767).astype("<i2")[None], "s16", "mono")
        frame.sample_rate = rate
        fitted = av.AudioResampler(stream.format, "mono", rate, frame_size=stream.frame_size or 1024)
        for each in [*fitted.resample(frame), *fitted.resample(None)]:
            container.mux(stream.encode(each))
        container.mux(stream.encode(None))
    return path
