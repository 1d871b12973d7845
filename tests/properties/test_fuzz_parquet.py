"""Whatever a Parquet or Arrow file holds, reading it gives its content or a `GraphmerError`."""

import tempfile
from pathlib import Path

import numpy as np
import pytest
import yaml
from hypothesis import strategies as st

from graphmer.corpora.dataset import read_dataset
from graphmer.corpora.parquet.read import read_parquet, read_parquet_dialogues
from graphmer.corpora.parquet.write import write_parquet
from graphmer.corpora.problems import Findings, examine
from tests.corpora.turn_rows import rows
from tests.properties.mutations import HOSTILE, damaged, dialogues, fuzz, survives
from tests.properties.test_fuzz import HEADER, WIDTHS, lines

arrow = pytest.importorskip("pyarrow", reason="pyarrow is not installed")
parquet = pytest.importorskip("pyarrow.parquet", reason="pyarrow is not installed")

pytestmark = pytest.mark.fuzz


@pytest.fixture(scope="module")
def place():
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)


def read(path: Path) -> None:
    survives(lambda: list(read_parquet_dialogues(path, {"text": 2})))
    survives(lambda: list(read_parquet_dialogues(path, WIDTHS, zeros="missing", findings=Findings())))
    survives(lambda: examine(lambda found: read_parquet(path, mapped=True, findings=found)))


@fuzz("round trip")
def test_valid_dialogues_come_back_as_they_were(data):
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "dataset.yaml").write_text(yaml.safe_dump(HEADER))
        (folder / "dialogues.jsonl").write_bytes(lines(data.draw(dialogues(WIDTHS))))
        corpus = read_dataset(folder)
        target = folder / data.draw(st.sampled_from(["one.parquet", "folder"]))
        write_parquet(corpus, target)
        mapped = data.draw(st.booleans())
        again = read_parquet(target, mapped=mapped)
        assert again.fingerprint == corpus.fingerprint
        assert again.card == corpus.card
        plain = [each.id for each in read_parquet_dialogues(target, WIDTHS)]
    assert plain == [dialogue.id for dialogue in corpus.dialogues]


@fuzz("mutation")
def test_damaged_files(data, place):
    path = place / data.draw(st.sampled_from(["x.parquet", "x.arrow"]))
    table = arrow.table(rows())
    if path.suffix == ".parquet":
        parquet.write_table(table, path, write_page_checksum=True)
    else:
        with arrow.OSFile(str(path), "wb") as sink, arrow.ipc.new_stream(sink, table.schema) as out:
            out.write_table(table)
    path.write_bytes(data.draw(damaged(path.read_bytes())))
    read(path)


@fuzz("mutation")
def test_columns_of_other_content(data, place):
    columns = rows()
    for _ in range(data.draw(st.integers(1, 3))):
        name = data.draw(st.sampled_from([*rows(), "id", "text", "start", "reply_to", "causes", "split"]))
        columns[name] = data.draw(st.lists(st.sampled_from(HOSTILE), min_size=3, max_size=3))
    path = place / "x.parquet"
    parquet.write_table(arrow.table({name: array_of(values) for name, values in columns.items()}), path)
    read(path)


def array_of(values):
    """The values, or numbers where Arrow has no type for all of them."""
    try:
        return arrow.array(values)
    except (arrow.ArrowException, UnicodeError, OverflowError, TypeError, ValueError):
        return arrow.array(np.arange(3))
