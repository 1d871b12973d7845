import pytest

from graphmer.corpora.base import Card, InMemoryCorpus
from graphmer.corpora.splits import Fold, leave_one_session_out, official, own_split
from graphmer.dialogue import Dialogue, LabelSpace, Utterance
from graphmer.errors import CorpusError


def _corpus(sessions, parts=None):
    dialogues = [
        Dialogue.from_utterances(
            f"s{session}_{number}", [Utterance("Ann", {"text": [1.0]}, "joy")], session=session
        )
        for session, count in sessions.items()
        for number in range(count)
    ]
    return InMemoryCorpus(
        card=Card("tiny", licence="none", citation="none"),
        labels=LabelSpace(("joy",)),
        widths={"text": 1},
        dialogues=dialogues,
        official=parts or {},
        fingerprint="0",
    )


def test_a_dialogue_in_two_sets_of_a_fold_is_refused():
    with pytest.raises(ValueError, match=r"train and test must share no dialogue; both hold 'b'"):
        Fold("f", ("a", "b"), ("c",), ("b",))


def test_every_session_is_the_test_set_once():
    corpus = _corpus({"2": 30, "1": 28, "3": 32})
    folds = leave_one_session_out(corpus)
    assert [fold.name for fold in folds] == ["session1", "session2", "session3"]
    everything = sorted(dialogue.id for dialogue in corpus.dialogues)
    for fold, session in zip(folds, "123", strict=True):
        assert sorted(fold.train + fold.validation + fold.test) == everything
        assert all(id.startswith(f"s{session}_") for id in fold.test)
        assert not any(id.startswith(f"s{session}_") for id in fold.train + fold.validation)


def test_validation_holds_out_the_fraction_of_every_session():
    fold = leave_one_session_out(_corpus({"1": 28, "2": 30, "3": 32}))[0]
    assert len(fold.validation) == round(0.12 * 62)
    for session in "23":
        assert sum(id.startswith(f"s{session}_") for id in fold.validation) in (3, 4)


def test_folds_do_not_depend_on_the_order_of_the_corpus():
    forward, backward = _corpus({"1": 9, "2": 8}), _corpus({"2": 8, "1": 9})
    for one, other in zip(leave_one_session_out(forward), leave_one_session_out(backward), strict=True):
        assert (one.name, set(one.validation)) == (other.name, set(other.validation))


def test_the_choice_of_validation_dialogues_is_frozen():
    fold = leave_one_session_out(_corpus({"1": 4, "2": 9}))[0]
    assert fold.validation == ("s2_0",)  # has the smallest sha256 of the nine


def test_sessions_are_required():
    with pytest.raises(CorpusError, match="at least two sessions"):
        leave_one_session_out(_corpus({"1": 3}))
    with pytest.raises(CorpusError, match=r"3 have none, e\.g\. 'sNone_0'"):
        leave_one_session_out(_corpus({None: 3, "1": 2}))


def test_the_official_split_is_used_unchanged():
    corpus = _corpus({"1": 4}, {"train": ("s1_1", "s1_0"), "val": ("s1_2",), "test": ("s1_3",)})
    assert official(corpus) == [Fold("official", ("s1_0", "s1_1"), ("s1_2",), ("s1_3",))]


def test_without_a_validation_set_training_dialogues_are_held_out():
    corpus = _corpus({"1": 11}, {"train": tuple(f"s1_{n}" for n in range(10)), "test": ("s1_10",)})
    (fold,) = official(corpus, validation=0.2)
    assert (len(fold.train), len(fold.validation), fold.test) == (8, 2, ("s1_10",))


def test_without_a_test_set_the_validation_set_is_the_test_set():
    corpus = _corpus({"1": 11}, {"train": tuple(f"s1_{n}" for n in range(10)), "val": ("s1_10",)})
    (fold,) = official(corpus)
    assert (len(fold.train), len(fold.validation), fold.test) == (9, 1, ("s1_10",))


@pytest.mark.parametrize("parts", [{}, {"train": ("s1_0",)}, {"test": ("s1_0",), "val": ("s1_1",)}])
def test_an_official_split_is_required(parts):
    with pytest.raises(CorpusError, match="needs 'train' and 'test' or 'val'"):
        official(_corpus({"1": 2}, parts))


def test_an_official_split_must_name_known_dialogues():
    with pytest.raises(CorpusError, match="names dialogue 'ghost'"):
        official(_corpus({"1": 2}, {"train": ("s1_0", "s1_1"), "test": ("ghost",)}))


def test_validation_is_a_fraction_of_enough_dialogues():
    with pytest.raises(ValueError, match=r"fraction in \(0, 1\); got 12"):
        leave_one_session_out(_corpus({"1": 3, "2": 3}), validation=12)
    with pytest.raises(CorpusError, match="at least two to train on"):
        leave_one_session_out(_corpus({"1": 1, "2": 3}))


def test_a_corpus_is_split_by_its_test_part_or_else_by_sessions():
    sessions = {"1": 5, "2": 6}
    tested = {"train": ("s1_0", "s1_1", "s1_2"), "test": ("s2_0",)}
    assert own_split(_corpus(sessions, tested)) == official(_corpus(sessions, tested))
    untested = {"train": ("s1_0", "s1_1", "s1_2"), "val": ("s2_0",)}
    assert own_split(_corpus(sessions, untested)) == leave_one_session_out(_corpus(sessions))
    assert own_split(_corpus(sessions)) == leave_one_session_out(_corpus(sessions))
    alone = _corpus({"1": 5}, {"train": ("s1_0", "s1_1", "s1_2"), "val": ("s1_3",)})
    assert own_split(alone) == official(alone)
