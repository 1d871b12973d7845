import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import torch

from graphmer.corpora.base import Corpus
from graphmer.corpora.emission import emission
from graphmer.corpora.process import Process, turn_taking
from graphmer.corpora.simulate import SimulatedCorpus, simulate


@pytest.fixture(scope="module")
def corpus() -> SimulatedCorpus:
    return simulate()


def small(seed: int = 0, **changes) -> SimulatedCorpus:
    return simulate(seed, **{"sessions": (3, 2), "turns": (2, 9), "mean_turns": 5, **changes})


def stacked(corpus: SimulatedCorpus, modality: str) -> np.ndarray:
    return np.concatenate([d.features[modality].numpy() for d in corpus.dialogues])


def emotions(corpus: SimulatedCorpus) -> np.ndarray:
    return np.concatenate([corpus.labels.encode(d.emotion).numpy() for d in corpus.dialogues])


def test_default_sizes_are_those_of_iemocap(corpus):
    assert isinstance(corpus, Corpus)
    assert corpus.card.simulated
    assert corpus.card.name == "Simulated IEMOCAP-4"
    assert Counter(d.session for d in corpus.dialogues) == {"1": 28, "2": 30, "3": 32, "4": 30, "5": 31}
    lengths = [len(d) for d in corpus.dialogues]
    assert (min(lengths), max(lengths)) == (5, 110)
    assert sum(lengths) == pytest.approx(5531, abs=60)
    assert corpus.card.counts == {"dialogues": 151, "utterances": sum(lengths)}
    assert corpus.labels.names == ("happy", "sad", "neutral", "angry")
    assert corpus.dialogues[2].id == "Ses01_sim003"
    assert corpus.dialogues[28].id == "Ses02_sim001"
    assert len({u for d in corpus.dialogues for u in d.utterance_ids}) == sum(lengths)


def test_every_dialogue_is_complete_and_labelled_by_default(corpus):
    assert all(bool(d.available.all()) and None not in d.emotion for d in corpus.dialogues)
    assert tuple(corpus.dialogues[0].modalities) == tuple(corpus.widths) == ("audio", "text", "video")


def test_emotion_frequencies_follow_the_prior(corpus):
    share = np.bincount(emotions(corpus), minlength=4) / len(emotions(corpus))
    # turns of one speaker depend on one another, hence wider than for independent ones
    assert share == pytest.approx(corpus.process.prior, abs=0.05)


def test_features_have_a_mean_square_of_one(corpus):
    for modality, width in corpus.widths.items():
        table = stacked(corpus, modality)
        assert table.dtype == np.float32
        assert table.shape[1] == width
        assert (table**2).mean() == pytest.approx(1, abs=0.2)


@pytest.mark.parametrize(("modality", "accuracy"), [("audio", 0.65), ("text", 0.75), ("video", 0.55)])
def test_one_modality_of_one_utterance_reaches_the_stated_accuracy(corpus, modality, accuracy):
    score = corpus.process.emissions[modality].log_likelihood(stacked(corpus, modality))
    predicted = (score + np.log(corpus.process.prior)).argmax(axis=1)
    assert (predicted == emotions(corpus)).mean() == pytest.approx(accuracy, abs=0.025)


def test_the_labels_have_the_specified_inertia_and_contagion(corpus):
    p = corpus.process
    held, expected, taken, expected_taken = [], [], [], []
    for dialogue in corpus.dialogues:
        course, speaker = corpus.labels.encode(dialogue.emotion).tolist(), dialogue.speaker.tolist()
        last: dict[int, int] = {}
        for now, emotion, (own, other) in zip(speaker, course, turn_taking(speaker), strict=True):
            if own and other is not None and last[now] != last[other]:
                rest = 1 - p.inertia - p.contagion
                held.append(emotion == last[now])
                expected.append(p.inertia + rest * p.prior[last[now]])
                taken.append(emotion == last[other])
                expected_taken.append(p.contagion + rest * p.prior[last[other]])
            last[now] = emotion
    for facts, chance in ((held, expected), (taken, expected_taken)):
        mean = float(np.mean(chance))
        assert np.mean(facts) == pytest.approx(mean, abs=3 * np.sqrt(mean * (1 - mean) / len(facts)))


def test_the_seed_determines_the_corpus():
    one, again, other = small(), small(), small(1)
    assert one.fingerprint == again.fingerprint != other.fingerprint
    for left, right in zip(one.dialogues, again.dialogues, strict=True):
        assert left.emotion == right.emotion
        assert all(torch.equal(left.features[m], right.features[m]) for m in left.modalities)


