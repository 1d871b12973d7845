import math

import numpy as np
import pytest

from graphmer.errors import ConfigError
from graphmer.features import Clip, FaceNetworkExtractor, Missing, VectorCache, extract, video
from graphmer.features.faces import HAAR, cut, make_detector
from tests.features.films import film, network, scene
from tests.features.sounds import encode, tone

pytest.importorskip("av", reason="PyAV is not installed (graphmer[video])")
pytest.importorskip("cv2", reason="OpenCV is not installed (graphmer[video])")
pytest.importorskip("onnxruntime", reason="onnxruntime is not installed (graphmer[video])")
pytest.importorskip("onnx", reason="onnx, which writes the networks, is not installed (graphmer[onnx])")

RED, BLUE = (120, 120, 250), (250, 120, 120)
ANN, BOB, NOBODY = scene((20, 40, 100, RED)), scene((200, 60, 80, BLUE)), scene()


@pytest.fixture(name="made")
def _made(tmp_path):
    def make(**settings):
        path = network(tmp_path / "net.onnx")
        return FaceNetworkExtractor(str(path), **{"mean": [0], "std": [1 / 255], **settings})

    return make


@pytest.fixture(name="call")
def _call(tmp_path):
    """Three seconds: Ann, nobody, Bob."""
    return film(tmp_path / "call.mp4", [ANN] * 25 + [NOBODY] * 25 + [BOB] * 25)


def clip(path, start, end):
    return Clip(None, None, start, end, path)


def colour(picture):
    """What the network finds in the face of a picture."""
    (box,) = make_detector(HAAR)(picture)
    return cut(picture, box, 16, 16)[..., ::-1].reshape(-1, 3).mean(0)


def test_the_vector_is_the_mean_over_the_frames_with_a_face(made, call):
    found = extract(made(), [clip(call, *times) for times in ((0, 1), (1.1, 1.9), (2, 3), (0, 2))]).vectors
    ann, nobody, bob, half = found
    assert nobody == Missing("no face")
    assert ann.dtype == np.float32
    assert np.allclose(ann, colour(ANN), atol=6)
    assert np.allclose(bob, colour(BOB), atol=6)
    assert np.allclose(half, ann, atol=2)  # frames without a face do not count


def test_of_two_faces_the_larger_one_over_the_turn_counts(made, tmp_path):
    both = scene((20, 40, 100, RED), (200, 60, 80, BLUE))
    path = film(tmp_path / "both.mp4", [both] * 50)
    (vector,) = extract(made(), [clip(path, 0, 2)]).vectors
    assert np.allclose(vector, colour(ANN), atol=6)


def test_a_clip_without_times_in_its_file_is_read_to_its_end(made, call):
    assert np.allclose(*extract(made(), [clip(call, 0, 1), clip(call, 0, math.inf)]).vectors, atol=60)


def test_a_turn_between_two_frames_has_the_one_in_its_middle(made, call):
    (vector,) = extract(made(rate=1.0), [clip(call, 0.3, 0.6)]).vectors
    assert np.allclose(vector, colour(ANN), atol=6)


def test_frames_are_taken_at_the_rate_and_a_long_turn_has_no_more(made, call, monkeypatch):
    monkeypatch.setattr(video, "_MOST", 4)
    seen, faces = [], FaceNetworkExtractor._faces

    def counted(extractor, file, time):
        seen.append(time)
        return faces(extractor, file, time)

    monkeypatch.setattr(FaceNetworkExtractor, "_faces", counted)
    extract(made(rate=2.0), [clip(call, 0.2, 1.6)])
    assert seen == [0.5, 1.0, 1.5]
    seen.clear()
    extract(made(rate=10.0), [clip(call, 0, 3)])
    assert seen == [0.0, 1.0, 1.9, 2.9]


def test_a_vector_does_not_depend_on_its_batch(made, call, monkeypatch):
    clips = [clip(call, start, start + 0.7) for start in (2.2, 0.1, 0.0, 2.0)]
    together = extract(made(), clips).vectors
    monkeypatch.setattr(video, "_MOST", 3)
    assert len(list(made_batches(made(), clips))) > 1
    for one, other in zip(together, extract(made(), clips).vectors, strict=True):
        assert np.allclose(one, other, atol=1e-4)


def made_batches(extractor, clips):
    return extractor.batches([extractor.content(each) for each in clips])


