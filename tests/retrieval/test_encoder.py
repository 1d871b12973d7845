from dataclasses import replace

import pytest
import torch

from graphmer.dialogue import Dialogue, LabelSpace, Utterance
from graphmer.retrieval import RetrievalIndex
from graphmer.retrieval.encoder import RetrievalEncoder, fit_encoder

CLASSES = LabelSpace(("happy", "sad"))
SCORE = LabelSpace(interval=(-3.0, 3.0))
QUICK = {"parts": 3, "hidden": 32, "epochs": 15}


def chats(
    count=20, length=20, *, signal=0.0, seed=0, name="d", score=False, names=("audio", "text")
) -> list[Dialogue]:
    """Noise of width 24 in every modality; one feature of the text contains `signal` times the label."""
    generator = torch.Generator().manual_seed(seed)
    dialogues = []
    for number in range(count):
        label = torch.randint(2, (length,), generator=generator)
        rows = {m: torch.randn(length, 24, generator=generator) for m in names}
        rows["text"][:, 3] += signal * (2 * label - 1)
        turns = [
            Utterance("Ann", {m: r[n] for m, r in rows.items()}, e - 0.5 if score else CLASSES.names[e])
            for n, e in enumerate(label.tolist())
        ]
        dialogues.append(Dialogue.from_utterances(f"{name}{number}", turns))
    return dialogues


def agreement(training, others) -> float:
    """Fraction of utterances whose nearest training utterance by text has the same label."""
    index = RetrievalIndex.build(training, fingerprint="fold")
    target = torch.cat([CLASSES.encode(d.emotion) for d in training])
    query = torch.cat([CLASSES.encode(d.emotion) for d in others])
    near = index.search(others, 1, torch.ones(len(index.widths))).neighbours[:, -1, 0]
    return float((target[near] == query).float().mean())


def test_neighbours_share_the_label_more_often_in_training_and_elsewhere():
    training, others = chats(signal=0.7), chats(40, signal=0.7, seed=1, name="new")
    encoder = fit_encoder(training, CLASSES, **QUICK)
    encoded, away = [encoder(d) for d in training], [encoder(d) for d in others]
    inside, outside = agreement(encoded, encoded), agreement(encoded, away)
    assert inside > agreement(training, training) + 0.03
    assert outside > agreement(training, others) + 0.03
    assert abs(inside - outside) < 0.06


def accuracy(encoder, dialogues) -> float:
    """Accuracy of the logits that are appended to the text."""
    predicted = torch.cat([encoder(d).features["text"][:, -2:].argmax(dim=1) for d in dialogues])
    return float((predicted == torch.cat([CLASSES.encode(d.emotion) for d in dialogues])).float().mean())


def test_the_label_of_an_utterance_does_not_leak_into_its_encoding():
    """On noise the accuracy is that of chance, whereas a network that was fitted on the label predicts it."""
    training = chats(names=("text",))
    encoder = fit_encoder(training, CLASSES, parts=3, hidden=128, epochs=60)
    assert accuracy(encoder, training) == pytest.approx(0.5, abs=0.06)
    encoded = [encoder(dialogue) for dialogue in training]
    assert agreement(encoded, encoded) == pytest.approx(0.5, abs=0.06)
    encoder.part = lambda dialogue: (RetrievalEncoder.part(encoder, dialogue) + 1) % 3
    assert accuracy(encoder, training) > 0.8


def test_an_encoding_does_not_depend_on_the_labels_of_its_part():
    training = chats(9, signal=1.0)
    encoder = fit_encoder(training, CLASSES, **QUICK)
    for part in range(3):
        mine = [d for d in training if encoder.part(d.id) == part]
        swapped = [replace(d, emotion=d.emotion[::-1]) if d in mine else d for d in training]
        other = fit_encoder(swapped, CLASSES, **QUICK)
        for dialogue in mine:
            assert torch.equal(encoder(dialogue).features["text"], other(dialogue).features["text"])
        changed = [d for d in training if d not in mine]
        assert any(not torch.equal(encoder(d).features["text"], other(d).features["text"]) for d in changed)


