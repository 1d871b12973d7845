"""Features of faces in a video call, beside the plain way with the same libraries.

The plain way decodes the file once by PyAV, looks for faces by OpenCV's cascade in the frames that are
wanted, and runs the network by ONNX Runtime on each face, one at a time. graphmer measures, hashes and
searches the file, follows the faces and runs the network on batches. Timed on one core, in processor time.
The faces are drawn; the network is a stack of convolutions of random weights that costs as much as
EfficientNet-B0.
"""

import itertools
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch

from benchmarks.speed.timing import in_turn
from graphmer.features import Clip, FaceNetworkExtractor, extract

TURNS = 8
"""Turns of a call, of 1 to 6 seconds."""
FRAMES, RATE = 25, 4
"""Frames a second of the video, and those that are looked at."""
SIDE = 224


def measure(rounds: int) -> dict[str, Any]:
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        try:
            clips = written(Path(folder) / "call.mp4")
            extractor, plain = sides(network(Path(folder) / "network.onnx"))
        except Exception as error:  # of a package that is not installed
            why = {"why": f"not measured: {' '.join(str(error).split())}"}
            return {"video/network": why, "video/network/rate": why}
        ways = {"plain": lambda: plain(clips), "ours": lambda: extract(extractor, clips)}
        times = in_turn(ways, min(rounds, 3), clock=time.process_time)
    seconds = float(clips[-1].end or 0)
    ours, other = (seconds / times[way].median for way in ("ours", "plain"))
    return {
        "video/network": {
            "value": ours / other,
            "seconds": {way: vars(spread) for way, spread in times.items()},
        },
        "video/network/rate": {
            "value": ours,
            "detail": f"plain {other:.2f}; {TURNS} turns, {seconds:.0f} s, {RATE} frames a second",
        },
    }


def sides(path: Path) -> tuple[FaceNetworkExtractor, Callable[[list[Clip]], object]]:
    """The extractor, and the libraries called by hand."""
    import av
    import cv2
    import onnxruntime

    cv2.setNumThreads(1)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(str(path), options)
    cascade = cv2.CascadeClassifier(cv2.data.haarcascades + "haarcascade_frontalface_default.xml")
    mean, std = np.float32([0.485, 0.456, 0.406]), np.float32([0.229, 0.224, 0.225])

    def features(picture: Any) -> Any:
        small = cv2.resize(picture, None, fx=0.75, fy=0.75, interpolation=cv2.INTER_AREA)
        grey = cv2.cvtColor(small, cv2.COLOR_BGR2GRAY)
        boxes = cascade.detectMultiScale(grey, scaleFactor=1.1, minNeighbors=5, minSize=(27, 27))
        if not len(boxes):
            return None
        x, y, width, height = (round(side / 0.75) for side in max(boxes, key=lambda box: box[2] * box[3]))
        face = cv2.resize(picture[y : y + height, x : x + width], (SIDE, SIDE))[..., ::-1]
        read = ((face.astype(np.float32) / 255 - mean) / std).transpose(2, 0, 1)[None]
        return session.run(None, {"face": read})[0][0]

    def plain(clips: list[Clip]) -> object:
        found: list[list[Any]] = [[] for _ in clips]
        step = FRAMES // RATE
        with av.open(str(clips[0].video)) as container:
            for number, frame in enumerate(container.decode(video=0)):
                if number % step:
                    continue
                for clip, vectors in zip(clips, found, strict=True):
                    if clip.start <= frame.time < clip.end:
                        vectors.append(features(frame.to_ndarray(format="bgr24")))
        return [np.mean([each for each in some if each is not None], axis=0) for some in found]

    return FaceNetworkExtractor(str(path), rate=FRAMES / (FRAMES // RATE)), plain


def network(path: Path) -> Path:
    """Convolutions with 0.4 billion multiplications and 1280 features."""
    import onnx
    from onnx import helper, numpy_helper

    draw = np.random.default_rng(0)
    nodes, weights, last, channels = [], [], "face", 3
    layers = [(32, 3, 2), (64, 3, 2), (128, 3, 2), (256, 3, 2), (256, 3, 1), (512, 3, 2), (1280, 1, 1)]
    for number, (width, size, stride) in enumerate(layers):
        kernel = draw.normal(0, 0.05, (width, channels, size, size)).astype(np.float32)
        weights.append(numpy_helper.from_array(kernel, f"w{number}"))
        form = {"pads": [size // 2] * 4, "strides": [stride] * 2}
        nodes.append(helper.make_node("Conv", [last, f"w{number}"], [f"c{number}"], **form))
        nodes.append(helper.make_node("Relu", [f"c{number}"], [f"r{number}"]))
        last, channels = f"r{number}", width
    nodes.append(helper.make_node("GlobalAveragePool", [last], ["mean"]))
    nodes.append(helper.make_node("Flatten", ["mean"], ["features"]))
    given = helper.make_tensor_value_info("face", 1, ("N", 3, SIDE, SIDE))
    found = helper.make_tensor_value_info("features", 1, ("N", 1280))
    graph = helper.make_graph(nodes, "faces", [given], [found], weights)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8), str(path))
    return path


def written(path: Path) -> list[Clip]:
    """A call of 640 x 360 pixels in which a drawn face moves before noise, and its turns."""
    import av

    draw = np.random.default_rng(0)
    ends = np.cumsum(draw.uniform(1, 6, TURNS)).round(2)
    noise = draw.integers(60, 110, (360, 640, 3), dtype=np.uint8)
    person = face(150)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=FRAMES)
        stream.width, stream.height, stream.pix_fmt = 640, 360, "yuv420p"
        for number in range(round(ends[-1] * FRAMES)):
            picture = noise.copy()
            left = round(240 + 120 * np.sin(number / 40))
            picture[100:250, left : left + 150] = person
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, "bgr24")))
        container.mux(stream.encode(None))
    return [Clip(None, None, start, end, path) for start, end in itertools.pairwise([0.0, *ends])]


def face(size: int) -> Any:
    """A face of ellipses in grey, which the cascade finds."""
    import cv2

    picture = np.full((size, size, 3), 90, dtype=np.uint8)
    shapes = [(50, 52, 33, 42, 200), (50, 16, 34, 14, 50), (50, 55, 4, 12, 230), (50, 66, 7, 2, 130)]
    shapes.append((50, 77, 14, 4, 90))
    for eye in (35, 65):
        shapes += [(eye, 42, 11, 6, 120), (eye, 43, 5, 3, 30), (eye, 34, 10, 2, 60)]
    for x, y, width, height, grey in shapes:
        centre, axes = (x * size // 100, y * size // 100), (width * size // 100, height * size // 100)
        cv2.ellipse(picture, centre, axes, 0, 0, 360, (grey, grey, grey), -1)
    return cv2.GaussianBlur(picture, (0, 0), size / 70)
