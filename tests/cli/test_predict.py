import csv
import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from typer.testing import CliRunner

from graphmer.cli.app import app
from graphmer.cli.turns import turn_table
from graphmer.errors import CheckpointError, ConfigError, CorpusError
from graphmer.inference import DialoguePrediction
from graphmer.training.model_file import save_model
from tests.inference.test_predictor import saved, trained
from tests.talks import LABELS, WIDTHS, talk

CHAT = [
    {"id": "u0", "speaker": "Ann", "text": "hello?", "features": {"text": [0.1] * 5, "audio": [0.2] * 3}},
    {"id": "u1", "speaker": "Bob", "features": {"audio": [0.5] * 3}},
    {"id": "u2", "speaker": "Ann", "features": {}},
]


def chats(folder: Path, *dialogues: list[dict]) -> Path:
    path = folder / "chats.jsonl"
    lines = [json.dumps({"id": f"chat{i}", "utterances": turns}) for i, turns in enumerate(dialogues)]
    path.write_text("\n".join(lines) + "\n")
    return path


def run(*arguments: object) -> str:
    result = CliRunner().invoke(app, ["predict", *map(str, arguments)], catch_exceptions=True)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.output


def test_a_handwritten_chat_with_gaps_has_a_prediction_for_each_turn(tmp_path):
    model = saved(tmp_path / "run", "fold1-seed1")
    out = tmp_path / "predicted.jsonl"
    run(model, chats(tmp_path, CHAT), "--out", out)
    (predicted,) = map(json.loads, out.read_text().splitlines())
    assert [turn["available"] for turn in predicted["turns"]] == [["audio", "text"], ["audio"], []]
    assert predicted["turns"][0]["pair"] is None
    assert predicted["turns"][2]["pair"][0] == predicted["turns"][0]["emotion"]
    assert sum(predicted["turns"][2]["probability"].values()) == pytest.approx(1, abs=1e-3)
    assert len(predicted["speakers"]["Ann"]) == 2


def test_the_shards_cover_all_dialogues(tmp_path):
    model = saved(tmp_path / "run", "fold1-seed1")
    path = chats(tmp_path, *[CHAT[: 1 + i % 3] for i in range(7)])
    run(model, path, "--out", tmp_path / "all")
    parts = []
    for number in (1, 2, 3):
        run(model, path, "--out", tmp_path / "part", "--shard", f"{number}/3")
        parts.append((tmp_path / "part").read_text().splitlines())
    assert [len(part) for part in parts] == [3, 2, 2]
    together = {line for part in parts for line in part}
    assert {json.loads(line)["id"] for line in together} == {f"chat{i}" for i in range(7)}


def test_a_condition_hides_modalities(tmp_path):
    model = saved(tmp_path / "run", "fold1-seed1")
    out = tmp_path / "predicted.jsonl"
    run(model, chats(tmp_path, CHAT), "--out", out, "--condition", "t")
    predicted = json.loads(out.read_text())
    assert [turn["available"] for turn in predicted["turns"]] == [["text"], [], []]


def test_csv_has_one_row_per_turn_and_one_column_per_emotion(tmp_path):
    model = saved(tmp_path / "run", "fold1-seed1")
    out = tmp_path / "predicted.csv"
    run(model, chats(tmp_path, CHAT, CHAT), "--out", out, "--format", "csv")
    rows = list(csv.DictReader(out.read_text().splitlines()))
    assert [row["dialogue"] for row in rows] == ["chat0"] * 3 + ["chat1"] * 3
    assert {"p_happy", "p_angry", "change_probability"} <= set(rows[0])
    assert {row["change_called"] for row in rows} == {""}


def test_the_table_marks_called_changes_that_differ_from_the_emotions():
    dialogue = talk("AAA")
    found = DialoguePrediction(
        dialogue,
        ("happy", "happy", "angry"),
        torch.full((3, 4), 0.25),
        torch.tensor([torch.nan, 0.6, 0.3]),
        torch.zeros(3, 3, 3),
        torch.tensor([False, True, False]),
        labels=LABELS,
    )
    table = turn_table(found, LABELS)
    assert [str(cell) for cell in table.columns[5].cells] == [
        "",
        "0.60, called",
        "0.30 from happy, not called",
    ]
    assert "called" in table.caption
    plain = turn_table(replace(found, change_called=None), LABELS)
    assert [str(cell) for cell in plain.columns[5].cells] == ["", "0.60", "0.30 from happy"]
    assert "called" not in plain.caption


def test_the_table_has_the_text_and_the_available_modalities(tmp_path):
    model = saved(tmp_path / "run", "fold1-seed1")
    printed = run(model, chats(tmp_path, CHAT), "--format", "table", "--device", "auto")
    assert "hello?" in printed
    assert "nothing" in printed


@pytest.mark.parametrize(
    ("turn", "message"),
    [
        ({"speaker": "Ann", "features": {"txt": [0.1] * 5}}, r"chats.jsonl:2.*'txt'.*text"),
        ({"speaker": "Ann", "features": {"text": [0.1] * 4}}, rf"chats.jsonl:2.*{WIDTHS['text']}"),
        ({"features": {}}, r"chats.jsonl:2.*speaker"),
    ],
)
def test_an_invalid_line_is_named_and_earlier_predictions_are_kept(tmp_path, turn, message):
    model = saved(tmp_path / "run", "fold1-seed1")
    out = tmp_path / "predicted.jsonl"
    with pytest.raises(CorpusError, match=message):
        run(model, chats(tmp_path, CHAT, [turn]), "--out", out)
    assert [json.loads(line)["id"] for line in out.read_text().splitlines()] == ["chat0"]


