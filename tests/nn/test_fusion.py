import pytest
import torch

from graphmer.nn.fusion import FusionLayer, ModalityFusion


def test_a_layer_attends_from_each_modality_to_all_of_the_same_utterance():
    torch.manual_seed(0)
    layer = FusionLayer(6, 2, 0.0)
    tokens = torch.randn(4, 3, 6)
    found = layer(tokens)
    for n in range(4):
        query, key, value = layer.qkv(layer.before_attention(tokens[n])).chunk(3, dim=1)
        attended = []
        for head in range(2):
            part = slice(3 * head, 3 * head + 3)
            weight = (query[:, part] @ key[:, part].T / 3**0.5).softmax(dim=1)
            attended.append(weight @ value[:, part])
        state = tokens[n] + layer.out(torch.cat(attended, dim=1))
        expected = state + layer.layers(layer.before_layers(state))
        torch.testing.assert_close(found[n], expected)


def test_utterances_do_not_read_each_other_and_modalities_do():
    torch.manual_seed(0)
    fusion = ModalityFusion(3, 8, 4, 2, 0.0)
    tokens = torch.randn(5, 3, 8)
    other = tokens.clone()
    other[2, 1] += torch.randn(8)
    before, after = fusion(tokens).unflatten(1, (3, 8)), fusion(other).unflatten(1, (3, 8))
    changed = (before - after).abs().amax(dim=2) > 1e-6
    assert changed.nonzero().tolist() == [[2, 0], [2, 1], [2, 2]]


def test_the_order_of_modalities_matters():
    torch.manual_seed(0)
    fusion = ModalityFusion(2, 8, 4, 1, 0.0)
    tokens = torch.randn(1, 2, 8)
    swapped = fusion(tokens.flip(1)).unflatten(1, (2, 8)).flip(1)
    assert not torch.allclose(swapped, fusion(tokens).unflatten(1, (2, 8)), atol=1e-4)


def test_a_width_that_heads_do_not_divide_is_refused():
    with pytest.raises(ValueError, match="`width` must be a multiple of `heads`; got 6 and 4"):
        ModalityFusion(3, 6, 4, 1, 0.0)
