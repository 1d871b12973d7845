from dataclasses import replace
from typing import Any

import pytest
import torch

from graphmer.dialogue import Dialogue, LabelSpace, Utterance
from graphmer.dialogue.standardise import Standardiser
from graphmer.graph import Adjacent, EdgeRule, GraphBuilder, SameSpeaker, TemporalWindow
from graphmer.inference import Predictor
from graphmer.inference.prediction import turn_records
from graphmer.inference.turn_record import TurnRecord
from graphmer.nn.messages import CONVOLUTIONS, MessagePassingSettings
from graphmer.systems import SYSTEMS
from graphmer.training.model_file import TrainedModel
from tests.models import model_settings
from tests.talks import LABELS, WIDTHS, ragged, talk

SPEAKERS = "ABABBBBBBBBACABCCCCADB"
HAS = ["atv", "", "a", "tv", "v", "", "", "at", "t", "atv", "a"] * 2
LIMITED = {"near": TemporalWindow(2, 0), "own": SameSpeaker(2, 1), "reply": Adjacent()}
UNLIMITED = {"all": TemporalWindow(None, None), "own": SameSpeaker(None, None)}


def predictor(
    rules: dict[str, EdgeRule] = LIMITED,
    labels: LabelSpace = LABELS,
    convolution: str = "rgcn",
    causal: bool = True,
    **described: Any,
) -> Predictor:
    torch.manual_seed(0)
    build = GraphBuilder(rules, labels, causal=causal)
    messages = MessagePassingSettings(width=8, depth=2, convolution=convolution, heads=2) if rules else None
    size = {"width": 8, "depth": 2, "message_passing": messages, "causal": causal}
    settings = model_settings(WIDTHS, labels.outputs, build.relations, **size, **described)
    model = settings.build()
    if model.decoder is not None:  # an untrained one does nothing
        for parameter in model.decoder.parameters():
            torch.nn.init.normal_(parameter)
    if described.get("missing_pattern"):  # an unfitted one adds nothing
        pattern = model.network.missing_pattern
        pattern.informative.fill_(1.0)
        for parameter in pattern.parameters():
            torch.nn.init.normal_(parameter)
    standardiser, system = Standardiser.fit(ragged()), SYSTEMS[settings.network.system]
    return Predictor(TrainedModel(model, settings, labels, standardiser, build, {}, system))


def utterances(dialogue: Dialogue) -> list[Utterance]:
    return [
        Utterance(
            dialogue.speakers[int(dialogue.speaker[turn])],
            {
                m: rows[turn]
                for c, (m, rows) in enumerate(dialogue.features.items())
                if dialogue.available[turn, c]
            },
            id=dialogue.utterance_ids[turn],
        )
        for turn in range(len(dialogue))
    ]


def offline(model: Predictor, dialogue: Dialogue) -> list[TurnRecord]:
    return list(turn_records(model.predict(dialogue), model.trained.labels))


def assert_same(found: list[TurnRecord], expected: list[TurnRecord]) -> None:
    assert len(found) == len(expected)
    for one, other in zip(found, expected, strict=True):
        numbers = {"probability", "change", "router"}
        plain, same = (
            {name: value for name, value in vars(record).items() if name not in numbers}
            for record in (one, other)
        )
        if isinstance(plain["emotion"], float):
            for name in ("emotion", "previous"):
                assert plain.pop(name) == pytest.approx(same.pop(name), abs=1e-5)
        assert plain == same
        assert one.probability == pytest.approx(other.probability, abs=1e-5)
        assert one.change == pytest.approx(other.change, abs=1e-5)
        for modality, weights in one.router.items():
            assert weights == pytest.approx(other.router[modality], abs=1e-5)


MODELS = {
    **{f"windowed {name}": {"convolution": name, "attention_window": 3} for name in CONVOLUTIONS},
    "windowed preln": {"attention_window": 2, "block": "preln", "positions": True},
    "windowed chain": {"attention_window": 3, "decoder": "chain", "block": "preln"},
    "unlimited": {"rules": UNLIMITED},
    "unlimited chain": {"rules": UNLIMITED, "decoder": "chain"},
    "experts alone": {"rules": {}, "attention_window": 1},
    "experts alone with a chain": {"rules": {}, "decoder": "chain"},
    "neighborhood_averages": {"attention_window": 3, "neighborhood_averages": (0.5,)},
    "neighborhood_averages without limit": {
        "attention_window": 3,
        "neighborhood_averages": (None, 1.0),
        "decoder": "chain",
    },
    "missing pattern": {"attention_window": 3, "missing_pattern": True, "decoder": "chain"},
    "score": {"labels": LabelSpace(interval=(-3.0, 3.0)), "attention_window": 3},
}
every_model = pytest.mark.parametrize("described", MODELS.values(), ids=MODELS)


