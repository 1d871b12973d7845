import io
import json
import sys

import pytest

from graphmer.inference.records import turn_as_json
from graphmer.training.model_file import save_model
from tests.inference.test_stream import offline, predictor, utterances
from tests.talks import talk

TURNS = ("ABBA", ["at", "", "v", "t"])
SAID = ("id", "emotion", "pair", "changed", "change_called")


@pytest.fixture(scope="module")
def live(tmp_path_factory):
    """A run folder with a causal model, and the model."""
    folder = tmp_path_factory.mktemp("live")
    model = predictor(attention_window=3, decoder="chain")
    (folder / "fold1-seed1").mkdir()
    save_model(folder / "fold1-seed1", model.trained)
    return folder, model


def lines(*, without: int | None = None) -> list[str]:
    """The turns of a chat as JSON; one may come without its features."""
    return [
        json.dumps(
            {
                "speaker": turn.speaker,
                "id": turn.id,
                "features": {} if n == without else {m: v.tolist() for m, v in turn.features.items()},
            }
        )
        for n, turn in enumerate(utterances(talk(*TURNS, seed=4)))
    ]


def feed(monkeypatch, *said: str) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("\n".join(said) + "\n"))


def test_every_turn_is_answered_with_what_is_said_of_it_in_the_whole_dialogue(live, graphmer, monkeypatch):
    folder, model = live
    feed(monkeypatch, *lines(), "")
    found = [json.loads(line) for line in graphmer("stream", folder).out.splitlines()]
    expected = [turn_as_json(record) for record in offline(model, talk(*TURNS, seed=4))]
    for one, other in zip(found, expected, strict=True):
        assert one["probability"] == pytest.approx(other["probability"], abs=2e-4)
        assert [one[name] for name in SAID] == [other[name] for name in SAID]
        assert (one["change_called"] is None) == (one["pair"] is None)


def test_what_arrives_late_is_answered_with_all_that_it_may_have_changed(live, graphmer, monkeypatch):
    folder, _ = live
    complete = json.loads(lines()[2])
    late = json.dumps({"correct": complete["id"], "features": complete["features"]})
    feed(monkeypatch, *lines(without=2), late)
    found = [json.loads(line) for line in graphmer("stream", folder).out.splitlines()]
    assert [turn["id"] for turn in found] == ["d_0", "d_1", "d_2", "d_3", "d_2", "d_3"]
    feed(monkeypatch, *lines())
    assert found[4:] == [json.loads(line) for line in graphmer("stream", folder).out.splitlines()][2:]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (
            '{"speaker": "A", "features": {"smell": [1]}}',
            "line 2: Turn 1 of dialogue 'stream': unknown modality",
        ),
        ('{"speaker": "A", "featuers": {}}', "line 2: featuers: unknown field"),
        ("{", "line 2: no valid JSON"),
        ('{"speaker": "A", "features": {"text": "no.npy#3"}}', "line 2: features: there is no file 'no.npy'"),
        (
            '{"correct": "u9", "features": {}}',
            "line 2: Dialogue 'stream' has no turn 'u9' yet; it has 1 turns.",
        ),
    ],
)
def test_a_faulty_line_is_named_and_what_was_said_before_stays(line, message, live, graphmer, monkeypatch):
    folder, _ = live
    feed(monkeypatch, lines()[0], line)
    outcome = graphmer("stream", folder, columns=200)
    assert message in outcome.complaint
    assert len(outcome.out.splitlines()) == 1


def test_a_model_that_hears_later_turns_is_refused(tmp_path, graphmer):
    (tmp_path / "fold1-seed1").mkdir()
    save_model(tmp_path / "fold1-seed1", predictor(causal=False).trained)
    assert (
        "a stream needs one trained with `causal: true`"
        in graphmer("stream", tmp_path, columns=300).complaint
    )
