from graphmer.corpora.base import Card, InMemoryCorpus
from graphmer.report.provenance import corpus_facts, training_curves
from tests.talks import LABELS, WIDTHS, talk


def epoch(number, *, fold=1, seed=1, best=False, score=0.5):
    return {
        "fold": fold, "seed": seed, "number": number, "stage": "mixing", "losses": {"emotion": 1.0 / number},
        "score": score, "best": best, "seconds": 0.1,
    }  # fmt: skip


def test_each_model_has_its_epochs_and_the_chosen_one():
    log = [epoch(1, best=True), epoch(1, seed=2, best=True), epoch(2, best=True), epoch(3)]
    first, second = training_curves(log)
    assert (first["seed"], first["chosen"], [e["number"] for e in first["epochs"]]) == (1, 2, [1, 2, 3])
    assert (second["seed"], second["chosen"]) == (2, 1)


def test_an_epoch_that_was_logged_again_after_an_interruption_counts_once():
    (model,) = training_curves([epoch(1, best=True), epoch(2, score=0.1), epoch(2, score=0.2)])
    assert [e["score"] for e in model["epochs"]] == [0.5, 0.2]


def test_without_a_validation_score_no_epoch_is_chosen():
    (model,) = training_curves([epoch(1, score=None)])
    assert model["chosen"] is None


def test_the_corpus_has_its_counts():
    dialogues = [talk("AB", ["at", "t"]), talk("AB", ["", "v"], id="e").unlabelled()]
    card = Card("Talks", "none", "nobody")
    found = corpus_facts(InMemoryCorpus(card, LABELS, WIDTHS, dialogues, {}, "f" * 64))
    assert (found["dialogues"], found["turns"], found["unlabelled"]) == (2, 4, 2)
    assert found["recorded"] == {"audio": 0.25, "text": 0.5, "video": 0.25}
    assert found["emotions"] == {"happy": 1, "sad": 1, "neutral": 0, "angry": 0}
