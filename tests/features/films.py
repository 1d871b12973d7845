"""Videos with drawn faces, and networks of faces as ONNX files, written for tests."""

from pathlib import Path

import numpy as np

GREY = 90
"""Of the background."""


def face(size, tint=(200, 200, 200)):
    """A drawn face that Haar's cascade finds, ``[size, size, 3]``."""
    import cv2

    picture = np.full((size, size, 3), GREY, dtype=np.uint8)
    unit = size / 100

    def ellipse(x, y, width, height, shade):
        colour = tuple(int(channel * shade) for channel in tint)
        centre, axes = (round(x * unit), round(y * unit)), (round(width * unit), round(height * unit))
        cv2.ellipse(picture, centre, axes, 0, 0, 360, colour, -1)

    ellipse(50, 52, 33, 42, 1)
    ellipse(50, 16, 34, 14, 0.25)  # hair
    for eye in (35, 65):
        ellipse(eye, 42, 11, 6, 0.6)
        ellipse(eye, 43, 5, 3, 0.15)
        ellipse(eye, 34, 10, 2, 0.3)
    ellipse(50, 55, 4, 12, 1.15)
    ellipse(50, 66, 7, 2, 0.65)
    ellipse(50, 77, 14, 4, 0.45)
    return cv2.GaussianBlur(picture, (0, 0), 1.5 * unit)


def scene(*faces, height=180, width=320):
    """A picture with faces at places: ``(left, top, size)`` or ``(left, top, size, tint)``."""
    picture = np.full((height, width, 3), GREY, dtype=np.uint8)
    for left, top, size, *tint in faces:
        picture[top : top + size, left : left + size] = face(size, *tint)
    return picture


def film(path: Path, pictures, codec="libx264", rate=25, gop=25):
    """A video of pictures ``[H, W, 3]`` in blue, green and red."""
    import av

    height, width = pictures[0].shape[:2]
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=rate)
        stream.width, stream.height, stream.gop_size = width, height, gop
        stream.pix_fmt = "yuvj420p" if codec == "mjpeg" else "yuv420p"
        for picture in pictures:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, "bgr24")))
        container.mux(stream.encode(None))
    return path


def network(path: Path, shape=("N", 3, 16, 16), axes=(2, 3), outputs=None, kind=1):
    """A network whose features are the means of the channels of its input."""
    import onnx
    from onnx import helper

    nodes = [helper.make_node("ReduceMean", ["face"], ["means"], axes=list(axes), keepdims=0)]
    given = helper.make_tensor_value_info("face", kind, shape)
    made = helper.make_tensor_value_info("means", kind, outputs)
    graph = helper.make_graph(nodes, "means", [given], [made])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    onnx.save(model, str(path))
    return path


def bright_detector(path: Path):
    """A network with the outputs of YuNet that takes bright squares of 32 pixels for faces of 64."""
    import onnx
    from onnx import helper, numpy_helper

    def constant(name, numbers, kind=np.float32):
        return numpy_helper.from_array(np.array(numbers, dtype=kind), name)

    values = [constant("size", [0, 0, np.log(2), np.log(2)]), constant("zero", 0), constant("white", 255)]
    values.append(constant("flat", [1, -1, 1], np.int64))
    nodes, outputs = [], []
    for stride in (8, 16, 32):
        made = helper.make_node
        nodes += [
            made("AveragePool", ["face"], [f"pool{stride}"], kernel_shape=[stride] * 2, strides=[stride] * 2),
            made("ReduceMean", [f"pool{stride}"], [f"grey{stride}"], axes=[1], keepdims=1),
            made("Div", [f"grey{stride}", "white"], [f"score{stride}"]),
            made("Reshape", [f"score{stride}", "flat"], [f"all{stride}"]),
            made("Mul", [f"all{stride}", "zero"], [f"none{stride}"]),
            made("Identity", [f"all{stride}" if stride == 32 else f"none{stride}"], [f"cls_{stride}"]),
            made("Identity", [f"all{stride}"], [f"obj_{stride}"]),
            made("Concat", [f"none{stride}"] * 4, [f"box{stride}"], axis=2),
            made("Add", [f"box{stride}", "size"], [f"bbox_{stride}"]),
            made("Concat", [f"none{stride}"] * 10, [f"kps_{stride}"], axis=2),
        ]
    for part, width in (("cls", 1), ("obj", 1), ("bbox", 4), ("kps", 10)):
        for stride in (8, 16, 32):
            shape = (1, (640 // stride) ** 2, width)
            outputs.append(helper.make_tensor_value_info(f"{part}_{stride}", 1, shape))
    given = helper.make_tensor_value_info("face", 1, (1, 3, 640, 640))
    graph = helper.make_graph(nodes, "bright", [given], outputs, values)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8), str(path))
    return path
