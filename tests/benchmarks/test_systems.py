from dataclasses import replace

import numpy as np
import pytest
import yaml

from benchmarks.accuracy.systems import measure, search, stored
from benchmarks.accuracy.systems.claim import HERE, Candidate, Claim, value_of
from benchmarks.accuracy.systems.figure import drawn
from benchmarks.accuracy.systems.page import CLAIMS, SHORT, Tables
from graphmer.experiment.components import Components, FoldData

CLAIM = {
    "title": "Simulated",
    "protocol": "Tiny.",
    "metric": "wa",
    "reference": "momke",
    "rates": [0.1, 0.3, 0.5, 0.7],
    "set": [
        "data={format: simulated, simulation: {dialogues: 10, widths: {audio: 12, text: 14}}}",
        "folds=[1,2]",
        "model.width=8",
    ],
    "files": str(HERE / "../../../configs/published/{system}_iemocap4.yaml"),
    "search": {"epochs": 0.02, "weights": {"momke": "model.reconstruction"}},
    "systems": {
        "momke": {"set": ["model.reconstruction=1.0", "model.depth=1"]},
        "logistic": {
            "config": str(HERE / "../iemocap4/momke.yaml"),
            "set": [
                "model={system: logistic}",
                "training.stages=null",
                "training.learning_rate=0.0000123456",
            ],
        },
    },
}


@pytest.fixture
def claim(tmp_path, monkeypatch):
    monkeypatch.setattr(search, "WORK", tmp_path / "runs")
    monkeypatch.setattr(measure, "WORK", tmp_path / "runs")
    monkeypatch.setattr(stored, "FOLDER", tmp_path / "results")
    path = tmp_path / "tiny.yaml"
    path.write_text(yaml.safe_dump(CLAIM))
    return Claim.read(path)


def test_the_common_recipe_replaces_training_and_mask_and_keeps_the_relative_length_of_stages(claim):
    own, common = (claim.config("momke", Candidate(recipe)) for recipe in ("own", "common"))
    assert own.training.optimizer == "adam"
    assert [(s.epochs, s.mask) for s in own.training.stages] == [(100, "complete"), (100, "sets")]
    assert (common.training.optimizer, common.training.learning_rate, common.training.ema) == (
        "adamw",
        5e-4,
        0.99,
    )
    assert [(s.epochs, s.mask) for s in common.training.stages] == [(30, "complete"), (30, "mixed")]
    assert common.model == own.model
    assert common.data == own.data


def test_factors_multiply_learning_rate_and_loss_weight_and_a_search_shortens_every_stage(claim):
    tried = claim.config("momke", Candidate("own", 3.0, 0.333), epochs=0.34)
    assert tried.training.learning_rate == pytest.approx(3e-4)
    assert tried.model.reconstruction == pytest.approx(0.333)
    assert [stage.epochs for stage in tried.training.stages] == [34, 34]


def test_a_candidate_is_read_back_from_its_key():
    for candidate in (Candidate(), Candidate("common", 0.333, 3.0)):
        assert Candidate.from_key(candidate.key) == candidate


def test_every_step_of_the_search_starts_from_the_best_candidate(claim, monkeypatch):
    scores = {"own-1-1": 0.4, "common-1-1": 0.5, "common-3-1": 0.7, "common-3-0.333": 0.6, "common-3-3": None}
    tried = []
    monkeypatch.setattr(search, "train", lambda *arguments: tried.extend(each.key for each in arguments[2]))
    monkeypatch.setattr(
        search,
        "outcome",
        lambda claim, system, each: {"candidate": each.key, "score": scores.get(each.key, 0.1)},
    )
    search.search(claim, "momke", jobs=1)
    assert tried == ["own-1-1", "common-1-1", "common-0.333-1", "common-3-1", "common-3-0.333", "common-3-3"]
    found = stored.load("momke", "tiny")["search"]
    assert found["chosen"] == "common-3-1"
    assert len(found["trials"]) == 6
    search.search(claim, "momke", jobs=1)
    assert len(tried) == 6


def test_a_trial_reads_no_dialogue_of_the_test_fold(claim, monkeypatch):
    part, read = FoldData._part, set()
    monkeypatch.setattr(FoldData, "_part", lambda data, ids: read.update(ids) or part(data, ids))
    search.trial(claim, "momke", Candidate())
    fold = Components(claim.config("momke")).folds[1]
    assert read == {*fold.train, *fold.validation}
    result = search.outcome(claim, "momke", Candidate())
    assert 0 <= result["score"] <= 1


def test_a_trial_that_diverges_has_no_score(claim, monkeypatch):
    def diverged(*arguments):
        raise FloatingPointError("not finite")

    monkeypatch.setattr(search.FoldTraining, "fit", diverged)
    search.trial(claim, "momke", Candidate())
    assert search.outcome(claim, "momke", Candidate())["score"] is None
    assert search.best([search.outcome(claim, "momke", Candidate())]) is None


def test_a_system_is_not_measured_before_its_settings_are_searched(claim):
    with pytest.raises(SystemExit, match="search the settings of momke on tiny first"):
        measure.measure(claim, "momke", seed=1, jobs=1)


