import math
import os
import subprocess
import sys
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
import torch

from graphmer.dialogue import (
    Burst,
    Complete,
    Dialogue,
    FixedSet,
    MissingProtocol,
    Mixed,
    Noise,
    RandomRates,
    RandomSets,
    Rate,
    Shift,
    SpeakerSet,
    conditions,
    protocol,
    short_name,
)

MODALITIES = ("audio", "text", "video")
EVERY = (
    *("complete", "fixed:at", "rate:0.5", "burst:3", "speaker:t"),
    *("noise:0.5", "shift:2", "sets", "rates", "mixed"),
)


def dialogue(id: str = "d", length: int = 40, modalities=MODALITIES, speakers: int = 2) -> Dialogue:
    turn = torch.arange(length)
    return Dialogue(
        id=id,
        utterance_ids=tuple(f"{id}_{n}" for n in range(length)),
        speakers=tuple(f"S{n}" for n in range(speakers)),
        speaker=turn % speakers,
        features={m: turn.float().unsqueeze(1) + torch.tensor([0.0, 0.5]) for m in modalities},
        available=torch.ones(length, len(modalities), dtype=torch.bool),
        emotion=(None,) * length,
        text=(None,) * length,
        start=torch.full((length,), math.nan),
        end=torch.full((length,), math.nan),
        reply_to=torch.full((length,), -1),
    )


def with_gaps(length: int = 400) -> Dialogue:
    """Recorded with every subset of the modalities, the empty one included."""
    whole = dialogue("gaps", length)
    bits = torch.arange(length) % 8
    return whole.with_available(torch.stack([(bits >> m & 1).bool() for m in range(3)], dim=1))


def kept(rule: MissingProtocol, count: int, seed: int = 0, **shape) -> torch.Tensor:
    """Masks of many dialogues, one below the other."""
    return torch.cat([rule.apply(dialogue(f"d{n}", **shape), seed).available for n in range(count)])


def assert_fraction(facts: torch.Tensor, expected: float) -> None:
    """A fraction of independent facts lies within three standard deviations of what the law says."""
    spread = math.sqrt(expected * (1 - expected) / facts.numel())
    assert abs(facts.float().mean().item() - expected) <= 3 * spread + 1e-9


@pytest.mark.parametrize("spec", EVERY)
def test_every_name_gives_a_protocol_of_that_name(spec):
    rule = protocol(spec, MODALITIES)
    assert isinstance(rule, MissingProtocol)
    assert rule.name == spec
    assert protocol(rule.name, MODALITIES) == rule


@pytest.mark.parametrize("spec", EVERY)
def test_nothing_appears_that_was_not_recorded(spec):
    gaps = with_gaps()
    seen = protocol(spec, MODALITIES).apply(gaps, 0).available
    assert not (seen & ~gaps.available).any()


@pytest.mark.parametrize("spec", ["complete", "rate:0.9", "burst:3", "noise:1", "shift:3", "rates"])
def test_an_utterance_with_something_keeps_something(spec):
    gaps = with_gaps()
    seen = protocol(spec, MODALITIES).apply(gaps, 0).available
    assert torch.equal(seen.any(dim=1), gaps.available.any(dim=1))


@pytest.mark.parametrize("spec", EVERY)
def test_keep_is_what_apply_leaves(spec):
    gaps = with_gaps()
    rule = protocol(spec, MODALITIES)
    assert torch.equal(rule.apply(gaps, 3).available, rule.keep(gaps, 3) & gaps.available)
    assert rule.keep(gaps, 3).shape == (400, 3)


@pytest.mark.parametrize("spec", ["rate:0.5", "burst:3", "speaker:t", "noise:0.5", "sets", "rates", "mixed"])
def test_another_seed_hides_or_damages_something_else(spec):
    rule = protocol(spec, MODALITIES)
    one, again, other = ([rule.apply(dialogue(f"d{n}"), seed) for n in range(20)] for seed in (0, 0, 1))

    def same(left, right):
        return all(
            torch.equal(a.available, b.available) and torch.equal(a.features["text"], b.features["text"])
            for a, b in zip(left, right, strict=True)
        )

    assert same(one, again)
    assert not same(one, other)


@pytest.mark.parametrize("spec", ["rate:0.5", "rates", "noise:0.5"])
def test_draws_of_an_utterance_do_not_depend_on_the_others(spec):
    rule = protocol(spec, MODALITIES)
    long, short = rule.apply(dialogue(length=30), 0), rule.apply(dialogue(length=10), 0)
    assert torch.equal(long.available[:10], short.available)
    assert torch.equal(long.features["text"][:10], short.features["text"])
    turned = replace(dialogue(length=30), utterance_ids=dialogue(length=30).utterance_ids[::-1])
    assert torch.equal(rule.apply(turned, 0).available.flip(0), long.available)


