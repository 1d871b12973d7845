import pytest
import torch

from graphmer.curriculum.fitting import fit_teacher
from graphmer.curriculum.teacher import Teacher, TeacherSettings, reconstruction_error
from graphmer.dialogue import FixedSet
from graphmer.graph import GraphBuilder
from graphmer.graph.dataset import GraphDataset
from tests.talks import LABELS, WIDTHS, batched, ragged, talk

NAN = float("nan")
BUILD = GraphBuilder({}, LABELS)


def small(estimator="infonce", dropout=0.0):
    torch.manual_seed(0)
    return Teacher(TeacherSettings(width=8, dropout=dropout), WIDTHS, 4, estimator).eval()


def test_the_error_is_the_mean_over_hidden_modalities_of_the_mean_over_features():
    features = {"a": torch.zeros(3, 2), "b": torch.zeros(3, 3)}
    rebuilt = {"a": torch.tensor([[1.0, 2], [9, 9], [3, 0]]), "b": torch.full((3, 3), 2.0)}
    hidden = torch.tensor([[1, 1], [0, 1], [0, 0]], dtype=torch.bool)
    error = reconstruction_error(rebuilt, features, hidden)
    assert error.tolist() == pytest.approx([((1 + 4) / 2 + 4) / 2, 4, 0])


def test_an_error_only_where_nothing_is_hidden_costs_exactly_nothing():
    features = {"a": torch.tensor([[1.0, 2.0], [NAN, NAN], [5.0, 6.0]])}
    rebuilt = {"a": torch.tensor([[9.0, 9.0], [9.0, 9.0], [5.0, 6.0]])}
    hidden = torch.tensor([[False], [False], [True]])
    assert reconstruction_error(rebuilt, features, hidden).tolist() == [0, 0, 0]


def test_hiding_from_the_decoder_equals_hiding_from_the_teacher():
    teacher, dialogues = small(), ragged()
    whole = batched(dialogues, BUILD)
    kept = torch.tensor([True, False, True])
    seen = batched([FixedSet(("audio", "video")).apply(d, 0) for d in dialogues], BUILD)
    expected = teacher.reconstruct(teacher(seen), seen.available)
    found = teacher.reconstruct(teacher(whole), whole.available & kept)
    for modality in WIDTHS:
        torch.testing.assert_close(found[modality], expected[modality])


def test_nothing_hidden_reaches_what_is_rebuilt():
    teacher, graph = small(), batched(ragged(), BUILD)
    before = teacher.reconstruct(teacher(graph), graph.available & torch.tensor([True, False, True]))
    graph.text = torch.full_like(graph.text, 100.0)
    after = teacher.reconstruct(teacher(graph), graph.available & torch.tensor([True, False, True]))
    assert all(torch.equal(before[m], after[m]) for m in WIDTHS)


def test_consistency_is_unknown_where_an_utterance_has_no_two_modalities():
    teacher, graph = small(), batched(ragged(), BUILD)
    value = teacher.consistency(teacher(graph), graph.available, graph.batch)
    assert torch.equal(torch.isnan(value), graph.available.sum(dim=1) < 2)


@pytest.mark.parametrize("estimator", ["infonce", "entropy"])
def test_every_parameter_of_a_teacher_learns(estimator):
    teacher, graph = small(estimator), batched([talk("ABAB"), talk("BAB", seed=1)], BUILD)
    hidden = torch.tensor([True, False, False]).repeat(7, 1)
    hidden[4:] = torch.tensor([False, True, True])
    teacher.loss(graph, hidden).backward()
    still = [n for n, p in teacher.named_parameters() if p.grad is None or not p.grad.any()]
    assert still == []


def test_estimators_leave_the_states_as_they_are():
    """Otherwise the entropy difference flattens them until nothing can be rebuilt."""
    gradients = []
    for estimator in ("infonce", "entropy"):
        teacher, graph = small(estimator), batched([talk("ABAB")], BUILD)
        teacher.loss(graph, torch.zeros(4, 3, dtype=torch.bool)).backward()
        gradients.append(teacher.mixture.projections[0].weight.grad)
    assert torch.equal(*gradients)


def test_an_unknown_estimator_is_refused():
    with pytest.raises(ValueError, match=r"`estimator` must be one of .*entropy.*; got 'mi'"):
        small("mi")


def test_a_fitted_teacher_rebuilds_better_than_the_mean_and_repeats_itself():
    """Text is a copy of audio here, so it can be rebuilt; unit variance is the error of a constant."""
    dialogues = []
    for number in range(12):
        dialogue = talk("ABABAB", id=f"d{number}", seed=number, widths={"audio": 3, "text": 3})
        dialogue.features["text"].copy_(dialogue.features["audio"])
        dialogues.append(dialogue)
    part = GraphDataset(dialogues, BUILD)
    settings = TeacherSettings(width=16, epochs=60, learning_rate=5e-3, dropout=0.0)
    first, again = (fit_teacher(part, 4, settings, seed=1, device=torch.device("cpu")) for _ in range(2))
    graph = batched(dialogues, BUILD)
    rebuilt = first.reconstruct(first(graph), graph.available & torch.tensor([True, False]))
    assert (rebuilt["text"] - graph.text).square().mean() < 0.4 * graph.text.var()
    assert all(torch.equal(a, b) for a, b in zip(first.parameters(), again.parameters(), strict=True))
