from pathlib import Path

import pytest

from graphmer.config.load import load_config

ROOT = Path(__file__).parents[2]
FILES = sorted(
    path
    for folder in ("configs", "examples")
    for path in (ROOT / folder).rglob("*.yaml")
    if path.parent.name != "corpora"  # read through the files that they are a `base` of
)


def test_some_were_found():
    assert FILES


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_published_configuration_can_be_read(path, monkeypatch):
    monkeypatch.setenv("DATA", "corpus")  # which the recipe asks for
    config = load_config(path)
    assert config.name


PUBLISHED = [path for path in FILES if path.parent.name == "published"]


def test_published_settings_hold_the_figures_of_their_paper_with_caveats():
    assert len(PUBLISHED) >= 6
    for path in PUBLISHED:
        published = load_config(path).published
        assert published is not None
        assert {"a", "t", "v", "at", "av", "tv"} <= set(published.values)
        assert all(20 < figure < 100 for figures in published.values.values() for figure in figures)
        assert any("test set" in caveat for caveat in published.caveats)


SYSTEMS = [path for path in FILES if path.parent.name == "systems"]


@pytest.mark.parametrize("path", SYSTEMS, ids=lambda path: path.stem)
def test_configurations_of_systems_hold_published_figures_with_caveats(path):
    config = load_config(path)
    assert path.stem == config.name
    assert path.stem.rpartition("_")[0] == config.model.system
    if config.published is None:
        return
    sets = {"a", "t", "v", "at", "av", "tv", "atv"}
    rates = {name for name in config.published.values if name.startswith("rate:")}
    assert set(config.published.values) <= sets | rates
    assert all(20 < figure < 100 for figures in config.published.values.values() for figure in figures)
    assert config.published.caveats


def test_the_mean_of_the_partial_conditions_is_the_one_that_momke_prints():
    printed = {"momke_iemocap4": 72.23, "momke_cmumosi": 75.24, "momke_cmumosei": 79.33}
    for name, mean in printed.items():
        published = load_config(ROOT / "configs" / "published" / f"{name}.yaml").published
        assert published is not None
        partial = [published.values[c][0] for c in ("a", "t", "v", "at", "av", "tv")]
        assert abs(sum(partial) / 6 - mean) < 0.006
