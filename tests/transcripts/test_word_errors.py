from difflib import SequenceMatcher

import pytest

from graphmer.experiment.word_errors import damaged_transcripts
from graphmer.experiment.words import read_transcripts
from graphmer.transcripts import ReadingOptions
from graphmer.transcripts.word_errors import with_word_errors

OTHERS = ["Baum", "Haus", "Kuh"]
WORDS = [f"w{n}" for n in range(3000)]


def heard(rate: float, *, seed: int = 0) -> list[str]:
    return with_word_errors(" ".join(WORDS), rate, OTHERS, seed=seed, dialogue="d", turn="u").split()


@pytest.mark.parametrize("rate", [0.0, 0.1, 0.5, 1.0])
def test_the_rate_is_the_word_error_rate(rate):
    steps = SequenceMatcher(None, WORDS, heard(rate), autojunk=False).get_opcodes()
    errors = sum(max(b - a, d - c) for kind, a, b, c, d in steps if kind != "equal")
    lost = len(set(WORDS) - set(heard(rate))) / len(WORDS)
    assert lost == pytest.approx(rate * 2 / 3, abs=0.03)  # substituted or deleted
    assert errors <= rate * len(WORDS) * 1.2 + 1
    assert (len(heard(rate)) - len(WORDS)) / len(WORDS) == pytest.approx(0, abs=0.04)


def test_errors_follow_from_the_seed_and_a_higher_rate_adds_some():
    assert heard(0.3) == heard(0.3)
    assert heard(0.3) != heard(0.3, seed=1)
    assert set(heard(0.6)) & set(WORDS) <= set(heard(0.3))


def test_other_words_are_of_the_vocabulary():
    assert set(heard(0.5)) - set(WORDS) == set(OTHERS)


@pytest.mark.parametrize(("rate", "vocabulary"), [(1.5, OTHERS), (float("nan"), OTHERS), (0.5, [])])
def test_a_rate_out_of_range_and_an_empty_vocabulary_are_refused(rate, vocabulary):
    with pytest.raises(ValueError, match=r"A word error rate must be|Word errors need the words"):
        with_word_errors("so it is", rate, vocabulary, seed=0, dialogue="d", turn="u")


def test_only_the_test_part_is_damaged_with_words_of_the_others(tmp_path):
    for part, word in (("train", "learnt"), ("test", "asked")):
        lines = "\n".join(f"d{n},A,{' '.join([word] * 20)},joy" for n in range(5))
        (tmp_path / f"{part}.csv").write_text(f"dialogue,speaker,text,emotion\n{lines}\n")
    read = read_transcripts(tmp_path, ReadingOptions())
    damaged = damaged_transcripts(read, 0.5)

    def words(transcripts, part):
        return [turn.text for d in transcripts[tmp_path / f"{part}.csv"].dialogues for turn in d.turns]

    assert words(damaged, "train") == words(read, "train")
    assert words(damaged, "test") != words(read, "test")
    assert set(" ".join(words(damaged, "test")).split()) == {"learnt", "asked"}
