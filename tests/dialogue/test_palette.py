from graphmer.dialogue.palette import codes, colours

IEMOCAP = ("happy", "sad", "neutral", "angry", "excited", "frustrated")
MELD = ("neutral", "surprise", "fear", "sadness", "joy", "disgust", "anger")


def test_the_emotions_of_a_corpus_have_different_colours_and_codes():
    for names in (IEMOCAP, MELD, ("a", "b", "c", "d", "e", "f", "g", "h")):
        assert len(set(colours(names))) == len(names)
        assert len(set(codes(names))) == len(names)


def test_an_emotion_has_the_same_colour_in_every_corpus():
    ours, theirs = (dict(zip(names, colours(names), strict=True)) for names in (IEMOCAP, MELD))
    assert ours["neutral"] == theirs["neutral"]
    assert ours["sad"] == theirs["sadness"]
    assert ours["angry"] == theirs["anger"]


def test_a_name_that_another_begins_with_is_written_out():
    assert codes(["sad", "sadness"]) == ["Sad", "Sadn"]


def test_more_names_than_colours_still_have_one_each():
    assert len(colours([f"e{number}" for number in range(11)])) == 11
