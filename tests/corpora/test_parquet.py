"""Corpora in Parquet and Arrow files."""

import json
import pickle
import sys
from dataclasses import replace

import numpy as np
import pytest
import torch

from graphmer.corpora.assemble import Assembly
from graphmer.corpora.base import Card, InMemoryCorpus
from graphmer.corpora.dataset import write_dataset
from graphmer.corpora.parquet import dialogues as decoding, mapped as mapped_module, write as writer
from graphmer.corpora.parquet.files import is_columnar
from graphmer.corpora.parquet.read import read_parquet, read_parquet_dialogues
from graphmer.corpora.parquet.write import write_parquet
from graphmer.corpora.problems import Findings
from graphmer.dialogue import LabelSpace
from graphmer.dialogue.dialogue import LazyFeatures
from graphmer.errors import ConfigError, CorpusError
from graphmer.features.provenance import Provenance
from tests.corpora.turn_rows import rows
from tests.talks import LABELS, WIDTHS, ragged, talk

arrow = pytest.importorskip("pyarrow", reason="pyarrow is not installed")
parquet = pytest.importorskip("pyarrow.parquet", reason="pyarrow is not installed")

MINILM = Provenance(extractor="text", model="minilm", version="1", width=5, settings={"a": 1}, sha256="ab")
CARD = Card("Mine", "none", "Us 2026", "https://x", "note", {"dialogues": 5}, True, {"text": MINILM})


def corpus(dialogues=None, labels=LABELS, parts=None):
    assembly = Assembly(labels, WIDTHS, Findings())
    return assembly.corpus(CARD, labels, ragged() if dialogues is None else dialogues, parts or {})


def rich():
    """Dialogues with every optional field."""
    first = replace(
        talk("ABA", id="first", session="s1"),
        text=("hello", None, 'é\u2028 "x"'),
        start=torch.tensor([0.1, torch.nan, 3.5]),
        end=torch.tensor([1.0, torch.nan, torch.nan]),
        reply_to=torch.tensor([-1, 0, 0]),
        causes={1: (0, 1), 2: ()},
        emotion=("happy", None, "sad"),
    )
    return [first, *ragged()]


@pytest.fixture
def stored(tmp_path):
    """A file with two dialogues, as another program may write it."""
    return table(tmp_path / "calls.parquet", rows())


def table(path, columns, **settings):
    if not isinstance(columns, arrow.Table):
        columns = arrow.table(columns)
    parquet.write_table(columns, path, **settings)
    return path


@pytest.mark.parametrize("name", ["corpus.parquet", "folder"])
def test_a_corpus_is_written_and_read_without_loss(tmp_path, name):
    before = corpus(rich(), parts={"first": "train", "gaps": "train", "one": "test"})
    write_parquet(before, tmp_path / name, extractors={"text": "MiniLM"})
    after = read_parquet(tmp_path / name)
    assert after.fingerprint == before.fingerprint
    assert (after.card, after.labels, after.official) == (before.card, before.labels, before.official)
    assert after.dialogues[0].causes == {1: (0, 1), 2: ()}
    assert is_columnar(tmp_path / name)


def test_scores_are_kept(tmp_path):
    dialogue = replace(talk("AB"), emotion=(0.1, None))
    before = corpus([dialogue], LabelSpace(interval=(-3.0, 3.0)))
    write_parquet(before, tmp_path / "scores.parquet")
    after = read_parquet(tmp_path / "scores.parquet")
    assert after.fingerprint == before.fingerprint
    assert after.dialogues[0].emotion == (0.1, None)


def test_vectors_are_lists_of_a_fixed_size_and_null_where_they_are_missing(tmp_path):
    write_parquet(corpus(), tmp_path / "corpus.parquet")
    found = parquet.read_table(tmp_path / "corpus.parquet")
    type = found.schema.field("features_audio").type
    assert (type.list_size, type.value_type) == (3, arrow.float32())
    expected = [bool(has) for dialogue in ragged() for has in dialogue.available[:, 0]]
    assert [value is not None for value in found["features_audio"].to_pylist()] == expected
    assert json.loads(found.schema.metadata[b"graphmer"])["citation"] == "Us 2026"


