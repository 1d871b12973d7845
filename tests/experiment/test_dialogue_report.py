import json
from dataclasses import replace

import pytest

from graphmer.experiment import dialogue_report
from graphmer.experiment.dialogue_report import dialogue_content
from graphmer.inference import load
from graphmer.report.page import page
from tests.report.pages import finished_run


@pytest.fixture(name="run", scope="module")
def _run(tmp_path_factory):
    return finished_run(tmp_path_factory.mktemp("predicted"))


@pytest.fixture(name="dialogues", scope="module")
def _dialogues(run):
    first, *_ = run.components.corpus.dialogues
    text = ("hello <script>", *("so",) * (len(first) - 1))
    return [replace(first, id=f"d{number}", text=text) for number in range(3)]


def content(run, dialogues):
    return dialogue_content(load(run.folder.path), dialogues, "chat.txt", run.folder.path)


def test_the_predictions_under_each_set_are_those_of_the_predictor(run, dialogues):
    found = content(run, dialogues)
    expected = load(run.folder.path).what_if(dialogues[0]).under
    labels = found["labels"]["names"]
    under = found["timelines"][0]["under"]
    assert {name: [labels[each] for each in turns["emotion"]] for name, turns in under.items()} == {
        name: list(prediction.emotion) for name, prediction in expected.items()
    }
    assert set(found["sets"]) >= set(under)


def test_annotations_are_not_read_and_texts_are_kept(run, dialogues):
    unknown = [replace(dialogues[0], emotion=("no such class",) * len(dialogues[0]))]
    (shown,) = content(run, unknown)["timelines"]
    assert set(shown["emotion"]) == {None}
    assert shown["text"][0] == "hello <script>"
    assert "hello <script>" not in page(content(run, unknown))


def test_modalities_may_be_left_out_or_come_in_another_order(run, dialogues):
    audio, text = load(run.folder.path).trained.widths
    assert dialogues[0].modalities == (audio, text)
    (one,) = content(run, [dialogues[0].with_modalities({text: 12, audio: 12})])["timelines"]
    assert one == content(run, dialogues[:1])["timelines"][0]


def test_dialogues_beyond_the_room_of_a_page_are_said_to_be_left_out(run, dialogues, monkeypatch):
    assert content(run, dialogues)["omitted"] is False
    monkeypatch.setattr(dialogue_report, "MOST", 2)
    found = content(run, dialogues)
    assert (len(found["timelines"]), found["omitted"]) == (2, True)


def test_the_content_is_json(run, dialogues):
    assert json.loads(json.dumps(content(run, dialogues), allow_nan=False))["run"] == run.folder.path.name
