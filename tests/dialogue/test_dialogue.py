from dataclasses import replace

import pytest
import torch

from graphmer.dialogue import Dialogue, Utterance


def three_turns() -> Dialogue:
    turns = [
        Utterance("Ann", {"text": [1.0, 2.0], "audio": [3.0]}, "joy", text="hi", start=0.0, end=1.5),
        Utterance("Bob", {"text": [4.0, 5.0]}, id="reply", reply_to="demo_0"),
        Utterance("Ann", emotion="anger", reply_to="reply"),
    ]
    return Dialogue.from_utterances("demo", turns, session="1")


def test_turns_are_aligned_and_a_missing_modality_is_absent():
    dialogue = three_turns()
    assert len(dialogue) == 3
    assert dialogue.modalities == ("text", "audio")
    assert dialogue.available.tolist() == [[True, True], [True, False], [False, False]]
    assert dialogue.features["text"].tolist() == [[1, 2], [4, 5], [0, 0]]
    assert dialogue.emotion == ("joy", None, "anger")
    assert dialogue.text == ("hi", None, None)
    assert dialogue.session == "1"


def test_the_short_form_says_how_much_there_is_of_each_modality():
    assert repr(three_turns()) == "Dialogue('demo', 3 turns, 2 speakers, text 67 %, audio 33 %)"
    one = Dialogue.from_utterances("50%", [Utterance("Ann")], widths={"text": 2})
    assert repr(one) == "Dialogue('50%', 1 turn, 1 speaker, text 0 %)"


def test_speakers_are_numbered_by_their_first_turn():
    dialogue = three_turns()
    assert dialogue.speakers == ("Ann", "Bob")
    assert dialogue.speaker.tolist() == [0, 1, 0]


def test_ids_default_to_positions_and_replies_become_positions():
    dialogue = three_turns()
    assert dialogue.utterance_ids == ("demo_0", "reply", "demo_2")
    assert dialogue.reply_to.tolist() == [-1, 0, 1]


def test_unknown_times_are_nan():
    dialogue = three_turns()
    assert dialogue.start.isnan().tolist() == [False, True, True]
    assert dialogue.end[0] == 1.5


def test_masking_never_adds_a_modality_that_was_not_recorded():
    dialogue = three_turns()
    everything = dialogue.with_available(torch.ones(3, 2, dtype=torch.bool))
    assert torch.equal(everything.available, dialogue.available)
    nothing = dialogue.with_available(torch.zeros(3, 2, dtype=torch.bool))
    assert not nothing.available.any()
    assert dialogue.available.any()


def test_widths_keep_a_modality_that_is_missing_in_every_turn():
    dialogue = Dialogue.from_utterances(
        "d", [Utterance("A", {"text": [1.0]})], widths={"audio": 2, "text": 1}
    )
    assert dialogue.modalities == ("audio", "text")
    assert dialogue.features["audio"].shape == (1, 2)
    assert dialogue.available.tolist() == [[False, True]]


@pytest.mark.parametrize(
    ("turns", "widths", "message"),
    [
        ([], None, "Dialogue 'd' has no utterances; a dialogue needs at least one"),
        (
            [Utterance("A", {"text": [1.0]}), Utterance("B", {"text": [1.0, 2.0]})],
            None,
            r"Turn 1 of dialogue 'd': 'text' must have shape \(1,\), got \(2,\)",
        ),
        (
            [Utterance("A", {"txt": [1.0]})],
            {"text": 1},
            r"Turn 0 of dialogue 'd': unknown modality 'txt'; known are \['text'\]",
        ),
        (
            [Utterance("A", {"text": [float("nan")]})],
            None,
            "Turn 0 of dialogue 'd': 'text' holds NaN or infinity; leave the modality out",
        ),
        (
            [Utterance("A", reply_to="x")],
            None,
            "Dialogue 'd': `reply_to` names 'x', which is not a turn of this dialogue",
        ),
        (
            [Utterance("A", causes=("x",))],
            None,
            "Dialogue 'd': `causes` names 'x', which is not a turn of this dialogue",
        ),
        (
            [Utterance("A", id="u"), Utterance("B", id="u")],
            None,
            r"Dialogue 'd' has utterance ids that occur twice: \['u'\]; ids must be unique",
        ),
    ],
)
def test_invalid_turns_are_named(turns, widths, message):
    with pytest.raises(ValueError, match=message):
        Dialogue.from_utterances("d", turns, widths=widths)


def test_different_lengths_are_named():
    dialogue = three_turns()
    with pytest.raises(ValueError, match=r"`available` must have shape \(3, 2\), got \(2, 2\)"):
        replace(dialogue, available=torch.ones(2, 2, dtype=torch.bool))
    with pytest.raises(ValueError, match="Dialogue 'demo': 'speaker' must have 3 rows, got 2"):
        replace(dialogue, speaker=torch.zeros(2, dtype=torch.long))
    with pytest.raises(ValueError, match="'audio' must have 3 rows, got 1"):
        replace(dialogue, features={**dialogue.features, "audio": torch.zeros(1, 1)})


def test_causes_are_positions_and_turns_without_annotation_have_none():
    turns = [Utterance("A", id="a"), Utterance("B", id="b", causes=("b", "a")), Utterance("A", causes=())]
    dialogue = Dialogue.from_utterances("d", turns)
    assert dialogue.causes == {1: (0, 1), 2: ()}
    assert dialogue.unlabelled().causes == {}