def test_a_large_corpus_has_several_shards_and_row_groups(tmp_path, monkeypatch):
    monkeypatch.setattr(writer, "SHARD", 4 * 12 * 6)
    monkeypatch.setattr(writer, "GROUP", 4 * 12 * 3)
    before = corpus(rich())
    write_parquet(before, tmp_path / "folder")
    shards = sorted((tmp_path / "folder" / "data").iterdir())
    assert [shard.name for shard in shards] == [f"turns-0000{n}-of-00003.parquet" for n in range(3)]
    assert parquet.ParquetFile(shards[0]).num_row_groups > 1
    for on_disk in (False, True):
        assert read_parquet(tmp_path / "folder", mapped=on_disk).fingerprint == before.fingerprint
    shards[1].unlink()
    (tmp_path / "folder" / "checksums.sha256").unlink()
    with pytest.raises(CorpusError, match=r"turns-00001-of-00003.parquet: this shard is missing"):
        read_parquet(tmp_path / "folder")


def test_an_empty_corpus_is_a_shard_without_rows(tmp_path):
    write_parquet(corpus([]), tmp_path / "folder")
    assert read_parquet(tmp_path / "folder").fingerprint == corpus([]).fingerprint


def test_a_folder_in_use_is_left_as_it_is(tmp_path):
    (tmp_path / "mine.txt").write_text("x")
    with pytest.raises(CorpusError, match="must not exist or be an empty folder"):
        write_parquet(corpus(), tmp_path)


def test_what_cannot_be_text_is_refused_and_nothing_is_written(tmp_path):
    broken = replace(talk("AB", id="d"), text=("\ud800", None))
    with pytest.raises(CorpusError, match=r"dialogue 'd'.*no valid Unicode"):
        write_parquet(corpus([broken]), tmp_path / "corpus.parquet")
    assert not any(tmp_path.iterdir())


def test_features_on_disk_equal_those_in_memory(tmp_path, monkeypatch):
    monkeypatch.setattr(writer, "GROUP", 4 * 12 * 3)
    write_parquet(corpus(), tmp_path / "corpus.parquet")
    loaded, on_disk = (read_parquet(tmp_path / "corpus.parquet", mapped=on).dialogues for on in (False, True))
    for first, second in zip(loaded, pickle.loads(pickle.dumps(on_disk)), strict=True):
        assert isinstance(second.features, LazyFeatures)
        assert torch.equal(first.available, second.available)
        for modality in WIDTHS:
            assert torch.equal(first.features[modality], second.features[modality])


def test_row_groups_that_are_too_large_to_stay_on_disk_are_refused(tmp_path, stored, monkeypatch):
    monkeypatch.setattr(mapped_module, "LARGEST", 8)
    with pytest.raises(CorpusError, match=r"row groups of 3 turns.*graphmer data convert"):
        read_parquet(stored, mapped=True)


def test_a_mapped_corpus_is_written_again_without_loss(tmp_path):
    write_parquet(corpus(), tmp_path / "a.parquet")
    on_disk = read_parquet(tmp_path / "a.parquet", mapped=True)
    write_parquet(on_disk, tmp_path / "b.parquet")
    write_dataset(on_disk, tmp_path / "c")
    assert read_parquet(tmp_path / "b.parquet").fingerprint == on_disk.fingerprint


def test_a_file_of_another_program_has_the_classes_and_widths_found_in_it(stored):
    found = read_parquet(stored)
    assert (found.card.name, found.labels.names, found.widths) == ("calls", ("angry", "calm"), {"text": 2})
    first, second = found.dialogues
    assert first.emotion == ("calm", None)
    assert first.available.tolist() == [[True], [False]]
    assert second.features["text"].tolist() == [[3.0, 4.0]]
    assert first.utterance_ids == ("a_0", "a_1")


def test_numbers_are_names_and_times_and_other_floats_are_read(tmp_path):
    columns = rows() | {
        "dialogue": [7, 7, 8],
        "speaker": arrow.array(["Ann", "Bob", "Ann"]).dictionary_encode(),
        "start": [1, None, 3],
        "features_text": arrow.array(rows()["features_text"], arrow.list_(arrow.float16(), 2)),
    }
    first, second = read_parquet(table(tmp_path / "x.parquet", columns)).dialogues
    assert (first.id, second.id, first.speakers) == ("7", "8", ("Ann", "Bob"))
    assert first.start[0] == 1
    assert first.start[1].isnan()
    assert second.features["text"].tolist() == [[3.0, 4.0]]


