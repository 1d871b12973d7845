import json
import re
from pathlib import Path

import numpy as np
import pytest
import yaml

import graphmer
from graphmer.config.load import checked

ROOT = Path(__file__).parents[2]
PACKAGES = sorted(path.parent.name for path in (ROOT / "graphmer").glob("*/__init__.py"))
LINK = re.compile(r"\]\(([^)#\s]+)")


@pytest.mark.parametrize("package", PACKAGES)
def test_every_package_has_a_page_of_the_api_reference(package):
    assert f"::: graphmer.{package}\n" in (ROOT / "docs" / "api" / f"{package}.md").read_text(
        encoding="utf-8"
    )


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


def test_the_example_of_own_data_is_a_corpus(tmp_path):
    page = (ROOT / "docs" / "own-data.md").read_text(encoding="utf-8")
    header, line = (
        re.search(rf"```{kind}[^\n]*\n(.*?)```", page, re.DOTALL)[1] for kind in ("yaml title", "json")
    )
    (tmp_path / "dataset.yaml").write_text(header, encoding="utf-8")
    (tmp_path / "calls.jsonl").write_text(json.dumps(json.loads(line)), encoding="utf-8")
    np.save(tmp_path / "audio.npy", np.ones((1, 3), dtype=np.float32))
    (dialogue,) = graphmer.read_dataset(tmp_path).dialogues
    assert dialogue.available.tolist() == [[True, True], [False, False]]
    assert dialogue.emotion == ("calm", None)


def _fragments():
    for page in sorted((ROOT / "docs").rglob("*.md")):
        for number, block in enumerate(
            re.findall(r"```yaml\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)
        ):
            yield pytest.param(block, id=f"{page.stem}-{number}")


@pytest.mark.parametrize("fragment", list(_fragments()))
def test_configurations_in_the_documentation_are_valid(fragment):
    values = {"name": "page", "data": {"format": "simulated"}, **yaml.safe_load(fragment)}
    if values.get("model", {}).get("system", "graphmer") == "graphmer":
        values.setdefault("graph", {"rules": {"near": {"rule": "adjacent"}}})
    checked(values, "page", ROOT)


def test_the_table_of_systems_is_what_they_declare():
    page = (ROOT / "docs" / "systems.md").read_text(encoding="utf-8")
    rows = {
        row[1].strip(" `"): row for row in (line.split("|") for line in page.splitlines()) if len(row) == 11
    }
    for name, system in graphmer.SYSTEMS.items():
        reads = (system.uses_graph, system.causal, system.streams, system.what_if)
        declared = (*reads, system.scores, system.fit is None)
        assert [cell.strip() for cell in rows[name][4:-1]] == ["yes" if can else "no" for can in declared]


def test_the_system_of_the_documentation_trains(tmp_path):
    page = (ROOT / "docs" / "add" / "system.md").read_text(encoding="utf-8")
    block = re.search(r"```python\n(from typing.*?)```", page, re.DOTALL)[1]
    names = {}
    exec(block, names)
    systems = {**graphmer.SYSTEMS, "average": names["AVERAGE"]}
    path = tmp_path / "average.yaml"
    path.write_text(
        "{name: average, data: {format: simulated, simulation: {dialogues: 10}}, model: {system: average},"
        " heads: {change: true}, causal: true, folds: [1],"
        " training: {stages: [{name: only, objective: all, epochs: 1}]}}"
    )
    run = graphmer.Run.begin(graphmer.load_config(path, systems=systems), tmp_path, systems=systems)
    assert run.train().conditions[:3] == ("a", "t", "v")


def test_the_commit_that_adding_a_system_shows_is_what_is_there():
    page = (ROOT / "docs" / "add" / "system.md").read_text(encoding="utf-8")
    diff = re.search(r"```diff\n(.*?)```", page, re.DOTALL)[1]
    files = re.split(r"^\+\+\+ b/", diff, flags=re.MULTILINE)[1:]
    assert len(files) == 4
    for file in files:
        name, *lines = file.splitlines()
        content = (ROOT / name).read_text(encoding="utf-8")
        added = [line[1:] for line in lines if line.startswith("+")]
        if len(added) == len([line for line in lines if line]):
            assert content.splitlines() == added  # a new file, shown whole
        else:
            assert set(added) <= set(content.splitlines())
