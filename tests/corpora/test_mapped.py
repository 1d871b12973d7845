from dataclasses import replace

import numpy as np
import pytest
import torch

from graphmer.corpora.dataset import read_dataset, write_dataset
from graphmer.corpora.integrity import CHECKSUMS
from graphmer.corpora.mapped import Matrix
from graphmer.dialogue import Dialogue, FixedSet, Noise
from graphmer.dialogue.dialogue import LazyFeatures
from graphmer.dialogue.standardise import Standardiser
from graphmer.errors import CorpusError
from graphmer.graph import Adjacent, GraphBuilder
from graphmer.graph.dataset import GraphDataset
from tests.experiment.tiny import write_own
from tests.talks import LABELS, WIDTHS, ragged


@pytest.fixture
def folder(tmp_path):
    return write_own(tmp_path / "own", ragged(), LABELS, WIDTHS)


def assert_same(first: Dialogue, second: Dialogue) -> None:
    assert torch.equal(first.available, second.available)
    for modality in first.features:
        torch.testing.assert_close(first.features[modality], second.features[modality], rtol=0, atol=0)


def test_mapped_features_equal_loaded_features(folder):
    loaded, mapped = read_dataset(folder), read_dataset(folder, mapped=True)
    assert mapped.fingerprint == loaded.fingerprint
    for first, second in zip(mapped.dialogues, loaded.dialogues, strict=True):
        assert isinstance(first.features, LazyFeatures)
        assert_same(first, second)


def test_standardised_features_stay_on_disk(folder):
    loaded, mapped = read_dataset(folder).dialogues, read_dataset(folder, mapped=True).dialogues
    standardise = Standardiser.fit(mapped)
    torch.testing.assert_close(standardise.mean, Standardiser.fit(loaded).mean)
    for first, second in zip(mapped, loaded, strict=True):
        assert isinstance(standardise(first).features, LazyFeatures)
        assert_same(standardise(first), standardise(second))


@pytest.mark.parametrize("protocol", [FixedSet(("text",)), Noise(0.5)])
def test_graphs_have_no_features_until_they_are_batched(folder, protocol):
    build = GraphBuilder({"near": Adjacent()}, LABELS)
    loaded, mapped = (GraphDataset(read_dataset(folder, mapped=on).dialogues, build) for on in (False, True))
    assert "audio" in loaded.graphs[0]
    assert "audio" not in mapped.graphs[0]
    for first, second in zip(mapped.masked(protocol, 1), loaded.masked(protocol, 1), strict=True):
        assert torch.equal(first.available, second.available)
        assert torch.equal(first.audio, second.audio)
    assert "audio" not in mapped.graphs[0]


def test_a_vector_that_is_not_finite_stays_missing(folder):
    stored = np.load(folder / "audio.npy")
    stored[0, 0] = np.nan
    np.save(folder / "audio.npy", stored)
    (folder / CHECKSUMS).unlink()
    loaded, mapped = read_dataset(folder).dialogues, read_dataset(folder, mapped=True).dialogues
    assert not mapped[0].available[0, 0]
    for first, second in zip(mapped, loaded, strict=True):
        assert_same(first, second)


def test_writing_a_mapped_corpus_is_lossless(folder, tmp_path):
    mapped = read_dataset(folder, mapped=True)
    write_dataset(mapped, tmp_path / "again")
    assert read_dataset(tmp_path / "again").fingerprint == mapped.fingerprint


def test_inline_vectors_are_refused(folder):
    (folder / CHECKSUMS).unlink()
    file = folder / "dialogues.jsonl"
    file.write_text(file.read_text().replace('"audio.npy#0"', "[1.0, 2.0, 3.0]", 1))
    read_dataset(folder)
    with pytest.raises(CorpusError, match=r"'audio' must be 'matrix\.npy#row' to stay on disk"):
        read_dataset(folder, mapped=True)


def test_a_modality_of_a_dialogue_in_two_files_is_refused(folder):
    (folder / CHECKSUMS).unlink()
    (folder / "more.npy").write_bytes((folder / "audio.npy").read_bytes())
    file = folder / "dialogues.jsonl"
    file.write_text(file.read_text().replace('"audio.npy#1"', '"more.npy#1"', 1))
    with pytest.raises(CorpusError, match="'audio' must be in one file; got"):
        read_dataset(folder, mapped=True)


def test_a_matrix_stored_by_columns_is_refused(tmp_path):
    np.save(tmp_path / "m.npy", np.asfortranarray(np.zeros((3, 2))))
    with pytest.raises(CorpusError, match="stored column by column"):
        Matrix.of(tmp_path / "m.npy")


def test_rows_are_read_in_the_given_order_and_absent_rows_are_zero(tmp_path):
    np.save(tmp_path / "m.npy", np.arange(8).reshape(4, 2))
    found = Matrix.of(tmp_path / "m.npy").read(np.array([3, -1, 1]))
    assert found.tolist() == [[6, 7], [0, 0], [2, 3]]
    assert found.dtype == torch.float32


def test_lazy_features_need_one_row_per_turn():
    dialogue = ragged()[0]
    with pytest.raises(ValueError, match="'features' must have 6 rows, got 5"):
        replace(dialogue, features=LazyFeatures(5, dict.fromkeys(WIDTHS, lambda: torch.zeros(5, 3))))