def test_masks_do_not_depend_on_the_process_or_its_hash_seed():
    code = (
        "from tests.dialogue.test_missing import *\n"
        "rules = [protocol(spec, MODALITIES) for spec in EVERY]\n"
        "seen = [rule.apply(dialogue(), 7) for rule in rules]\n"
        "print([s.available.int().tolist() for s in seen], seen[5].features['text'].sum().item())"
    )
    answer = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONHASHSEED": "1"},
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    seen = [protocol(spec, MODALITIES).apply(dialogue(), 7) for spec in EVERY]
    masks = [masked.available.int().tolist() for masked in seen]
    assert answer.strip() == f"{masks} {seen[5].features['text'].sum().item()}"


def test_masks_of_a_published_seed_never_change():
    mask = Rate(0.5).keep(dialogue(length=6), 0)
    assert mask.int().tolist() == [[1, 0, 1], [1, 1, 1], [1, 1, 1], [1, 0, 1], [0, 1, 0], [0, 0, 1]]


@pytest.mark.parametrize("rate", [0.0, 0.1, 0.3, 0.5, 0.6, 0.7])
def test_rate_follows_its_law_on_three_modalities(rate):
    count = kept(Rate(rate), 250).sum(dim=1)
    other = max(1 - 1.5 * rate, 0.0)
    for number, chance in {1: (1 - other) ** 2, 2: 2 * other * (1 - other), 3: other**2}.items():
        assert_fraction(count == number, chance)


@pytest.mark.parametrize(("width", "rate"), [(2, 0.4), (3, 0.5), (4, 0.6), (6, 0.8)])
def test_rate_hides_the_fraction_it_names_from_any_number_of_modalities(width, rate):
    mask = kept(Rate(rate), 250, modalities=tuple(f"m{n}" for n in range(width)))
    assert_fraction(~mask.any(dim=1), 0.0)
    for column in mask.T:
        assert_fraction(~column, rate)


def test_rate_removes_nothing_from_a_single_modality():
    assert Rate(1.0).keep(dialogue(modalities=("text",)), 0).all()


def test_rate_chooses_the_kept_modality_among_the_recorded():
    gaps = with_gaps(8000)
    seen = Rate(0.7).apply(gaps, 0).available
    assert (seen.sum(dim=1) == gaps.available.any(dim=1)).all()
    both = (gaps.available == torch.tensor([True, False, True])).all(dim=1)
    assert_fraction(seen[both, 0], 0.5)


def test_raising_the_rate_only_removes():
    gaps = with_gaps()
    masks = [Rate(step / 20).apply(gaps, 0).available for step in range(21)]
    for lower, higher in pairwise(masks):
        assert not (higher & ~lower).any()
    assert torch.equal(masks[0], gaps.available)


@pytest.mark.parametrize("condition", conditions(MODALITIES))
def test_a_fixed_set_is_the_same_for_every_utterance(condition):
    mask = protocol(condition, MODALITIES).keep(dialogue(), 0)
    assert mask.tolist() == [[m[0] in condition for m in MODALITIES]] * 40


@pytest.mark.parametrize("turns", [1, 4])
def test_a_burst_lasts_as_many_turns_as_its_name_says(turns):
    mask = Burst(turns).keep(dialogue(length=200), 0)
    assert ((~mask).sum(dim=1) == 1).all()
    off = mask.int().argmin(dim=1)
    lengths = torch.unique_consecutive(off, return_counts=True)[1]
    assert (lengths[1:-1] == turns).all()
    assert (lengths <= turns).all()


def test_bursts_hide_each_modality_equally_often():
    first = torch.stack([Burst(5).keep(dialogue(f"d{n}"), 0)[17] for n in range(2000)])
    for column in first.T:
        assert_fraction(~column, 1 / 3)
    assert Burst(5).keep(dialogue(modalities=("text",)), 0).all()


def test_one_party_has_only_the_set_and_the_others_everything():
    parties = []
    for n in range(600):
        talk = dialogue(f"d{n}", length=6, speakers=3)
        reduced = ~SpeakerSet(("text",)).keep(talk, 0).all(dim=1)
        parties.append(talk.speaker[reduced].unique().item())
        assert torch.equal(SpeakerSet(("text",)).keep(talk, 0)[:, 1], torch.ones(6, dtype=torch.bool))
    for party in range(3):
        assert_fraction(torch.tensor(parties) == party, 1 / 3)


def test_noise_has_the_scale_it_names_and_differs_between_modalities():
    clean = dialogue(length=5000)
    noise = {m: Noise(0.5).apply(clean, 0).features[m] - clean.features[m] for m in MODALITIES}
    assert noise["text"].std().item() == pytest.approx(0.5, rel=0.03)
    assert noise["text"].mean().item() == pytest.approx(0.0, abs=0.015)
    assert abs(torch.corrcoef(torch.stack([noise["text"][:, 0], noise["audio"][:, 0]]))[0, 1]) < 0.05
    assert torch.equal(Noise(0.0).apply(clean, 0).features["text"], clean.features["text"])
    double = Noise(1.0).apply(clean, 0).features["text"] - clean.features["text"]
    assert torch.allclose(double, 2 * noise["text"], atol=1e-3)


