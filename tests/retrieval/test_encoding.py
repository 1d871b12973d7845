import json

import pytest
import torch

from graphmer.retrieval import InputEncoding, fit_encoder
from tests.retrieval.test_encoder import CLASSES, chats


@pytest.fixture(scope="module")
def fitted():
    training = chats(9, signal=1.0)
    return training, InputEncoding.fit(training, CLASSES, seed=1)


def test_the_encoded_training_part_has_mean_zero_and_deviation_one(fitted):
    training, encoding = fitted
    for modality in ("audio", "text"):
        rows = torch.cat([encoding(dialogue).features[modality] for dialogue in training])
        assert rows.shape[1] == 26
        torch.testing.assert_close(rows.mean(dim=0), torch.zeros(26), atol=1e-4, rtol=0)
        torch.testing.assert_close(rows.std(dim=0, correction=0), torch.ones(26), atol=1e-3, rtol=0)


def test_other_dialogues_are_encoded_by_what_was_fitted_on_the_training_part(fitted):
    training, encoding = fitted
    new = chats(1, seed=3, name="new")[0]
    encoder = fit_encoder(training, CLASSES, seed=1)
    rows = torch.cat([encoder(dialogue).features["text"] for dialogue in training])
    by_hand = (encoder(new).features["text"] - rows.mean(dim=0)) / rows.std(dim=0, correction=0)
    torch.testing.assert_close(encoding(new).features["text"], by_hand, atol=1e-4, rtol=1e-4)


def test_an_encoding_is_restored_from_json_and_weights(fitted):
    training, encoding = fitted
    again = InputEncoding.from_json(json.loads(json.dumps(encoding.to_json())))
    again.load_weights(encoding.weights())
    for dialogue in training[:3]:
        for modality, rows in encoding(dialogue).features.items():
            assert torch.equal(again(dialogue).features[modality], rows)
