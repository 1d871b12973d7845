import sys
from dataclasses import replace

import pytest
import torch

from graphmer.cli.writers import writing
from graphmer.dialogue import LabelSpace
from graphmer.inference.prediction import DialoguePrediction, turn_columns, turn_records
from graphmer.inference.records import as_json
from graphmer.inference.turn_record import turn_as_row
from tests.talks import talk

TWO = LabelSpace(("calm", "cross"))


def said() -> DialoguePrediction:
    probability = torch.tensor([[0.9, 0.1], [0.2, 0.8], [0.3, 0.7], [0.6, 0.4]])
    emotion = ("calm", "cross", "cross", "calm")
    router = torch.full((4, 3, 3), 1 / 3)
    change = torch.tensor([torch.nan, torch.nan, 0.66, 0.56])
    dialogue = talk("ABAB", ["at", "", "v", "atv"])
    return DialoguePrediction(dialogue, emotion, probability, change, router, labels=TWO)


def test_a_change_is_counted_from_the_same_speakers_previous_turn():
    first, other, second, last = turn_records(said(), TWO)
    assert (first.changed, first.previous, first.change) == (None, None, None)
    assert (other.changed, other.previous) == (None, None)
    assert (second.changed, second.previous) == (True, "calm")
    assert second.change == pytest.approx(0.66)
    assert (last.changed, last.previous) == (True, "cross")


def test_what_the_model_calls_a_change_stands_beside_what_its_emotions_say():
    prediction = replace(said(), emotion=("calm", "cross", "calm", "calm"))
    prediction = replace(prediction, change_called=torch.tensor([False, False, True, False]))
    first, other, second, last = turn_records(prediction, TWO)
    assert (first.change_called, other.change_called) == (None, None)
    assert (second.changed, second.change_called) == (False, True)
    assert (last.changed, last.change_called) == (True, False)
    turns = as_json(prediction, TWO)["turns"]
    assert [turn["changed"] for turn in turns] == [None, None, False, True]
    assert [turn["change_called"] for turn in turns] == [None, None, True, False]


def test_a_model_that_has_only_its_emotions_calls_nothing_a_change():
    assert [record.change_called for record in turn_records(said(), TWO)] == [None] * 4


def test_router_weights_are_given_for_what_was_read_only():
    records = list(turn_records(said(), TWO))
    assert [record.available for record in records] == [
        ("audio", "text"),
        (),
        ("video",),
        ("audio", "text", "video"),
    ]
    assert set(records[0].router) == {"audio", "text"}
    assert set(records[1].router) == set()


def test_a_frame_has_the_rows_and_columns_of_the_csv_file(tmp_path):
    pandas = pytest.importorskip("pandas")
    prediction = replace(said(), change_called=torch.tensor([False, False, True, False]), simulated=True)
    frame = prediction.to_frame()
    with writing(tmp_path / "said.csv", "csv", TWO, simulated=True) as write:
        write(prediction)
    written = pandas.read_csv(
        tmp_path / "said.csv", keep_default_na=False, na_values={"changed": "", "change_called": ""}
    )
    assert list(frame) == list(written)
    assert (
        frame["available"].tolist()
        == written["available"].tolist()
        == ["audio+text", "", "video", "audio+text+video"]
    )
    assert frame["p_cross"].tolist() == pytest.approx(written["p_cross"].tolist())
    assert frame[frame["changed"]]["turn"].tolist() == [2, 3]
    assert frame["change_called"].tolist() == [pandas.NA, pandas.NA, True, False]
    assert frame["change_probability"].isna().tolist() == [True, True, False, False]


def test_a_frame_without_pandas_says_how_to_install_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(ImportError, match=r"pip install \"graphmer\[pandas\]\""):
        said().to_frame()


def test_each_speaker_has_a_sequence_of_emotions():
    found = as_json(said(), TWO)
    assert found["speakers"] == {"A": ["calm", "cross"], "B": ["cross", "calm"]}
    assert [turn["pair"] for turn in found["turns"]] == [None, None, ["calm", "cross"], ["cross", "calm"]]


def test_a_score_has_neither_probabilities_nor_changes_of_emotion():
    score = LabelSpace(interval=(-3.0, 3.0))
    prediction = DialoguePrediction(
        talk("AA"),
        (0.5, -1.0),
        torch.tensor([[0.5], [-1.0]]),
        torch.full((2,), torch.nan),
        torch.zeros(2, 3, 3),
        labels=score,
    )
    records = list(turn_records(prediction, score))
    assert records[1].probability == {}
    assert records[1].change is None
    assert records[1].emotion == -1.0


def test_the_reliability_of_what_was_read_is_in_records_rows_and_json():
    nan = torch.nan
    known = torch.tensor([[0.9, 0.2, nan], [nan, nan, nan], [nan, nan, 0.5], [0.1, 0.2, 0.3]])
    prediction = replace(said(), reliability=known)
    records = list(turn_records(prediction, TWO))
    assert records[0].reliability == pytest.approx({"audio": 0.9, "text": 0.2})
    assert records[1].reliability == {}
    turns = as_json(prediction, TWO)["turns"]
    assert turns[2]["reliability"] == {"video": 0.5}
    columns = turn_columns(prediction, TWO)
    assert columns["reliability_video"] == [None, None, pytest.approx(0.5), pytest.approx(0.3)]
    rows = [turn_as_row(record, ("audio", "text", "video")) for record in records]
    assert list(rows[0]) == list(columns)
    assert rows[3]["reliability_text"] == pytest.approx(0.2)
    assert "reliability" not in as_json(said(), TWO)["turns"][0]
    assert not [name for name in turn_columns(said(), TWO) if name.startswith("reliability")]