@every_model
@pytest.mark.parametrize("corrections", [0, 5])
def test_a_stream_says_what_is_said_of_the_whole_dialogue(described, corrections):
    model, dialogue = predictor(**described), talk(SPEAKERS, HAS, seed=6).unlabelled()
    stream = model.stream("d", corrections=corrections)
    assert_same([stream.append(turn) for turn in utterances(dialogue)], offline(model, dialogue))


@every_model
def test_modalities_that_arrive_late_give_what_would_have_been_said_with_them(described):
    model, dialogue = predictor(**described), talk(SPEAKERS, HAS, seed=6).unlabelled()
    expected, complete = offline(model, dialogue), utterances(dialogue)
    stream = model.stream("d", corrections=6)
    for turn, utterance in enumerate(complete):
        late = turn in (4, 9, 13)
        stream.append(replace(utterance, features={}) if late else utterance)
        if turn in (7, 9, 18):
            fixed = {7: 4, 9: 9, 18: 13}[turn]
            found = stream.correct(fixed, complete[fixed].features)
            assert [record.turn for record in found] == list(range(fixed, turn + 1))
            if turn == 18:
                assert_same(found, expected[13:19])
    assert_same(
        [stream.append(replace(turn, id=f"{turn.id} again")) for turn in complete], again(model, dialogue)
    )


def again(model: Predictor, dialogue: Dialogue) -> list[TurnRecord]:
    """What is said of a dialogue that is led a second time."""
    turns = utterances(dialogue)
    repeated = [*turns, *(replace(turn, id=f"{turn.id} again") for turn in turns)]
    twice = Dialogue.from_utterances("d", repeated, widths=WIDTHS)
    return offline(model, twice)[len(turns) :]


def test_a_late_modality_adds_to_what_the_turn_has_and_changes_what_is_said_after_it():
    model = predictor(attention_window=3)
    turns = utterances(talk("ABBA", ["a", "t", "v", "at"], seed=2))
    stream = model.stream("d")
    before = [stream.append(turn) for turn in turns]
    text = torch.ones(5)
    found = stream.correct("d_1", {"text": text, "video": [0.5] * 4})
    turns[1] = replace(turns[1], features={**turns[1].features, "text": text, "video": [0.5] * 4})
    assert_same(found, offline(model, Dialogue.from_utterances("d", turns, widths=WIDTHS))[1:])
    assert found[0].available == ("text", "video")
    assert all(one.probability != other.probability for one, other in zip(found, before[1:], strict=True))
    assert list(stream.emotions.values()) == [
        [before[0].emotion, found[2].emotion],
        [found[0].emotion, found[1].emotion],
    ]


def test_a_speaker_silent_for_long_is_still_heard_by_itself():
    """Edges to one's own turns have no limit in turns of the dialogue."""
    model = predictor({"own": SameSpeaker(1, 0)}, attention_window=1, decoder="chain")
    speakers = "A" + "B" * 60 + "A"
    stream = model.stream("d", corrections=0)
    *_, last = (stream.append(turn) for turn in utterances(talk(speakers, seed=1)))
    assert_same([last], offline(model, talk(speakers, seed=1))[-1:])
    other = model.stream("d", corrections=0)
    rest = utterances(talk(speakers, seed=1))[1:]
    *_, changed = (other.append(turn) for turn in [Utterance("A", {"text": [9.0] * 5}), *rest])
    assert changed.probability != pytest.approx(last.probability, abs=1e-5)


@pytest.mark.parametrize("corrections", [0, 4])
def test_what_is_kept_does_not_grow_with_the_dialogue(corrections):
    model = predictor(attention_window=3, decoder="chain", neighborhood_averages=(0.6,))
    stream = model.stream(corrections=corrections)
    kept = []
    for turn in range(60):
        stream.append(Utterance("AB"[turn % 2], {"text": [float(turn % 7)] * 5, "audio": [0.0] * 3}))
        kept.append(stream._reader.kept)
    assert len(set(kept[20:])) == 1
    tokens, turns, features = kept[-1]
    assert tokens == 2 * (3 + corrections)
    assert turns <= 2 + corrections + 2 * 2
    assert features == 3 + corrections


