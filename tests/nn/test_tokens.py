import torch

from graphmer.nn.tokens import Tokens

AVAILABLE = torch.tensor([[1, 1], [0, 1], [0, 0], [1, 0], [1, 1]], dtype=torch.bool)
DIALOGUE = torch.tensor([0, 0, 0, 1, 1])


def test_every_available_pair_is_one_token_by_modality_then_by_node():
    tokens = Tokens.of(AVAILABLE, DIALOGUE)
    assert tokens.counts == (3, 3)
    assert tokens.node.tolist() == [0, 3, 4, 0, 1, 4]


def test_tokens_of_one_modality_in_one_dialogue_form_a_sequence():
    tokens = Tokens.of(AVAILABLE, DIALOGUE)
    assert tokens.sequence.tolist() == [0, 1, 1, 2, 2, 3]
    assert tokens.rank.tolist() == [0, 0, 1, 0, 1, 0]
    assert tokens.shape == (4, 2)
    assert tokens.filled.tolist() == [[True, False], [True, True], [True, True], [True, False]]
    assert tokens.slot.tolist() == [0, 2, 3, 4, 5, 6]


def test_the_tokens_of_one_modality_stand_on_their_own():
    tokens = Tokens.of(AVAILABLE, DIALOGUE).only(1)
    assert tokens.counts == (0, 3)
    assert tokens.node.tolist() == [0, 1, 4]
    assert tokens.sequence.tolist() == [0, 0, 1]
    assert tokens.shape == (2, 2)


def test_rows_are_split_by_modality():
    tokens = Tokens.of(AVAILABLE, DIALOGUE)
    assert [part.tolist() for part in tokens.split(tokens.node)] == [[0, 3, 4], [0, 1, 4]]


def test_a_dialogue_without_a_modality_leaves_no_gap_in_the_numbers():
    available = torch.tensor([[1], [0], [1]], dtype=torch.bool)
    tokens = Tokens.of(available, torch.tensor([0, 1, 2]))
    assert tokens.sequence.tolist() == [0, 1]


def test_where_nothing_is_available_there_are_no_tokens():
    tokens = Tokens.of(torch.zeros(3, 2, dtype=torch.bool), torch.zeros(3, dtype=torch.long))
    assert tokens.counts == (0, 0)
    assert tokens.shape == (0, 0)
    assert tokens.slot.shape == (0,)
    assert tokens.filled.shape == (0, 0)
    assert tokens.only(1).shape == (0, 0)


def test_a_mask_is_made_once_for_all_that_name_it_alike():
    tokens = Tokens.of(AVAILABLE, DIALOGUE)
    first = tokens.once("all", lambda: torch.ones(1))
    assert tokens.once("all", lambda: torch.zeros(1)) is first
    assert tokens.once("none", lambda: torch.zeros(1)).tolist() == [0.0]
    assert tokens.only(1).once("all", lambda: torch.zeros(1)).tolist() == [0.0]
