import math
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
import torch

from graphmer.dialogue import LabelSpace
from graphmer.graph.dataset import GraphDataset
from graphmer.inference import Predictor
from graphmer.inference.acquisition import Acquisition
from graphmer.inference.information_gain import ExpectedInformationGain
from graphmer.inference.modality_sets import RandomAvailability, entropy_bits, subsets
from graphmer.inference.reveal import FEWEST, SAMPLES, SHARE, Reveal, measure_reveals
from tests.inference.test_predictor import trained
from tests.talks import LABELS, WIDTHS, ragged, talk

CPU = torch.device("cpu")
COSTS = {"audio": 1.0, "text": 0.2, "video": 3.0}
SHARES = {"audio": 0.3, "text": 0.5, "video": 0.4}
REVEALS = {
    (has, missing): Reveal(SHARES[missing] / (1 + len(has)), -0.05, 50)
    for has in subsets(tuple(WIDTHS))
    for missing in WIDTHS
    if missing not in has
}


def planned(budget: float, costs=COSTS, reveals=REVEALS) -> list[Acquisition]:
    predictor = Predictor(trained(), gain=ExpectedInformationGain(tuple(WIDTHS), {}, reveals))
    return list(predictor.acquire_many(ragged(), costs, budget))


@pytest.mark.parametrize("budget", [0, 0.1, 0.2, 1, 3.3, 10, 1000])
def test_the_budget_is_never_exceeded(budget):
    found = planned(budget)
    assert math.fsum(each.cost for each in found) <= budget + 1e-9
    running = 0.0
    for each in found:
        running += each.cost
        assert each.cost == COSTS[each.modality]
        assert each.total == pytest.approx(running)
    assert bool(found) == (budget >= 0.2)


def test_only_what_is_missing_is_acquired_and_nothing_twice():
    found = planned(1000)
    talks = {dialogue.id: dialogue for dialogue in ragged()}
    for each in found:
        assert not talks[each.dialogue].available[each.turn, list(WIDTHS).index(each.modality)]
        assert talks[each.dialogue].utterance_ids[each.turn] == each.id
    assert len({(each.dialogue, each.turn, each.modality) for each in found}) == len(found)
    missing = sum(int((~dialogue.available).sum()) for dialogue in ragged())
    assert len(found) == missing  # every one is worth something, and the budget is enough


def test_each_step_takes_the_largest_gain_per_cost_that_fits():
    budget, spent, found = 6.0, 0.0, planned(6.0)
    predictor = Predictor(trained())
    state = {
        (d.id, t): [set(np.array(list(WIDTHS))[d.available[t].numpy()]), float(h)]
        for d in ragged()
        for t, h in enumerate(entropy_bits(predictor.predict(d).probability.double()))
    }
    for each in found:
        worth = {}
        for (dialogue, turn), (has, entropy) in state.items():
            for m in set(WIDTHS) - has:
                if spent + COSTS[m] <= budget + 1e-9:
                    key = (tuple(name for name in WIDTHS if name in has), m)
                    worth[dialogue, turn, m] = REVEALS[key](entropy) / COSTS[m]
        assert each.gain / each.cost == pytest.approx(max(worth.values()))
        assert worth[each.dialogue, each.turn, each.modality] == pytest.approx(max(worth.values()))
        state[each.dialogue, each.turn][0].add(each.modality)
        state[each.dialogue, each.turn][1] -= each.gain
        spent += each.cost
    assert found


def test_gain_per_cost_falls_where_all_cost_the_same():
    found = planned(10, dict.fromkeys(WIDTHS, 1.0))
    assert len(found) == 10
    for one, two in pairwise(found):
        assert one.gain >= two.gain or (one.dialogue, one.turn) == (two.dialogue, two.turn)


def test_a_modality_without_a_measured_gain_is_never_acquired():
    found = planned(1000, reveals={(has, m): r for (has, m), r in REVEALS.items() if m != "text"})
    assert {each.modality for each in found} == {"audio", "video"}


