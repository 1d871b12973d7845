import json

import pytest

from graphmer.cluster import Counted, LineSource, plan_shards
from graphmer.cluster.lines import count_dialogues
from graphmer.corpora.jsonl import read_dialogues
from graphmer.corpora.problems import Findings
from graphmer.errors import CorpusError

TURNS = (3, 1, 4, 2, 5)


def written(folder, turns=TURNS, newline=True):
    lines = [
        json.dumps(
            {
                "id": f"d{n}",
                "utterances": [{"speaker": "A", "features": {"text": [n, t]}} for t in range(count)],
            }
        )
        for n, count in enumerate(turns)
    ]
    path = folder / "calls.jsonl"
    path.write_text("\n\n".join(lines) + "\n" * newline, encoding="utf-8")
    return path


@pytest.mark.parametrize("size", [1, 7, 100, 10_000])
@pytest.mark.parametrize("newline", [True, False])
def test_ranges_of_any_size_have_each_line_once(tmp_path, size, newline):
    path = written(tmp_path, newline=newline)
    total = path.stat().st_size

    lines = [
        line
        for begin in range(0, total, size)
        for line in count_dialogues(path, begin, min(begin + size, total))
    ]

    assert [(line.id, line.turns) for line in lines if line.id] == [(f"d{n}", t) for n, t in enumerate(TURNS)]
    assert [line.begin for line in lines] == [0, *(line.end for line in lines[:-1])]
    assert lines[-1].end == total


def test_a_shard_ends_where_a_batch_of_the_whole_file_ends(tmp_path):
    path = written(tmp_path)
    shards = plan_shards(count_dialogues(path, 0, path.stat().st_size), nodes=4, turns=5)
    # batches: 3 + 1, 4, 2 + 5
    assert [(shard.turns, shard.line) for shard in shards] == [(8, 1), (7, 7)]


def test_shards_are_read_as_the_whole_file_is(tmp_path):
    path = written(tmp_path)
    shards = plan_shards(count_dialogues(path, 0, path.stat().st_size), nodes=1, turns=1)
    options = {"zeros": "keep", "pooling": "error"}

    found = [
        dialogue
        for shard in shards
        for dialogue in LineSource(path, path).read(shard, {"text": 2}, Findings(), **options)
    ]

    assert len(shards) == len(TURNS)
    for dialogue, expected in zip(found, read_dialogues(path, {"text": 2}), strict=True):
        assert dialogue.utterance_ids == expected.utterance_ids
        assert dialogue.features["text"].tolist() == expected.features["text"].tolist()


def test_an_invalid_dialogue_is_named_by_its_line(tmp_path):
    path = written(tmp_path)
    path.write_text(path.read_text().replace('"text": [4, 0]', '"txt": [4, 0]'))
    shards = plan_shards(count_dialogues(path, 0, path.stat().st_size), nodes=1, turns=1)
    with pytest.raises(CorpusError, match=r"calls.jsonl:9: utterances\[0\].features.txt: unknown modality"):
        LineSource(path, path).read(shards[-1], {"text": 2}, Findings(), zeros="keep", pooling="error")


def test_two_dialogues_of_one_id_are_refused_although_they_are_in_different_shards():
    lines = [Counted(0, 9, "a", 5), Counted(9, 10, None, 0), Counted(10, 19, "a", 5)]
    with pytest.raises(CorpusError, match="Dialogue 3: the id 'a' occurs twice"):
        plan_shards(lines, nodes=1, turns=1)


def test_what_is_no_json_line_is_refused(tmp_path):
    (tmp_path / "array.json").write_text('[\n{"id": "a", "utterances": []}\n]\n')
    with pytest.raises(CorpusError, match=r"byte 0: must be a line of JSON"):
        count_dialogues(tmp_path / "array.json", 0, 100)