def test_a_dialogue_may_go_on_in_the_next_batch_and_file(tmp_path, monkeypatch):
    monkeypatch.setattr("graphmer.corpora.parquet.dialogues.BATCH", 8)
    folder = tmp_path / "shards"
    folder.mkdir()
    whole = arrow.table(rows())
    for number in range(3):
        table(folder / f"train-{number:05d}-of-00003.parquet", whole.slice(number, 1))
    found = read_parquet(folder)
    assert [len(dialogue) for dialogue in found.dialogues] == [2, 1]
    assert found.official == {"train": ("a", "b")}
    assert read_parquet(folder, mapped=True).fingerprint == found.fingerprint
    assert found.fingerprint != read_parquet(table(tmp_path / "x.parquet", whole)).fingerprint  # no split


def dataset_folder(folder, parts):
    """A folder as ``DatasetDict.save_to_disk`` writes it: Arrow streams and JSON beside them."""
    folder.mkdir()
    (folder / "dataset_dict.json").write_text(json.dumps({"splits": list(parts)}))
    for part, content in parts.items():
        (folder / part).mkdir()
        (folder / part / "dataset_info.json").write_text("{}")
        (folder / part / "state.json").write_text("{}")
        names = {"label": {"names": ["calm", "angry"], "_type": "ClassLabel"}}
        info = {b"huggingface": json.dumps({"info": {"features": names}}).encode()}
        content = content.replace_schema_metadata(info)
        path = folder / part / "data-00000-of-00001.arrow"
        with arrow.OSFile(str(path), "wb") as sink, arrow.ipc.new_stream(sink, content.schema) as out:
            out.write_table(content, max_chunksize=2)
    return folder


def test_folders_of_datasets_are_read_with_their_parts_and_class_names(tmp_path):
    columns = rows() | {
        "label": [0, -1, 1],
        "features_text": arrow.array(rows()["features_text"], arrow.list_(arrow.float32(), 2)),
    }
    other = columns | {"dialogue": ["c", "c", "d"]}
    parts = {"train": arrow.table(columns), "validation": arrow.table(other)}
    folder = dataset_folder(tmp_path / "saved", parts)
    (folder / "train" / "cache-1.arrow").write_bytes(b"x")
    found = read_parquet(folder)
    assert found.labels.names == ("calm", "angry")
    assert found.dialogues[0].emotion == ("calm", None)
    assert found.official == {"train": ("a", "b"), "val": ("c", "d")}
    assert read_parquet(folder, mapped=True).fingerprint == found.fingerprint
    assert [each.id for each in read_parquet_dialogues(folder, {"text": 2})] == ["a", "b", "c", "d"]


