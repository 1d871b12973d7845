import csv
import json
from pathlib import Path

import pytest
import torch

from graphmer.dialogue import protocol
from graphmer.inference.information_gain import ExpectedInformationGain
from graphmer.inference.pattern import DISTANCE
from graphmer.training.model_file import TrainedModel, save_model
from tests.inference.test_acquisition import REVEALS
from tests.inference.test_predictor import saved, trained
from tests.talks import LABELS, WIDTHS, talk

TURNS = [
    {"id": f"u{number}", "speaker": "AB"[number % 2], "features": {"text": [0.1 * number] * 5}}
    for number in range(6)
]


def chats(folder: Path, turns: list[dict] = TURNS, count: int = 1) -> Path:
    path = folder / "chats.jsonl"
    path.write_text("".join(json.dumps({"id": f"c{i}", "utterances": turns}) + "\n" for i in range(count)))
    return path


def with_gains(folder: Path) -> Path:
    run = saved(folder / "run", "fold1-seed1")
    ExpectedInformationGain(tuple(WIDTHS), {}, REVEALS).save(run / "fold1-seed1" / "what_if.json")
    return run


def reading(folder: Path) -> Path:
    """A run whose model reads the missing pattern; in training half of the video was lost."""
    parts: TrainedModel = trained(missing_pattern=True)
    law = protocol("mnar:v@sad=0.9,v=0.4", tuple(WIDTHS))
    train = [law.apply(talk("ABABABAB", id=str(n), seed=n), 0) for n in range(50)]
    parts.model.network.prepare(train, LABELS)
    (folder / "run" / "fold1-seed1").mkdir(parents=True)
    save_model(folder / "run" / "fold1-seed1", parts)
    return folder / "run"


def test_a_plan_is_written_as_json_lines_csv_and_a_table(graphmer, tmp_path):
    run, source = with_gains(tmp_path), chats(tmp_path)
    lines = graphmer("predict", run, source, "--budget", 4, "--cost", "a=1,v=2").out.splitlines()
    found = [json.loads(line) for line in lines]
    assert found
    assert list(found[0]) == ["dialogue", "turn", "id", "modality", "gain", "cost", "total"]
    assert {each["modality"]: each["cost"] for each in found}.items() <= {"audio": 1.0, "video": 2.0}.items()
    assert found[-1]["total"] == sum(each["cost"] for each in found) <= 4
    assert graphmer("predict", run, source, "--budget", 4, "--out", tmp_path / "plan.csv").code == 0
    rows = list(csv.DictReader((tmp_path / "plan.csv").read_text().splitlines()))
    assert rows[0]["dialogue"] == "c0"
    table = graphmer("predict", run, source, "--budget", 1, "--format", "table").out
    assert table.count("c0") == 1  # one acquisition
    assert "total" in table


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            ("--budget", "1", "--what-if"),
            "--budget: is for neither --what-if nor --leave-out nor --engine ray.",
        ),
        (("--cost", "a=1"), "--cost: is the cost of what a --budget acquires. Give one."),
        (
            ("--budget", "1", "--cost", "x=1"),
            "--cost: must be modalities of audio, text, video with a number",
        ),
        (("--budget", "1", "--cost", "a"), "such as audio=1; got 'a'."),
        (("--budget", "1", "--cost", "a=1,at=2"), "--cost: audio must have one cost; got two, the second in"),
        (
            ("--budget", "1", "--cost", "a=0"),
            "--budget: A cost must be a number > 0 and a budget one >= 0; got",
        ),
        (("--budget=-1",), "a budget one >= 0; got -1"),
        (("--budget", "1", "--format", "vtt"), "--format: must be one of jsonl, csv, table with --budget"),
    ],
)
def test_what_makes_no_plan_is_refused_in_one_line(graphmer, tmp_path, options, message):
    found = graphmer("predict", with_gains(tmp_path), chats(tmp_path), *options, columns=300)
    assert message in found.complaint


def test_a_model_without_measured_gains_is_refused(graphmer, tmp_path):
    run = saved(tmp_path / "run", "fold1-seed1")
    found = graphmer("predict", run, chats(tmp_path), "--budget", 1)
    assert found.complaint == (
        "--budget: The model has no gains of revealed modalities in what_if.json; train it again."
    )


def test_a_pattern_that_is_rarer_in_training_is_warned_of_and_can_be_ignored(graphmer, tmp_path):
    run, source = reading(tmp_path), chats(tmp_path, count=20)
    found = graphmer("predict", run, source, columns=300)
    assert found.code == 0
    assert "Warning: modalities are missing otherwise than in training: t on 100 % of the turns" in found.err
    ignored = graphmer("predict", run, source, "--ignore-pattern", columns=300)
    assert "Warning" not in ignored.err
    one, two = ([json.loads(line) for line in each.out.splitlines()] for each in (found, ignored))
    assert one[0]["turns"][0]["probability"] != two[0]["turns"][0]["probability"]


def test_the_pattern_of_training_is_not_warned_of(graphmer, tmp_path):
    run = reading(tmp_path)
    generator = torch.Generator().manual_seed(1)
    lost = torch.rand(400, generator=generator) < 0.5 + DISTANCE / 4
    vectors = {m: [0.5] * width for m, width in WIDTHS.items()}
    turns = [
        {"speaker": "A", "features": {m: row for m, row in vectors.items() if m != "video" or not gone}}
        for gone in lost.tolist()
    ]
    assert "Warning" not in graphmer("predict", run, chats(tmp_path, turns), columns=300).err


def test_a_condition_is_no_pattern_and_cannot_depend_on_emotions(graphmer, tmp_path):
    run = reading(tmp_path)
    vectors = {m: [0.5] * width for m, width in WIDTHS.items()}
    halves = [vectors, {m: row for m, row in vectors.items() if m != "video"}]
    source = chats(tmp_path, [{"speaker": "A", "features": row} for row in halves * 50])
    assert "Warning" not in graphmer("predict", run, source, "--condition", "t", columns=300).err
    found = graphmer("predict", run, source, "--condition", "mnar:v@sad=0.5", columns=300)
    assert "depends on annotated emotions, which predict does not read" in found.complaint


def test_a_model_that_reads_no_pattern_cannot_ignore_it(graphmer, tmp_path):
    run = saved(tmp_path / "run", "fold1-seed1")
    found = graphmer("predict", run, chats(tmp_path), "--ignore-pattern", columns=300)
    assert "--ignore-pattern: The model reads no missing pattern" in found.complaint
