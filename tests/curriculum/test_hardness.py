import math
from dataclasses import replace

import pytest
import torch
from sklearn.metrics import roc_auc_score

from graphmer.corpora.plant import plant_hard
from graphmer.corpora.simulate import simulate
from graphmer.curriculum.fitting import fit_teacher
from graphmer.curriculum.hardness import Hardness, HardnessSettings, combined
from graphmer.curriculum.teacher import Teacher, TeacherSettings
from graphmer.dialogue.standardise import Standardiser
from graphmer.errors import CheckpointError
from graphmer.graph import GraphBuilder
from graphmer.graph.dataset import GraphDataset
from tests.talks import LABELS, WIDTHS, ragged

CPU = torch.device("cpu")
BUILD = GraphBuilder({}, LABELS)


def measured(dialogues, weights=HardnessSettings()):  # noqa: B008
    torch.manual_seed(0)
    teacher = Teacher(TeacherSettings(width=8), WIDTHS, 4).eval()
    return Hardness.measure(teacher, GraphDataset(dialogues, BUILD), LABELS, weights, device=CPU)


def test_the_views_are_weighed_by_rank_around_the_middle():
    direct = torch.tensor([[0.0, 3.0], [0.0, 1.0], [0.0, 2.0]])
    indirect = torch.tensor([5.0, 7.0, 6.0])
    change = torch.tensor([float("nan"), 0.2, 0.4])
    weights = HardnessSettings(direct=0.6, indirect=0.3, change=0.2, sign=-1, beta=4, tau=0.5)
    value = combined(direct, indirect, change, weights)
    for row, (n_dir, n_ind, n_change) in enumerate([(1, 1, 0.5), (0, 0, 0), (0.5, 0.5, 1)]):
        steady = 0.3 * n_ind + 0.2 * n_change - 0.5
        for column, rebuilt in enumerate((0, n_dir)):
            expected = 1 / (1 + math.exp(-4 * (0.6 * rebuilt + steady)))
            assert value[row, column].item() == pytest.approx(expected, rel=1e-5)


def test_hardness_belongs_to_its_utterance_in_ragged_dialogues():
    """Each dialogue measured alone says the same of its utterances as all of them together."""
    dialogues = [d for d in ragged() if d.id != "nothing"]
    whole = measured(dialogues)
    assert whole.utterances == tuple(name for d in dialogues for name in d.utterance_ids)
    for dialogue in dialogues:
        alone = measured([dialogue])
        rows = [n for n, id in enumerate(whole.dialogues) if id == dialogue.id]
        assert tuple(whole.utterances[n] for n in rows) == alone.utterances
        torch.testing.assert_close(whole.direct[rows], alone.direct)


def test_the_order_of_dialogues_changes_nothing():
    forth, back = measured(ragged()), measured(ragged()[::-1])
    place = {key: n for n, key in enumerate(zip(back.dialogues, back.utterances, strict=True))}
    rows = [place[key] for key in zip(forth.dialogues, forth.utterances, strict=True)]
    torch.testing.assert_close(forth.direct, back.direct[rows])
    torch.testing.assert_close(forth.value, back.value[rows])


def test_direct_hardness_is_zero_exactly_where_a_condition_hides_nothing_recorded():
    dialogues = ragged()
    found = measured(dialogues)
    present = torch.cat([d.available for d in dialogues])
    for number in range(1, 8):
        kept = torch.tensor([bool(number >> column & 1) for column in range(3)])
        hides = (present & ~kept).any(dim=1)
        assert torch.equal(found.direct[:, number] > 0, hides)
    assert found.direct[:, 1].std() > 0.01


def test_hardness_is_looked_up_under_what_is_available():
    found = measured(ragged())
    available = torch.tensor([[True, False, True], [False, True, False]])
    assert torch.equal(found.under(available, torch.tensor([4, 2])), found.value[[4, 2], [5, 2]])


def test_hardness_survives_the_disk_and_refuses_anything_else(tmp_path):
    found = measured(ragged())
    found.save(tmp_path / "hardness.npz")
    again = Hardness.load(tmp_path / "hardness.npz")
    assert (again.dialogues, again.utterances) == (found.dialogues, found.utterances)
    torch.testing.assert_close(again.indirect, found.indirect, equal_nan=True)
    assert torch.equal(again.value, found.value)
    with pytest.raises(CheckpointError, match="cannot be read as hardness"):
        Hardness.load(tmp_path / "nothing.npz")


def test_a_feature_that_never_varies_makes_no_nan():
    dialogues = [replace(d, features={**d.features, "text": torch.zeros(len(d), 5)}) for d in ragged()]
    assert torch.isfinite(measured(dialogues).value).all()


def test_planted_hard_utterances_are_found():
    """Noise on everything, or one modality that shows another emotion; 10 percent of the utterances."""
    corpus = simulate(3, sessions=(12, 12), turns=(10, 60), mean_turns=30)
    planted = plant_hard(corpus.dialogues, 0.1)
    standardise = Standardiser.fit(planted.dialogues)
    part = GraphDataset([standardise(d) for d in planted.dialogues], GraphBuilder({}, corpus.labels))
    teacher = fit_teacher(part, 4, TeacherSettings(epochs=12, learning_rate=2e-3), seed=0, device=CPU)
    found = Hardness.measure(teacher, part, corpus.labels, HardnessSettings(), device=CPU)
    hard = [name in planted.noisy | planted.contradicting for name in found.utterances]
    mean = found.value[:, 1:7].mean(dim=1)
    assert roc_auc_score(hard, mean) >= 0.75
