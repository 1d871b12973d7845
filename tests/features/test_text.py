import json

import numpy as np
import pytest
import torch

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


def test_a_folder_that_is_not_there_is_not_looked_up_in_the_hub(tmp_path, monkeypatch):
    pytest.importorskip("huggingface_hub")
    monkeypatch.setattr(text, "version", lambda name: "1")
    for name in (str(tmp_path / "absent"), "./absent"):
        with pytest.raises(ConfigError, match="absent: no such folder"):
            TextExtractor(name)


def test_a_model_without_a_network_is_one_line_with_the_remedy(monkeypatch):
    hub = pytest.importorskip("huggingface_hub")

    def unreachable(model, allow_patterns):
        raise ConnectionError("Name or service not known.\nA second line.")

    monkeypatch.setattr(hub, "snapshot_download", unreachable)
    monkeypatch.setattr(text, "version", lambda name: "1")
    message = r"can be downloaded \(Name or service not known\)\. Name a folder, .* or minilm\.$"
    with pytest.raises(ConfigError, match=message) as error:
        TextExtractor("an/encoder")
    assert "\n" not in str(error.value)


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
    typographic, typed, short, *gaps = extract(extractor, clips).vectors
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


def test_numbers_of_another_precision_are_another_provenance_and_agree(tiny):
    exact, fast = (TextExtractor(str(tiny), precision=name) for name in ("float32", "bfloat16"))
    assert exact.provenance.settings["precision"] == "float32"
    assert exact.provenance.digest != fast.provenance.digest
    (one,), (other,) = (extractor.vectors(["my dog is happy"]) for extractor in (exact, fast))
    assert other.dtype == np.float32
    assert not np.array_equal(one, other)
    assert one @ other / np.linalg.norm(one) / np.linalg.norm(other) > 0.999


def test_the_fastest_precision_is_bfloat16_where_the_processor_multiplies_in_it(tiny, monkeypatch):
    for found, precision in (({"avx512_bf16": True}, "bfloat16"), ({"amx_bf16": False}, "float32")):
        monkeypatch.setattr(torch.cpu, "get_capabilities", lambda found=found: found, raising=False)
        assert TextExtractor(str(tiny)).precision == precision
    monkeypatch.delattr(torch.cpu, "get_capabilities")
    assert TextExtractor(str(tiny)).precision == "float32"
    with pytest.raises(ConfigError, match="precision: must be auto or float32 or bfloat16; got 'int8'"):
        TextExtractor(str(tiny), precision="int8")


def test_batches_have_a_constant_number_of_tokens(tiny):
    extractor = TextExtractor(str(tiny))
    texts = ["happy " * words for words in (1, 600, 2, 500, 1)] + ["my dog"] * 1000
    batches = list(extractor.batches(texts))
    assert sorted(text for batch in batches for text in batch) == sorted(texts)
    assert [len(batch) for batch in batches] == [4, 512, 489]
    assert batches[0][:2] == [texts[1], texts[3]]


def test_texts_that_are_cut_are_counted(tiny):
    extractor = TextExtractor(str(tiny))
    clips = [Clip("happy " * words) for words in (510, 511, 2, 700)]
    assert extract(extractor, clips).notes == [
        "2 texts cut after 512 tokens, the most that the encoder reads"
    ]
    assert extract(extractor, clips[:1]).notes == []


def test_a_text_of_which_the_encoder_knows_nothing_is_missing(tiny):
    found = extract(
        TextExtractor(str(tiny)), [Clip("\U0001f600 \U0001f600"), Clip("happy \U0001f600")]
    ).vectors
    assert found[0] == Missing("no word that the encoder knows")
    assert isinstance(found[1], np.ndarray)


@pytest.mark.parametrize("file", ["model.safetensors", "config.json", "tokenizer.json"])
def test_a_damaged_model_is_one_line(tiny, tmp_path, file):
    for path in tiny.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    (tmp_path / file).write_bytes(b"{")
    with pytest.raises(ConfigError, match="cannot be read as a text encoder") as error:
        _ = TextExtractor(str(tmp_path)).provenance
    assert "\n" not in str(error.value)