def test_vectors_that_are_not_finite_or_zeros_are_missing_where_asked_for(tmp_path):
    vectors = [[float("nan"), 1.0], [0.0, 0.0], [1e300, 1.0]]
    path = table(tmp_path / "x.parquet", rows() | {"features_text": vectors})
    findings = Findings()
    first, second = read_parquet(path, zeros="missing", findings=findings).dialogues
    assert not first.available.any()
    assert not second.available.any()
    assert not torch.isnan(first.features["text"]).any()
    whats = {problem.what: problem.where for problem in findings.problems}
    assert whats["'text' holds NaN or infinity"] == (f"{path}: row 0", f"{path}: row 2")
    assert whats["'text' is all zeros"] == (f"{path}: row 1",)
    with pytest.raises(CorpusError, match=r"x.parquet: row 0.*NaN or infinity"):
        read_parquet(path, nan="error")


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"speaker": None}, "column 'speaker' is absent"),
        ({"speaker": None, "spaeker": ["A", "B", "A"]}, "column 'speaker' is absent. Did you mean 'spaeker'"),
        ({"speaker": ["A", None, "A"]}, "row 1: 'speaker' is missing"),
        ({"dialogue": ["a", "a", None]}, "row 2: 'dialogue' is missing"),
        ({"dialogue": ["a", "b", "a"], "turn": [0, 0, 1]}, "row 2: .*'a' are not contiguous"),
        ({"turn": [0, 2, 0]}, "row 1: 'turn' of dialogue 'a' must count from 0; got 2 in place of 1"),
        ({"turn": [0.5, 1.0, 0.0]}, "column 'turn' must hold whole numbers; got double"),
        ({"speaker": [[1], [2], [3]]}, "column 'speaker' must hold strings; got list"),
        ({"text": [1.5, 2.5, 3.5]}, "column 'text' must hold strings; got double"),
        ({"features_text": ["x", "y", "z"]}, "column 'features_text' must hold lists of floats; got string"),
        ({"features_text": [["x"], ["y"], []]}, "column 'features_text' must hold lists of floats"),
        ({"features_text": [[1.0], None, [1.0, 2.0]]}, "row 2: 'text' must have 1 values, got 2"),
        ({"features_text": [[True], None, [False]]}, "column 'features_text' must hold lists of floats"),
        ({"label": [0, 1, 2]}, "column 'label' has class numbers without names"),
        ({"split": ["train", "test", "train"]}, "row 1: 'split' must be the same in all turns"),
        ({"split": ["x", "x", "x"]}, "row 0, .*: 'split' must be one of train, val, test; got 'x'"),
        ({"start": [0.0, 1e13, 0.0]}, "row 1: 'start' must be seconds within 1e12; got 1e[+]13"),
        ({"reply_to": [None, "x", None]}, "row 0: .*`reply_to` names 'x'"),
        ({"id": ["u", "u", "v"]}, "row 0: .*ids that occur twice"),
        ({"label": [1e300, 0.0, 0.0]}, "row 0: A score must lie in"),
    ],
)
def test_an_invalid_column_is_named_in_one_line(tmp_path, columns, message):
    content = {name: value for name, value in (rows() | columns).items() if value is not None}
    path = table(tmp_path / "x.parquet", content)
    with pytest.raises(CorpusError, match=rf"x\.parquet: {message}") as caught:
        read_parquet(path)
    assert len(str(caught.value).splitlines()) == 1


def test_a_column_that_occurs_twice_is_refused(tmp_path):
    content = arrow.table(rows())
    content = content.append_column("speaker", content["speaker"])
    with pytest.raises(CorpusError, match="column 'speaker' occurs twice"):
        read_parquet(table(tmp_path / "x.parquet", content))


def test_other_columns_are_named_in_a_note(tmp_path):
    findings = Findings()
    path = table(tmp_path / "x.parquet", rows() | {"lable": ["x"] * 3})
    read_parquet(path, findings=findings)
    (note,) = findings.problems
    assert (note.what, note.action) == ("column 'lable'", "Not read. Did you mean 'label'?")


@pytest.mark.parametrize(
    ("header", "message"),
    [
        (b"{", "no valid JSON"),
        (b"[" * 100_000, "no valid JSON"),
        (b'{"name": 1' + b"0" * 5000 + b"}", "metadata 'graphmer'"),
        (b'{"name": "x", "labels": {"names": ["a", "a"]}, "modalities": {}}', "labels: .*differ"),
        (
            b'{"name": "x", "labels": {"names": ["a"]}, "modalities": {"text": {"width": 1'
            + b"0" * 400
            + b"}}}",
            "modalities.text.width",
        ),
        (
            b'{"name": "x", "labels": {"names": ["a"]}, "modalities": {"text": {"width": 3}}}',
            "'features_text': must have lists of 3 numbers; got 2",
        ),
        (
            b'{"name": "x", "labels": {"names": ["a"]},'
            b' "modalities": {"text": {"width": 2}, "v": {"width": 1}}}',
            "column 'features_v' is absent",
        ),
    ],
)
def test_an_invalid_header_is_named_in_one_line(tmp_path, header, message):
    columns = rows() | {
        "features_text": arrow.array(rows()["features_text"], arrow.list_(arrow.float32(), 2))
    }
    content = arrow.table(columns).replace_schema_metadata({"graphmer": header})
    path = table(tmp_path / "x.parquet", content)
    with pytest.raises(CorpusError, match=rf"x.parquet.*{message}") as caught:
        read_parquet(path)
    assert len(str(caught.value).splitlines()) == 1


def test_a_file_of_another_corpus_in_the_folder_is_refused(tmp_path):
    write_parquet(corpus(), tmp_path / "a.parquet")
    table(tmp_path / "b.parquet", rows())
    with pytest.raises(CorpusError, match=r"b.parquet: is of another corpus than .*a.parquet"):
        read_parquet(tmp_path)


