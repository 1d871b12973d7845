import torch

from graphmer.curriculum.views import change_share, condition_number, ranks
from graphmer.dialogue import Dialogue, LabelSpace, Utterance
from tests.talks import LABELS, talk

NAN = float("nan")


def test_conditions_are_numbered_by_their_modalities():
    available = torch.tensor([[0, 0, 0], [1, 0, 0], [0, 1, 0], [1, 1, 0], [1, 1, 1]], dtype=torch.bool)
    assert condition_number(available).tolist() == [0, 1, 2, 3, 7]


def test_ranks_go_from_zero_to_one_and_equals_share_theirs():
    assert ranks(torch.tensor([3.0, 1.0, 7.0])).tolist() == [0.5, 0, 1]
    assert ranks(torch.tensor([2.0, 2.0, 1.0, NAN, 5.0])).tolist() == [0.5, 0.5, 0, 0.5, 1]
    assert ranks(torch.tensor([4.0, 4.0])).tolist() == [0.5, 0.5]
    assert ranks(torch.tensor([NAN, 4.0]), empty=0.0).tolist() == [0, 0.5]
    assert ranks(torch.tensor([NAN])).tolist() == [0.5]


def test_the_share_of_changes_counts_eligible_turns_around():
    emotions = ["sad", "sad", "happy", "sad", "happy", "happy", None]
    dialogue = Dialogue.from_utterances("d", [Utterance("A", {"text": [0.0]}, e) for e in emotions])
    # turn 0 has nothing before it, the last one is not annotated; changes at turns 2, 3, 4
    expected = [1 / 2, 2 / 3, 3 / 4, 3 / 5, 3 / 4, 2 / 3, 1 / 2]
    torch.testing.assert_close(change_share(dialogue, LABELS), torch.tensor(expected))


def test_there_is_no_change_of_scores_or_of_a_single_turn():
    assert torch.isnan(change_share(talk("A"), LABELS)).all()
    scores = LabelSpace((), (-3.0, 3.0))
    assert torch.isnan(change_share(talk("AB").unlabelled(), scores)).all()