def test_a_corpus_does_not_depend_on_the_process_or_its_hash_seed():
    code = "from tests.corpora.test_simulate import small\nprint(small().fingerprint)"
    printed = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONHASHSEED": "1"},
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert printed.strip() == small().fingerprint


def test_unlabelled_utterances_affect_only_the_labels():
    full, partial = simulate(sessions=(9,)), simulate(sessions=(9,), unlabelled=0.3)
    share = np.mean(emotions(partial) == -1)
    assert share == pytest.approx(0.3, abs=3 * np.sqrt(0.21 / len(emotions(full))))
    known = emotions(partial) >= 0
    assert (emotions(partial)[known] == emotions(full)[known]).all()
    assert (stacked(partial, "text") == stacked(full, "text")).all()


def test_each_session_has_its_own_speakers_numbered_by_their_first_turn():
    corpus = simulate(sessions=(4, 4), speakers=3, turns=(20, 20), mean_turns=20)
    assert {s for d in corpus.dialogues for s in d.speakers} == {
        f"Ses0{session}_S{n}" for session in (1, 2) for n in (1, 2, 3)
    }
    for dialogue in corpus.dialogues:
        first = [dialogue.speaker.tolist().index(n) for n in range(len(dialogue.speakers))]
        assert first == sorted(first)


def test_emotions_modalities_and_sizes_can_be_chosen():
    prior = {"joy": 1.0, "fear": 2.0, "calm": 1.0}
    corpus = small(prior=prior, widths={"face": 20}, separation={"face": 2.0}, name="Three", sessions=(1,))
    assert corpus.labels.names == ("joy", "fear", "calm")
    assert corpus.process.prior.tolist() == [0.25, 0.5, 0.25]
    assert corpus.dialogues[0].features["face"].shape[1] == 20
    assert corpus.card.name == "Three"


def test_the_offset_of_a_speaker_is_orthogonal_to_the_emotions():
    distribution = emission(np.random.default_rng(0), 4, 40, 1.5)
    frame = np.concatenate([distribution.lift, distribution.voice], axis=1)
    assert np.allclose(frame.T @ frame, np.eye(frame.shape[1]))
    assert np.allclose(distribution.voice.T @ (distribution.means @ distribution.lift.T).T, 0)


def test_the_likelihood_equals_that_of_the_projected_gaussian():
    distribution = emission(np.random.default_rng(0), 3, 40, 1.5)
    row = distribution.sample(np.random.default_rng(1), np.array([2]), np.array([0]))
    variance = distribution.spread**2 + distribution.ambient**2
    projection = row[0] @ distribution.lift
    direct = [-((projection - mean) ** 2).sum() / (2 * variance) for mean in distribution.means]
    score = distribution.log_likelihood(row)[0]
    assert score - score[0] == pytest.approx(np.array(direct) - direct[0])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"widths": {"text": 64}}, r"`widths` and `separation` must name the same modalities.*\['text'\]"),
        ({"speakers": 1}, "`speakers` must be a number >= 2; got 1"),
        ({"unlabelled": 1.0}, r"`unlabelled` must be a fraction in \[0, 1\); got 1.0"),
        ({"prior": {"joy": 1.0}}, "`prior` must give two or more emotions a weight > 0 each"),
        ({"sessions": ()}, r"`sessions` must hold a number of dialogues >= 1 each; got \(\)"),
        ({"mean_turns": 200.0}, "`mean_turns` must lie between the shortest and the longest dialogue"),
        ({"inertia": 0.9, "contagion": 0.2}, "sum to at most 1; got 0.9 and 0.2"),
        (
            {"widths": {"text": 11}, "separation": {"text": 1.0}},
            "width >= 12, and more for separations beyond 5; got 11 with separation 1.0",
        ),
        (
            {"widths": {"text": 12}, "separation": {"text": 9.0}},
            "width >= 12, and more for separations beyond 5; got 12 with separation 9.0",
        ),
        (
            {"widths": {"text": 64}, "separation": {"text": -1.0}},
            "A separation must be a number of standard deviations >= 0; got -1.0",
        ),
    ],
)
def test_an_invalid_argument_is_named(changes, message):
    with pytest.raises(ValueError, match=message):
        simulate(**changes)


def test_a_prior_must_be_a_distribution():
    with pytest.raises(ValueError, match="must be positive and sum to 1; got"):
        Process(prior=np.array([0.5, 0.4]), inertia=0.5, contagion=0.1, emissions={})
