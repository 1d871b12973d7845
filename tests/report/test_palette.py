from graphmer.report.palette import codes, colours

IEMOCAP = ("happy", "sad", "neutral", "angry", "excited", "frustrated")
MELD = ("neutral", "surprise", "fear", "sadness", "joy", "disgust", "anger")


def test_the_emotions_of_a_corpus_have_different_colours_and_codes():
    for names in (IEMOCAP, MELD, ("a", "b", "c", "d", "e", "f", "g", "h")):
        assert len(set(colours(names))) == len(names)
        assert len(set(codes(names))) == len(names)


def test_an_emotion_has_the_same_colour_in_every_corpus():
    iemocap, meld = (dict(zip(names, colours(names), strict=True)) for names in (IEMOCAP, MELD))
    assert iemocap["neutral"] == meld["neutral"]
    assert iemocap["sad"] == meld["sadness"]
    assert iemocap["angry"] == meld["anger"]


def test_a_name_that_is_a_prefix_of_another_is_written_out():
    assert codes(["sad", "sadness"]) == ["Sad", "Sadn"]


def test_colours_repeat_if_there_are_more_names_than_colours():
    assert len(colours([f"e{number}" for number in range(11)])) == 11
