from dataclasses import replace

import pytest
import torch

from graphmer.dialogue import Complete, Dialogue, FixedSet, LabelSpace, protocol
from graphmer.graph import GraphBuilder, TemporalWindow
from graphmer.graph.dataset import GraphDataset, collated
from graphmer.nn.messages import MessagePassingSettings
from graphmer.nn.missing_pattern import PRIOR, MissingPattern, pattern_counts
from tests.models import make
from tests.talks import LABELS, WIDTHS, batched, ragged, talk

BUILD = GraphBuilder({"near": TemporalWindow(2, 2)}, LABELS)


def lossy(count: int = 40) -> list[Dialogue]:
    """Dialogues that lose video when sad, half of the audio, and never text."""
    law = protocol("mnar:v@sad=1,a=0.5", tuple(WIDTHS))
    return [law.apply(talk("ABABABAB", id=str(n), seed=n), 0) for n in range(count)]


def network(*, seed: int = 0, **settings):
    messages = MessagePassingSettings(width=8, depth=1)
    made = make(WIDTHS, 4, BUILD.relations, width=8, depth=1, message_passing=messages, seed=seed, **settings)
    return made.network.eval()


def test_the_terms_of_the_logits_begin_as_the_log_ratios_of_the_counts():
    pattern = MissingPattern(3, 5, 4)
    train = lossy()
    pattern.fit(train, LABELS)
    sad = LABELS.names.index("sad")
    present = torch.cat([d.present for d in train])
    emotion = LABELS.encode([e for d in train for e in d.emotion])
    lost = (~present[:, 2]).float()
    for number in range(4):
        own = emotion == number
        given = (lost[own].sum() + PRIOR * lost.mean()) / (own.sum() + PRIOR)
        assert pattern.to_logits[5, number].item() == pytest.approx(
            (given / lost.mean()).log().item(), abs=1e-5
        )
    assert pattern.to_logits[5].argmax() == sad
    assert pattern.to_logits[2, sad] < -2  # video of a sad turn was never recorded
    assert pattern.to_logits[[0, 3]].abs().max() < 0.35  # audio is lost at the same rate under each emotion
    assert not pattern.to_state.any()


def test_a_modality_that_is_always_or_never_there_tells_nothing():
    pattern = MissingPattern(3, 5, 4)
    never = talk("ABAB", ["at", "at", "t", "at"])
    pattern.fit([never], LABELS)
    assert pattern.informative.tolist() == [1, 0, 0, 1, 0, 0]
    assert not pattern.to_logits[[1, 2, 4, 5]].any()
    assert pattern.to_logits.isfinite().all()


def test_the_counts_are_those_of_the_recorded_sets():
    train = lossy()
    pattern = MissingPattern(3, 5, 4)
    pattern.fit([FixedSet(("text",)).apply(dialogue, 0) for dialogue in train], LABELS)
    present = torch.cat([dialogue.available for dialogue in train])
    both = (present == torch.tensor([False, True, True])).all(dim=1).sum()
    assert pattern.counts[0b110] == both
    assert pattern.counts.sum() == len(present)
    assert torch.equal(pattern.counts, pattern_counts(present))


def terms(pattern: MissingPattern, graph):
    return pattern.eval()(graph)


def test_what_a_mask_hides_is_neither_there_nor_lost():
    pattern = MissingPattern(3, 5, 4)
    train = lossy()
    pattern.fit(train, LABELS)
    dataset = GraphDataset(train, BUILD)
    whole, hidden = (
        terms(pattern, collated(dataset.masked(each, 0), range(len(train))))[0]
        for each in (Complete(), FixedSet(("text",)))
    )
    lost = torch.cat([~dialogue.present for dialogue in train])
    rows = torch.cat([torch.zeros_like(lost), lost], dim=1).float()
    rows[:, 1] = 1.0
    torch.testing.assert_close(hidden, (rows * pattern.informative) @ pattern.to_logits)
    assert not torch.allclose(whole, hidden)


def test_what_a_law_loses_in_an_evaluation_is_lost():
    pattern = MissingPattern(3, 5, 4)
    pattern.fit(lossy(), LABELS)
    talks = [talk("ABABABAB", id=str(n), seed=n) for n in range(40)]
    law = protocol("mnar:v@sad=1,a=0.5", tuple(WIDTHS))
    found = terms(pattern, collated(GraphDataset(talks, BUILD).masked(law, 0), range(40)))[0]
    expected = terms(pattern, batched(lossy(), BUILD))[0]
    assert torch.equal(found, expected)


def test_an_ignored_pattern_adds_nothing_and_in_training_some_dialogues_have_none():
    pattern = MissingPattern(3, 5, 4)
    pattern.fit(lossy(200), LABELS)
    graph = batched(lossy(200), BUILD)
    torch.manual_seed(0)
    logits, _ = pattern.train()(graph)
    without = [not rows.any() for rows in logits.split(graph.ptr.diff().tolist())]
    assert sum(without) / 200 == pytest.approx(0.2, abs=0.08)
    pattern.ignored = True
    assert not any(term.any() for term in pattern(graph))


def test_scores_begin_without_a_term():
    pattern = MissingPattern(3, 5, 1)
    train = [replace(d, emotion=(1.0,) * len(d)) for d in lossy()]
    pattern.fit(train, LabelSpace(interval=(-3, 3)))
    assert not pattern.to_logits.any()
    assert pattern.counts.sum() > 0


def test_without_the_option_nothing_changes():
    plain, reading = network(), network(missing_pattern=True)
    assert {name for name in reading.state_dict() if "missing_pattern" in name} == set(
        reading.state_dict()
    ) - set(plain.state_dict())
    for name, tensor in plain.state_dict().items():
        assert torch.equal(tensor, reading.state_dict()[name])
    graph = batched(ragged(), BUILD)
    assert torch.equal(plain(graph).logits, reading(graph).logits)  # unfitted, it adds nothing


def test_the_pattern_of_the_neighbors_is_read_through_messages():
    reading = network(missing_pattern=True)
    reading.prepare(lossy(), LABELS)
    torch.nn.init.normal_(reading.missing_pattern.to_state)
    graph = batched([talk("AB", ["t", "t"])], BUILD)
    hidden = graph.clone()
    hidden.present = torch.tensor([[True, True, True], [False, True, False]])  # of the first turn, not lost
    assert not torch.allclose(reading(graph).logits[1], reading(hidden).logits[1])
