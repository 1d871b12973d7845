import torch

from graphmer.nn.reconstruction import ReconstructionHeads

WIDTHS = {"audio": 3, "text": 5}


def test_a_shared_state_or_one_of_each_modality_is_mapped_to_its_features():
    torch.manual_seed(0)
    heads, state = ReconstructionHeads(4, WIDTHS), torch.randn(6, 2, 4)
    shared, own = heads(state[:, 0]), heads(state)
    assert list(own) == list(WIDTHS)
    for column, (modality, head) in enumerate(heads.items()):
        assert torch.equal(shared[modality], head(state[:, 0]))
        assert torch.equal(own[modality], head(state[:, column]))


def test_without_heads_nothing_is_reconstructed():
    assert ReconstructionHeads(4, {})(torch.randn(6, 4)) == {}
