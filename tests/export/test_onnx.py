"""ONNX files in ONNX Runtime against the predictor, and the example of the documentation."""

import re
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
import torch

import graphmer
from graphmer.errors import ConfigError
from graphmer.export import export
from graphmer.export.support import PACKAGES
from tests.export.test_torch import STANDARDISER, TALKS, equal, inputs_of
from tests.properties.made import MODELS, Made

PAGE = Path(__file__).parents[2] / "docs" / "export.md"
EVERYTHING = Made("rgcn", {"decoder": "chain", "change": True, "neighborhood_averages": (2.0, None)})

needs_onnx = pytest.mark.skipif(
    any(find_spec(package) is None for package in (*PACKAGES, "onnxruntime")),
    reason="needs the extra onnx",
)


@pytest.mark.slow
@needs_onnx
@pytest.mark.filterwarnings("ignore::Warning")
@pytest.mark.parametrize(
    "made",
    [MODELS["momke"], EVERYTHING, MODELS["gatv2"], MODELS["transformer"], MODELS["rgat"], MODELS["windowed"]],
    ids=["momke", "everything", "gatv2", "transformer", "rgat", "windowed"],
)
def test_onnx_runtime_predicts_what_graphmer_does(made, tmp_path):
    import onnxruntime

    trained = made.trained(STANDARDISER)

    export(trained, tmp_path / "model.onnx", "onnx")

    session = onnxruntime.InferenceSession(tmp_path / "model.onnx", providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    for dialogue in TALKS:
        inputs = {name: tensor.numpy() for name, tensor in inputs_of(trained, dialogue).items()}
        found = session.run(None, inputs)
        equal(trained, {n: torch.from_numpy(a) for n, a in zip(names, found, strict=True)}, dialogue)


@pytest.mark.slow
@needs_onnx
@pytest.mark.filterwarnings("ignore::Warning")
def test_the_example_of_the_page_runs_without_graphmer(tmp_path):
    code = re.search(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)[1]
    ends = "\nimport sys\nassert not {'torch', 'graphmer'} & set(sys.modules)\n"
    export(MODELS["rgcn"].trained(STANDARDISER), tmp_path / "model.onnx", "onnx")
    edges = Path(graphmer.__file__).parent / "export" / "dialogue_edges.py"
    shutil.copy(edges, tmp_path)
    (tmp_path / "example.py").write_text(code + ends, encoding="utf-8")

    done = subprocess.run([sys.executable, "example.py"], cwd=tmp_path, capture_output=True, text=True)

    assert done.returncode == 0, done.stderr
    assert any(name in done.stdout for name in MODELS["rgcn"].labels.names)


def test_a_missing_extra_is_named_before_anything_is_written(tmp_path, monkeypatch):
    monkeypatch.setattr("graphmer.export.support.find_spec", lambda name: None)

    with pytest.raises(
        ConfigError, match=r'onnx, which is not installed. Run: pip install "graphmer\[onnx\]"'
    ):
        export(MODELS["rgcn"].trained(STANDARDISER), tmp_path / "model.onnx", "onnx")

    assert not list(tmp_path.iterdir())
