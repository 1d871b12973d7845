import pytest
import torch

from graphmer.nn.messages import CONVOLUTIONS, MessagePassingSettings, RelationalConv
from tests.models import model_settings

WIDTHS = {"audio": 3, "text": 5}


def test_without_messages_the_model_is_plain():
    model = model_settings(WIDTHS, 4, width=8, depth=1).build()
    assert model.network.message_passing is None
    assert not model.network.reconstruction
    assert model.network.emotion.weight.shape == (4, 16)


def test_every_setting_reaches_the_model():
    settings = model_settings(
        WIDTHS,
        1,
        ("near/past/intra", "near/past/inter"),
        width=6,
        depth=3,
        heads=3,
        dropout=0.1,
        block="preln",
        positions=True,
        router_logit_dropout=0.2,
        causal=True,
        attention_window=7,
        reconstruction=1.0,
        message_passing=MessagePassingSettings(width=10, depth=2, convolution="rgcn", dropout=0.4),
    )
    model = settings.build()
    assert model.modalities == ("audio", "text")
    assert model.network.mixture.width == 6
    assert model.network.mixture.positions
    assert len(model.network.mixture.experts[0].layers) == 3
    layer = model.network.mixture.experts[1].layers[0]
    assert (layer.attention.heads, layer.attention.causal, layer.attention.window) == (3, True, 7)
    assert hasattr(layer, "norm_attention")
    assert model.network.mixture.dropout.p == 0.1
    assert model.network.mixture.routers[0].scores[-1].p == 0.2
    assert model.network.message_passing.width == 10
    assert model.network.message_passing.dropout.p == 0.4
    assert [type(layer) for layer in model.network.message_passing.convolutions] == [RelationalConv] * 2
    assert model.network.message_passing.relations == 2
    assert model.network.emotion.weight.shape == (1, 10)
    assert {m: head.weight.shape for m, head in model.network.reconstruction.items()} == {
        "audio": (3, 10),
        "text": (5, 10),
    }


@pytest.mark.parametrize("causal", [False, True])
def test_a_decoder_is_as_causal_as_its_model(causal):
    model = model_settings(WIDTHS, 4, width=8, depth=1, causal=causal, decoder="chain").build()
    assert model.decoder.transition.shape == (4, 4)
    assert model.decoder.causal == causal
    assert model_settings(WIDTHS, 4, width=8, depth=1).build().decoder is None


def test_an_unknown_decoder_is_named():
    with pytest.raises(ValueError, match=r"heads\.decoder\n  Input should be 'none' or 'chain'"):
        model_settings(WIDTHS, 4, width=8, depth=1, decoder="crf").build()


@pytest.mark.parametrize("convolution", CONVOLUTIONS)
def test_equal_seeds_build_equal_models(convolution):
    """Also where a library leaves memory as it finds it."""
    settings = model_settings(
        WIDTHS,
        4,
        ("a", "b"),
        width=8,
        depth=1,
        message_passing=MessagePassingSettings(width=8, depth=2, convolution=convolution, heads=2),
    )
    models = []
    for _ in range(2):
        torch.manual_seed(3)
        models.append(settings.build().state_dict())
    assert all(torch.equal(models[0][name], models[1][name]) for name in models[0])
