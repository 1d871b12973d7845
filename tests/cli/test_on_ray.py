"""Prediction on a Ray cluster of several nodes, on one machine."""

import gzip
import json
from pathlib import Path

import pytest
import torch

from graphmer.cli import on_ray
from tests.inference.test_predictor import saved
from tests.ray_cluster import kill_a_node, needs_ray
from tests.talks import LABELS


def calls(folder: Path, dialogues: int = 160, turns: int = 50) -> Path:
    """Dialogues with gaps; every second turn has no text."""
    generator = torch.Generator().manual_seed(0)
    vectors = torch.randn(dialogues, turns, 8, generator=generator).mul(100).round().div(100)
    lines = []
    for number, rows in enumerate(vectors.tolist()):
        features = [{"audio": row[:3], **({"text": row[3:]} if t % 2 else {})} for t, row in enumerate(rows)]
        utterances = [{"speaker": "AB"[t % 2], "features": each} for t, each in enumerate(features)]
        lines.append(json.dumps({"id": f"call{number}", "utterances": utterances}))
    path = folder / "calls.jsonl"
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.mark.slow
@needs_ray
@pytest.mark.filterwarnings("ignore")
def test_a_folder_is_continued_and_not_mixed_with_another_input(graphmer, cluster, tmp_path):
    model, source, out = saved(tmp_path / "run", "fold1-seed1"), calls(tmp_path, 20), tmp_path / "parts"
    command = ("predict", model, source, "--engine", "ray", "--address", cluster.address, "--out", out)
    assert graphmer(*command).code == 0
    (part,) = out.glob("part-*")
    content = part.read_bytes()

    part.unlink()
    again = graphmer(*command)
    assert "1 parts (0 there before)" in again.err
    assert part.read_bytes() == content
    assert "1 parts (1 there before)" in graphmer(*command).err
    assert "shards of another input" in graphmer(*command, "--condition", "a").err


@pytest.mark.slow
@needs_ray
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("form", ["jsonl.gz", "parquet"])
def test_compressed_lines_and_parquet_are_predicted_as_without_ray(
    graphmer, cluster, tmp_path, form, monkeypatch
):
    parquet = pytest.importorskip("pyarrow.parquet")
    monkeypatch.setattr(on_ray, "SHARD", 1000)
    model, lines, out = saved(tmp_path / "run", "fold1-seed1"), calls(tmp_path, 60), tmp_path / "parts"
    source = tmp_path / f"packed.{form}"
    if form == "parquet":
        from graphmer.corpora.base import Card, InMemoryCorpus
        from graphmer.corpora.dataset import read_dialogues
        from graphmer.corpora.parquet.write import write_parquet

        widths = {"audio": 3, "text": 5}
        dialogues = tuple(read_dialogues(lines, widths))
        write_parquet(InMemoryCorpus(Card("calls"), LABELS, widths, dialogues, {}, ""), source)
    else:
        source.write_bytes(gzip.compress(lines.read_bytes()))
    plain = tmp_path / "plain.parquet"
    assert graphmer("predict", model, source, "--out", plain).code == 0
    options = ("--engine", "ray", "--address", cluster.address, "--format", "parquet", "--out", out)
    done = graphmer("predict", model, source, *options)

    assert "3000 turns in 3 parts (0 there before)" in done.err
    parts = sorted(out.glob("part-*.parquet"))
    assert sorted(path.name for path in out.iterdir()) == [*(part.name for part in parts), "plan.json"]
    rows = [row for part in parts for row in parquet.read_table(part).to_pylist()]
    assert rows == parquet.read_table(plain).to_pylist()


def test_a_damaged_gzip_is_refused_in_one_line_and_leaves_nothing(graphmer, tmp_path):
    model, source, out = (
        saved(tmp_path / "run", "fold1-seed1"),
        tmp_path / "calls.jsonl.gz",
        tmp_path / "parts",
    )
    source.write_bytes(gzip.compress(calls(tmp_path, 5).read_bytes())[:-100])
    found = graphmer("predict", model, source, "--engine", "ray", "--out", out)
    assert "calls.jsonl.gz: damaged gzip file" in found.complaint
    assert not list(out.iterdir())


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (["--engine", "ray"], "--engine ray: needs --out DIR"),
        (["--engine", "ray", "--out", "parts", "--what-if"], "--engine ray: needs --out DIR"),
        (["--engine", "ray", "--out", "parts", "--format", "csv"], "--engine ray: needs --out DIR"),
    ],
)
def test_what_ray_does_not_do_is_refused_in_one_line(graphmer, tmp_path, options, complaint):
    model = saved(tmp_path / "run", "fold1-seed1")
    found = graphmer("predict", model, calls(tmp_path, 1), *options)
    assert found.complaint.startswith(complaint)


def test_a_missing_ray_is_named_with_the_command_that_installs_it(graphmer, tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "ray", None)
    model = saved(tmp_path / "run", "fold1-seed1")
    found = graphmer("predict", model, calls(tmp_path, 1), "--engine", "ray", "--out", tmp_path / "parts")
    assert found.complaint == (
        '--engine ray needs Ray, which is not installed. Run: pip install "graphmer[ray]"'
    )


@pytest.mark.slow
@needs_ray
@pytest.mark.filterwarnings("ignore")
def test_rows_are_the_same_to_the_bit_although_a_node_dies_in_the_middle(
    graphmer, cluster, tmp_path, monkeypatch
):
    parquet = pytest.importorskip("pyarrow.parquet")
    monkeypatch.setattr(on_ray, "SHARD", 2000)
    model, source, out = saved(tmp_path / "run", "fold1-seed1"), calls(tmp_path, 320), tmp_path / "parts"
    plain = tmp_path / "plain.parquet"
    assert graphmer("predict", model, source, "--out", plain).code == 0

    killer = kill_a_node(cluster, lambda: list(out.glob("part-*")))
    options = ("--engine", "ray", "--address", cluster.address, "--format", "parquet", "--out", out)
    done = graphmer("predict", model, source, *options)
    killer.join()

    assert done.code == 0, done.err
    assert "3 nodes, 3 cores" in done.err
    assert "16000 turns in 8 parts (0 there before)" in done.err
    parts = sorted(out.glob("part-*.parquet"))
    assert sorted(path.name for path in out.iterdir()) == [*(part.name for part in parts), "plan.json"]
    rows = [row for part in parts for row in parquet.read_table(part).to_pylist()]
    assert rows == parquet.read_table(plain).to_pylist()
