import pytest
import torch

pyarrow = pytest.importorskip("pyarrow")

from graphmer.cluster import TurnSource, plan_shards  # noqa: E402
from graphmer.corpora.parquet.read import read_parquet_dialogues  # noqa: E402
from graphmer.corpora.problems import Findings  # noqa: E402
from graphmer.errors import CorpusError  # noqa: E402

TURNS = (3, 1, 4, 2, 5, 1)
WIDTHS = {"text": 2}


def table(name=lambda number: f"d{number}"):
    """A row a turn; every third one has no vector."""
    rows = [
        {
            "dialogue": name(number),
            "turn": turn,
            "speaker": "AB"[turn % 2],
            "features_text": None if (number + turn) % 3 == 0 else [float(number), float(turn)],
        }
        for number, count in enumerate(TURNS)
        for turn in range(count)
    ]
    kind = pyarrow.list_(pyarrow.float32(), 2)
    types = [("dialogue", "string"), ("turn", "int32"), ("speaker", "string"), ("features_text", kind)]
    return pyarrow.Table.from_pylist(rows, schema=pyarrow.schema(types))


def shards_of(source, **sizes):
    counted = (source.count(piece) for piece in source.pieces())
    return plan_shards(source.dialogues(counted), **sizes)


def read(source, shard):
    findings = Findings()
    found = source.read(shard, WIDTHS, findings, zeros="keep", pooling="error")
    findings.raise_errors()
    return found


@pytest.mark.parametrize("ending", ["parquet", "arrow"])
@pytest.mark.parametrize("group", [1, 2, 100])
@pytest.mark.parametrize("first", [0, 2, 6, 16])
def test_shards_are_read_as_the_whole_is_also_where_a_dialogue_goes_on_in_the_next_file(
    tmp_path, ending, group, first
):
    from pyarrow import parquet

    rows = table()
    for number, part in enumerate((rows.slice(0, first), rows.slice(first))):
        path = tmp_path / f"part{number}.{ending}"
        if ending == "parquet":
            parquet.write_table(part, path, row_group_size=group)
        else:
            with pyarrow.ipc.new_stream(path, rows.schema) as writer:
                writer.write_table(part, max_chunksize=group)
    source = TurnSource(tmp_path)
    whole = list(read_parquet_dialogues(tmp_path, WIDTHS))
    for turns in (1, 5, 100):
        shards = shards_of(source, nodes=1, turns=turns)
        found = [dialogue for shard in shards for dialogue in read(source, shard)]
        assert [dialogue.id for dialogue in found] == [dialogue.id for dialogue in whole]
        assert sum(shard.turns for shard in shards) == sum(TURNS)
        for one, other in zip(found, whole, strict=True):
            torch.testing.assert_close(one.features["text"], other.features["text"], rtol=0, atol=0)
            assert one.available.equal(other.available)


def test_a_shard_ends_where_a_batch_of_the_whole_ends(tmp_path):
    from pyarrow import parquet

    parquet.write_table(table(), tmp_path / "calls.parquet")
    shards = shards_of(TurnSource(tmp_path / "calls.parquet"), nodes=4, turns=5)
    # batches: 3 + 1, 4, 2 + 5, 1
    assert [(shard.begin, shard.end, shard.turns) for shard in shards] == [(0, 8, 8), (8, 15, 7), (15, 16, 1)]


def test_rows_of_a_dialogue_that_are_apart_are_refused(tmp_path):
    from pyarrow import parquet

    parquet.write_table(table(lambda number: f"d{number % 2}"), tmp_path / "calls.parquet")
    with pytest.raises(CorpusError, match="the id 'd0' occurs twice"):
        shards_of(TurnSource(tmp_path / "calls.parquet"), nodes=1, turns=1)


def test_a_row_without_a_dialogue_is_named_when_it_is_read(tmp_path):
    from pyarrow import parquet

    parquet.write_table(
        table(lambda number: None if number == 2 else f"d{number}"), tmp_path / "calls.parquet"
    )
    source = TurnSource(tmp_path / "calls.parquet")
    _, _, third, *_ = shards_of(source, nodes=1, turns=1)
    with pytest.raises(CorpusError, match=r"calls.parquet: row 4: 'dialogue' is missing"):
        read(source, third)
