import numpy as np
import pytest
import torch
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV, cross_val_score

import graphmer as gm
from graphmer import EmotionClassifier
from graphmer.dialogue import Dialogue, Utterance
from graphmer.errors import ConfigError
from tests.talks import LABELS, talk

WIDTHS = {"audio": 4, "text": 4}


def chats(count: int = 12) -> list[Dialogue]:
    """Short dialogues whose text tells the emotion; one turn in three is not labelled, some lack audio."""
    generator = torch.Generator().manual_seed(0)
    found = []
    for number in range(count):
        turns = []
        for turn in range(6):
            emotion = ("calm", "angry")[(number + turn // 2) % 2]
            text = torch.randn(4, generator=generator) / 4 + (2.0 if emotion == "angry" else -2.0)
            features = {"audio": torch.randn(4, generator=generator), "text": text}
            kept = {m: rows for m, rows in features.items() if m == "text" or turn % 2}
            turns.append(Utterance("AB"[turn % 2], kept, None if turn % 3 == 2 else emotion))
        found.append(Dialogue.from_utterances(f"chat{number}", turns, widths=WIDTHS))
    return found


def small(**changes) -> EmotionClassifier:
    size = {"width": 8, "window": 1, "settings": {"training.batch_nodes": 12}}
    return EmotionClassifier(**{**size, "epochs": 6, "learning_rate": 0.01, **changes})


@pytest.fixture(scope="module")
def fitted() -> EmotionClassifier:
    return small().fit(chats())


def test_it_learns_what_the_text_tells(fitted):
    assert fitted.classes_.tolist() == ["angry", "calm"]
    assert fitted.score(chats()) > 0.95


def test_predictions_have_a_row_for_each_turn(fitted):
    dialogues = [chats(1)[0], talk("A", [""], id="one", widths=WIDTHS)]
    said, probability = fitted.predict(dialogues), fitted.predict_proba(dialogues)
    assert [rows.shape for rows in said] == [(6,), (1,)]
    assert [rows.shape for rows in probability] == [(6, 2), (1, 2)]
    for names, rows in zip(said, probability, strict=True):
        assert names.tolist() == fitted.classes_[rows.argmax(axis=1)].tolist()
        np.testing.assert_allclose(rows.sum(axis=1), 1, rtol=1e-5)


def test_a_score_is_the_accuracy_over_the_labelled_turns(fitted):
    (chat,) = chats(1)
    said = fitted.predict([chat])[0].tolist()
    wrong = {"calm": "angry", "angry": "calm"}
    rows = [said[0], None, None, wrong[said[3]], None, said[5]]
    assert fitted.score([chat], [rows]) == pytest.approx(2 / 3)
    with pytest.raises(ValueError, match="No turn is labelled; there is nothing to score"):
        fitted.score([chat], [[None] * 6])


def test_labels_beside_the_dialogues_count_instead_of_theirs():
    dialogues = chats()
    renamed = [[None if e is None else {"calm": "b", "angry": "a"}[e] for e in d.emotion] for d in dialogues]
    found = small(epochs=1).fit(dialogues, renamed)
    assert found.classes_.tolist() == ["a", "b"]
    with pytest.raises(ValueError, match="the dialogues have 72 turns in 12, y has 6 in 1"):
        small().fit(dialogues, renamed[:1])


def test_a_clone_has_the_parameters_and_nothing_learnt(fitted):
    copy = clone(fitted.set_params(seed=3))
    assert copy.get_params() == fitted.get_params()
    assert copy.get_params()["seed"] == 3
    with pytest.raises(NotFittedError):
        copy.predict(chats(1))


def test_fitting_again_gives_the_same_and_leaves_the_global_generator_alone():
    torch.manual_seed(5)
    before = torch.get_rng_state()
    one, two, other = (small(epochs=1, seed=seed).fit(chats()) for seed in (1, 1, 2))
    assert torch.equal(torch.get_rng_state(), before)
    said = [np.concatenate(found.predict_proba(chats())) for found in (one, two, other)]
    assert np.array_equal(said[0], said[1])
    assert not np.array_equal(said[0], said[2])


def test_it_works_in_cross_validation_and_grid_search():
    assert cross_val_score(small(), chats(), cv=2).min() > 0.7
    grid = {
        "width": [4, 8],
        "settings": [{"model.message_passing.convolution": "gatv2", "model.message_passing.heads": 2}],
    }
    search = GridSearchCV(small(epochs=1), grid, cv=2).fit(chats())
    assert search.best_estimator_.predictor_.trained.settings.network.message_passing.convolution == "gatv2"


def test_it_reads_what_the_missing_pattern_tells_and_masks_do_not_bury_it():
    generator = torch.Generator().manual_seed(0)
    lost = [torch.rand(6, generator=generator) < 0.5 for _ in range(24)]
    talks = [
        Dialogue.from_utterances(
            f"chat{number}",
            [
                Utterance(
                    "AB"[turn % 2], {"text": [1.0] * 4} | ({} if gone else {"audio": [1.0] * 4}), emotion
                )
                for turn, (gone, emotion) in enumerate(
                    (bool(gone), "angry" if gone else "calm") for gone in row
                )
            ],
            widths=WIDTHS,
        )
        for number, row in enumerate(lost)
    ]
    settings = {"training.batch_nodes": 12, "model.missing_pattern": True}
    reading = small(settings=settings).fit(talks)
    assert reading.score(talks) > 0.95


def test_a_causal_one_predicts_while_a_dialogue_goes_on():
    found = small(causal=True, attention_window=4, decoder="chain", epochs=1).fit(chats())
    stream = found.predictor_.stream()
    said = [stream.append(Utterance("A", {"text": [value] * 4})).emotion for value in (-2.0, 2.0)]
    assert set(said) <= {"calm", "angry"}


def test_a_setting_that_is_wrong_is_named():
    with pytest.raises(ConfigError, match=r"model.wdth: unknown field. Did you mean 'width'\?"):
        small(settings={"model.wdth": 3}).fit(chats())
    with pytest.raises(ConfigError, match=r"training.logit_adjustment: needs the calibration"):
        small(settings={"training.logit_adjustment": True}).fit(chats())
    with pytest.raises(ConfigError, match=r"model.attention_window: .*greater than or equal to 0; got -1"):
        small(attention_window=-1).fit(chats())


@pytest.mark.parametrize(
    ("dialogues", "message"),
    [
        ([], "X must be a list of graphmer dialogues; got none"),
        ([np.zeros(3)], "X must be a list of graphmer dialogues; got ndarray"),
        ([talk("AB"), talk("A")], "X holds two dialogues with the same id"),
        (
            [talk("AB").unlabelled()],
            "labelled with names of emotions, None where there is none; got no label",
        ),
    ],
)
def test_what_is_no_list_of_labelled_dialogues_is_refused(dialogues, message):
    with pytest.raises(ValueError, match=message):
        small().fit(dialogues)


def test_modalities_may_differ_from_dialogue_to_dialogue():
    dialogues = [*chats(6), *(talk("ABA", id=f"t{n}", widths={"text": 4}, seed=n) for n in range(4))]
    found = small(epochs=1).fit(dialogues)
    assert len(found.predict([talk("AB", widths={"audio": 4})])[0]) == 2
    assert set(found.classes_) == {"angry", "calm", *LABELS.names}


def test_it_is_a_public_name():
    assert gm.EmotionClassifier is EmotionClassifier


def test_shrunk_averages_are_fitted_to_the_dialogues():
    settings = {"model.neighborhood_averages": [2], "model.average_shrinkage": True}
    fitted = small(epochs=1, settings=settings).fit(chats())
    assert fitted.predictor_.model.network.neighborhood_averages.prior.gt(0).all()
