import json
import math

import pytest
import torch

from graphmer.dialogue import LabelSpace
from graphmer.errors import CheckpointError
from graphmer.graph.part import GraphPart
from graphmer.inference.gains import ExpectedGains, Only, entropy_bits, subsets
from tests.inference.test_predictor import trained
from tests.talks import LABELS, ragged, talk

CPU = torch.device("cpu")


def measured(dialogues=None):
    parts = trained()
    part = GraphPart([parts.standardiser(d) for d in dialogues or ragged()], parts.build)
    return parts, ExpectedGains.measure(parts.model, part, LABELS, nodes=10, device=CPU)


def test_a_drop_is_the_mean_over_turns_that_have_the_set_and_the_modality():
    parts, gains = measured()
    drops = []
    for dialogue in ragged():
        entropy = {}
        for kept in (("audio",), ("audio", "text")):
            seen = Only(kept).apply(parts.standardiser(dialogue), seed=0)
            said = parts.model(parts.build(seen)).emotion_logits.softmax(dim=1).tolist()
            entropy[kept] = [-sum(p * math.log2(p) for p in row) for row in said]
        for turn, has in enumerate(dialogue.available.tolist()):
            if has[0] and has[1]:
                drops.append(entropy["audio",][turn] - entropy["audio", "text"][turn])
    drop, turns = gains.drops[("audio",), "text"]
    assert turns == len(drops) == 5
    assert drop == pytest.approx(sum(drops) / len(drops), abs=1e-5)


def test_every_set_of_a_complete_corpus_knows_what_each_missing_modality_adds():
    _, gains = measured([talk("ABAB", id=str(n), seed=n) for n in range(3)])
    assert len(gains.drops) == sum(3 - len(chosen) for chosen in subsets(("audio", "text", "video")))
    assert {turns for _, turns in gains.drops.values()} == {12}


def test_the_largest_drop_is_the_best_help():
    gains = ExpectedGains(
        ("audio", "text", "video"),
        {(("audio",), "text"): (0.5, 7), (("audio",), "video"): (0.2, 9), (("text",), "audio"): (-0.1, 3)},
    )
    found = gains.best(("audio",))
    assert (found.modality, found.entropy_drop, found.turns, found.note) == ("text", 0.5, 7, "")
    useless = gains.best(("text",))
    assert (useless.modality, useless.entropy_drop) == (None, -0.1)
    assert "no missing modality is expected" in useless.note


def test_a_complete_turn_and_one_that_was_never_met_say_so():
    gains = ExpectedGains(("audio", "text"), {})
    assert gains.best(("text", "audio")).note == "nothing is missing"
    assert gains.best(("audio",)).note == "no training turn has audio and another modality"
    assert gains.best(()).note == "no training turn has any modality"


def test_the_table_is_read_as_it_was_written(tmp_path):
    _, gains = measured()
    gains.save(tmp_path / "what_if.json")
    again = ExpectedGains.load(tmp_path / "what_if.json")
    assert again.drops == gains.drops
    assert again.best(("audio",)) == gains.best(("audio",))


@pytest.mark.parametrize("content", ["{", "{}", json.dumps({"format": "other"})])
def test_a_damaged_table_is_named(tmp_path, content):
    path = tmp_path / "what_if.json"
    path.write_text(content)
    with pytest.raises(CheckpointError, match=r"what_if.json: cannot be read as expected gains"):
        ExpectedGains.load(path)


def test_a_score_has_no_entropy():
    parts = trained()
    with pytest.raises(ValueError, match="these labels are a score"):
        ExpectedGains.measure(
            parts.model, GraphPart([], parts.build), LabelSpace(interval=(-3, 3)), nodes=5, device=CPU
        )


def test_entropy_is_in_bits():
    assert entropy_bits(torch.full((1, 8), 1 / 8)).item() == pytest.approx(3)