@pytest.mark.parametrize("name", ["x.parquet", "x.arrow"])
@pytest.mark.parametrize("kept", [0, 3, 100, 0.5, 0.99])
def test_a_truncated_file_is_named_in_one_line(tmp_path, name, kept):
    path = tmp_path / name
    if name.endswith("parquet"):
        write_parquet(corpus(), path)
    else:
        with arrow.OSFile(str(path), "wb") as sink:
            whole = arrow.table(rows())
            with arrow.ipc.new_file(sink, whole.schema) as out:
                out.write_table(whole)
    content = path.read_bytes()
    path.write_bytes(content[: kept if isinstance(kept, int) else int(kept * len(content))])
    with pytest.raises(CorpusError, match=rf"{name}: no readable") as caught:
        read_parquet(path)
    assert len(str(caught.value).splitlines()) == 1


def test_a_changed_byte_of_the_features_is_found(tmp_path):
    path = tmp_path / "x.parquet"
    write_parquet(corpus(), path)
    content = path.read_bytes()
    value = np.float32(ragged()[0].features["audio"][0, 0]).tobytes()
    place = content.index(value)
    path.write_bytes(content[:place] + bytes([value[0] ^ 1]) + content[place + 1 :])
    with pytest.raises(CorpusError, match=r"x.parquet: no readable Parquet file .*CRC"):
        read_parquet(path)


def test_a_damaged_folder_is_found_by_its_checksums(tmp_path):
    write_parquet(corpus(), tmp_path / "folder")
    path = next((tmp_path / "folder" / "data").iterdir())
    path.write_bytes(path.read_bytes() + b"x")
    with pytest.raises(CorpusError, match="does not match its checksum"):
        read_parquet(tmp_path / "folder")


def test_dialogues_to_predict_have_the_widths_of_the_model_and_no_labels(tmp_path):
    write_parquet(corpus(rich()), tmp_path / "x.parquet")
    widths = {"video": 4, "audio": 3, "text": 5, "face": 2}
    found = list(read_parquet_dialogues(tmp_path / "x.parquet", widths))
    assert [each.id for each in found] == [each.id for each in rich()]
    assert found[0].modalities == ("video", "audio", "text", "face")
    assert found[0].emotion == (None,) * 3
    assert found[0].text[0] == "hello"
    assert not found[0].available[:, 3].any()


@pytest.mark.parametrize(
    ("widths", "message"),
    [
        ({"audio": 3, "text": 5, "vide": 4}, "unknown modality 'video'. Did you mean 'vide'"),
        ({"audio": 3, "text": 6, "video": 4}, "must have lists of 6 numbers; got 5"),
    ],
)
def test_dialogues_to_predict_of_other_features_are_refused(tmp_path, widths, message):
    write_parquet(corpus(), tmp_path / "x.parquet")
    with pytest.raises(CorpusError, match=message):
        next(read_parquet_dialogues(tmp_path / "x.parquet", widths))


def test_dialogues_before_an_invalid_one_are_read(tmp_path):
    path = table(tmp_path / "x.parquet", rows() | {"speaker": ["A", "B", None]})
    found = read_parquet_dialogues(path, {"text": 2})
    assert next(found).id == "a"
    with pytest.raises(CorpusError, match="row 2: 'speaker' is missing"):
        next(found)


def test_a_missing_pyarrow_is_named_with_the_command_that_installs_it(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(ConfigError, match=r'Run: pip install "graphmer\[parquet\]"'):
        write_parquet(corpus(), tmp_path / "x.parquet")


def test_memory_does_not_grow_with_the_turns_that_were_read(tmp_path, monkeypatch):
    monkeypatch.setattr(writer, "GROUP", 2**15)
    monkeypatch.setattr(decoding, "BATCH", 2**17)
    width = {"text": 256}
    spoken = [talk("AB" * 20, id=str(number), widths=width) for number in range(60)]
    write_parquet(InMemoryCorpus(Card("calls"), LABELS, width, spoken, {}, ""), tmp_path / "calls.parquet")
    before = arrow.total_allocated_bytes()
    read = read_parquet_dialogues(tmp_path / "calls.parquet", width)
    taken = [arrow.total_allocated_bytes() - before for _ in read]
    assert len(taken) == 60
    assert max(taken) < 5 * 2**17 < 60 * 40 * 256 * 4 / 3
