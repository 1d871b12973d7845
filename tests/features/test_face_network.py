import numpy as np
import pytest

from graphmer.errors import ConfigError
from graphmer.features.face_network import FaceNetwork
from tests.features.films import network

pytest.importorskip("onnxruntime", reason="onnxruntime is not installed (graphmer[video])")
pytest.importorskip("onnx", reason="onnx, which writes the networks, is not installed (graphmer[onnx])")

BGR = (10, 100, 250)
FACES = [np.full((16, 16, 3), BGR, dtype=np.uint8), np.zeros((16, 16, 3), dtype=np.uint8)]


def test_channels_are_normalized_by_imagenet_in_red_green_blue(tmp_path):
    made = FaceNetwork(network(tmp_path / "n.onnx"))
    assert (made.width, made.form.height) == (3, 16)
    wanted = (np.array([250, 100, 10]) / 255 - [0.485, 0.456, 0.406]) / [0.229, 0.224, 0.225]
    assert np.allclose(made(FACES)[0], wanted, atol=1e-4)


def test_the_order_and_the_scale_of_channels_are_settings(tmp_path):
    made = FaceNetwork(network(tmp_path / "n.onnx"), mean=[0], std=[1 / 255], colour="bgr")
    assert np.allclose(made(FACES), [BGR, [0, 0, 0]], atol=1e-3)


def test_channels_may_be_the_last_axis(tmp_path):
    made = FaceNetwork(network(tmp_path / "n.onnx", ("N", 16, 16, 3), (1, 2)), [0], [1 / 255])
    assert np.allclose(made(FACES)[0], [250, 100, 10], atol=1e-3)


def test_a_network_of_one_channel_reads_grey(tmp_path):
    made = FaceNetwork(network(tmp_path / "n.onnx", ("N", 1, 16, 16)), [0], [1 / 255])
    assert np.allclose(made(FACES)[0], [0.114 * 10 + 0.587 * 100 + 0.299 * 250], atol=1e-2)
    with pytest.raises(
        ConfigError, match="video mean: must be 1 number for the channels of the network; got 3"
    ):
        FaceNetwork(network(tmp_path / "n.onnx", ("N", 1, 16, 16)))


@pytest.mark.parametrize("batch", [1, 4])
def test_a_network_of_a_fixed_batch_is_filled_up(tmp_path, batch):
    made = FaceNetwork(network(tmp_path / "n.onnx", (batch, 3, 16, 16)), [0], [1 / 255])
    found = made([*FACES, FACES[0], FACES[0], FACES[1]])
    assert np.allclose(found[:, 0], [250, 0, 250, 250, 0], atol=1e-3)


@pytest.mark.parametrize(
    ("shape", "kind"),
    [(("N", 3, "H", "W"), 1), (("N", 5, 16, 16), 1), (("N", 3, 16), 1), (("N", 3, 16, 16), 11)],
)
def test_an_input_that_is_no_picture_is_one_line(tmp_path, shape, kind):
    path = network(tmp_path / "n.onnx", shape, (2,), kind=kind)
    with pytest.raises(ConfigError, match=r"n\.onnx: must have one input of floats .* got face tensor"):
        FaceNetwork(path)


def test_an_output_that_is_no_vector_of_a_face_is_one_line(tmp_path):
    made = FaceNetwork(network(tmp_path / "n.onnx", axes=(0, 2, 3)))
    with pytest.raises(ConfigError, match=r"must be one vector for each face; got the shape \[3\]"):
        made(FACES)


def test_a_file_that_is_no_network_is_one_line_and_names_one(tmp_path):
    (tmp_path / "text.onnx").write_text("no network")
    with pytest.raises(ConfigError, match=r"cannot be read as an ONNX network: .*EmotiEffLib") as error:
        FaceNetwork(tmp_path / "text.onnx")
    assert "\n" not in str(error.value)
    with pytest.raises(ConfigError, match=r"no such file\. Name .*enet_b0_8_best_vgaf\.onnx \(Apache-2\.0\)"):
        FaceNetwork(tmp_path / "absent.onnx")


def test_weights_in_further_files_are_refused(tmp_path):
    import onnx
    from onnx import helper, numpy_helper

    weights = numpy_helper.from_array(np.ones((3, 16, 16), dtype=np.float32), "w")
    face = helper.make_tensor_value_info("face", 1, ("N", 3, 16, 16))
    found = helper.make_tensor_value_info("found", 1, ("N", 3, 16, 16))
    graph = helper.make_graph(
        [helper.make_node("Mul", ["face", "w"], ["found"])], "g", [face], [found], [weights]
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    path = tmp_path / "split.onnx"
    onnx.save(model, str(path), save_as_external_data=True, location="split.data", size_threshold=0)
    with pytest.raises(ConfigError, match="must be one file, with its weights inside"):
        FaceNetwork(path)


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        ({"std": [0.0]}, "video std: must be above 0; got 0"),
        ({"mean": [0.1, 0.2]}, "video mean: must be 1 or 3 numbers"),
        ({"colour": "cmyk"}, "video colour: must be rgb or bgr; got 'cmyk'"),
    ],
)
def test_invalid_settings_are_one_line(tmp_path, settings, problem):
    with pytest.raises(ConfigError, match=problem):
        FaceNetwork(network(tmp_path / "n.onnx"), **settings)
