import json

import numpy as np
import pytest

from graphmer.errors import ConfigError
from graphmer.features import Clip, Missing, TextExtractor, extract, text


def test_a_package_that_is_absent_is_one_line_with_the_command(monkeypatch):
    def absent(name):
        raise text.PackageNotFoundError(name)

    monkeypatch.setattr(text, "version", absent)
    with pytest.raises(ConfigError, match=r'pip install "graphmer\[text\]"') as error:
        TextExtractor()
    assert "\n" not in str(error.value)


def test_a_folder_without_weights_is_no_model(tmp_path, monkeypatch):
    monkeypatch.setattr(text, "version", lambda name: "1")
    with pytest.raises(ConfigError, match=r"has no weights \(\*\.safetensors\)"):
        TextExtractor(str(tmp_path))


@pytest.fixture(name="tiny", scope="module")
def _tiny(tmp_path_factory):
    """A BERT of random weights with five words."""
    pytest.importorskip("sentence_transformers")
    transformers = pytest.importorskip("transformers")
    folder = tmp_path_factory.mktemp("tiny")
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "my", "dog", "is", "happy", "'", "s"]
    (folder / "vocab.txt").write_text("\n".join(words))
    transformers.BertTokenizerFast(vocab=str(folder / "vocab.txt")).save_pretrained(folder)
    config = transformers.BertConfig(
        vocab_size=len(words), hidden_size=8, num_hidden_layers=1, num_attention_heads=2, intermediate_size=8
    )
    transformers.BertModel(config).save_pretrained(folder)
    return folder


def test_a_folder_of_transformers_is_an_extractor(tiny, monkeypatch):
    monkeypatch.chdir(tiny.parent)
    extractor = TextExtractor(tiny.name)
    assert extractor.provenance.model == str(tiny)
    clips = [Clip("my dog\u2019s happy"), Clip("my dog's happy"), Clip("happy"), Clip("  "), Clip()]
    typographic, typed, short, *gaps = extract(extractor, clips)
    assert extractor.provenance.width == 8
    assert np.array_equal(typographic, typed)
    assert not np.allclose(typed, short)
    assert gaps == [Missing("no words")] * 2


def test_other_weights_are_another_provenance(tiny, tmp_path):
    before = TextExtractor(str(tiny)).provenance
    for path in tiny.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    assert TextExtractor(str(tmp_path)).provenance.digest == before.digest
    config = json.loads((tmp_path / "config.json").read_text())
    (tmp_path / "config.json").write_text(json.dumps(config | {"layer_norm_eps": 0.5}))
    assert TextExtractor(str(tmp_path)).provenance.digest != before.digest
