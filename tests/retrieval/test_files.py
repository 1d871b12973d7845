import json

import pytest
import torch

from graphmer.checksums import read_json, write_json
from graphmer.errors import CheckpointError
from graphmer.retrieval import RetrievalIndex
from graphmer.retrieval.store import VectorStore
from tests.retrieval.test_index import FOLD, built, chats, named
from tests.talks import talk


def same(one: RetrievalIndex, other: RetrievalIndex) -> bool:
    return named(one.table(3), one.ids) == named(other.table(3), other.ids)


@pytest.mark.parametrize("mapped", [False, True])
@pytest.mark.parametrize("exact", [1000, 10])
def test_a_loaded_index_equals_the_saved_one(exact, mapped, tmp_path):
    before = built(chats(), exact=exact)
    before.remove("gaps")
    before.update(chats()[2].with_available(torch.tensor([True, False, True]).expand(3, 3)))
    before.save(tmp_path)
    after = RetrievalIndex.load(tmp_path, fingerprint=FOLD, mapped=mapped)
    assert after.ids == before.ids
    assert (after.metric, after.widths, after.exact) == (before.metric, before.widths, before.exact)
    one, other = before.table(3), after.table(3)
    assert torch.equal(one.neighbours, other.neighbours)
    assert torch.equal(one.distances, other.distances)


def test_a_loaded_index_can_be_changed_further(tmp_path):
    both = [built(chats()), built(chats())]
    both[0].remove("long")
    both[0].save(tmp_path)
    both[0] = RetrievalIndex.load(tmp_path, fingerprint=FOLD)
    both[1].remove("long")
    for index in both:
        index.add(talk("ABAB", id="later", seed=90))
        index.update(chats()[2].with_available(torch.tensor([True, False, True]).expand(3, 3)))
    assert same(*both)


def test_a_mapped_index_reads_from_disk_and_cannot_be_changed(tmp_path):
    built(chats()).save(tmp_path)
    index = RetrievalIndex.load(tmp_path, fingerprint=FOLD, mapped=True)
    for change in (
        lambda: index.add(talk("A", id="new")),
        lambda: index.update(talk("A", id="one")),
        lambda: index.remove("one"),
    ):
        with pytest.raises(ValueError, match="memory-mapped index cannot be changed; load it with"):
            change()


def test_a_mapped_index_keeps_working_when_another_is_saved_over_it(tmp_path):
    before = built(chats())
    before.save(tmp_path)
    mapped = RetrievalIndex.load(tmp_path, fingerprint=FOLD, mapped=True)
    built(chats(3)).save(tmp_path)
    assert same(mapped, before)
    assert len(list(tmp_path.glob("*.faiss"))) == 3


def test_a_failure_while_saving_leaves_the_old_index(tmp_path, monkeypatch):
    before = built(chats())
    before.save(tmp_path)
    write, remaining = VectorStore.write, [2]

    def full(self, path):
        remaining[0] -= 1
        if remaining[0] == 0:
            raise OSError(28, "No space left on device")
        write(self, path)

    monkeypatch.setattr(VectorStore, "write", full)
    with pytest.raises(OSError, match="No space left"):
        built(chats(2)).save(tmp_path)
    assert same(RetrievalIndex.load(tmp_path, fingerprint=FOLD), before)


def test_an_index_of_another_fold_is_refused(tmp_path):
    built(chats()).save(tmp_path)
    with pytest.raises(
        CheckpointError, match=r"index of another fold \(fingerprint fold, must be fold2\). Build it from"
    ):
        RetrievalIndex.load(tmp_path, fingerprint="fold2")


def test_a_folder_without_an_index_is_named(tmp_path):
    with pytest.raises(CheckpointError, match=r"index.json: not there. Name a folder"):
        RetrievalIndex.load(tmp_path, fingerprint=FOLD)


def test_a_newer_format_is_refused(tmp_path):
    built(chats()).save(tmp_path)
    path = tmp_path / "index.json"
    path.write_text(json.dumps({"format": 3, "fingerprint": FOLD}))
    with pytest.raises(CheckpointError, match=r"format 3, this graphmer reads 2"):
        RetrievalIndex.load(tmp_path, fingerprint=FOLD)


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", '"text"', '{"format": 2}'])
def test_a_damaged_description_is_named(content, tmp_path):
    built(chats()).save(tmp_path)
    (tmp_path / "index.json").write_text(content)
    with pytest.raises(CheckpointError, match=r"not a readable retrieval index .*Build it again"):
        RetrievalIndex.load(tmp_path, fingerprint=FOLD)


@pytest.mark.parametrize("lost", ["modalities", "rows", "files", "exact"])
def test_a_description_that_lacks_a_field_is_named(lost, tmp_path):
    built(chats()).save(tmp_path)
    path = tmp_path / "index.json"
    description = read_json(path)
    del description[lost]
    write_json(path, description)
    with pytest.raises(CheckpointError, match=rf"not a readable retrieval index.*{lost}"):
        RetrievalIndex.load(tmp_path, fingerprint=FOLD)


@pytest.mark.parametrize("mapped", [False, True])
@pytest.mark.parametrize("kept", [0, 3, 100, -10])
def test_damaged_vectors_are_named(kept, mapped, tmp_path):
    built(chats()).save(tmp_path)
    path = min(tmp_path.glob("*.faiss"))
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(CheckpointError, match=r"faiss is missing or damaged\). Build it"):
        RetrievalIndex.load(tmp_path, fingerprint=FOLD, mapped=mapped)


def test_vectors_of_another_index_are_refused(tmp_path):
    for name, count in (("one", 3), ("other", 4)):
        built(chats(count)).save(tmp_path / name)
    for one, other in zip(*(sorted((tmp_path / n).glob("*.faiss")) for n in ("one", "other")), strict=True):
        one.replace(other)
    with pytest.raises(CheckpointError, match=r"faiss is missing or damaged"):
        RetrievalIndex.load(tmp_path / "other", fingerprint=FOLD)


def test_a_missing_vector_file_is_named(tmp_path):
    built(chats()).save(tmp_path)
    min(tmp_path.glob("*.faiss")).unlink()
    with pytest.raises(CheckpointError, match=r"faiss is missing or damaged\). Build it"):
        RetrievalIndex.load(tmp_path, fingerprint=FOLD)
