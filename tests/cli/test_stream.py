import io
import json
import sys

import pytest

from graphmer.inference.records import turn_as_json
from graphmer.training.model_file import save_model
from tests.inference.test_stream import offline, predictor, utterances
from tests.talks import talk

TURNS = ("ABBA", ["at", "", "v", "t"])
PREDICTED = ("id", "emotion", "pair", "changed", "change_called")


@pytest.fixture(scope="module")
def live(tmp_path_factory):
    """Run folder of a causal model, and the model."""
    folder = tmp_path_factory.mktemp("live")
    model = predictor(attention_window=3, decoder="chain")
    (folder / "fold1-seed1").mkdir()
    save_model(folder / "fold1-seed1", model.trained)
    return folder, model


def lines(*, without: int | None = None) -> list[str]:
    """Turns of a chat as JSON; one of them may have no features."""
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


def feed(monkeypatch, *turns: str) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("\n".join(turns) + "\n"))


def test_the_prediction_of_each_turn_equals_that_in_the_whole_dialogue(live, graphmer, monkeypatch):
    folder, model = live
    feed(monkeypatch, *lines(), "")
    found = [json.loads(line) for line in graphmer("stream", folder).out.splitlines()]
    expected = [turn_as_json(record) for record in offline(model, talk(*TURNS, seed=4))]
    for one, other in zip(found, expected, strict=True):
        assert one["probability"] == pytest.approx(other["probability"], abs=2e-4)
        assert [one[name] for name in PREDICTED] == [other[name] for name in PREDICTED]
        assert (one["change_called"] is None) == (one["pair"] is None)


def test_late_features_update_the_predictions_of_the_turn_and_all_later_ones(live, graphmer, monkeypatch):
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
def test_an_invalid_line_is_named_and_earlier_predictions_are_kept(
    line, message, live, graphmer, monkeypatch
):
    folder, _ = live
    feed(monkeypatch, lines()[0], line)
    outcome = graphmer("stream", folder, columns=200)
    assert message in outcome.complaint
    assert len(outcome.out.splitlines()) == 1


def test_a_model_with_edges_from_later_turns_is_refused(tmp_path, graphmer):
    (tmp_path / "fold1-seed1").mkdir()
    save_model(tmp_path / "fold1-seed1", predictor(causal=False).trained)
    assert (
        "a stream needs one trained with `causal: true`"
        in graphmer("stream", tmp_path, columns=300).complaint
    )
