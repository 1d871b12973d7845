import os
from pathlib import Path

import pytest
import torch

from graphmer.corpora.arrays import read_arrays
from graphmer.dialogue import LabelSpace
from graphmer.dialogue.change import change_targets, previous_turn, speaker_ids, valences

LABELS = LabelSpace(("calm", "glad", "sad", "odd"), polarity={"calm": 0, "glad": 1, "sad": -1})


def turns(text):
    """``A0 B- A1`` as speakers and class numbers; a dash is unlabelled."""
    words = text.split()
    speaker = torch.tensor([ord(word[0]) - ord("A") for word in words])
    return torch.tensor([-1 if word[1] == "-" else int(word[1]) for word in words]), speaker


def found(text, **options):
    return change_targets(*turns(text), LABELS, **options)


def naive_previous(speaker, labelled, strict):
    previous = []
    for turn in range(len(speaker)):
        earlier = [k for k in range(turn) if speaker[k] == speaker[turn]]
        kept = [k for k in earlier if labelled[k]]
        spans = bool(kept) and kept[-1] != earlier[-1]
        previous.append(kept[-1] if kept and not (strict and spans) else -1)
    return previous


@pytest.mark.parametrize("strict", [False, True])
@pytest.mark.parametrize("speakers", [1, 2, 3, 9])
def test_the_previous_turn_agrees_with_a_backward_search(speakers, strict):
    generator = torch.Generator().manual_seed(speakers)
    for length in (1, 2, 3, 5, 40):
        speaker = torch.randint(speakers, (length,), generator=generator)
        labelled = torch.rand(length, generator=generator) < 0.7
        expected = naive_previous(speaker.tolist(), labelled.tolist(), strict)
        assert previous_turn(speaker, labelled, strict=strict).tolist() == expected


def test_a_shift_is_a_difference_from_the_speakers_previous_emotion():
    targets = found("A0 B1 A1 B1 A1")
    assert targets.previous.tolist() == [-1, -1, 0, 1, 2]
    assert targets.shift.tolist() == [False, False, True, False, False]


def test_a_first_turn_is_not_eligible_rather_than_unchanged():
    assert found("A0 B1 C2").eligible.tolist() == [False, False, False]
    assert found("A0").eligible.tolist() == [False]


def test_an_unlabelled_turn_is_skipped_and_never_eligible():
    targets = found("A0 A- A1 B- B2")
    assert targets.previous.tolist() == [-1, 0, 0, -1, -1]
    assert targets.eligible.tolist() == [False, False, True, False, False]


def test_strict_drops_a_pair_that_spans_an_unlabelled_turn_of_the_speaker():
    assert found("A0 A- A1 A2", strict=True).eligible.tolist() == [False, False, False, True]
    assert found("A0 B- A1", strict=True).eligible.tolist() == [False, False, True]


def test_an_adjacent_shift_compares_with_the_previous_turn_of_any_speaker():
    targets = found("A0 B1 B- A1", kind="adjacent")
    assert targets.previous.tolist() == [-1, 0, 1, 1]
    assert targets.shift.tolist() == [False, True, False, False]


def test_a_valence_shift_skips_turns_without_valence():
    targets = found("A1 A3 A2 A2 A0", kind="valence")
    assert targets.value.tolist() == [2, -1, 0, 0, 1]
    assert targets.eligible.tolist() == [False, False, True, True, True]
    assert targets.shift.tolist() == [False, False, True, False, True]


def test_valences_without_polarity_are_unknown():
    assert valences(torch.tensor([0, 1, -1]), LabelSpace(("a", "b"))).tolist() == [-1, -1, -1]


def test_pairs_hold_the_previous_and_the_current_emotion():
    assert found("A0 B1 A1 B- B2").pairs.tolist() == [[0, 1], [1, 2]]
    assert found("A0").pairs.shape == (0, 2)


@pytest.mark.parametrize("kind", ["speaker", "valence", "adjacent"])
def test_dialogues_of_a_batch_are_independent(kind):
    texts = ["A0 B1 A1 B1", "A2 A2", "B0 A1 B2 A- A1"]
    alone = [found(text, kind=kind) for text in texts]
    emotion, speaker = (torch.cat(parts) for parts in zip(*map(turns, texts), strict=True))
    dialogue = torch.arange(3).repeat_interleave(torch.tensor([4, 2, 5]))
    joint = change_targets(emotion, speaker, LABELS, kind=kind, dialogue=dialogue)
    assert joint.shift.tolist() == torch.cat([each.shift for each in alone]).tolist()
    assert joint.eligible.tolist() == torch.cat([each.eligible for each in alone]).tolist()
    assert joint.pairs.tolist() == torch.cat([each.pairs for each in alone]).tolist()


def test_speaker_ids_are_unique_across_dialogues():
    speaker, dialogue = torch.tensor([0, 1, 2, 0, 2]), torch.tensor([0, 0, 0, 1, 1])
    assert len(set(speaker_ids(speaker, dialogue).tolist())) == 5
    assert speaker_ids(speaker[:0], dialogue[:0]).tolist() == []


def test_a_score_has_no_changes():
    with pytest.raises(ValueError, match="needs class labels"):
        change_targets(torch.zeros(2), torch.zeros(2).long(), LabelSpace(interval=(-3, 3)))


@pytest.fixture
def corpora():
    """The folder with the licensed corpora."""
    folder = Path(os.environ.get("GRAPHMER_DATA", Path(__file__).parents[3] / "shared" / "data"))
    if not (folder / "iemocap" / "iemocap.npz").is_file():
        pytest.skip(f"no corpora in {folder}; set GRAPHMER_DATA")
    return folder


def base_rate(corpus, ids, kind="speaker"):
    """Eligible turns and shifts of some dialogues."""
    dialogues = [dialogue for dialogue in corpus.dialogues if dialogue.id in set(ids)]
    targets = [
        change_targets(corpus.labels.encode(each.emotion), each.speaker, corpus.labels, kind=kind)
        for each in dialogues
    ]
    return sum(int(t.eligible.sum()) for t in targets), sum(int(t.shift.sum()) for t in targets)


@pytest.mark.corpus
@pytest.mark.parametrize(
    ("label", "kind", "shifts"),
    [
        ("label_emotion", "speaker", {"train": 4001, "val": 427}),
        ("label_sentiment", "valence", {"train": 3348, "val": 358}),
    ],
)
def test_meld_has_the_published_shifts(corpora, label, kind, shifts):
    corpus = read_arrays(corpora / "meld" / "meld.npz", label, {"text": ["text_minilm"]})
    for part, eligible in {"train": 7174, "val": 766}.items():
        assert base_rate(corpus, corpus.official[part], kind) == (eligible, shifts[part])
        if kind == "speaker":
            prevalence = shifts[part] / eligible
            assert round(2 * prevalence / (1 + prevalence), 3) == 0.716


@pytest.mark.corpus
@pytest.mark.parametrize(("label", "rate"), [("label6", (5570, 1610)), ("label4", (4051, 649))])
def test_iemocap_has_the_published_shifts(corpora, label, rate):
    corpus = read_arrays(corpora / "iemocap" / "iemocap.npz", label, {"audio": ["audio_prosody"]})
    assert base_rate(corpus, [dialogue.id for dialogue in corpus.dialogues]) == rate