def test_a_shifted_modality_is_shown_late():
    clean = dialogue(length=6)
    late = Shift(2).apply(clean, 0)
    (column,) = [c for c in range(3) if not late.available[:, c].all()]
    assert late.available[:, column].tolist() == [False, False, True, True, True, True]
    name = MODALITIES[column]
    assert late.features[name][2:].tolist() == clean.features[name][:4].tolist()
    for other in set(MODALITIES) - {name}:
        assert torch.equal(late.features[other], clean.features[other])


def test_a_shift_leaves_a_turn_on_time_that_would_have_nothing():
    late = Shift(2).apply(dialogue(length=5, modalities=("text",)), 0)
    assert late.available.all()
    assert late.features["text"][:, 0].tolist() == [0, 1, 0, 1, 2]


def test_a_shift_longer_than_the_dialogue_hides_the_modality():
    late = Shift(9).apply(dialogue(length=3), 0)
    assert late.available.sum().item() == 6


def test_random_sets_are_equally_likely_and_hold_for_a_dialogue():
    masks = torch.stack([RandomSets().keep(dialogue(f"d{n}", length=3), 0) for n in range(3500)])
    assert (masks == masks[:, :1]).all()
    codes = (masks[:, 0] * torch.tensor([1, 2, 4])).sum(dim=1)
    for code in range(8):
        assert_fraction(codes == code, 1 / 7 if code else 0.0)


def test_random_rates_spread_over_the_rates_of_the_curves():
    hidden = torch.stack([(~RandomRates().keep(dialogue(f"d{n}", 60), 0)).float().mean() for n in range(600)])
    assert hidden.mean().item() == pytest.approx(0.35, abs=0.03)
    assert hidden.min() < 0.05
    assert hidden.max() > 0.6


def test_mixed_is_half_sets_and_half_rates():
    talks = [dialogue(f"d{n}") for n in range(1000)]
    sets = torch.tensor([torch.equal(Mixed().keep(t, 0), RandomSets().keep(t, 0)) for t in talks])
    rates = torch.tensor([torch.equal(Mixed().keep(t, 0), RandomRates().keep(t, 0)) for t in talks])
    assert (sets | rates).all()
    assert_fraction(sets & ~rates, 0.5)


def test_complete_hides_nothing():
    assert Complete().keep(dialogue(), 0).all()


def test_conditions_come_in_the_fields_order():
    assert conditions(MODALITIES) == ("a", "t", "v", "at", "av", "tv", "atv")
    assert conditions(("text", "tail")) == ("text", "tail", "text+tail")
    assert len(conditions(("a", "b", "c", "d"))) == 15


def test_a_set_may_be_written_in_any_order_by_initials_or_in_full():
    pair = FixedSet(("audio", "text"))
    for spec in ("at", "ta", "fixed:at", "audio+text", "text+audio", "fixed:text+audio"):
        assert protocol(spec, MODALITIES) == pair
        assert protocol(spec, MODALITIES).name == "fixed:at"
    assert pair.name == "fixed:audio+text"
    assert protocol("tail", ("text", "tail")).name == "fixed:tail"
    assert short_name(["video", "audio"], MODALITIES) == "av"


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("rat:0.5", "Unknown missing-modality protocol 'rat:0.5'.*Did you mean 'rate:'"),
        ("set", "Did you mean 'sets'"),
        ("txt", "or a set such as 'a'. Did you mean 'text'"),
        ("aa", "Unknown missing-modality protocol 'aa'"),
        ("", "Unknown missing-modality protocol ''"),
        ("rate", "Did you mean 'rate(s|:)'"),
        ("fixed:audi", r"'audi' is no set of the modalities \['audio', 'text', 'video'\].*mean 'audio'"),
        ("speaker:", "'' is no set of the modalities"),
        ("rate:half", "'rate:half': a number must follow the colon; got 'half'"),
        ("rate:1.5", r"A missing rate must be a fraction in \[0, 1\]; got 1.5"),
        ("rate:nan", r"must be a fraction in \[0, 1\]; got nan"),
        ("burst:0", "length of a burst must be a number of turns >= 1; got 0"),
        ("burst:1.5", "a whole number of turns must follow the colon; got '1.5'"),
        ("shift:-1", "A shift must be a number of turns >= 1; got -1"),
        ("noise:-1", "scale of noise must be a finite number of standard deviations >= 0; got -1"),
        ("noise:inf", "must be a finite number"),
    ],
)
def test_a_wrong_name_says_what_is_right(spec, message):
    with pytest.raises(ValueError, match=message):
        protocol(spec, MODALITIES)


def test_wrong_sets_and_modalities_are_refused():
    with pytest.raises(ValueError, match=r"needs at least one and each only once; got \(\)"):
        FixedSet(())
    with pytest.raises(ValueError, match="each only once"):
        SpeakerSet(("text", "text"))
    with pytest.raises(ValueError, match="Dialogue 'd' has no modality 'txt'; it has"):
        FixedSet(("txt",)).keep(dialogue(), 0)
    with pytest.raises(ValueError, match=r"at least one of .* got \['smell'\]"):
        short_name(["smell"], MODALITIES)
    with pytest.raises(ValueError, match="must be at least one name, and different names"):
        conditions(("text", "text"))
    with pytest.raises(ValueError, match="must be at least one name"):
        protocol("complete", ())
