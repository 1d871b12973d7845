import re
from pathlib import Path

import pytest
import yaml

import graphmer

ROOT = Path(__file__).parents[2]
ROOMS = sorted(path.parent.name for path in (ROOT / "graphmer").glob("*/__init__.py"))
LINK = re.compile(r"\]\(([^)#\s]+)")


@pytest.mark.parametrize("room", ROOMS)
def test_every_room_has_a_page_of_the_api_reference(room):
    assert f"::: graphmer.{room}\n" in (ROOT / "docs" / "api" / f"{room}.md").read_text(encoding="utf-8")


def test_every_public_name_is_in_the_api_reference():
    listed = (ROOT / "docs" / "api" / "index.md").read_text(encoding="utf-8")
    assert [name for name in graphmer.__all__ if f"`{name}`" not in listed] == []


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md", "benchmarks/README.md"])
def test_links_between_files_of_the_repository_lead_somewhere(page):
    links = [link for link in LINK.findall((ROOT / page).read_text(encoding="utf-8")) if "://" not in link]
    assert links
    assert [link for link in links if not ((ROOT / page).parent / link).exists()] == []


def test_the_workflow_runs_what_the_makefile_has():
    jobs = yaml.safe_load((ROOT / ".github" / "workflows" / "ci.yml").read_text(encoding="utf-8"))["jobs"]
    called = {step["run"] for job in jobs.values() for step in job["steps"] if "run" in step}
    assert {"make check", "make test", "make test-lowest"} <= called
