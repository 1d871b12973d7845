import pytest
import torch

from graphmer.dialogue import LabelSpace

CLASSES = LabelSpace(("happy", "sad"), polarity={"happy": 1, "sad": -1})
SCORE = LabelSpace(interval=(-3.0, 3.0))


def test_classes_are_numbered_in_their_order():
    assert CLASSES.encode(["sad", "happy", None]).tolist() == [1, 0, -1]
    assert CLASSES.outputs == 2
    assert not CLASSES.is_score


def test_scores_are_encoded_as_numbers():
    target = SCORE.encode([1.5, None, "-2"])
    assert target[[0, 2]].tolist() == [1.5, -2.0]
    assert target.isnan().tolist() == [False, True, False]
    assert SCORE.outputs == 1
    assert SCORE.is_score


@pytest.mark.parametrize(("space", "emotions"), [(CLASSES, ["sad", None, "happy"]), (SCORE, [0.5, None])])
def test_decoding_inverts_encoding(space, emotions):
    target = space.encode(emotions)
    assert space.decode(target) == emotions
    assert space.labelled(target).tolist() == [emotion is not None for emotion in emotions]


def test_no_turns_give_an_empty_target():
    assert CLASSES.encode([]).shape == (0,)
    assert CLASSES.encode([]).dtype == torch.long


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({}, "either class names or a score interval; give exactly one"),
        ({"names": ("a",), "interval": (0.0, 1.0)}, "give exactly one"),
        ({"names": ("a", "a")}, r"Class names must differ from one another; got \('a', 'a'\)"),
        ({"interval": (1.0, 1.0)}, r"must be \(low, high\) with low < high; got \(1.0, 1.0\)"),
        ({"names": ("a",), "polarity": {"b": 1}}, r"`polarity` names \['b'\], which are not classes"),
    ],
)
def test_a_contradictory_label_space_is_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        LabelSpace(**arguments)


@pytest.mark.parametrize(
    ("space", "emotion", "message"),
    [
        (CLASSES, "joy", r"Unknown emotion \['joy'\]; known are \['happy', 'sad'\]. Map it"),
        (SCORE, 3.5, r"A score must lie in \[-3.0, 3.0\]; got 3.5"),
        (SCORE, "good", r"A score must be a number in \[-3.0, 3.0\]; got 'good'"),
        (SCORE, float("nan"), r"A score must lie in \[-3.0, 3.0\]; got nan"),
    ],
)
def test_an_annotation_outside_the_label_space_is_named(space, emotion, message):
    with pytest.raises(ValueError, match=message):
        space.encode([emotion])
