import math

import numpy as np
import pytest

from graphmer.errors import ConfigError
from graphmer.features import (
    Clip,
    FunctionalsExtractor,
    Missing,
    VectorCache,
    audio_functionals,
    extract,
    models,
)
from graphmer.features.audio_functionals import OPENSMILE_LICENCE
from tests.features.sounds import tone, write_wav

pytest.importorskip("av", reason="PyAV is not installed (graphmer[media])")
pytest.importorskip("afx_audio", reason="afx-audio is not installed (graphmer[audio])")


@pytest.fixture(name="call")
def _call(tmp_path):
    """Three seconds: a tone of 150 Hz, silence, a tone of 300 Hz."""
    return write_wav(tmp_path / "call.wav", np.concatenate([tone(1, 150), np.zeros(16_000), tone(1, 300)]))


def test_the_pitch_of_tones_is_among_the_functionals(call):
    low, high = extract(
        FunctionalsExtractor(), [Clip(None, call, 0.0, 1.0), Clip(None, call, 2.0, 3.0)]
    ).vectors
    assert (low.shape, low.dtype) == ((88,), np.float32)
    semitones = [12 * math.log2(hertz / 27.5) for hertz in (150 * 1.05, 300 * 1.05)]
    assert [low[0], high[0]] == pytest.approx(semitones, abs=0.5)


def test_what_cannot_be_extracted_is_missing_with_a_reason(call, tmp_path):
    (tmp_path / "broken.wav").write_bytes(b"RIFF but nothing else" * 20)
    clips = {
        Clip("words"): "no recording",
        Clip("words", call): "no times of begin and end",
        Clip("words", call, 0.0, None): "no times of begin and end",
        Clip("words", call, 2.0, 1.0): "times that are no span",
        Clip("words", call, math.nan, 1.0): "times that are no span",
        Clip("words", call, 0.5, 0.55): "shorter than 60 ms",
        Clip("words", call, 2.97, 9.0): "shorter than 60 ms",
        Clip("words", call, 1.2, 1.8): "silence",
        Clip("words", call, 4.0, 5.0): "outside the recording",
        Clip("words", tmp_path / "broken.wav", 0.0, 1.0): "unreadable recording",
        Clip("words", tmp_path / "absent.wav", 0.0, 1.0): "unreadable recording",
    }
    found = extract(FunctionalsExtractor(), list(clips))
    assert list(found.vectors) == [Missing(reason) for reason in clips.values()]
    assert [note.partition(":")[0] for note in found.notes] == [
        "broken.wav cannot be read",
        "absent.wav cannot be read",
    ]


def test_turns_that_end_after_the_recording_are_cut_and_counted(call):
    clips = [Clip(None, call, 2.0, 3.0), Clip(None, call, 2.0, 8.0), Clip(None, call, 2.5, 9.0)]
    clips.append(Clip(None, call, 0.0, math.inf))
    found = extract(FunctionalsExtractor(), clips)
    assert np.array_equal(found.vectors[0], found.vectors[1])
    assert found.notes == [
        "2 turns in 1 recording: the recording ends before the turn does, which is cut there"
    ]


def test_the_cache_knows_the_content_of_a_recording_and_not_its_place(call, tmp_path, monkeypatch):
    extractor = FunctionalsExtractor()
    extract(extractor, [Clip(None, call, 0.0, 1.0)], VectorCache(tmp_path / "cache", extractor.provenance))
    moved = call.rename(tmp_path / "moved.wav")

    def fail(*_):
        raise AssertionError("computed again")

    monkeypatch.setattr(audio_functionals, "_functionals", fail)
    again = FunctionalsExtractor()
    cache = VectorCache(tmp_path / "cache", again.provenance)
    extract(again, [Clip(None, moved, 0.0, 1.0)], cache)
    with pytest.raises(AssertionError, match="computed again"):
        extract(again, [Clip(None, moved, 0.0, 0.9)], cache)


def test_overlapping_turns_both_have_vectors(call):
    found = extract(FunctionalsExtractor(), [Clip(None, call, 0.0, 0.8), Clip(None, call, 0.4, 1.0)])
    first, second = found.vectors
    assert not np.allclose(first, second)


@pytest.mark.slow
def test_several_processes_compute_the_same(call, monkeypatch):
    clips = [Clip(None, call, 0.0, 0.3 + 0.01 * number) for number in range(20)]
    alone = extract(FunctionalsExtractor(), clips).vectors
    monkeypatch.setattr(audio_functionals, "_WORTH_PROCESSES", 2)
    monkeypatch.setattr(audio_functionals, "cpu_count", lambda: 2)
    together = extract(FunctionalsExtractor(), clips).vectors
    assert all(np.array_equal(one, other) for one, other in zip(alone, together, strict=True))


def test_a_package_that_is_absent_is_one_line_with_the_command(monkeypatch):
    def absent(name):
        raise models.PackageNotFoundError(name)

    monkeypatch.setattr(models, "version", absent)
    with pytest.raises(ConfigError, match=r'pip install "graphmer\[audio\]"'):
        FunctionalsExtractor()
    with pytest.raises(ConfigError, match=r'pip install "graphmer\[opensmile\]"'):
        FunctionalsExtractor("opensmile")


def test_opensmile_is_another_extractor_and_says_its_licence(call):
    pytest.importorskip("opensmile", reason="opensmile is not installed (graphmer[opensmile])")
    extractor = FunctionalsExtractor("opensmile")
    found = extract(extractor, [Clip(None, call, 0.0, 1.0)])
    assert found.vectors[0][0] == pytest.approx(12 * math.log2(150 * 1.05 / 27.5), abs=0.5)
    assert found.notes == [OPENSMILE_LICENCE]
    assert extractor.provenance.digest != FunctionalsExtractor().provenance.digest