def test_two_turns_with_one_id_are_refused(tmp_path):
    model = saved(tmp_path / "run", "fold1-seed1")
    with pytest.raises(CorpusError, match=r"chats.jsonl:1.*u0"):
        run(model, chats(tmp_path, [CHAT[0], CHAT[0]]))


def test_mistakes_on_the_command_line_name_the_option(tmp_path):
    model = saved(tmp_path / "run", "fold1-seed1")
    path = chats(tmp_path, CHAT)
    with pytest.raises(ConfigError, match=r"--shard: must be I/N .* got 5/3"):
        run(model, path, "--shard", "5/3")
    with pytest.raises(ConfigError, match=r"--device: must be auto, cpu.*got tpu"):
        run(model, path, "--device", "tpu")
    with pytest.raises(ConfigError, match=r"--condition: .*smell"):
        run(model, path, "--condition", "smell")
    with pytest.raises(CheckpointError, match="no finished model"):
        run(tmp_path / "nothing", path)


def test_what_if_gives_each_turn_the_subsets_of_its_modalities(tmp_path):
    model = saved(tmp_path / "run", "fold1-seed1")
    out = tmp_path / "predicted.jsonl"
    run(model, chats(tmp_path, CHAT, CHAT[:1]), "--out", out, "--what-if")
    predicted, _ = map(json.loads, out.read_text().splitlines())
    assert [list(turn["what_if"]) for turn in predicted["turns"]] == [
        ["nothing", "a", "t", "at"],
        ["nothing", "a"],
        ["nothing"],
    ]
    assert all(turn["most_helpful"]["note"] for turn in predicted["turns"])


def test_what_if_as_csv_has_a_row_for_each_subset(tmp_path):
    model = saved(tmp_path / "run", "fold1-seed1")
    out = tmp_path / "predicted.csv"
    run(model, chats(tmp_path, CHAT), "--out", out, "--format", "csv", "--what-if")
    rows = list(csv.DictReader(out.read_text().splitlines()))
    assert [row["what_if"] for row in rows] == [
        "",
        "nothing",
        "a",
        "t",
        "at",
        "",
        "nothing",
        "a",
        "",
        "nothing",
    ]
    assert [row["turn"] for row in rows] == list("0000011122")
    assert rows[4]["emotion"] == rows[0]["emotion"]


def test_what_if_as_a_table_lists_the_sets_by_their_prediction(tmp_path):
    model = saved(tmp_path / "run", "fold1-seed1")
    printed = run(model, chats(tmp_path, CHAT), "--format", "table", "--what-if")
    assert "under other sets" in printed
    assert "would help" in printed


def test_a_model_of_simulated_dialogues_marks_every_format(tmp_path):
    folder = tmp_path / "run" / "fold1-seed1"
    folder.mkdir(parents=True)
    save_model(folder, replace(trained(), facts={"simulated": True}))
    path = chats(tmp_path, CHAT)
    out = tmp_path / "predicted"
    for more in ((), ("--what-if",)):
        run(tmp_path / "run", path, "--out", out, "--format", "csv", *more)
        assert {row["simulated"] for row in csv.DictReader(out.read_text().splitlines())} == {"True"}
        run(tmp_path / "run", path, "--out", out, *more)
        assert json.loads(out.read_text())["simulated"] is True
        run(tmp_path / "run", path, "--out", out, "--format", "table", *more)
        assert "SIMULATED" in out.read_text()


def hostile(folder: Path) -> Path:
    turn = {"id": "@SUM(1)", "speaker": "=1+1", "text": "hi \x1b[31mred [/x] \u202eabc", "features": {}}
    path = folder / "chats.jsonl"
    path.write_text(json.dumps({"id": "-2+\x1b[2J", "utterances": [turn]}))
    return path


def test_texts_in_csv_are_no_formulas_unless_asked_for(tmp_path):
    model, path = saved(tmp_path / "run", "fold1-seed1"), hostile(tmp_path)
    names = ("dialogue", "id", "speaker")
    (row,) = csv.DictReader(run(model, path, "--format", "csv").splitlines())
    assert [row[name] for name in names] == ["'-2+\x1b[2J", "'@SUM(1)", "'=1+1"]
    (row,) = csv.DictReader(run(model, path, "--format", "csv", "--raw-csv").splitlines())
    assert [row[name] for name in names] == ["-2+\x1b[2J", "@SUM(1)", "=1+1"]


@pytest.mark.parametrize("options", [["--format", "table"], ["--format", "jsonl"]])
def test_names_and_texts_do_not_act_on_the_terminal(tmp_path, options):
    printed = run(saved(tmp_path / "run", "fold1-seed1"), hostile(tmp_path), *options)
    assert "=1+1" in printed
    assert not {"\x1b", "\u202e"} & set(printed)


def test_frames_and_zeros_are_read_as_asked(tmp_path):
    model = saved(tmp_path / "run", "fold1-seed1")
    frames = {"text": [[0.1] * 5, [0.3] * 5], "audio": [0.0] * 3}
    path = chats(tmp_path, [CHAT[0] | {"features": frames}])
    with pytest.raises(CorpusError, match=r"'text' has frames, .* `--pooling`"):
        run(model, path)
    (line,) = run(model, path, "--pooling", "mean", "--zeros", "missing").splitlines()[-1:]
    (turn,) = json.loads(line)["turns"]
    assert turn["available"] == ["text"]


def test_dialogues_from_standard_input_are_predicted(tmp_path):
    model = saved(tmp_path / "run", "fold1-seed1")
    line = json.dumps({"id": 5, "utterances": CHAT})
    result = CliRunner().invoke(app, ["predict", str(model), "-"], input=line)
    assert json.loads(result.stdout)["id"] == "5"
