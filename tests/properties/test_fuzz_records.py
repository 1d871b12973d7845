"""Damage to the records of a run, to indexes and to written corpora is refused in one line."""

import contextlib
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import strategies as st

from graphmer.config.claim import load_claim
from graphmer.corpora.dataset import read_dataset
from graphmer.errors import CheckpointError, CorpusError, GraphmerError
from graphmer.features import VectorCache
from graphmer.retrieval import RetrievalIndex
from tests.experiment.tiny import write_own
from tests.features.fake import LetterExtractor
from tests.properties.mutations import altered, as_json, damaged, fuzz, survives
from tests.properties.test_damage import FILES
from tests.retrieval.test_index import FOLD, built, chats
from tests.talks import LABELS, WIDTHS, ragged

pytestmark = pytest.mark.fuzz

CLAIM = {"title": "t", "runs": {"a": "runs/a", "b": "~/b"}, "against": "a", "metric": ["wa"]}


@pytest.fixture(scope="module")
def place():
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for file, (write, _) in FILES.items():
            write(folder / file)
        built(chats()).save(folder / "index")
        write_own(folder / "own", ragged(), LABELS, WIDTHS)
        yield folder


def assert_refused(data, file: Path, read, error: type[GraphmerError]) -> None:
    """Damage to the file raises the error in one line; afterwards the file is whole."""
    whole = file.read_bytes()
    changed = data.draw(damaged(whole))
    try:
        file.write_bytes(changed)
        if changed != whole:
            with pytest.raises(error) as raised:
                read()
            assert "\n" not in str(raised.value)
    finally:
        file.write_bytes(whole)


@fuzz("mutation")
def test_damaged_records_of_a_run(data, place):
    name = data.draw(st.sampled_from(sorted(FILES)))
    assert_refused(data, place / name, lambda: FILES[name][1](place / name), CheckpointError)


@fuzz("mutation")
def test_damaged_retrieval_indexes(data, place):
    file = data.draw(st.sampled_from(sorted((place / "index").iterdir())))
    mapped = data.draw(st.booleans())
    assert_refused(
        data,
        file,
        lambda: RetrievalIndex.load(place / "index", fingerprint=FOLD, mapped=mapped),
        CheckpointError,
    )


@fuzz("mutation")
def test_damaged_written_corpora(data, place):
    file = data.draw(st.sampled_from(sorted((place / "own").iterdir())))
    mapped = data.draw(st.booleans())
    assert_refused(data, file, lambda: read_dataset(place / "own", mapped=mapped), CorpusError)


@fuzz("mutation")
def test_damaged_caches_of_features(data, place):
    vectors = {f"text {number}": np.full(5, number, np.float32) for number in range(60)}
    provenance = LetterExtractor().provenance
    whole = VectorCache(place / "cache", provenance)
    if not whole.read(["text 0"]):
        whole.write(vectors)
    whole.close()
    content = whole.path.read_bytes()
    try:
        whole.path.write_bytes(data.draw(damaged(content)))
        with contextlib.suppress(GraphmerError):
            cache = VectorCache(place / "cache", provenance)
            try:
                found = cache.read(list(vectors))
                assert all(np.array_equal(vector, vectors[text]) for text, vector in found.items())
                if data.draw(st.integers(0, 3)) == 0:  # takes long
                    cache.write(vectors)
            finally:
                cache.close()
    finally:
        whole.path.write_bytes(content)


@fuzz("mutation")
def test_claims_of_other_content(data, place):
    path = place / "claim.yaml"
    text = as_json(data.draw(altered(CLAIM)))
    path.write_bytes(data.draw(damaged(text)) if data.draw(st.booleans()) else text)
    survives(lambda: load_claim(path))