@pytest.mark.parametrize(
    ("costs", "budget", "message"),
    [
        ({"audio": 0.0}, 1, "A cost must be a number > 0 .* got audio=0.0"),
        ({"audio": math.nan}, 1, "got audio=nan"),
        ({}, -1, "a budget one >= 0; got -1"),
        ({}, math.inf, "got inf"),
        ({"smell": 1.0}, 1, r"No modality 'smell'; the model has \['audio'"),
    ],
)
def test_invalid_costs_and_budgets_are_refused(costs, budget, message):
    with pytest.raises(ValueError, match=message):
        planned(budget, costs)


def test_a_model_without_gains_or_of_scores_is_refused():
    with pytest.raises(ValueError, match=r"no gains of revealed modalities in what_if\.json; train it again"):
        Predictor(trained()).acquire_many(ragged(), {}, 1)
    with pytest.raises(ValueError, match="this model predicts a score"):
        Predictor(trained(LabelSpace(interval=(-3, 3)))).acquire_many(ragged(), {}, 1)


def test_a_reveal_is_fitted_to_pairs_and_never_below_zero_or_above_the_entropy():
    entropy = np.linspace(0, 2, 200)
    found = Reveal.fit(entropy, 0.6 * entropy - 0.2 * entropy**2)
    assert (found.slope, found.curvature) == pytest.approx((0.6, -0.2), abs=1e-5)
    assert found(1.0) == pytest.approx(0.4, abs=1e-5)
    few = Reveal.fit(entropy[1:FEWEST], 0.5 * entropy[1:FEWEST])
    assert (few.slope, few.curvature, few.turns) == (pytest.approx(0.5, abs=1e-5), 0, FEWEST - 1)
    assert Reveal(-0.5, 0, 9)(1.0) == 0
    assert Reveal(2.0, 0, 9)(1.5) == 1.5


def test_pairs_are_of_recorded_modalities_that_the_mask_had_hidden():
    parts = trained()
    talks = [talk("ABAB", ["at", "at", "v", "t"], id=str(n), seed=n) for n in range(60)]
    part = GraphDataset([parts.standardiser(d) for d in talks], parts.build)
    found = measure_reveals(parts.model, part, LABELS, nodes=500, device=CPU)
    assert set(found) == {
        ((), "audio"), ((), "text"), ((), "video"), (("audio",), "text"), (("text",), "audio"),
    }  # fmt: skip
    hidden = (
        sum(int((~RandomAvailability().keep(d, s))[:, 2].sum()) for d in talks for s in range(SAMPLES)) / 4
    )
    assert found[(), "video"].turns == pytest.approx(SHARE * hidden, rel=0.3)


def test_a_gain_is_the_fall_of_the_log_loss_not_of_the_entropy():
    parts = trained()
    turns = [talk("ABABABAB", id=str(n), seed=n) for n in range(60)]
    part = GraphDataset([parts.standardiser(d) for d in turns], parts.build)
    learnt = measure_reveals(parts.model, part, LABELS, nodes=500, device=CPU)
    wrong = [
        replace(d, emotion=tuple(LABELS.names[::-1][LABELS.names.index(e)] for e in d.emotion)) for d in turns
    ]
    part = GraphDataset([parts.standardiser(d) for d in wrong], parts.build)
    other = measure_reveals(parts.model, part, LABELS, nodes=500, device=CPU)
    assert learnt.keys() == other.keys()
    assert all(learnt[key] != other[key] for key in learnt)  # the entropies are the same
    without = [replace(d, emotion=(None,) * len(d)) for d in turns]
    part = GraphDataset([parts.standardiser(d) for d in without], parts.build)
    assert measure_reveals(parts.model, part, LABELS, nodes=500, device=CPU) == {}


def test_gains_are_stored_and_read_with_the_table(tmp_path):
    gains = ExpectedInformationGain(tuple(WIDTHS), {}, REVEALS)
    gains.save(tmp_path / "what_if.json")
    assert ExpectedInformationGain.load(tmp_path / "what_if.json").reveals == REVEALS