def test_a_measurement_stores_scores_intervals_and_facts_and_takes_further_seeds(claim):
    measure.measure(claim, "logistic", seed=1, jobs=1)
    first = stored.load("logistic", "tiny")
    measure.measure(claim, "logistic", seed=2, jobs=1)
    both = stored.load("logistic", "tiny")
    assert list(both["facts"]) == ["1", "2"]
    assert set(both["facts"]["1"]["seconds"]) == {"1", "2"}
    assert both["facts"]["1"]["milliseconds_per_utterance"] > 0
    scores = stored.load_scores(both["scores"])
    assert scores.seeds == (1, 2)
    np.testing.assert_array_equal(scores.counts[:1], stored.load_scores(first["scores"]).counts)
    rows = {(row["condition"], row["metric"]): row["mean"] for row in both["summary"]}
    confusion = scores.confusion("at").sum(axis=0)
    assert rows["at", "wa"] == pytest.approx(np.trace(confusion) / confusion.sum(), abs=1e-6)
    assert {condition for condition, _ in rows} == {"a", "t", "at", *SHORT}
    assert "root" not in both["config"]["data"]


def test_seeds_with_other_settings_are_not_joined(claim):
    measure.measure(claim, "logistic", seed=1, jobs=1)
    section = stored.load("logistic", "tiny")
    scores = replace(stored.load_scores(section["scores"]), seeds=(2,))
    with pytest.raises(SystemExit, match="seeds 1 were measured with other settings"):
        measure.add(section, scores, {**section["config"], "causal": True}, {})


def test_tables_rank_the_systems_and_pair_them_with_the_reference(claim):
    measure.measure(claim, "logistic", seed=1, jobs=1)
    section = stored.load("logistic", "tiny")
    assert "logistic" in Tables(claim).short()
    scores = stored.load_scores(section["scores"])
    best = np.zeros_like(scores.counts)
    classes = np.arange(scores.counts.shape[-1])
    best[..., classes, classes] = scores.counts.sum(axis=-1)
    measure.add(found := {}, replace(scores, counts=best), section["config"], section["facts"]["1"])
    stored.save("momke", "tiny", found)
    lines = Tables(claim).short().splitlines()
    rows = [line.split(" | ") for line in lines if line.startswith("| ") and "---" not in line]
    assert [row[0] for row in rows] == ["| system", "| momke", "| logistic"]
    assert rows[1][1] == "100.0"
    logistic = next(row["mean"] for row in section["partial"] if row["metric"] == "wa")
    difference = rows[2][rows[0].index("mean of partial sets, less momke")]
    assert difference.startswith(f"{100 * (logistic - 1):+.1f} [")
    assert "100.0 ± 0.0" in Tables(claim).full()
    lines = drawn(Tables(claim)).axes[0].lines
    assert [line.get_label() for line in lines] == ["momke", "logistic"]
    np.testing.assert_allclose(lines[0].get_ydata(), 100)


@pytest.mark.parametrize("name", CLAIMS)
def test_every_claim_names_systems_that_exist_and_have_the_settings_it_changes(name, monkeypatch):
    for root in ("IEMOCAP4", "IEMOCAP6", "MELD", "MOSI"):
        monkeypatch.setenv(root, "data")
    claim = Claim.read(name)
    assert claim["reference"] is None or claim["reference"] in claim.systems
    for system in claim.systems:
        for recipe in claim.recipes(system) if claim.searched(system) else ("own",):
            config = claim.config(system, Candidate(recipe))
            assert config.model.system == claim.system_of(system)
            assert config.data.root.name == "data"
            assert claim.weight(system) is None or value_of(config, claim.weight(system)) > 0


def test_a_variant_changes_its_system_and_is_stored_beside_it(claim):
    path = claim.folder / "variants.yaml"
    stages = "training.stages=[{name: mixing, objective: mixing, epochs: 1, mask: sets}]"
    path.write_text(
        yaml.safe_dump(
            {
                "base": "tiny",
                "reference": None,
                "rates": [0.5],
                "systems": {
                    "momke": CLAIM["systems"]["momke"],
                    "momke-each": {"of": "momke", "per_condition": True, "set": [stages]},
                },
            }
        )
    )
    variants = Claim.read(path)
    assert variants.systems == ["momke", "momke-each"]
    with pytest.raises(SystemExit, match="momke itself is measured by the claim tiny"):
        measure.measure(variants, "momke", seed=1, jobs=1)
    stored.save("momke", "tiny", {"search": {"chosen": "own-3-1"}})
    measure.measure(variants, "momke-each", seed=1, jobs=1)
    section = stored.load("momke-each", "tiny")
    assert section["config"]["training"]["learning_rate"] == pytest.approx(3e-4)
    assert set(section["facts"]["1"]["seconds"]) == {
        f"{condition} {fold}" for condition in ("a", "t", "at", "rate:0.5") for fold in (1, 2)
    }
    runs = sorted(measure.WORK.glob("systems/tiny/momke-each-seed1/*"))
    masks = {run.name: yaml.safe_load((run / "config.yaml").read_text()) for run in runs}
    assert {name: each["training"]["stages"][0]["mask"] for name, each in masks.items()} == {
        "a": "fixed:a",
        "at": "fixed:at",
        "rate_0.5": "rate:0.5",
        "t": "fixed:t",
    }
    assert "| momke-each |" in Tables(variants).full()
