import json

import pytest
import torch

from graphmer.dialogue import Dialogue, Utterance
from graphmer.dialogue.standardise import Standardiser
from tests.talks import WIDTHS, ragged, talk


def of_text(id: str, *rows: list[float] | None) -> Dialogue:
    turns = [Utterance("A", {} if row is None else {"text": row}) for row in rows]
    return Dialogue.from_utterances(id, turns, widths={"text": 2})


def test_statistics_are_computed_where_the_modality_is_available():
    measured = Standardiser.fit([of_text("a", [1, 10], None), of_text("b", [3, 20], [8, 30], None)])
    rows = torch.tensor([[1.0, 10], [3, 20], [8, 30]])
    torch.testing.assert_close(measured.mean["text"], rows.mean(dim=0))
    torch.testing.assert_close(measured.deviation["text"], rows.std(dim=0, unbiased=False))


def test_the_training_set_gets_zero_mean_and_unit_variance():
    dialogues = [talk("AB" * 20, id=str(n), seed=n) for n in range(5)]
    standardised = [Standardiser.fit(dialogues)(dialogue) for dialogue in dialogues]
    for modality in WIDTHS:
        rows = torch.cat([dialogue.features[modality] for dialogue in standardised])
        torch.testing.assert_close(rows.mean(dim=0), torch.zeros(rows.shape[1]), atol=1e-6, rtol=0)
        torch.testing.assert_close(rows.std(dim=0, unbiased=False), torch.ones(rows.shape[1]))


def test_a_small_variance_around_a_large_mean_is_accurate():
    measured = Standardiser.fit([of_text("a", [1000.0, 0], [1000.1, 1], [1000.2, 2])])
    assert measured.deviation["text"][0].item() == pytest.approx(0.0816, rel=0.01)


def test_a_constant_feature_becomes_zero():
    dialogue = of_text("a", [5, 1], [5, 2])
    assert Standardiser.fit([dialogue])(dialogue).features["text"][:, 0].tolist() == [0, 0]


def test_rows_of_a_missing_modality_are_ignored():
    dialogue = of_text("a", [1, 2], None, [3, 5])
    dialogue.features["text"][1] = float("nan")
    measured = Standardiser.fit([dialogue])
    assert measured.mean["text"].tolist() == [2, 3.5]


def test_outliers_are_clipped():
    measured = Standardiser.fit([of_text("a", [0, 0], [1, 1], [2, 2])])
    clipped = measured(of_text("b", [1e9, -1e9])).features["text"]
    assert clipped.tolist() == [[10, -10]]


def test_standardising_does_not_modify_the_dialogue():
    dialogue = talk("AB")
    before = dialogue.features["text"].clone()
    Standardiser.fit(ragged())(dialogue)
    assert torch.equal(dialogue.features["text"], before)


def test_a_modality_without_any_utterance_is_refused():
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
