import pytest
import torch

from graphmer.dialogue import Dialogue, FixedSet, LabelSpace, Utterance, protocol
from graphmer.dialogue.not_at_random import Loss, NotAtRandom

MODALITIES = ("audio", "text", "video")
LAW = "mnar:v@sad=0.8,v=0.1,at@angry=0.5"


def dialogue(emotions: list[str | None]) -> Dialogue:
    vectors = {modality: [1.0] for modality in MODALITIES}
    return Dialogue.from_utterances("d", [Utterance("ann", vectors, emotion) for emotion in emotions])


@pytest.mark.parametrize(
    ("emotion", "rates"),
    [("sad", (0, 0, 0.8)), ("angry", (0.5, 0.5, 0.1)), ("happy", (0, 0, 0.1))],
)
def test_each_modality_is_lost_at_the_rate_of_the_turns_emotion(emotion, rates):
    lost = ~protocol(LAW, MODALITIES).keep(dialogue([emotion] * 20_000), seed=3)
    assert lost.double().mean(dim=0).tolist() == pytest.approx(rates, abs=0.012)


def test_losses_of_modalities_and_turns_are_independent_given_the_emotion():
    lost = ~protocol("mnar:atv@sad=0.5", MODALITIES).keep(dialogue(["sad"] * 20_000), seed=0)
    assert (lost.all(dim=1)).double().mean() == pytest.approx(1 / 8, abs=0.01)
    assert (lost[1:, 0] & lost[:-1, 0]).double().mean() == pytest.approx(1 / 4, abs=0.012)


def test_unlabelled_turns_lose_modalities_at_the_mean_rate_of_the_emotions():
    law = protocol("mnar:v@sad=0.8", MODALITIES).of(LabelSpace(("sad", "happy")), {"sad": 1, "happy": 3})
    lost = ~law.keep(dialogue([None] * 20_000), seed=0)
    assert lost.double().mean(dim=0).tolist() == pytest.approx((0, 0, 0.2), abs=0.012)
    with pytest.raises(ValueError, match=r"has unlabelled turns: .* Give the law a `prior`"):
        protocol(LAW, MODALITIES).keep(dialogue(["sad", None]), 0)


def test_a_higher_rate_only_removes_and_the_seed_decides():
    turns = dialogue(["sad"] * 500)
    few, many = (protocol(f"mnar:v@sad={rate}", MODALITIES) for rate in (0.3, 0.6))
    assert (few.keep(turns, 1) | ~many.keep(turns, 1)).all()
    assert torch.equal(few.keep(turns, 1), few.keep(turns, 1))
    assert not torch.equal(few.keep(turns, 1), few.keep(turns, 2))


def test_what_the_law_loses_was_never_recorded_and_what_others_hide_was():
    turns = dialogue(["sad"] * 50)
    lost = protocol("mnar:v@sad=1", MODALITIES).apply(turns, 0)
    assert not lost.available[:, 2].any()
    assert not lost.present[:, 2].any()
    hidden = FixedSet(("text",)).apply(lost, 0)
    assert hidden.available.tolist() == [[False, True, False]] * 50
    assert hidden.present.tolist() == [[True, True, False]] * 50
    both = protocol("mnar:t@sad=1", MODALITIES).apply(hidden, 0)
    assert both.present.tolist() == [[True, False, False]] * 50
    assert both.with_modalities({"text": 1, "audio": 1}).present.tolist() == [[False, True]] * 50


def test_the_name_is_canonical_and_means_the_same():
    law = protocol("mnar: ta@angry=.50 , video@sad=0.8", MODALITIES)
    assert law.name == "mnar:at@angry=0.5,v@sad=0.8"
    assert protocol(law.name, MODALITIES) == law
    assert NotAtRandom((Loss("video", None, 0.5),)).name == "mnar:video=0.5"


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        (
            "mnar:",
            "each term must be a set of modalities, maybe @ and an emotion, = and a rate, such as a@sad",
        ),
        ("mnar:0.5", "such as a@sad=0.8 or a=0.1; got '0.5'"),
        ("mnar:v@=0.5", "got 'v@=0.5'"),
        ("mnar:x@sad=0.5", "'x' is not a set of the modalities"),
        ("mnar:v@sad=much", "a number must follow the =; got 'much'"),
        ("mnar:v@sad=1.5", r"A rate of loss must be a fraction in \[0, 1\]; got 1.5"),
        ("mnar:v@sad=nan", r"A rate of loss must be a fraction in \[0, 1\]; got nan"),
        ("mnar:v@sad=0.5,av@sad=0.1", "one for each modality and emotion; got video@sad"),
        ("mnar", "Did you mean 'mnar:'"),
    ],
)
def test_an_invalid_law_is_an_error_of_one_line(spec, message):
    with pytest.raises(ValueError, match=message) as error:
        protocol(spec, MODALITIES)
    assert "\n" not in str(error.value)


def test_a_law_that_does_not_suit_the_labels_is_refused():
    law = protocol("mnar:v@sda=0.8", MODALITIES)
    with pytest.raises(ValueError, match=r"'sda' is no emotion; they are .* Did you mean 'sad'"):
        law.of(LabelSpace(("sad", "happy")), {})
    with pytest.raises(ValueError, match="needs emotions; the labels are scores"):
        law.of(LabelSpace(interval=(-3, 3)), {})
    with pytest.raises(ValueError, match=r"needs emotions; got the score 1\.5"):
        law.keep(dialogue([1.5]), 0)
    with pytest.raises(ValueError, match=r"no modality 'video'; there are \['audio'\]"):
        law.table(["sad"], ["audio"])
