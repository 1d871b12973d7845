import numpy as np
import pytest
import torch

from graphmer.errors import ConfigError
from graphmer.features import Clip, Missing, SpeechNetworkExtractor, extract
from tests.features.sounds import tone, write_wav

pytest.importorskip("av", reason="PyAV is not installed (graphmer[media])")
transformers = pytest.importorskip("transformers", reason="transformers is not installed (graphmer[audio])")

SIZES = {
    "hidden_size": 16,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 16,
    "conv_dim": (8,) * 7,
    "num_conv_pos_embeddings": 16,
    "num_conv_pos_embedding_groups": 2,
}


def saved(folder, kind, norm="group", **preprocessing):
    """A network of random weights."""
    torch.manual_seed(0)
    config = getattr(transformers, f"{kind}Config")(**SIZES, feat_extract_norm=norm)
    getattr(transformers, f"{kind}Model")(config).save_pretrained(folder)
    transformers.Wav2Vec2FeatureExtractor(**preprocessing).save_pretrained(folder)
    return folder


@pytest.fixture(name="clips")
def _clips(tmp_path):
    path = write_wav(tmp_path / "call.wav", np.concatenate([tone(1, 150), np.zeros(8000), tone(1, 300)]))
    times = [(0.0, 1.0), (1.5, 1.8), (0.2, 0.7), (1.1, 1.4), (0.5, 0.52)]
    return [Clip(None, path, start, end) for start, end in times]


@pytest.mark.parametrize("kind", ["Wav2Vec2", "Hubert", "WavLM"])
def test_a_network_of_each_kind_is_an_extractor(tmp_path, clips, kind):
    extractor = SpeechNetworkExtractor(str(saved(tmp_path / "net", kind)))
    assert (extractor.provenance.width, extractor.provenance.settings["layer"]) == (16, 2)
    *vectors, silent, short = extract(extractor, clips).vectors
    assert [vector.shape for vector in vectors] == [(16,)] * 3
    assert (silent, short) == (Missing("silence"), Missing("shorter than 25 ms"))


@pytest.mark.parametrize("norm", ["group", "layer"])
def test_a_vector_does_not_depend_on_its_batch(tmp_path, clips, norm):
    folder = saved(tmp_path / "net", "Wav2Vec2", norm)
    extractor = SpeechNetworkExtractor(str(folder))
    together = extract(extractor, clips[:3]).vectors
    for clip, vector in zip(clips, together, strict=False):
        (alone,) = extract(SpeechNetworkExtractor(str(folder)), [clip]).vectors
        assert np.allclose(vector, alone, atol=1e-5)


def test_the_vector_is_the_mean_over_frames_of_the_layer(tmp_path, clips):
    folder = saved(tmp_path / "net", "WavLM", do_normalize=False)
    network = transformers.WavLMModel.from_pretrained(folder).eval()
    with torch.inference_mode():
        states = network(torch.tensor(tone(1, 150), dtype=torch.float32)[None], output_hidden_states=True)
    for layer in (0, 1, -1):
        (vector, *_) = extract(SpeechNetworkExtractor(str(folder), layer=layer), clips[:1]).vectors
        wanted = states.hidden_states[layer].mean(1)[0].numpy()
        assert np.allclose(vector, wanted, atol=1e-3)


def test_another_layer_or_other_weights_are_another_extractor(tmp_path):
    folder = str(saved(tmp_path / "net", "Hubert"))
    last = SpeechNetworkExtractor(folder).provenance.digest
    assert SpeechNetworkExtractor(folder, layer=2).provenance.digest == last
    assert SpeechNetworkExtractor(folder, layer=1).provenance.digest != last
    assert SpeechNetworkExtractor(str(saved(tmp_path / "o", "WavLM")), layer=2).provenance.digest != last


def test_what_is_no_speech_network_is_one_line(tmp_path):
    folder = saved(tmp_path / "net", "Hubert")
    with pytest.raises(ConfigError, match="its layers are 0 to 2; got 7"):
        SpeechNetworkExtractor(str(folder), layer=7)
    for weights in folder.glob("*.safetensors"):
        weights.unlink()
    with pytest.raises(ConfigError, match=r"has no weights \(\*\.safetensors\).*a speech network"):
        SpeechNetworkExtractor(str(folder))
    with pytest.raises(ConfigError, match="no such folder"):
        SpeechNetworkExtractor(str(tmp_path / "absent"))
    config = transformers.BertConfig(
        hidden_size=8, num_hidden_layers=1, num_attention_heads=2, intermediate_size=8, vocab_size=5
    )
    transformers.BertModel(config).save_pretrained(tmp_path / "bert")
    with pytest.raises(ConfigError, match="must be one of hubert, wav2vec2, wavlm; got bert") as error:
        SpeechNetworkExtractor(str(tmp_path / "bert"))
    assert "\n" not in str(error.value)


def test_an_id_without_a_network_is_one_line(monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    import huggingface_hub

    def offline(*_, **__):
        raise OSError("no network\nat all")

    monkeypatch.setattr(huggingface_hub, "snapshot_download", offline)
    with pytest.raises(ConfigError, match=r"microsoft/wavlm-base.*\(no network\).*or egemaps") as error:
        SpeechNetworkExtractor("microsoft/wavlm-base")
    assert "\n" not in str(error.value)


def test_a_long_turn_is_cut_and_counted(tmp_path):
    path = write_wav(tmp_path / "long.wav", tone(31))
    extractor = SpeechNetworkExtractor(str(saved(tmp_path / "net", "Wav2Vec2")))
    found = extract(extractor, [Clip(None, path, 0.0, 31.0), Clip(None, path, 0.0, 30.0)])
    assert np.array_equal(*found.vectors)
    assert found.notes == ["1 turn cut after 30 s"]