def test_features_are_kept_and_logits_have_the_same_length():
    training = chats(signal=1.0)
    encoder = fit_encoder(training, CLASSES, **QUICK)
    encoded = [encoder(dialogue) for dialogue in training]
    assert encoder.widths == {"audio": 26, "text": 26}
    rows = torch.cat([dialogue.features["text"] for dialogue in encoded])
    assert torch.equal(rows[:, :24], torch.cat([dialogue.features["text"] for dialogue in training]))
    lengths = [part.square().sum(dim=1).mean().item() for part in (rows[:, :24], rows[:, 24:])]
    assert lengths[1] == pytest.approx(lengths[0], rel=0.25)


def test_a_score_is_learned_too():
    training = chats(signal=1.5, score=True)
    encoder = fit_encoder(training, SCORE, **QUICK)
    predicted = torch.cat([encoder(d).features["text"][:, 24] for d in training])
    target = torch.cat([SCORE.encode(d.emotion) for d in training])
    assert torch.corrcoef(torch.stack([predicted, target]))[0, 1] > 0.6


def test_unavailable_modalities_are_used_neither_in_fitting_nor_in_encoding():
    training = chats(6, signal=1.0)
    mask = torch.arange(20)[:, None] % torch.tensor([2, 3]) > 0
    hidden = [dialogue.with_available(mask) for dialogue in training]
    before = fit_encoder(hidden, CLASSES, **QUICK)(hidden[0])
    for dialogue in hidden:
        for column, rows in enumerate(dialogue.features.values()):
            rows[~mask[:, column]] = torch.nan
    after = fit_encoder(hidden, CLASSES, **QUICK)(hidden[0])
    for column, modality in enumerate(("audio", "text")):
        assert torch.equal(after.features[modality], before.features[modality])
        assert not after.features[modality][~mask[:, column]].any()


def test_without_training_utterances_the_logits_are_zero():
    """A modality that no labelled utterance has, and dialogues that are all in one part."""
    training = [d.with_available(torch.tensor([False, True]).expand(20, 2)) for d in chats(4)]
    encoder = fit_encoder(training, CLASSES, **QUICK)
    assert not encoder(chats(1, name="new")[0]).features["audio"][:, 24:].any()
    alone = fit_encoder(chats(1), CLASSES, **QUICK)
    assert not alone(chats(1)[0]).features["text"][:, 24:].any()


def test_constant_features_and_a_single_class_give_finite_encodings():
    flat = [
        replace(d, features={m: torch.zeros(20, 24) for m in d.features}, emotion=("sad",) * 20)
        for d in chats(6)
    ]
    encoder = fit_encoder(flat, CLASSES, **QUICK)
    assert all(bool(rows.isfinite().all()) for d in flat for rows in encoder(d).features.values())


def test_the_result_depends_on_the_seed_and_the_global_generator_is_not_used():
    training = chats(6)
    torch.manual_seed(5)
    before = torch.random.get_rng_state()
    one, again = (fit_encoder(training, CLASSES, **QUICK, seed=1)(training[0]) for _ in range(2))
    assert torch.equal(torch.random.get_rng_state(), before)
    other = fit_encoder(training, CLASSES, **QUICK, seed=2)(training[0])
    assert torch.equal(one.features["text"], again.features["text"])
    assert not torch.equal(one.features["text"], other.features["text"])


def test_weights_are_restored_by_the_state_dict():
    training = chats(6, signal=1.0)
    encoder = fit_encoder(training, CLASSES, **QUICK)
    again = RetrievalEncoder(encoder.inputs, encoder.outputs, parts=3, hidden=32)
    again.load_state_dict(encoder.state_dict())
    assert torch.equal(again(training[0]).features["text"], encoder(training[0]).features["text"])


def test_bad_arguments_are_refused():
    with pytest.raises(ValueError, match=r"`parts` must be at least 2, .*; got 1"):
        RetrievalEncoder({"text": 3}, 2, parts=1)
    with pytest.raises(ValueError, match="needs labelled training utterances; there are none"):
        fit_encoder([dialogue.unlabelled() for dialogue in chats(2)], CLASSES)
    with pytest.raises(ValueError, match="'odd' must have the modalities and widths of the encoder"):
        RetrievalEncoder({"text": 3}, 2)(Dialogue.from_utterances("odd", [Utterance("A", {"text": [1.0]})]))
