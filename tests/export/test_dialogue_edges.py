"""The builder of edges with NumPy alone against graphmer's."""

import ast
import json
import sys
from pathlib import Path

import pytest

import graphmer
from graphmer.export.dialogue_edges import dialogue_edges
from graphmer.graph import Adjacent, GraphBuilder, SameSpeaker, TemporalWindow
from tests.talks import talk

RULES = [
    {},
    {"all": TemporalWindow(None, None)},
    {"near": TemporalWindow(2, 1), "own": SameSpeaker(1, None), "reply": Adjacent()},
    {"after": TemporalWindow(0, 3), "own": SameSpeaker(2, 0)},
    {"never": SameSpeaker(0, 0), "reply": Adjacent()},
]


@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("rules", RULES, ids=str)
@pytest.mark.parametrize("speakers", ["A", "AB", "AAAA", "ABACBBA", "ABCDEFG"])
def test_edges_and_their_types_are_those_of_the_builder(rules, causal, speakers):
    build = GraphBuilder(rules, causal=causal)
    dialogue = talk(speakers)
    stored = json.loads(json.dumps(build.settings()))

    index, kind = dialogue_edges(dialogue.speaker.numpy(), stored)

    expected, types = build.edges(dialogue)
    assert sorted(zip(*index.tolist(), kind.tolist(), strict=True)) == sorted(
        zip(*expected.tolist(), types.tolist(), strict=True)
    )
    assert (index.dtype, kind.dtype) == ("int64", "int64")


def test_the_file_needs_numpy_alone():
    source = (Path(graphmer.__file__).parent / "export" / "dialogue_edges.py").read_text(encoding="utf-8")
    imports = [node for node in ast.walk(ast.parse(source)) if isinstance(node, (ast.Import, ast.ImportFrom))]
    names = {getattr(node, "module", None) or node.names[0].name for node in imports}
    assert {name.partition(".")[0] for name in names} - sys.stdlib_module_names == {"numpy"}
