from graphmer.corpora.base import Card, InMemoryCorpus
from graphmer.corpora.simulate import simulate
from tests.talks import LABELS, WIDTHS, talk


def test_the_short_form_says_how_large_a_corpus_is():
    dialogues = (talk("ABA", id="x"), talk("AB", id="y"))
    corpus = InMemoryCorpus(Card("Mine", "none", "none"), LABELS, WIDTHS, dialogues, {}, "0f")
    assert repr(corpus) == "InMemoryCorpus('Mine', 2 dialogues, 5 turns, audio 3, text 5, video 4)"


def test_a_simulated_corpus_has_a_short_form_too():
    corpus = simulate(
        sessions=(2,), turns=(3, 3), mean_turns=3, widths={"text": 12}, separation={"text": 1.0}
    )
    assert repr(corpus) == "SimulatedCorpus('Simulated IEMOCAP-4', 2 dialogues, 6 turns, text 12)"
