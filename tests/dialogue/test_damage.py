import math
from dataclasses import replace

import pytest
import torch

from graphmer.dialogue import Crosstalk, Damage, Dialogue, Mixed, Noise, Shift, protocol
from graphmer.dialogue.missing import DamageProtocol
from graphmer.dialogue.training_damage import DamageSettings, TrainingDamage
from tests.dialogue.test_missing import MODALITIES, assert_fraction, dialogue, with_gaps

KINDS = ("noise:0.5", "student:0.5", "clip:0.5", "block:0.4", "constant:0.5", "crosstalk:0.5", "shift:1")


def wide(length: int = 30, width: int = 40, **shape) -> Dialogue:
    """Dialogue with standard normal features."""
    plain = dialogue(length=length, **shape)
    draw = torch.Generator().manual_seed(0)
    features = {m: torch.randn(length, width, generator=draw) for m in plain.modalities}
    return replace(plain, features=features)


def hidden_in_places(whole: Dialogue) -> Dialogue:
    bits = torch.arange(len(whole)) % 8
    return whole.with_available(torch.stack([(bits >> m & 1).bool() for m in range(3)], dim=1))


@pytest.mark.parametrize("spec", KINDS)
def test_damage_of_some_modalities_is_named_and_parsed(spec):
    rule = protocol(f"{spec}@ta", MODALITIES)
    assert isinstance(rule, Damage)
    assert (rule.name, rule.only) == (f"{spec}@at", ("audio", "text"))
    assert protocol(f"{spec}@text+audio", MODALITIES) == rule
    with pytest.raises(ValueError, match=r"'smell' is not a set of the modalities"):
        protocol(f"{spec}@smell", MODALITIES)
    with pytest.raises(ValueError, match="'' is not a set of the modalities"):
        protocol(f"{spec}@", MODALITIES)
    with pytest.raises(ValueError, match="Dialogue 'd' has no modality 'audio'"):
        rule.apply(dialogue(modalities=("text",)), 0)


@pytest.mark.parametrize("spec", KINDS)
def test_only_what_is_said_to_be_damaged_differs(spec):
    clean = hidden_in_places(wide())
    view, damaged = protocol(spec, MODALITIES).damage(clean, 3)
    assert damaged.any()
    assert not (damaged & ~clean.available).any()
    for column, modality in enumerate(MODALITIES):
        assert view.features[modality].shape == clean.features[modality].shape
        differs = (view.features[modality] != clean.features[modality]).any(dim=1)
        assert torch.equal(differs & view.available[:, column], damaged[:, column])


@pytest.mark.parametrize("spec", KINDS)
def test_other_modalities_stay_as_they_are(spec):
    clean = wide()
    view, damaged = protocol(f"{spec}@t", MODALITIES).damage(clean, 3)
    assert damaged[:, 1].any()
    assert not damaged[:, [0, 2]].any()
    assert torch.equal(view.features["audio"], clean.features["audio"])
    assert torch.equal(view.available[:, [0, 2]], clean.available[:, [0, 2]])


@pytest.mark.parametrize("spec", KINDS)
def test_the_seed_determines_the_damage(spec):
    rule = protocol(spec, MODALITIES)
    one, again, other = (rule.damage(wide(), seed) for seed in (0, 0, 1))
    assert all(torch.equal(one[0].features[m], again[0].features[m]) for m in MODALITIES)
    assert torch.equal(one[1], again[1])
    if not spec.startswith(("clip", "shift")):  # which draw little or nothing
        assert any(not torch.equal(one[0].features[m], other[0].features[m]) for m in MODALITIES)


def test_heavy_noise_is_as_strong_as_gaussian_noise_and_has_more_outliers():
    zero = replace(wide(400, 200), features={m: torch.zeros(400, 200) for m in MODALITIES})
    added = {
        kind: protocol(f"{kind}:2@t", MODALITIES).apply(zero, 0).features["text"]
        for kind in ("noise", "student")
    }
    for values in added.values():
        assert values.std() == pytest.approx(2, rel=0.1)
    beyond = {kind: (values.abs() > 8).float().mean() for kind, values in added.items()}
    assert beyond["student"] > 20 * beyond["noise"]
    assert added["student"].abs().median() < 0.8 * added["noise"].abs().median()


def test_a_block_is_contiguous_and_grows_from_where_it_begins():
    ones = replace(wide(200), features={m: torch.ones(200, 40) for m in MODALITIES})
    lost = {share: protocol(f"block:{share}@t", MODALITIES).apply(ones, 0).features["text"] == 0
            for share in (0.25, 0.5)}  # fmt: skip
    assert (lost[0.25].sum(dim=1) == 10).all()
    assert not (lost[0.25] & ~lost[0.5]).any()
    edges = (lost[0.25] != lost[0.25].roll(1, dims=1)).sum(dim=1)
    assert (edges == 2).all()
    assert_fraction(lost[0.5][:, 7], 0.5)


