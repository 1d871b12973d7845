import math
import struct

import numpy as np
import pytest

from graphmer.features.frames import LONGEST_SIDE, FrameReader, open_video
from tests.features.films import film
from tests.features.sounds import encode, tone

av = pytest.importorskip("av", reason="PyAV is not installed (graphmer[media])")


def bars(seconds=8, rate=25):
    """Pictures with a bright bar, whose place is the number of the frame."""
    pictures = [np.full((32, 224, 3), 40, dtype=np.uint8) for _ in range(seconds * rate)]
    for number, picture in enumerate(pictures):
        picture[:, number : number + 9] = 220
    return pictures


def number_of(picture):
    bright = picture.mean(axis=(0, 2)) > 130
    return float(np.flatnonzero(bright).mean() - 4)


@pytest.mark.parametrize(
    ("ending", "codec"),
    [
        ("mp4", "libx264"),
        ("mkv", "libx264"),
        ("mp4", "mpeg4"),
        ("avi", "mpeg4"),
        ("webm", "libvpx-vp9"),
        ("mov", "mjpeg"),
        ("ts", "mpeg2video"),
        ("ts", "libx264"),
    ],
)
def test_the_picture_at_a_time_is_the_one_shown_then(tmp_path, ending, codec):
    video = open_video(film(tmp_path / f"bars.{ending}", bars(), codec))
    assert video.duration == pytest.approx(8.0, abs=0.05)
    reader = FrameReader(video)
    for time in (0.0, 0.25, 0.5, 3.1, 3.15, 7.5, 7.99, 1.0, 0.0):
        assert number_of(reader.at(time)) == pytest.approx(math.floor(time * 25 + 1e-6), abs=0.5)
    reader.close()


@pytest.fixture(name="decoded")
def _decoded(monkeypatch):
    """Times of all frames that are decoded."""
    seen = []
    next_frame = FrameReader._next

    def counting(reader):
        found = next_frame(reader)
        if found is not None:
            seen.append(found.time)
        return found

    monkeypatch.setattr(FrameReader, "_next", counting)
    return seen


def test_ascending_times_decode_each_frame_once(tmp_path, decoded):
    reader = FrameReader(open_video(film(tmp_path / "bars.mp4", bars())))
    for time in np.arange(0, 8, 0.25):
        reader.at(time)
    assert decoded == sorted(set(decoded))
    assert len(decoded) <= 200


def test_what_lies_before_a_keyframe_is_not_decoded(tmp_path, decoded):
    video = open_video(film(tmp_path / "bars.mp4", bars()))
    assert 8 <= len(video.keyframes) < 20
    reader = FrameReader(video)
    reader.at(0.1)
    reader.at(7.0)
    assert len(decoded) < 2 * 25 + 5


def test_a_file_without_keyframes_is_decoded_once(tmp_path, decoded):
    video = open_video(film(tmp_path / "one.webm", bars(3), "libvpx-vp9", gop=1000))
    assert len(video.keyframes) == 1
    reader = FrameReader(video)
    for time in (0.5, 2.5, 2.9):
        reader.at(time)
    assert len(decoded) <= 75


def test_a_video_filmed_upright_is_turned(tmp_path):
    half = np.full((96, 128, 3), 20, dtype=np.uint8)
    half[:, :64] = 200  # bright on the left
    path = film(tmp_path / "phone.mp4", [half] * 5)
    content = bytearray(path.read_bytes())
    matrix = content.index(b"tkhd") + 44
    content[matrix : matrix + 36] = struct.pack(">9i", 0, 65536, 0, -65536, 0, 0, 0, 0, 1 << 30)
    path.write_bytes(content)  # to be turned clockwise by a quarter
    picture = FrameReader(open_video(path)).at(0.0)
    assert picture.shape == (128, 96, 3)
    assert picture[:50].mean() > 180
    assert picture[78:].mean() < 40


def test_a_large_picture_is_scaled_down(tmp_path):
    wide = np.zeros((720, 2 * LONGEST_SIDE, 3), dtype=np.uint8)
    picture = FrameReader(open_video(film(tmp_path / "wide.mp4", [wide] * 2, "mpeg4"))).at(0.0)
    assert picture.shape == (360, LONGEST_SIDE, 3)


def test_a_file_that_is_no_video_is_said(tmp_path):
    sound = encode(tmp_path / "sound.mp4", tone(1.0), "aac")
    with pytest.raises(ValueError, match="it has no pictures"):
        open_video(sound)
    (tmp_path / "text.mp4").write_bytes(b"no video at all" * 50)
    with pytest.raises(ValueError, match="Invalid data"):
        open_video(tmp_path / "text.mp4")
    with pytest.raises(ValueError, match="No such file"):
        open_video(tmp_path / "absent.mp4")


def test_what_cannot_be_decoded_any_more_is_nothing(tmp_path):
    path = film(tmp_path / "bars.mp4", bars())
    reader = FrameReader(open_video(path))
    path.write_bytes(b"")
    assert reader.at(1.0) is None
