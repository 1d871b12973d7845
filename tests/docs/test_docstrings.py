import importlib.util
from pathlib import Path

import pytest

pytest.importorskip("griffe")
pytest.importorskip("latex2mathml")

FILE = Path(__file__).parents[2] / "docs" / "extensions" / "docstrings.py"


@pytest.fixture(name="markdown")
def _markdown():
    spec = importlib.util.spec_from_file_location("docstrings", FILE)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.markdown


def test_formulas_become_mathml(markdown):
    inline = markdown("with :math:`s` infinite")
    assert inline.startswith("with <span><math")
    assert inline.endswith("<mi>s</mi></mrow></math></span> infinite")
    block = markdown("Score:\n\n.. math::\n    a + b\n\nand more")
    assert 'display="block"' in block
    assert block.endswith("</math>\n\nand more")
    assert ".. math" not in block


def test_tables_keep_their_cells(markdown):
    assert markdown("Of\n\n==  ===\nb   c d\n    e\n==  ===\n\nend") == (
        "Of\n\n|  |  |\n| --- | --- |\n| b | c d |\n|  | e |\n\nend"
    )


def test_marks_of_literal_blocks_go(markdown):
    assert markdown("Files:\n\n::\n\n    a.pkl") == "Files:\n\n\n    a.pkl"
    assert markdown("The encoding is::\n\n    x") == "The encoding is:\n\n    x"


def test_examples_are_recognised(markdown):
    assert markdown("A.\n\nExample:\n    >>> 1\n    1") == "A.\n\nExamples:\n    >>> 1\n    1"
