"""Features by tasks on a Ray cluster."""

import pytest

from graphmer.cluster import ExtractorPlace, RayExtractor
from graphmer.features import Clip, extract
from tests.features.fake import LETTERS, LetterExtractor
from tests.features.tiny import tiny_encoder
from tests.ray_cluster import needs_ray

WORDS = ("good", "bad", "yes", "no", "well")


def test_vectors_are_those_of_the_extractor_in_its_batches(monkeypatch):
    given = []

    def results(work, items, *, gpus):
        given.extend(contents for contents, _ in items)
        return map(work, items)

    monkeypatch.setattr("graphmer.cluster.extraction.results", results)
    monkeypatch.setattr("graphmer.experiment.extractors.EXTRACTORS", LETTERS)
    clips = [Clip(text) for text in ("aa", "b", None, "cde", "aa", "eeee", "ab")]
    plain = LetterExtractor()
    on_ray = RayExtractor(LetterExtractor(), ExtractorPlace.of("text", "letters", "cpu", {}))
    expected, found = extract(plain, clips), extract(on_ray, clips)
    assert given == plain.seen
    assert [str(vector) for vector in found.vectors] == [str(vector) for vector in expected.vectors]
    assert (on_ray.modality, on_ray.provenance, on_ray.tuning) == ("text", plain.provenance, None)


@pytest.mark.slow
@needs_ray
@pytest.mark.filterwarnings("ignore")
def test_a_corpus_has_the_same_features_with_ray_and_without(cluster, tmp_path):
    from typer.testing import CliRunner

    from graphmer.cli.app import app
    from graphmer.corpora.dataset import read_dataset

    (tmp_path / "encoder").mkdir()
    encoder = tiny_encoder(tmp_path / "encoder", WORDS)
    turns = "".join(
        f"{n // 3},AB,{WORDS[n % 5]} {WORDS[n % 3]},{('joy', 'anger')[n % 2]}\n" for n in range(60)
    )
    (tmp_path / "calls.csv").write_text("dialogue,speaker,text,emotion\n" + turns)
    for out, engine in (("plain", ()), ("ray", ("--engine", "ray", "--address", cluster.address))):
        options = ["--text", encoder, "--name", "calls", "--cache", tmp_path / f"cache {out}", *engine]
        command = ["features", tmp_path / "calls.csv", tmp_path / out, *options]
        done = CliRunner().invoke(app, [*map(str, command)])
        assert done.exit_code == 0, done.output
    assert "3 nodes" in done.output
    for plain in (tmp_path / "plain").iterdir():
        assert plain.read_bytes() == (tmp_path / "ray" / plain.name).read_bytes()
    assert len(read_dataset(tmp_path / "ray").dialogues) == 20
