import matplotlib as mpl
import pytest

from graphmer.report.figures import save_figures
from tests.report.pages import content_of, finished_run

NAMES = {"scores", "rates", "router", "training", "confusion", "transitions"}


@pytest.fixture(scope="module")
def content(tmp_path_factory):
    return content_of(finished_run(tmp_path_factory.mktemp("figures")))


def test_each_figure_is_a_png_and_an_svg_marked_as_simulated(content, tmp_path):
    with mpl.rc_context({"svg.fonttype": "none"}):
        written = save_figures(content, tmp_path / "new")
    assert {path.stem for path in written} == NAMES
    assert all(path.read_bytes().startswith(b"\x89PNG") for path in written if path.suffix == ".png")
    assert all("SIMULATED: tiny" in path.read_text() for path in written if path.suffix == ".svg")


def test_figures_without_values_are_omitted(content, tmp_path):
    measures = {**content["measures"], "rates": []}
    written = save_figures({**content, "measures": measures, "matrices": None}, tmp_path)
    assert {path.stem for path in written} == {"scores", "router", "training"}
