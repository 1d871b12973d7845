import json
from dataclasses import replace

import torch

from graphmer.dialogue import LabelSpace
from graphmer.graph import Adjacent, GraphBuilder
from graphmer.report.timelines import Timeline, evenly, timeline
from tests.talks import LABELS, talk


def shown():
    dialogue = replace(talk("ABA", ["at", "", "v"]), emotion=("sad", None, "happy"), text=("hi", None, "oh"))
    build = GraphBuilder({"near": Adjacent()}, LABELS)
    said = Said(("sad", "sad", "angry"), torch.full((3, 4), 0.25), torch.tensor([torch.nan, torch.nan, 0.5]))
    whole = Timeline(dialogue, {"nothing": said, "atv": said}, torch.zeros(3, 3, 3), build(dialogue))
    return timeline(whole, LABELS, build.relations, transcripts=False), build


def test_emotions_are_numbers_of_the_classes_and_null_where_there_is_none():
    found, _ = shown()
    assert found["emotion"] == [1, None, 0]
    assert found["under"]["atv"]["emotion"] == [1, 1, 3]
    assert found["under"]["atv"]["change"] == [None, None, 0.5]
    assert found["available"] == [[1, 1, 0], [0, 0, 0], [0, 0, 1]]
    json.dumps(found, allow_nan=False)


def test_edges_are_sorted_by_relation():
    found, build = shown()
    assert list(found["edges"]) == list(build.relations)
    assert found["edges"]["near/past/inter"] == [[0, 1], [1, 2]]
    assert found["edges"]["near/past/intra"] == []


def test_transcripts_are_left_out_unless_asked_for():
    found, build = shown()
    assert found["text"] is None
    dialogue = replace(talk("A"), text=("hello",))
    said = Said(("sad",), torch.full((1, 4), 0.25), torch.tensor([torch.nan]))
    one = Timeline(dialogue, {"atv": said}, torch.zeros(1, 3, 3), build(dialogue))
    assert timeline(one, LABELS, build.relations, transcripts=True)["text"] == ("hello",)


def test_a_score_is_itself_and_has_no_probabilities():
    dialogue = replace(talk("A"), emotion=(1.25,))
    build = GraphBuilder({})
    said = Said((-0.5,), torch.tensor([[-0.5]]), torch.tensor([torch.nan]))
    one = Timeline(dialogue, {"atv": said}, torch.zeros(1, 3, 3), build(dialogue))
    found = timeline(one, LabelSpace(interval=(-3.0, 3.0)), (), transcripts=False)
    assert found["emotion"] == [1.25]
    assert found["under"]["atv"] == {"emotion": [-0.5], "probability": [], "change": [None]}


def test_dialogues_are_spread_evenly_and_none_is_shown_twice():
    assert evenly(31, 6) == [0, 5, 10, 15, 20, 25]
    assert evenly(3, 6) == [0, 1, 2]
