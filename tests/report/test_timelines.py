import json
from dataclasses import replace

import torch

from graphmer.dialogue import LabelSpace
from graphmer.graph import Adjacent, GraphBuilder
from graphmer.report.timelines import PredictedTurns, Timeline, evenly, timeline
from tests.talks import LABELS, talk


def example():
    dialogue = replace(talk("ABA", ["at", "", "v"]), emotion=("sad", None, "happy"), text=("hi", None, "oh"))
    build = GraphBuilder({"near": Adjacent()}, LABELS)
    turns = PredictedTurns(
        ("sad", "sad", "angry"), torch.full((3, 4), 0.25), torch.tensor([torch.nan, torch.nan, 0.5])
    )
    whole = Timeline(dialogue, {"nothing": turns, "atv": turns}, torch.zeros(3, 3, 3), build(dialogue))
    return timeline(whole, LABELS, build.relations, transcripts=False), build


def test_emotions_are_numbers_of_the_classes_and_null_where_there_is_none():
    found, _ = example()
    assert found["emotion"] == [1, None, 0]
    assert found["under"]["atv"]["emotion"] == [1, 1, 3]
    assert found["under"]["atv"]["change"] == [None, None, 0.5]
    assert found["available"] == [[1, 1, 0], [0, 0, 0], [0, 0, 1]]
    json.dumps(found, allow_nan=False)


def test_edges_are_sorted_by_relation():
    found, build = example()
    assert list(found["edges"]) == list(build.relations)
    assert found["edges"]["near/past/inter"] == [[0, 1], [1, 2]]
    assert found["edges"]["near/past/intra"] == []


def test_transcripts_are_omitted_by_default():
    found, build = example()
    assert found["text"] is None
    dialogue = replace(talk("A"), text=("hello",))
    turns = PredictedTurns(("sad",), torch.full((1, 4), 0.25), torch.tensor([torch.nan]))
    one = Timeline(dialogue, {"atv": turns}, torch.zeros(1, 3, 3), build(dialogue))
    assert timeline(one, LABELS, build.relations, transcripts=True)["text"] == ("hello",)


def test_a_score_is_a_number_without_probabilities():
    dialogue = replace(talk("A"), emotion=(1.25,))
    build = GraphBuilder({})
    turns = PredictedTurns((-0.5,), torch.tensor([[-0.5]]), torch.tensor([torch.nan]))
    one = Timeline(dialogue, {"atv": turns}, torch.zeros(1, 3, 3), build(dialogue))
    found = timeline(one, LabelSpace(interval=(-3.0, 3.0)), (), transcripts=False)
    assert found["emotion"] == [1.25]
    assert found["under"]["atv"] == {"emotion": [-0.5], "probability": [], "change": [None]}


def test_positions_are_evenly_spaced_and_unique():
    assert evenly(31, 6) == [0, 5, 10, 15, 20, 25]
    assert evenly(3, 6) == [0, 1, 2]


def test_causes_are_turns_with_probabilities():
    dialogue, build = talk("AB"), GraphBuilder({})
    turns = PredictedTurns(
        ("sad", "sad"), torch.full((2, 4), 0.25), torch.full((2,), torch.nan), [[], [(0, 0.8126)]]
    )
    one = Timeline(dialogue, {"atv": turns}, None, build(dialogue))
    assert timeline(one, LABELS, (), transcripts=False)["under"]["atv"]["causes"] == [[], [[0, 0.813]]]
