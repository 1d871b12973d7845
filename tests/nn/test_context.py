import torch

from graphmer.nn.context import ContextRNN


def test_each_dialogue_is_read_as_if_alone():
    torch.manual_seed(0)
    encoder = ContextRNN(3, 4, 0.5).eval()
    state = torch.randn(9, 3)
    together = encoder(state, torch.tensor([0, 0, 2, 3, 3, 3, 3, 3, 3]))
    assert together.shape == (9, encoder.width)
    alone = [encoder.rnn(part)[0] for part in state.split([2, 1, 6])]
    torch.testing.assert_close(together, torch.cat(alone), rtol=1e-5, atol=1e-5)
    assert not torch.allclose(together, encoder(state, torch.zeros(9).long()), atol=1e-4)


def test_every_turn_reads_the_turns_before_and_after_it():
    torch.manual_seed(0)
    encoder = ContextRNN(3, 4, 0.0)
    state = torch.randn(5, 3, requires_grad=True)
    encoder(state, torch.zeros(5).long())[2].sum().backward()
    assert (state.grad.abs().sum(dim=1) > 0).all()
    assert all(parameter.grad.any() for parameter in encoder.parameters())
