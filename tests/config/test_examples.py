from pathlib import Path

import pytest

from graphmer.config.load import load_config

ROOT = Path(__file__).parents[2]
FILES = sorted(path for folder in ("configs", "examples") for path in (ROOT / folder).rglob("*.yaml"))


def test_some_were_found():
    assert FILES


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_published_configuration_can_be_read(path):
    config = load_config(path)
    assert config.name
