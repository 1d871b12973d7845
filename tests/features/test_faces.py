import numpy as np
import pytest

from graphmer.errors import ConfigError
from graphmer.features.faces import HAAR, Box, cut, followed, largest, make_detector
from tests.features.films import GREY, bright_detector, scene


def opencv():
    return pytest.importorskip("cv2", reason="OpenCV is not installed (graphmer[video])")


def test_the_face_with_the_largest_sum_of_areas_is_followed():
    speaker = [Box(10 + step, 10, 40, 40) for step in range(5)]
    passer = Box(100, 10, 60, 60)
    frames = [[speaker[0]], [speaker[1], passer], [passer._replace(left=300)], [speaker[3]], [speaker[4]]]
    assert followed(frames) == [0, 0, None, 0, 0]


def test_two_faces_that_change_their_order_are_kept_apart():
    left, right = Box(0, 0, 50, 50), Box(100, 0, 52, 52)
    assert followed([[left, right], [right, left], [left, right]]) == [1, 0, 1]


def test_a_face_that_was_away_for_long_is_another_one():
    box = Box(0, 0, 50, 50)
    assert followed([[box], [], [], [], [box]]) == [0, None, None, None, 0]
    assert followed([[box], *[[]] * 4, [box], [box]]) == [None] * 5 + [0, 0]


def test_frames_without_a_face_have_none():
    assert followed([[], []]) == [None, None]
    assert followed([]) == []


def test_the_largest_faces_come_first():
    boxes = [Box(0, 0, side, side) for side in (3, 9, 1, 7, 5)]
    assert [box.width for box in largest(boxes)] == [9, 7, 5, 3]


def test_a_square_around_the_face_is_cut_out_within_the_picture():
    opencv()
    picture = np.zeros((100, 200, 3), dtype=np.uint8)
    picture[:, 100:] = 200
    assert cut(picture, Box(110, 20, 20, 40), 8, 8).min() == 200  # the square is 40 wide, from 100
    edge = cut(picture, Box(-30, -30, 40, 40), 8, 6)
    assert edge.shape == (8, 6, 3)
    assert edge.max() == 0


def test_haar_finds_a_drawn_face_where_it_is():
    opencv()
    (box,) = make_detector(HAAR)(scene((180, 50, 100)))
    assert box.left + box.width / 2 == pytest.approx(230, abs=10)
    assert box.top + box.height / 2 == pytest.approx(100, abs=10)
    assert make_detector(HAAR)(np.full((180, 320, 3), GREY, dtype=np.uint8)) == []


def test_boxes_are_those_of_the_picture_before_it_is_scaled():
    cv2 = opencv()
    small = scene((180, 50, 100))
    (box,) = make_detector(HAAR)(cv2.resize(small, None, fx=4, fy=4))
    assert box.left + box.width / 2 == pytest.approx(4 * 230, abs=40)


def test_yunet_is_a_detector_of_its_own_identity(tmp_path):
    opencv()
    pytest.importorskip("onnx", reason="onnx, which writes the network, is not installed (graphmer[onnx])")
    path = bright_detector(tmp_path / "yunet.onnx")
    detector = make_detector(str(path))
    picture = np.zeros((640, 1280, 3), dtype=np.uint8)
    picture[128:192, 640:704] = 255
    (box,) = detector(picture)  # which is scaled down by two: its faces are twice as large
    assert np.allclose(box, (640 - 64, 128 - 64, 128, 128), atol=2)
    assert detector(picture[:, :600]) == []
    assert (detector.identity[:6], detector.place) == ("yunet ", str(path))


def test_a_file_that_is_no_detector_is_one_line(tmp_path):
    opencv()
    with pytest.raises(ConfigError, match=r"no such file\. Name face_detection_yunet.*or haar"):
        make_detector(str(tmp_path / "absent.onnx"))
    (tmp_path / "text.onnx").write_text("no network")
    with pytest.raises(ConfigError, match="cannot be read as a YuNet network") as error:
        make_detector(str(tmp_path / "text.onnx"))
    assert "\n" not in str(error.value)