def test_speakers_may_be_named_before_and_others_join():
    stream = predictor().stream(speakers=("Ann", "Bob"))
    assert stream.emotions == {"Ann": [], "Bob": []}
    said = [stream.append(Utterance(name)) for name in ("Bob", "Cem", "Bob")]
    assert [record.speaker for record in said] == ["Bob", "Cem", "Bob"]
    assert [record.previous for record in said] == [None, None, said[0].emotion]
    assert {name: len(emotions) for name, emotions in stream.emotions.items()} == {
        "Ann": 0,
        "Bob": 2,
        "Cem": 1,
    }


def test_turns_get_numbers_and_ids():
    stream = predictor().stream("call")
    said = [stream.append(Utterance("A")), stream.append(Utterance("A", id="mine"))]
    assert [(record.dialogue, record.turn, record.id) for record in said] == [
        ("call", 0, "call_0"),
        ("call", 1, "mine"),
    ]
    assert len(stream) == 2


def test_a_faulty_turn_is_named_and_the_stream_goes_on():
    model = predictor(attention_window=3)
    turns = utterances(talk("ABA", seed=3))
    stream = model.stream("d")
    said = [stream.append(turns[0])]
    for faulty, message in (
        ({"features": {"smell": [1.0]}}, r"Turn 1 of dialogue 'd': unknown modality 'smell'; known are"),
        ({"features": {"text": [1.0]}}, r"Turn 1 of dialogue 'd': 'text' must have shape \(5,\), got \(1,\)"),
        ({"features": {"text": [float("nan")] * 5}}, "Turn 1 of dialogue 'd': 'text' holds NaN or infinity"),
        ({"id": "d_0"}, "Turn 1 of dialogue 'd': the id 'd_0' occurs twice"),
    ):
        with pytest.raises(ValueError, match=message):
            stream.append(Utterance("B", **faulty))
    with pytest.raises(ValueError, match="Turn 0 of dialogue 'd': unknown modality 'smell'"):
        stream.correct(0, {"smell": [1.0]})
    said += [stream.append(turn) for turn in turns[1:]]
    assert_same(said, offline(model, talk("ABA", seed=3)))


def test_an_interrupted_turn_leaves_nothing_behind(monkeypatch):
    model = predictor(attention_window=3)
    turns = utterances(talk("ABBA", seed=3))
    stream = model.stream("d")
    said = [stream.append(turn) for turn in turns[:2]]
    with monkeypatch.context() as patch:
        stacked = model.model.network.stacked
        patch.setattr(stacked, "layers", [stacked.layers[0], interrupted])
        with pytest.raises(KeyboardInterrupt):
            stream.append(turns[2])
    assert_same(said + [stream.append(turn) for turn in turns[2:]], offline(model, talk("ABBA", seed=3)))


def interrupted(*_: Any) -> None:
    raise KeyboardInterrupt


def test_a_turn_that_is_not_there_or_too_long_ago_cannot_be_corrected():
    stream = predictor(attention_window=3).stream("d", corrections=2)
    for turn in utterances(talk("ABA")):
        stream.append(turn)
    with pytest.raises(
        ValueError, match="Turn 0 of dialogue 'd' can no longer be corrected; only the latest 2"
    ):
        stream.correct(0, {})
    for missing in (3, -1, "d_7"):
        with pytest.raises(ValueError, match=rf"Dialogue 'd' has no turn {missing!r} yet; it has 3 turns"):
            stream.correct(missing, {})
    with pytest.raises(ValueError, match="`corrections` must be a number of turns >= 0; got -1"):
        predictor().stream(corrections=-1)


def test_a_model_that_hears_later_turns_is_refused():
    with pytest.raises(
        ValueError, match="The model uses later turns; a stream needs one trained with `causal"
    ):
        predictor(causal=False).stream()


def test_a_rule_that_cannot_follow_a_dialogue_is_refused():
    rules = {"first": lambda dialogue: torch.tensor([[0], [len(dialogue) - 1]])}
    with pytest.raises(
        ValueError, match="The edge rule 'first' cannot follow a dialogue turn by turn; give it"
    ):
        predictor(rules).stream()
