import math
import os
import subprocess
import sys
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch

from graphmer.dialogue import (
    Burst,
    Complete,
    Dialogue,
    Drop,
    FixedSet,
    MissingProtocol,
    Mixed,
    Noise,
    PartialSets,
    RandomDrops,
    RandomRates,
    RandomSets,
    Rate,
    Shift,
    SpeakerSet,
    Varied,
    conditions,
    protocol,
    short_name,
)
from graphmer.dialogue.policies import HIGHEST_RATE

MODALITIES = ("audio", "text", "video")
EVERY = (
    *("complete", "fixed:at", "rate:0.5", "drop:0.5", "burst:3", "speaker:t"),
    *("noise:0.5", "shift:2", "sets", "partial", "rates", "drops", "mixed", "varied"),
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
    """Dialogue recorded with every subset of the modalities, including the empty one."""
    whole = dialogue("gaps", length)
    bits = torch.arange(length) % 8
    return whole.with_available(torch.stack([(bits >> m & 1).bool() for m in range(3)], dim=1))


def kept(rule: MissingProtocol, count: int, seed: int = 0, **shape) -> torch.Tensor:
    """Masks of many dialogues, concatenated."""
    return torch.cat([rule.apply(dialogue(f"d{n}", **shape), seed).available for n in range(count)])


def assert_fraction(facts: torch.Tensor, expected: float) -> None:
    """The fraction of independent events is within three standard deviations of its expectation."""
    spread = math.sqrt(expected * (1 - expected) / facts.numel())
    assert abs(facts.float().mean().item() - expected) <= 3 * spread + 1e-9


@pytest.mark.parametrize("spec", EVERY)
def test_every_name_gives_a_protocol_of_that_name(spec):
    rule = protocol(spec, MODALITIES)
    assert isinstance(rule, MissingProtocol)
    assert rule.name == spec
    assert protocol(rule.name, MODALITIES) == rule


@pytest.mark.parametrize("spec", EVERY)
def test_no_protocol_adds_a_modality_that_was_not_recorded(spec):
    gaps = with_gaps()
    available = protocol(spec, MODALITIES).apply(gaps, 0).available
    assert not (available & ~gaps.available).any()


@pytest.mark.parametrize("spec", ["complete", "rate:0.9", "burst:3", "noise:1", "shift:3", "rates"])
def test_no_utterance_loses_its_last_modality(spec):
    gaps = with_gaps()
    available = protocol(spec, MODALITIES).apply(gaps, 0).available
    assert torch.equal(available.any(dim=1), gaps.available.any(dim=1))


@pytest.mark.parametrize("spec", EVERY)
def test_apply_combines_keep_with_what_was_recorded(spec):
    gaps = with_gaps()
    rule = protocol(spec, MODALITIES)
    assert torch.equal(rule.apply(gaps, 3).available, rule.keep(gaps, 3) & gaps.available)
    assert rule.keep(gaps, 3).shape == (400, 3)


@pytest.mark.parametrize(
    "spec",
    [
        "rate:0.5",
        "drop:0.5",
        "burst:3",
        "speaker:t",
        "noise:0.5",
        "sets",
        "rates",
        "drops",
        "mixed",
        "varied",
    ],
)
def test_the_seed_determines_masks_and_corruption(spec):
    rule = protocol(spec, MODALITIES)
    one, again, other = ([rule.apply(dialogue(f"d{n}"), seed) for n in range(20)] for seed in (0, 0, 1))

    def same(left, right):
        return all(
            torch.equal(a.available, b.available) and torch.equal(a.features["text"], b.features["text"])
            for a, b in zip(left, right, strict=True)
        )

    assert same(one, again)
    assert not same(one, other)


@pytest.mark.parametrize("spec", ["rate:0.5", "drop:0.5", "rates", "noise:0.5"])
def test_the_mask_of_an_utterance_does_not_depend_on_other_utterances(spec):
    rule = protocol(spec, MODALITIES)
    long, short = rule.apply(dialogue(length=30), 0), rule.apply(dialogue(length=10), 0)
    assert torch.equal(long.available[:10], short.available)
    assert torch.equal(long.features["text"][:10], short.features["text"])
    reordered = replace(dialogue(length=30), utterance_ids=dialogue(length=30).utterance_ids[::-1])
    assert torch.equal(rule.apply(reordered, 0).available.flip(0), long.available)


def test_masks_do_not_depend_on_the_process_or_its_hash_seed():
    code = (
        "from tests.dialogue.test_missing import *\n"
        "rules = [protocol(spec, MODALITIES) for spec in EVERY]\n"
        "views = [rule.apply(dialogue(), 7) for rule in rules]\n"
        "print([v.available.int().tolist() for v in views], views[5].features['text'].sum().item())"
    )
    printed = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONHASHSEED": "1"},
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    views = [protocol(spec, MODALITIES).apply(dialogue(), 7) for spec in EVERY]
    masks = [view.available.int().tolist() for view in views]
    assert printed.strip() == f"{masks} {views[5].features['text'].sum().item()}"


def test_masks_of_a_published_seed_never_change():
    mask = Rate(0.5).keep(dialogue(length=6), 0)
    assert mask.int().tolist() == [[1, 0, 1], [1, 1, 1], [1, 1, 1], [1, 0, 1], [0, 1, 0], [0, 0, 1]]


@pytest.mark.parametrize("rate", [0.0, 0.1, 0.3, 0.5, 0.6, 0.7])
def test_the_number_of_kept_modalities_is_binomial_under_rate(rate):
    count = kept(Rate(rate), 250).sum(dim=1)
    other = max(1 - 1.5 * rate, 0.0)
    for number, probability in {1: (1 - other) ** 2, 2: 2 * other * (1 - other), 3: other**2}.items():
        assert_fraction(count == number, probability)


@pytest.mark.parametrize(("width", "rate"), [(2, 0.4), (3, 0.5), (4, 0.6), (6, 0.8)])
def test_rate_is_the_missing_fraction_for_any_number_of_modalities(width, rate):
    mask = kept(Rate(rate), 250, modalities=tuple(f"m{n}" for n in range(width)))
    assert_fraction(~mask.any(dim=1), 0.0)
    for column in mask.T:
        assert_fraction(~column, rate)


def test_rate_never_masks_a_single_modality():
    assert Rate(1.0).keep(dialogue(modalities=("text",)), 0).all()


def test_rate_chooses_the_kept_modality_among_the_recorded_ones():
    gaps = with_gaps(8000)
    available = Rate(0.7).apply(gaps, 0).available
    assert (available.sum(dim=1) == gaps.available.any(dim=1)).all()
    both = (gaps.available == torch.tensor([True, False, True])).all(dim=1)
    assert_fraction(available[both, 0], 0.5)


def test_masks_of_increasing_rates_are_nested():
    gaps = with_gaps()
    masks = [Rate(step / 20).apply(gaps, 0).available for step in range(21)]
    for lower, higher in pairwise(masks):
        assert not (higher & ~lower).any()
    assert torch.equal(masks[0], gaps.available)


@pytest.mark.parametrize("condition", conditions(MODALITIES))
def test_a_fixed_set_is_the_same_for_every_utterance(condition):
    mask = protocol(condition, MODALITIES).keep(dialogue(), 0)
    assert mask.tolist() == [[m[0] in condition for m in MODALITIES]] * 40


@pytest.mark.parametrize("modalities", [MODALITIES, ("text",)])
def test_a_dropped_utterance_has_nothing_and_higher_rates_drop_more(modalities):
    masks = [Drop(rate).keep(dialogue(length=4000, modalities=modalities), 0) for rate in (0, 0.3, 0.6, 1)]
    for mask in masks:
        assert torch.equal(mask.any(dim=1), mask.all(dim=1))
    assert_fraction(~masks[1][:, 0], 0.3)
    assert not any((higher & ~lower).any() for lower, higher in pairwise(masks))
    assert masks[0].all()
    assert not masks[-1].any()


@pytest.mark.parametrize("turns", [1, 4])
def test_a_burst_has_the_given_length(turns):
    mask = Burst(turns).keep(dialogue(length=200), 0)
    assert ((~mask).sum(dim=1) == 1).all()
    missing = mask.int().argmin(dim=1)
    lengths = torch.unique_consecutive(missing, return_counts=True)[1]
    assert (lengths[1:-1] == turns).all()
    assert (lengths <= turns).all()


def test_bursts_mask_each_modality_equally_often():
    first = torch.stack([Burst(5).keep(dialogue(f"d{n}"), 0)[17] for n in range(2000)])
    for column in first.T:
        assert_fraction(~column, 1 / 3)
    assert Burst(5).keep(dialogue(modalities=("text",)), 0).all()


def test_one_speaker_has_only_the_set_and_the_others_are_not_masked():
    masked = []
    for n in range(600):
        talk = dialogue(f"d{n}", length=6, speakers=3)
        reduced = ~SpeakerSet(("text",)).keep(talk, 0).all(dim=1)
        masked.append(talk.speaker[reduced].unique().item())
        assert torch.equal(SpeakerSet(("text",)).keep(talk, 0)[:, 1], torch.ones(6, dtype=torch.bool))
    for speaker in range(3):
        assert_fraction(torch.tensor(masked) == speaker, 1 / 3)


def test_noise_has_the_given_scale_and_is_independent_between_modalities():
    clean = dialogue(length=5000)
    noise = {m: Noise(0.5).apply(clean, 0).features[m] - clean.features[m] for m in MODALITIES}
    assert noise["text"].std().item() == pytest.approx(0.5, rel=0.03)
    assert noise["text"].mean().item() == pytest.approx(0.0, abs=0.015)
    assert abs(torch.corrcoef(torch.stack([noise["text"][:, 0], noise["audio"][:, 0]]))[0, 1]) < 0.05
    assert torch.equal(Noise(0.0).apply(clean, 0).features["text"], clean.features["text"])
    double = Noise(1.0).apply(clean, 0).features["text"] - clean.features["text"]
    assert torch.allclose(double, 2 * noise["text"], atol=1e-3)


def test_a_shifted_modality_is_delayed():
    clean = dialogue(length=6)
    late = Shift(2).apply(clean, 0)
    (column,) = [c for c in range(3) if not late.available[:, c].all()]
    assert late.available[:, column].tolist() == [False, False, True, True, True, True]
    name = MODALITIES[column]
    assert late.features[name][2:].tolist() == clean.features[name][:4].tolist()
    for other in set(MODALITIES) - {name}:
        assert torch.equal(late.features[other], clean.features[other])


def test_a_shift_does_not_delay_the_last_modality_of_a_turn():
    late = Shift(2).apply(dialogue(length=5, modalities=("text",)), 0)
    assert late.available.all()
    assert late.features["text"][:, 0].tolist() == [0, 1, 0, 1, 2]


def test_a_shift_longer_than_the_dialogue_masks_the_modality():
    late = Shift(9).apply(dialogue(length=3), 0)
    assert late.available.sum().item() == 6


def test_random_sets_are_uniform_and_constant_within_a_dialogue():
    masks = torch.stack([RandomSets().keep(dialogue(f"d{n}", length=3), 0) for n in range(3500)])
    assert (masks == masks[:, :1]).all()
    codes = (masks[:, 0] * torch.tensor([1, 2, 4])).sum(dim=1)
    for code in range(8):
        assert_fraction(codes == code, 1 / 7 if code else 0.0)


def test_random_rates_cover_the_range_of_the_missing_rate_curves():
    missing = torch.stack(
        [(~RandomRates().keep(dialogue(f"d{n}", 60), 0)).float().mean() for n in range(600)]
    )
    assert missing.mean().item() == pytest.approx(0.35, abs=0.03)
    assert missing.min() < 0.05
    assert missing.max() > 0.6


def test_partial_sets_are_uniform_over_utterances_and_never_complete():
    long = dialogue(length=6000)
    keep = PartialSets().keep(long, 0)
    found, counts = keep.unique(dim=0, return_counts=True)
    assert len(found) == 6
    assert not (found.all(dim=1) | ~found.any(dim=1)).any()
    assert (counts - 1000).abs().max() < 100
    assert PartialSets().keep(dialogue(modalities=("text",)), 0).all()


def test_mixed_uses_sets_and_rates_equally_often():
    talks = [dialogue(f"d{n}") for n in range(1000)]
    sets = torch.tensor([torch.equal(Mixed().keep(t, 0), RandomSets().keep(t, 0)) for t in talks])
    rates = torch.tensor([torch.equal(Mixed().keep(t, 0), RandomRates().keep(t, 0)) for t in talks])
    assert (sets | rates).all()
    assert_fraction(sets & ~rates, 0.5)


def test_complete_masks_nothing():
    assert Complete().keep(dialogue(), 0).all()


def test_conditions_are_sorted_by_size():
    assert conditions(MODALITIES) == ("a", "t", "v", "at", "av", "tv", "atv")
    assert conditions(("text", "tail")) == ("text", "tail", "text+tail")
    assert len(conditions(("a", "b", "c", "d"))) == 15


def test_a_set_can_be_given_in_any_order_by_initials_or_full_names():
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
        ("fixed:audi", r"'audi' is not a set of the modalities \['audio', 'text', 'video'\].*mean 'audio'"),
        ("speaker:", "'' is not a set of the modalities"),
        ("rate:half", "'rate:half': a number must follow the colon; got 'half'"),
        ("rate:1.5", r"A missing rate must be a fraction in \[0, 1\]; got 1.5"),
        ("rate:nan", r"must be a fraction in \[0, 1\]; got nan"),
        ("drop:1.5", r"A rate of dropped utterances must be a fraction in \[0, 1\]; got 1.5"),
        ("burst:0", "length of a burst must be a number of turns >= 1; got 0"),
        ("burst:1.5", "a whole number of turns must follow the colon; got '1.5'"),
        ("shift:-1", "A shift must be a number of turns >= 1; got -1"),
        ("noise:-1", "scale of noise must be a finite number of standard deviations >= 0; got -1"),
        ("noise:inf", "must be a finite number"),
    ],
)
def test_an_invalid_name_is_an_error_with_a_suggestion(spec, message):
    with pytest.raises(ValueError, match=message):
        protocol(spec, MODALITIES)


def test_invalid_sets_and_modalities_are_refused():
    with pytest.raises(ValueError, match=r"needs at least one modality, and each only once; got \(\)"):
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


def test_drops_hide_turns_of_a_corpus_with_one_modality():
    talks = [dialogue(f"d{n}", 60, modalities=("text",)) for n in range(400)]
    hidden = torch.stack([(~RandomDrops().keep(t, 0)).float().mean() for t in talks])
    assert hidden.mean() == pytest.approx(HIGHEST_RATE / 2, abs=0.02)
    assert hidden.min() < 0.05
    assert hidden.max() > 0.6
    assert all(bool(Mixed().keep(t, 0).all()) for t in talks)  # which hides nothing here


def test_varied_drops_turns_of_one_dialogue_in_four():
    talks = [dialogue(f"d{n}", 30) for n in range(1500)]
    for policy, share in ((RandomSets(), 3 / 8), (RandomRates(), 3 / 8), (RandomDrops(), 1 / 4)):
        same = [torch.equal(Varied().keep(t, 0), policy.keep(t, 0)) for t in talks]
        assert np.mean(same) == pytest.approx(share, abs=0.05)
