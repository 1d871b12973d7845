import json
import math

import pytest
import torch

from graphmer.dialogue import LabelSpace
from graphmer.errors import CheckpointError
from graphmer.graph.dataset import GraphDataset
from graphmer.inference.information_gain import SAMPLES, ExpectedInformationGain
from graphmer.inference.modality_sets import RandomAvailability, entropy_bits, subsets
from tests.inference.test_predictor import trained
from tests.talks import LABELS, ragged, talk

CPU = torch.device("cpu")


def measured(dialogues=None):
    parts = trained()
    part = GraphDataset([parts.standardiser(d) for d in dialogues or ragged()], parts.build)
    return parts, ExpectedInformationGain.measure(
        parts.model, part, LABELS, held_out=part, nodes=10, device=CPU
    )


def test_a_drop_is_between_the_means_over_turns_seen_with_and_without_the_modality():
    parts, gains = measured()
    seen = {("audio",): [], ("audio", "text"): []}
    for draw in range(SAMPLES):
        for dialogue in ragged():
            view = RandomAvailability().apply(parts.standardiser(dialogue), seed=draw)
            said = parts.model(parts.build(view)).logits.softmax(dim=1).tolist()
            for row, has, had in zip(said, view.available.tolist(), dialogue.available.tolist(), strict=True):
                left = tuple(m for m, there in zip(dialogue.modalities, has, strict=True) if there)
                if left in seen and had[0] and had[1]:
                    seen[left].append(-sum(p * math.log2(p) for p in row))
    less, more = seen["audio",], seen["audio", "text"]
    drop, turns = gains.drops[("audio",), "text"]
    assert drop == pytest.approx(sum(less) / len(less) - sum(more) / len(more), abs=1e-5)
    assert turns == min(len(less), len(more))


def test_every_set_of_a_complete_corpus_knows_what_each_missing_modality_adds():
    _, gains = measured([talk("ABABABABAB", id=str(n), seed=n) for n in range(8)])
    assert len(gains.drops) == sum(3 - len(chosen) for chosen in subsets(("audio", "text", "video")))
    turns = [turns for _, turns in gains.drops.values()]
    assert 80 * SAMPLES * 0.5 < 8 * min(turns) <= 8 * max(turns) < 80 * SAMPLES * 1.5


def test_a_modality_that_a_set_was_never_recorded_with_is_unknown():
    _, gains = measured([talk("ABAB", ["at", "v", "at", "v"], id=str(n), seed=n) for n in range(8)])
    assert {missing for has, missing in gains.drops if has == ("audio",)} == {"text"}
    assert gains.best(("audio", "text")).note == "no training turn has audio and text and another modality"


def test_the_largest_drop_is_the_best_help():
    gains = ExpectedInformationGain(
        ("audio", "text", "video"),
        {(("audio",), "text"): (0.5, 7), (("audio",), "video"): (0.2, 9), (("text",), "audio"): (-0.1, 3)},
    )
    found = gains.best(("audio",))
    assert (found.modality, found.entropy_drop, found.turns, found.note) == ("text", 0.5, 7, "")
    useless = gains.best(("text",))
    assert (useless.modality, useless.entropy_drop) == (None, -0.1)
    assert "no missing modality is expected" in useless.note


def test_a_complete_turn_and_one_that_was_never_met_say_so():
    gains = ExpectedInformationGain(("audio", "text"), {})
    assert gains.best(("text", "audio")).note == "nothing is missing"
    assert gains.best(("audio",)).note == "no training turn has audio and another modality"
    assert gains.best(()).note == "no training turn has any modality"


def test_the_table_is_read_as_it_was_written(tmp_path):
    _, gains = measured()
    gains.save(tmp_path / "what_if.json")
    again = ExpectedInformationGain.load(tmp_path / "what_if.json")
    assert again.drops == gains.drops
    assert again.best(("audio",)) == gains.best(("audio",))


@pytest.mark.parametrize("content", ["{", "{}", json.dumps({"format": "other"})])
def test_a_damaged_table_is_named(tmp_path, content):
    path = tmp_path / "what_if.json"
    path.write_text(content)
    with pytest.raises(CheckpointError, match=r"what_if.json: cannot be read as expected gains"):
        ExpectedInformationGain.load(path)


def test_a_score_has_no_entropy():
    parts = trained()
    nothing = GraphDataset([], parts.build)
    with pytest.raises(ValueError, match="these labels are a score"):
        ExpectedInformationGain.measure(
            parts.model, nothing, LabelSpace(interval=(-3, 3)), held_out=nothing, nodes=5, device=CPU
        )


def test_entropy_is_in_bits():
    assert entropy_bits(torch.full((1, 8), 1 / 8)).item() == pytest.approx(3)
