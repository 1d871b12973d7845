"""The recurrent encoder against torch's own, over packed sequences."""

import torch
from torch import nn
from torch.nn.utils.rnn import pack_sequence, unpack_sequence

from graphmer.nn.context import ContextRNN


def packed_lstm(made: ContextRNN, inputs: int, width: int) -> nn.LSTM:
    """Torch's bidirectional LSTM of two layers with the same weights."""
    found = nn.LSTM(inputs, width, num_layers=2, bidirectional=True)
    with torch.no_grad():
        for number, layer in enumerate((made.first, made.second)):
            for one, ending in ((layer.onward, ""), (layer.reversed, "_reverse")):
                for name, weight in one.named_parameters():
                    getattr(found, f"{name[:-1]}{number}{ending}").copy_(weight)
    return found


def test_it_equals_a_packed_lstm_with_its_gradients():
    torch.manual_seed(0)
    made, lengths = ContextRNN(5, 3, dropout=0.5).eval(), [4, 1, 7, 2]
    ours = torch.randn(sum(lengths), 5, requires_grad=True)
    theirs = ours.detach().clone().requires_grad_()
    found = made(ours, torch.arange(4).repeat_interleave(torch.tensor(lengths)))
    packed = pack_sequence(list(theirs.split(lengths)), enforce_sorted=False)
    expected = torch.cat(unpack_sequence(packed_lstm(made, 5, 3)(packed)[0]))
    torch.testing.assert_close(found, expected)
    chosen = torch.randn_like(found)
    (found * chosen).sum().backward()
    (expected * chosen).sum().backward()
    torch.testing.assert_close(ours.grad, theirs.grad)


def test_dropout_acts_between_the_layers_in_training():
    made, state, dialogue = ContextRNN(5, 3, dropout=0.5), torch.randn(6, 5), torch.zeros(6, dtype=torch.long)
    assert not torch.equal(made(state, dialogue), made(state, dialogue))
    assert torch.equal(made.eval()(state, dialogue), made(state, dialogue))


def test_each_dialogue_is_read_as_if_alone():
    torch.manual_seed(0)
    encoder = ContextRNN(3, 4, 0.5).eval()
    state = torch.randn(9, 3)
    together = encoder(state, torch.tensor([0, 0, 2, 3, 3, 3, 3, 3, 3]))
    assert together.shape == (9, encoder.width)
    alone = [encoder(part, torch.zeros(len(part)).long()) for part in state.split([2, 1, 6])]
    torch.testing.assert_close(together, torch.cat(alone), rtol=1e-5, atol=1e-5)
    assert not torch.allclose(together, encoder(state, torch.zeros(9).long()), atol=1e-4)


def test_every_turn_reads_the_turns_before_and_after_it():
    torch.manual_seed(0)
    encoder = ContextRNN(3, 4, 0.0)
    state = torch.randn(5, 3, requires_grad=True)
    encoder(state, torch.zeros(5).long())[2].sum().backward()
    assert (state.grad.abs().sum(dim=1) > 0).all()
    assert all(parameter.grad.any() for parameter in encoder.parameters())
