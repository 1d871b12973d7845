from dataclasses import replace
from itertools import product

import numpy as np
import pytest
import torch

from graphmer.corpora.posterior import bayes_accuracies, bayes_accuracy, change_posterior, posterior
from graphmer.corpora.simulate import SimulatedCorpus, simulate
from graphmer.dialogue import Dialogue, protocol

MODALITIES = ("audio", "text", "video")
PRIOR = {"joy": 3.0, "fear": 1.0, "calm": 2.0}


@pytest.fixture(scope="module")
def corpus() -> SimulatedCorpus:
    return simulate()


def evidence(corpus: SimulatedCorpus, dialogue: Dialogue, turns: int, loss: np.ndarray | None) -> np.ndarray:
    """Log-likelihood of each of the first `turns` turns under each emotion."""
    score = np.zeros((turns, len(corpus.process.prior)))
    for column, (modality, emission) in enumerate(corpus.process.emissions.items()):
        for turn in range(turns):
            if dialogue.available[turn, column]:
                z = dialogue.features[modality][turn].double().numpy() @ emission.lift
                variance = emission.spread**2 + emission.ambient**2
                score[turn] -= ((z - emission.means) ** 2).sum(axis=1) / (2 * variance)
            if loss is not None and dialogue.available[turn, column]:
                score[turn] += np.log(1 - loss[:, column])
            elif loss is not None and not dialogue.present[turn, column]:
                score[turn] += np.log(loss[:, column])
    return score


