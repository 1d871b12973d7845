import json

import pytest
import torch

from graphmer.dialogue import Dialogue, Utterance
from graphmer.dialogue.standardise import Standardiser
from tests.talks import WIDTHS, ragged, talk


def of_text(id: str, *rows: list[float] | None) -> Dialogue:
    turns = [Utterance("A", {} if row is None else {"text": row}) for row in rows]
    return Dialogue.from_utterances(id, turns, widths={"text": 2})


def test_mean_and_deviation_are_those_of_the_utterances_that_have_the_modality():
    measured = Standardiser.fit([of_text("a", [1, 10], None), of_text("b", [3, 20], [8, 30], None)])
    rows = torch.tensor([[1.0, 10], [3, 20], [8, 30]])
    torch.testing.assert_close(measured.mean["text"], rows.mean(dim=0))
    torch.testing.assert_close(measured.deviation["text"], rows.std(dim=0, unbiased=False))


def test_the_training_part_comes_out_with_zero_mean_and_unit_deviation():
    dialogues = [talk("AB" * 20, id=str(n), seed=n) for n in range(5)]
    standardised = [Standardiser.fit(dialogues)(dialogue) for dialogue in dialogues]
    for modality in WIDTHS:
        rows = torch.cat([dialogue.features[modality] for dialogue in standardised])
        torch.testing.assert_close(rows.mean(dim=0), torch.zeros(rows.shape[1]), atol=1e-6, rtol=0)
        torch.testing.assert_close(rows.std(dim=0, unbiased=False), torch.ones(rows.shape[1]))


def test_small_spread_around_a_large_mean_survives():
    measured = Standardiser.fit([of_text("a", [1000.0, 0], [1000.1, 1], [1000.2, 2])])
    assert measured.deviation["text"][0].item() == pytest.approx(0.0816, rel=0.01)


def test_a_constant_feature_becomes_zero():
    dialogue = of_text("a", [5, 1], [5, 2])
    assert Standardiser.fit([dialogue])(dialogue).features["text"][:, 0].tolist() == [0, 0]


def test_what_is_missing_is_not_measured():
    """Whatever its rows hold."""
    dialogue = of_text("a", [1, 2], None, [3, 5])
    dialogue.features["text"][1] = float("nan")
    measured = Standardiser.fit([dialogue])
    assert measured.mean["text"].tolist() == [2, 3.5]


def test_one_broken_recording_is_clipped():
    measured = Standardiser.fit([of_text("a", [0, 0], [1, 1], [2, 2])])
    clipped = measured(of_text("b", [1e9, -1e9])).features["text"]
    assert clipped.tolist() == [[10, -10]]


def test_the_dialogue_that_is_standardised_is_left_as_it_was():
    dialogue = talk("AB")
    before = dialogue.features["text"].clone()
    Standardiser.fit(ragged())(dialogue)
    assert torch.equal(dialogue.features["text"], before)


def test_a_modality_nobody_has_is_refused():
    with pytest.raises(ValueError, match="No training utterance has the modality 'text'; leave it out"):
        Standardiser.fit([of_text("a", None)])


def test_the_identity_changes_nothing():
    dialogue = of_text("a", [1e9, -3])
    assert torch.equal(
        Standardiser.identity({"text": 2})(dialogue).features["text"], dialogue.features["text"]
    )


@pytest.mark.parametrize("measured", [Standardiser.fit(ragged()), Standardiser.identity(WIDTHS)])
def test_json_keeps_every_bit(measured):
    again = Standardiser.from_json(json.loads(json.dumps(measured.to_json())))
    assert again.limit == measured.limit
    for modality in WIDTHS:
        assert torch.equal(again.mean[modality], measured.mean[modality])
        assert torch.equal(again.deviation[modality], measured.deviation[modality])