def test_bad_files_and_times_are_missing_with_their_reason(made, call, tmp_path):
    (tmp_path / "text.mp4").write_text("no video at all" * 50)
    sound = encode(tmp_path / "sound.mp4", tone(1.0), "aac")
    clips = [
        Clip("words"),
        Clip(None, None, None, None, call),
        clip(call, 2, 1),
        clip(call, 4, 5),
        clip(tmp_path / "text.mp4", 0, 1),
        clip(sound, 0, 1),
        clip(call, 2, 9),
    ]
    found = extract(made(), clips)
    assert [each.reason for each in found.vectors[:-1]] == [
        "no recording",
        "no times of begin and end",
        "times that are no span",
        "outside the recording",
        "unreadable recording",
        "unreadable recording",
    ]
    assert np.allclose(found.vectors[-1], colour(BOB), atol=6)
    assert found.notes[0].startswith("text.mp4 cannot be read: Invalid data")
    assert found.notes[1:] == [
        "sound.mp4 cannot be read: it has no pictures",
        "1 turn in 1 recording: the recording ends before the turn does, which is cut there",
    ]


@pytest.mark.parametrize(("ending", "codec"), [("mp4", "libx264"), ("avi", "mpeg4"), ("ts", "mpeg2video")])
def test_a_damaged_file_gives_vectors_or_reasons(made, tmp_path, ending, codec):
    content = film(tmp_path / f"whole.{ending}", [ANN] * 10, codec).read_bytes()
    draw = np.random.default_rng(0)
    for number in range(8):
        damaged = bytearray(content[: draw.integers(len(content) // 2, len(content))])
        for place in draw.integers(0, len(damaged), 10):
            damaged[place] = draw.integers(256)
        path = tmp_path / f"{number}.{ending}"
        path.write_bytes(damaged)
        found = extract(made(), [clip(path, 0, 0.2), clip(path, 0.2, math.inf)])
        assert all(isinstance(each, Missing) or np.isfinite(each).all() for each in found.vectors)
        assert not any("\n" in note for note in found.notes)


def test_an_error_of_the_library_on_a_damaged_file_is_one_line(made, call, monkeypatch):
    import av

    def broken(*_):
        raise IndexError("list index out of range")

    monkeypatch.setattr(av, "open", broken)
    found = extract(made(), [clip(call, 0, 1)])
    assert found.vectors == [Missing("unreadable recording")]
    assert found.notes == ["call.mp4 cannot be read: it is damaged"]


def test_a_file_that_breaks_off_is_missing_where_it_does(made, call):
    extractor = made()
    contents = [extractor.content(clip(call, 0, 1))]
    call.write_bytes(b"")
    assert extractor.vectors(contents) == [Missing("recording that cannot be decoded")]


def test_settings_and_weights_are_the_identity_and_places_are_not(made, call, tmp_path):
    first = made().provenance
    assert (first.width, first.extractor) == (3, "face network")
    assert first.settings["detector"] == "haar"
    (tmp_path / "elsewhere").mkdir()
    moved = FaceNetworkExtractor(str(network(tmp_path / "elsewhere" / "n.onnx")), mean=[0], std=[1 / 255])
    assert moved.provenance.digest == first.digest
    for changed in ({"rate": 2.0}, {"colour": "bgr"}, {"mean": [0.5]}):
        assert made(**changed).provenance.digest != first.digest
    other = network(tmp_path / "other.onnx", (2, 3, 16, 16))
    assert FaceNetworkExtractor(str(other), mean=[0], std=[1 / 255]).provenance.digest != first.digest


def test_cached_vectors_are_not_extracted_again(made, call, tmp_path, monkeypatch):
    extractor = made()
    (vector,) = extract(extractor, [clip(call, 0, 1)], VectorCache(tmp_path, extractor.provenance)).vectors
    monkeypatch.setattr(FaceNetworkExtractor, "vectors", None)
    again = made()
    (cached,) = extract(again, [clip(call, 0, 1)], VectorCache(tmp_path, again.provenance)).vectors
    assert np.array_equal(vector, cached)


@pytest.mark.parametrize("rate", [0.0, -1.0, 1000.0, math.nan])
def test_a_rate_out_of_range_is_one_line(made, rate):
    with pytest.raises(ConfigError, match="video rate: must be above 0 and at most 100 frames a second"):
        made(rate=rate)


@pytest.mark.parametrize(
    ("module", "package"), [("cv2", "opencv-python-headless"), ("onnxruntime", "onnxruntime")]
)
def test_a_package_that_is_not_installed_is_named_with_the_command(made, monkeypatch, module, package):
    monkeypatch.setitem(__import__("sys").modules, module, None)
    with pytest.raises(ConfigError, match=rf'Video features need {package}.*pip install "graphmer\[video\]"'):
        made()
