import math

import numpy as np
import pytest

from graphmer.features.recording import open_recording, read_spans
from tests.features.sounds import encode, tone, write_wav

av = pytest.importorskip("av", reason="PyAV is not installed (graphmer[media])")


def test_channels_are_averaged_and_times_are_exact(tmp_path):
    left, right = tone(1.0, 200), tone(1.0, 300)
    path = write_wav(tmp_path / "two.wav", left, right)
    (signal,) = read_spans(path, [(0.25, 0.5)], 16_000)
    assert signal.dtype == np.float32
    assert np.allclose(signal, ((left + right) / 2)[4000:8000], atol=1e-4)


def test_another_rate_is_resampled(tmp_path):
    path = write_wav(tmp_path / "fast.wav", tone(0.5, rate=44_100), rate=44_100)
    (signal,) = read_spans(path, [(0, math.inf)], 16_000)
    assert len(signal) == 8000
    assert np.abs(signal - tone(0.5))[100:-100].max() < 0.01


@pytest.mark.parametrize(
    ("ending", "codec"),
    [("flac", "flac"), ("mp3", "libmp3lame"), ("m4a", "aac"), ("mp4", "aac"), ("ogg", "libopus")],
)
def test_a_span_is_that_part_of_the_whole_in_every_codec(tmp_path, ending, codec):
    rate = 48_000 if codec == "libopus" else 16_000
    path = encode(tmp_path / f"tone.{ending}", tone(6.0, rate=rate), codec, rate)
    recording = open_recording(path)
    assert recording.duration == pytest.approx(6.0, abs=0.1)
    whole, *parts = read_spans(path, [(0, math.inf), (4.0, 4.5), (1.0, 1.5)], 16_000)
    for start, part in zip((4.0, 1.0), parts, strict=True):
        first = round(start * 16_000)
        assert len(part) == pytest.approx(8000, abs=2)
        wanted = whole[first : first + len(part)]
        correlation = np.corrcoef(part[200:-200], wanted[200:-200])[0, 1]
        assert correlation > 0.99


def test_a_span_is_found_without_decoding_what_comes_before(tmp_path, monkeypatch):
    path = write_wav(tmp_path / "long.wav", tone(60.0))
    opened, seen = av.open, []

    class Counting:
        def __init__(self, path):
            self.container = opened(path)

        def __enter__(self):
            self.container.__enter__()
            return self

        def __exit__(self, *error):
            return self.container.__exit__(*error)

        def __getattr__(self, name):
            return getattr(self.container, name)

        def decode(self, stream):
            for frame in self.container.decode(stream):
                seen.append(frame.samples)
                yield frame

    monkeypatch.setattr(av, "open", Counting)
    (signal,) = read_spans(path, [(50.0, 51.0)], 16_000)
    assert len(signal) == 16_000
    assert sum(seen) < 3 * 16_000


def test_a_span_beyond_the_end_stops_there(tmp_path):
    path = write_wav(tmp_path / "short.wav", tone(1.0))
    part, nothing = read_spans(path, [(0.75, 3.0), (2.0, 3.0)], 16_000)
    assert (len(part), len(nothing)) == (4000, 0)


@pytest.mark.parametrize(
    ("content", "problem"), [(b"no sound at all" * 50, "Invalid data"), (b"", "Invalid data|no sound|End")]
)
def test_a_file_that_is_no_recording_is_said(tmp_path, content, problem):
    path = tmp_path / "text.wav"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=problem):
        open_recording(path)


def test_an_absent_file_is_said(tmp_path):
    with pytest.raises(ValueError, match="No such file"):
        open_recording(tmp_path / "absent.wav")
