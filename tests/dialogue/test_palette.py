from graphmer.dialogue.palette import codes, colours, ink_on, relation_colours, score_colour

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


def test_scores_beyond_the_interval_have_the_colour_of_its_end():
    assert score_colour(9, (-3, 3)) == score_colour(3, (-3, 3))
    assert score_colour(-9, (0, 1)) == score_colour(0, (0, 1)) == "#0072b2"


def test_relations_of_a_rule_share_a_colour_and_rules_do_not():
    found = relation_colours([f"r{rule}/{order}/intra" for rule in range(6) for order in ("past", "future")])
    assert found[::2] == found[1::2]
    assert len(set(found)) == 6


def test_letters_stand_out_from_every_colour():
    assert [ink_on(colour) for colour in colours(["neutral", "excited", "sad", "fear"])] == [
        "#111",
        "#111",
        "#fff",
        "#fff",
    ]
