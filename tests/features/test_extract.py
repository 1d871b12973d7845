import numpy as np
import pytest

from graphmer.errors import ConfigError
from graphmer.features import Clip, Missing, VectorCache, extract
from tests.features.fake import LetterExtractor

CLIPS = [Clip("ab"), Clip(None), Clip("a long one"), Clip("ab"), Clip("c")]


def test_vectors_come_in_the_order_of_the_clips_and_gaps_have_a_reason():
    found = extract(LetterExtractor(), CLIPS).vectors
    assert found[1] == Missing("no words")
    assert [vector.tolist() for vector in (found[0], found[4])] == [[3, 3, 2, 2, 2], [1, 1, 2, 1, 1]]
    assert np.array_equal(found[0], found[3])


def test_each_text_is_extracted_once_in_the_batches_of_the_extractor():
    extractor = LetterExtractor(batch=2)
    assert extract(extractor, CLIPS).notes == ["1 long"]
    assert extractor.seen == [["a long one", "ab"], ["c"]]


def test_an_interrupted_extraction_goes_on_where_it_stopped(tmp_path):
    broken = LetterExtractor(fail_after=1, batch=1)
    with pytest.raises(KeyboardInterrupt):
        extract(broken, CLIPS, VectorCache(tmp_path, broken.provenance))
    again, seen = LetterExtractor(batch=1), []
    cache = VectorCache(tmp_path, again.provenance)
    found = extract(again, CLIPS, cache, progress=lambda *counts: seen.append(counts))
    assert again.seen == [["ab"], ["c"]]
    assert seen == [(1, 3), (2, 3), (3, 3)]
    for cached, computed in zip(found.vectors, extract(LetterExtractor(), CLIPS).vectors, strict=True):
        assert isinstance(cached, Missing) or np.array_equal(cached, computed)


def test_another_extractor_has_other_cached_vectors(tmp_path):
    first, other = LetterExtractor(), LetterExtractor(weights="1" * 64)
    extract(first, CLIPS, VectorCache(tmp_path, first.provenance))
    extract(other, CLIPS, VectorCache(tmp_path, other.provenance))
    assert other.seen


def test_the_place_of_a_model_is_no_part_of_its_identity():
    same = LetterExtractor(model="/elsewhere").provenance
    assert same.digest == LetterExtractor().provenance.digest
    assert same.digest != LetterExtractor(weights="1" * 64).provenance.digest
    changed = same.model_copy(update={"settings": {"case": True}})
    assert changed.digest != same.digest


def test_a_damaged_cache_is_one_line_with_the_remedy(tmp_path):
    provenance = LetterExtractor().provenance
    VectorCache(tmp_path, provenance).path.write_bytes(b"no database at all" * 100)
    with pytest.raises(ConfigError, match=r"damaged cache of features .* Remove the file"):
        VectorCache(tmp_path, provenance)


def test_a_vector_that_is_not_finite_is_missing():
    class Broken(LetterExtractor):
        def vectors(self, contents):
            return [np.full(5, np.nan, dtype=np.float32) for _ in contents]

    assert extract(Broken(), [Clip("a")]).vectors == [Missing("features that are not finite")]