def test_a_failing_extractor_gives_one_vector_for_all_dialogues():
    views = [protocol("constant:0.5@a", MODALITIES).damage(wide(200, id=id), 0) for id in ("one", "two")]
    vectors = torch.cat([view.features["audio"][damaged[:, 0]] for view, damaged in views])
    assert len(vectors.unique(dim=0)) == 1
    assert_fraction(torch.cat([damaged[:, 0] for _, damaged in views]), 0.5)


def test_crosstalk_comes_from_the_nearest_turn_of_another_speaker_that_has_the_modality():
    talk = replace(wide(7), speaker=torch.tensor([0, 0, 1, 0, 0, 0, 0]))
    view, damaged = Crosstalk(1.0, ("text",)).damage(talk, 0)
    own = talk.features["text"]
    assert torch.equal(view.features["text"], own[torch.tensor([2, 2, 3, 2, 2, 2, 2])])
    assert damaged[:, 1].all()
    gap = torch.ones(7, 3, dtype=torch.bool)
    gap[3, 1] = False
    view, _ = Crosstalk(1.0, ("text",)).damage(talk.with_available(gap), 0)
    assert torch.equal(view.features["text"][2], own[1])
    assert torch.equal(view.features["text"][3], own[3])  # it has no text to damage


def test_a_monologue_has_no_crosstalk():
    _, damaged = Crosstalk(1.0).damage(wide(speakers=1), 0)
    assert not damaged.any()


def test_a_shift_of_one_modality_delays_that_one_in_every_dialogue():
    for number in range(20):
        clean = wide(id=f"d{number}")
        view, damaged = Shift(1, ("video",)).damage(clean, 0)
        assert torch.equal(view.features["video"][1:], clean.features["video"][:-1])
        assert damaged[:, 2].tolist() == [False] + [True] * 29


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("student:-1", "scale of student noise must be a finite number of standard deviations >= 0; got -1"),
        ("clip:0", "limit of clipping must be a finite number of standard deviations > 0; got 0"),
        ("block:1.5", r"A lost block must have a share of the features in \[0, 1\]; got 1.5"),
        ("constant:-1", r"A failing extractor must have a share of the turns in \[0, 1\]; got -1"),
        ("crosstalk:nan", r"Crosstalk must have a share of the turns in \[0, 1\]; got nan"),
        ("shift:1.5@a", "a whole number of turns must follow the colon; got '1.5'"),
        ("noise:@a", "a number must follow the colon; got ''"),
        ("words:0.2", "'words:0.2': word errors are made before features.*use `graphmer features IN OUT"),
        ("nois:1", "Did you mean 'noise:'"),
    ],
)
def test_a_strength_that_is_out_of_range_is_an_error(spec, message):
    with pytest.raises(ValueError, match=message):
        protocol(spec, MODALITIES)


def test_training_damages_one_modality_of_a_share_of_the_dialogues():
    policy = TrainingDamage(DamageSettings(share=0.4), protocol("complete", MODALITIES))
    assert isinstance(policy, DamageProtocol)
    found = [policy.damage(wide(20, 8, id=f"d{n}"), 5)[1] for n in range(500)]
    hit = torch.stack([damaged.any() for damaged in found])
    assert_fraction(hit, 0.4)
    columns = torch.stack([damaged.any(dim=0) for damaged in found])
    assert int(columns.sum(dim=1).max()) == 1
    assert_fraction(columns[hit][:, 0], 1 / 3)
    whole = torch.stack([damaged.sum() >= 18 for damaged in found])[hit]
    assert 0.45 < whole.float().mean() < 0.75


def test_training_without_damage_is_training_with_its_mask_alone():
    mask = Mixed()
    none = TrainingDamage(DamageSettings(share=0.0), mask)
    gaps = with_gaps()
    view, damaged = none.damage(gaps, 2)
    assert torch.equal(view.available, mask.apply(gaps, 2).available)
    assert all(torch.equal(view.features[m], gaps.features[m]) for m in MODALITIES)
    assert not damaged.any()


@pytest.mark.parametrize("spec", KINDS)
def test_training_damage_keeps_what_is_missing_missing(spec):
    kind = spec.partition(":")[0]
    policy = TrainingDamage(DamageSettings(share=1.0, kinds=(kind,)), protocol("rate:0.5", MODALITIES))
    for number in range(20):
        clean = replace(hidden_in_places(wide()), id=f"d{number}")
        view, damaged = policy.damage(clean, 1)
        assert not (view.available & ~clean.available).any()
        assert not (damaged & ~view.available).any()
        for column, modality in enumerate(MODALITIES):
            differs = (view.features[modality] != clean.features[modality]).any(dim=1)
            assert torch.equal(differs & view.available[:, column], damaged[:, column])


def test_what_a_delay_hides_in_training_counts_as_recorded():
    policy = TrainingDamage(DamageSettings(share=1.0, kinds=("shift",)), protocol("complete", MODALITIES))
    views = [policy.damage(wide(id=f"d{number}"), 1)[0] for number in range(20)]
    assert not all(view.available.all() for view in views)
    assert all(view.present.all() for view in views)


def test_no_noise_is_no_change():
    clean = wide()
    assert torch.equal(Noise(0.0).apply(clean, 0).features["text"], clean.features["text"])
    assert not math.isnan(float(clean.features["text"].sum()))
