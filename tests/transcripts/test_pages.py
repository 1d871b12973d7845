"""The pages on transcripts and on adding a reader say what the code does."""

import re
from pathlib import Path

import pytest

from graphmer.errors import CorpusError
from graphmer.transcripts import ReadingOptions
from graphmer.transcripts.columns import ROLES, known_roles
from graphmer.transcripts.text_file import TextFile
from tests.transcripts.reading import timed, written

DOCS = Path(__file__).parents[2] / "docs"


def test_the_reader_of_the_page_reads_its_format(tmp_path):
    (code,) = re.findall(
        r"```python\n(.*?)```", (DOCS / "add" / "reader.md").read_text(encoding="utf-8"), re.DOTALL
    )
    names: dict = {}
    exec(code, names)
    reader = names["MinutesFormat"]()
    file = TextFile.opened(written(tmp_path, "12.5 <Ann> hello\n# a joke\n14 <Bob> hi\n"))
    assert reader.matches(file.head)
    found = reader.read(file, ReadingOptions())
    assert timed(found) == [("Ann", "hello", 12.5, None), ("Bob", "hi", 14.0, None)]
    assert "left out: 1 comment" in found.report.lines()
    with pytest.raises(CorpusError, match=r":2: must be like 12.5 <Ann> hello; got 'hm'"):
        reader.read(TextFile.opened(written(tmp_path, "12.5 <Ann> hello\nhm\n")), ReadingOptions())


def test_the_names_of_columns_on_the_page_are_known():
    page = (DOCS / "transcripts.md").read_text(encoding="utf-8")
    for role in ROLES:
        (names,) = re.findall(rf"\| `{role}` \| (.*) \|", page)
        for name in names.split(", "):
            others = [other for other in ("speaker", "text") if other != role]
            assert known_roles([*others, name]).get(role) == name
