import re

import pytest

from benchmarks.accuracy import figure, table as accuracy
from benchmarks.speed import table as speed

PAGES = accuracy.pages()
BEGIN = re.compile(r"^<!-- (?!end )(\w+) -->$", re.MULTILINE)


def text_of(pages):
    return {page: page.read_text(encoding="utf-8") for page in pages}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(accuracy.ROOT)))
def test_tables_are_what_the_stored_results_give(page, tmp_path):
    written = page.read_text(encoding="utf-8")
    copy = tmp_path / page.name
    # Emptied first, so that a table which no script writes is found as well.
    copy.write_text(re.sub(r"(<!-- (\w+) -->\n).*?(?=<!-- end \2 -->)", r"\1", written, flags=re.DOTALL))
    accuracy.write(copy)
    speed.write(copy)
    assert copy.read_text(encoding="utf-8") == written


def test_every_stored_accuracy_result_has_a_table():
    named = {name for text in text_of(PAGES).values() for name in BEGIN.findall(text)}
    assert {path.stem for path in accuracy.RESULTS.glob("*.json")} <= named
    assert {"main", "speed", "speed_summary"} <= named


@pytest.mark.parametrize("drawing", sorted(figure.IMAGES.glob("*.svg")), ids=lambda path: path.stem)
def test_figures_are_drawn_from_the_stored_results(drawing):
    assert figure.digest(drawing.stem) in drawing.read_text(encoding="utf-8")


def test_the_readme_is_short():
    assert len((accuracy.ROOT / "README.md").read_text(encoding="utf-8").splitlines()) <= 200
