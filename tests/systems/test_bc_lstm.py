"""bc-LSTM against its equations, and its number of parameters."""

import torch

from graphmer.graph import GraphBuilder
from graphmer.nn.network import Signature
from graphmer.systems.bc_lstm import BcLstmNetwork, BcLstmSettings
from tests.talks import LABELS, WIDTHS, batched, ragged

BUILD = GraphBuilder({}, LABELS)


def network(width: int = 6) -> BcLstmNetwork:
    torch.manual_seed(0)
    signature = Signature(widths=WIDTHS, outputs=4, relations=())
    return BcLstmNetwork(BcLstmSettings(width=width), signature).eval()


def test_it_is_a_linear_layer_behind_an_lstm_over_features_with_zeros():
    made, graph = network(), batched(ragged(), BUILD)
    filled = [
        torch.stack([row if there else 0 * row for row, there in zip(graph[m], has, strict=True)])
        for m, has in zip(WIDTHS, graph.available.T, strict=True)
    ]
    state = made.context(torch.cat(filled, dim=1), graph.dialogue) @ made.leave.weight.T + made.leave.bias
    last = made.emotion[1]
    expected = state.clamp_min(0) @ last.weight.T + last.bias
    torch.testing.assert_close(made(graph).logits, expected)


def test_its_number_of_parameters_is_that_of_its_layers():
    width, inputs = 6, sum(WIDTHS.values())
    gates = 2 * 4 * width  # of both directions
    lstm = gates * (inputs + width + 2) + gates * (3 * width + 2)
    rest = (2 * width + 1) * width + (width + 1) * 4
    assert sum(p.numel() for p in network(width).parameters()) == lstm + rest
