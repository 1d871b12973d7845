import pytest
import torch

from graphmer.nn.cascade import CascadeAE


def made(*, skip: bool) -> CascadeAE:
    torch.manual_seed(0)
    return CascadeAE(6, (4, 3), 3, skip=skip)


def expected(cascade: CascadeAE, last: torch.Tensor, codes: list[torch.Tensor]):
    first, _, second = cascade.transform
    return torch.cat(codes, dim=1), second(torch.relu(first(last)))


@pytest.mark.parametrize("skip", [True, False])
def test_the_residual_mode_accumulates_what_each_autoencoder_adds(skip):
    cascade, x = made(skip=skip), torch.randn(5, 6)
    u, codes = x, []
    for number in range(3):
        codes.append(cascade.encoders[number](u))
        o = cascade.decoders[number](codes[-1])
        before, u = u, u + o
    output = cascade(x)
    for found, want in zip(
        (output.codes, output.imagined), expected(cascade, before + o if skip else o, codes), strict=True
    ):
        torch.testing.assert_close(found, want)


@pytest.mark.parametrize("skip", [True, False])
def test_the_inject_mode_adds_the_same_feature_to_each_input_and_accumulates_nothing(skip):
    cascade, x, s = made(skip=skip), torch.randn(5, 6), torch.randn(5, 6)
    o, codes = x, []
    for number in range(3):
        u = o + s
        codes.append(cascade.encoders[number](u))
        o = cascade.decoders[number](codes[-1])
    output = cascade(x, s)
    for found, want in zip(
        (output.codes, output.imagined), expected(cascade, u + o if skip else o, codes), strict=True
    ):
        torch.testing.assert_close(found, want)


def test_a_code_and_an_output_may_be_negative():
    cascade = made(skip=True)
    codes = cascade(torch.randn(50, 6)).codes
    assert codes.shape == (50, 9)
    assert (codes < 0).any()
    assert (cascade.decoders[0](torch.randn(50, 3)) < 0).any()