def brute_force(
    corpus: SimulatedCorpus, dialogue: Dialogue, turns: int, loss: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Posterior and change probability of the first `turns` turns, by enumeration of all sequences."""
    process, speaker = corpus.process, dialogue.speaker.tolist()
    classes = len(process.prior)
    score = evidence(corpus, dialogue, turns, loss)
    total, changed = np.zeros((turns, classes)), np.zeros(turns)
    before = [max((k for k in range(t) if speaker[k] == speaker[t]), default=None) for t in range(turns)]
    for emotions in product(range(classes), repeat=turns):
        weight = 1.0
        for turn, emotion in enumerate(emotions):
            mine = [t for t in range(turn) if speaker[t] == speaker[turn]]
            theirs = [t for t in range(turn) if speaker[t] != speaker[turn]]
            fresh, stays = 1.0, 0.0
            if mine:
                fresh -= process.inertia
                stays += process.inertia * (emotions[mine[-1]] == emotion)
            if theirs:
                fresh -= process.contagion
                # the most recent other speaker has the latest turn that is not of this speaker
                stays += process.contagion * (emotions[theirs[-1]] == emotion)
            weight *= (stays + fresh * process.prior[emotion]) * np.exp(score[turn, emotion])
        for turn, (emotion, previous) in enumerate(zip(emotions, before, strict=True)):
            total[turn, emotion] += weight
            changed[turn] += np.nan if previous is None else weight * (emotion != emotions[previous])
    return total / total.sum(axis=1, keepdims=True), changed / total.sum(axis=1)


@pytest.mark.parametrize("speakers", [2, 3, 4])
@pytest.mark.parametrize("spec", ["complete", "rate:0.6", "v", "speaker:a"])
def test_the_posterior_is_the_sum_over_all_emotion_sequences(speakers, spec):
    corpus = simulate(
        5,
        prior=PRIOR,
        speakers=speakers,
        sessions=(4,),
        turns=(7, 7),
        mean_turns=7,
        inertia=0.5,
        contagion=0.3,
    )
    for dialogue in corpus.dialogues:
        masked = protocol(spec, MODALITIES).apply(dialogue, 0)
        expected, changed = brute_force(corpus, masked, 7)
        assert posterior(corpus.process, masked) == pytest.approx(expected, abs=1e-10)
        found = change_posterior(corpus.process, masked)
        assert found == pytest.approx(changed, abs=1e-10, nan_ok=True)


@pytest.mark.parametrize("spec", ["complete", "rate:0.5"])
def test_the_posterior_that_knows_the_law_is_the_sum_over_all_emotion_sequences(spec):
    rates = {"v@joy": 0.7, "v@fear": 0.2, "v": 0.1, "a@fear": 0.9, "a": 0.4}
    law = protocol("mnar:" + ",".join(f"{place}={rate}" for place, rate in rates.items()), MODALITIES)
    loss = np.array([[0.4, 0, 0.7], [0.9, 0, 0.2], [0.4, 0, 0.1]])
    corpus = simulate(5, prior=PRIOR, sessions=(4,), turns=(6, 6), mean_turns=6, law=law)
    for dialogue in corpus.dialogues:
        masked = protocol(spec, MODALITIES).apply(dialogue, 0)
        known, _ = brute_force(corpus, masked, 6, loss)
        ignored, _ = brute_force(corpus, masked, 6)
        assert posterior(corpus.process, masked, laws=[corpus.law]) == pytest.approx(known, abs=1e-10)
        assert posterior(corpus.process, masked) == pytest.approx(ignored, abs=1e-10)
        assert known != pytest.approx(ignored, abs=0.01)


def test_two_laws_lose_what_either_loses():
    law = protocol("mnar:v@joy=0.5,a=0.5", MODALITIES)
    corpus = simulate(5, prior=PRIOR, sessions=(2,), turns=(6, 6), mean_turns=6, law=law)
    again = protocol("mnar:v@joy=0.5", MODALITIES).of(corpus.labels, PRIOR)
    loss = np.array([[0.5, 0, 0.75], [0.5, 0, 0], [0.5, 0, 0]])
    for dialogue in corpus.dialogues:
        masked = again.apply(dialogue, 7)
        with np.errstate(divide="ignore"):
            known, _ = brute_force(corpus, masked, 6, loss)
        found = posterior(corpus.process, masked, laws=[corpus.law, again])
        assert found == pytest.approx(known, abs=1e-10)


def test_a_law_changes_what_is_recorded_and_nothing_else():
    whole, lossy = (
        simulate(sessions=(9,), law=law) for law in (None, protocol("mnar:v@sad=0.8", MODALITIES))
    )
    sad = np.array([emotion == "sad" for d in whole.dialogues for emotion in d.emotion])
    lost = torch.cat([~d.available for d in lossy.dialogues]).numpy()
    assert not lost[:, :2].any()
    assert not lost[~sad].any()
    assert lost[sad, 2].mean() == pytest.approx(0.8, abs=0.1)
    for one, two in zip(whole.dialogues, lossy.dialogues, strict=True):
        assert one.emotion == two.emotion
        assert all(torch.equal(one.features[m], two.features[m]) for m in MODALITIES)
    assert whole.fingerprint != lossy.fingerprint


def test_the_bayes_accuracy_is_that_of_the_optimal_classifier_which_knows_the_law():
    law = protocol("mnar:v@sad=0.8,v=0.3,a@angry=0.8,a=0.3,t=0.7", MODALITIES)
    corpus = simulate(2, law=law)
    names = corpus.labels.names
    hits = [
        names[row.argmax()] == emotion
        for d in corpus.dialogues
        for row, emotion in zip(posterior(corpus.process, d, laws=[corpus.law]), d.emotion, strict=True)
    ]
    complete = protocol("complete", MODALITIES)
    assert bayes_accuracy(corpus, complete) == pytest.approx(np.mean(hits), abs=0.01)
    assert bayes_accuracy(corpus, complete) > bayes_accuracy(replace(corpus, law=None), complete) + 0.02


@pytest.mark.parametrize("speakers", [2, 3])
def test_the_causal_posterior_is_that_of_the_dialogue_up_to_the_turn(speakers):
    corpus = simulate(6, prior=PRIOR, speakers=speakers, sessions=(2,), turns=(6, 6), mean_turns=6)
    for dialogue in corpus.dialogues:
        masked = protocol("rate:0.5", MODALITIES).apply(dialogue, 0)
        posteriors, changes = zip(*(brute_force(corpus, masked, turn + 1) for turn in range(6)), strict=True)
        so_far = np.array([expected[-1] for expected in posteriors])
        assert posterior(corpus.process, masked, causal=True) == pytest.approx(so_far, abs=1e-10)
        changed = np.array([change[-1] for change in changes])
        found = change_posterior(corpus.process, masked, causal=True)
        assert found == pytest.approx(changed, abs=1e-10, nan_ok=True)


def test_the_posterior_without_any_modality_is_the_prior(corpus):
    dialogue = corpus.dialogues[0]
    blind = dialogue.with_available(torch.zeros_like(dialogue.available))
    for row in posterior(corpus.process, blind):
        assert row == pytest.approx(corpus.process.prior)


def test_masked_features_do_not_change_the_posterior(corpus):
    dialogue = protocol("at", MODALITIES).apply(corpus.dialogues[0], 0)
    other = replace(
        dialogue, features={**dialogue.features, "video": torch.full((len(dialogue), 256), torch.nan)}
    )
    assert (posterior(corpus.process, dialogue) == posterior(corpus.process, other)).all()


def test_speaker_offsets_do_not_change_the_posterior(corpus):
    dialogue = corpus.dialogues[0]
    voice = torch.from_numpy(corpus.process.emissions["text"].voice[:, 0]).float()
    louder = replace(dialogue, features={**dialogue.features, "text": dialogue.features["text"] + 50 * voice})
    assert posterior(corpus.process, louder) == pytest.approx(posterior(corpus.process, dialogue), abs=1e-4)


@pytest.mark.parametrize("spec", ["atv", "a", "v", "rate:0.5"])
@pytest.mark.parametrize("causal", [False, True])
def test_the_expected_accuracy_agrees_with_the_empirical_accuracy(corpus, spec, causal):
    rule = protocol(spec, MODALITIES)
    surprise = []
    for dialogue in corpus.dialogues:
        expected = posterior(corpus.process, rule.apply(dialogue, 0), causal=causal)
        hit = expected.argmax(axis=1) == corpus.labels.encode(dialogue.emotion).numpy()
        surprise.append((hit - expected.max(axis=1)).sum())
    # dialogues are independent of one another, turns are not
    assert abs(np.sum(surprise)) <= 3 * np.sqrt(np.sum(np.square(surprise)))


def test_accuracy_increases_with_more_modalities_and_lower_rates(corpus):
    table = bayes_accuracies(corpus)
    for fewer, more in (("a", "at"), ("a", "av"), ("t", "at"), ("t", "tv"), ("v", "av"), ("v", "tv")):
        assert table[fewer] < table[more] < table["atv"]
    rates = [table[f"rate:{rate}"] for rate in ("0", "0.1", "0.2", "0.3", "0.4", "0.5", "0.6", "0.7")]
    assert rates == sorted(rates, reverse=True)
    assert table["rate:0"] == pytest.approx(table["atv"], abs=1e-12)


def test_past_and_future_context_increase_the_accuracy(corpus):
    alone = simulate(inertia=0.0, contagion=0.0)
    at = protocol("at", MODALITIES)
    past, both = (bayes_accuracy(corpus, at, causal=causal) for causal in (True, False))
    assert bayes_accuracy(alone, at) + 0.03 < past
    assert past + 0.02 < both


def test_accuracy_is_the_mean_over_labelled_turns_of_the_chosen_dialogues():
    corpus = simulate(sessions=(2, 2), unlabelled=0.5)
    rule = protocol("complete", MODALITIES)
    chosen = corpus.dialogues[1]
    expected = posterior(corpus.process, chosen)
    known = [turn for turn, emotion in enumerate(chosen.emotion) if emotion is not None]
    assert bayes_accuracy(corpus, rule, 0, [chosen.id]) == pytest.approx(expected[known].max(axis=1).mean())


def test_invalid_arguments_of_the_bayes_accuracy_are_refused(corpus):
    rule = protocol("complete", MODALITIES)
    with pytest.raises(ValueError, match=r"got 'noise:1', which corrupts them. Use a protocol that masks"):
        bayes_accuracy(corpus, protocol("noise:1", MODALITIES))
    with pytest.raises(
        ValueError, match=r"must name dialogues of the corpus, at least one; got \['nobody'\]"
    ):
        bayes_accuracy(corpus, rule, 0, ["nobody"])
    with pytest.raises(ValueError, match="at least one; got"):
        bayes_accuracy(corpus, rule, 0, [])
    other = replace(
        corpus.dialogues[0], features={m[::-1]: f for m, f in corpus.dialogues[0].features.items()}
    )
    with pytest.raises(ValueError, match="'oidua' is not a modality of the process; it has"):
        posterior(corpus.process, other)
    crowd = simulate(speakers=12, sessions=(1,), turns=(80, 80), mean_turns=80)
    with pytest.raises(ValueError, match=r"needs emotions \*\* speakers <= 1000000; got 4 \*\* 12"):
        posterior(crowd.process, crowd.dialogues[0])
    silent = replace(corpus, dialogues=[replace(d, emotion=(None,) * len(d)) for d in corpus.dialogues[:1]])
    with pytest.raises(ValueError, match="needs at least one labelled turn; got none"):
        bayes_accuracy(silent, rule)
