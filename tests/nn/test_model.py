from itertools import chain, combinations

import pytest
import torch

from graphmer.dialogue import FixedSet
from graphmer.graph import GraphBuilder, TemporalWindow
from graphmer.nn.experts import LAYERS
from graphmer.nn.messages import MessagePassingSettings
from tests.models import model_settings
from tests.nn import oracle
from tests.talks import LABELS, WIDTHS, batched, ragged, talk

SETS = [*chain.from_iterable(combinations(WIDTHS, size) for size in (1, 2, 3))]


def tiny(**settings):
    torch.manual_seed(0)
    return model_settings(WIDTHS, 4, **{"width": 8, "depth": 2, **settings}).build().eval()


def graphs(dialogues=None):
    return batched(ragged() if dialogues is None else dialogues, GraphBuilder({}, LABELS))


def gradients(model, said) -> dict[str, torch.Tensor]:
    """Gradient of each parameter along a fixed direction; zero where it has none."""
    direction = torch.randn(said.shape, generator=torch.Generator().manual_seed(0))
    names, parameters = zip(*model.named_parameters(), strict=True)
    found = torch.autograd.grad((said * direction).sum(), parameters, allow_unused=True)
    return {
        name: torch.zeros_like(parameter) if gradient is None else gradient
        for name, parameter, gradient in zip(names, parameters, found, strict=True)
    }


def assert_equal_to_the_padded_way(model, batch) -> None:
    said, expected = model(batch).logits, oracle.model_forward(model, batch)
    torch.testing.assert_close(said, expected, rtol=1e-5, atol=1e-5)
    mine, padded = gradients(model, said), gradients(model, expected)
    for name in mine:
        torch.testing.assert_close(mine[name], padded[name], rtol=1e-5, atol=1e-5, msg=name)


@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("block", LAYERS)
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_outputs_and_gradients_are_those_of_nine_padded_passes(seed, block, causal):
    """Ragged, tiny and one-turn dialogues; what is available is drawn for each utterance."""
    generator = torch.Generator().manual_seed(seed)
    lengths = torch.randint(1, 9, (5,), generator=generator).tolist()
    dialogues = [
        talk(
            ["AB"[turn % 2] for turn in range(length)],
            ["".join(m for m in "atv" if torch.rand((), generator=generator) < 0.5) for _ in range(length)],
            id=str(length),
            seed=length,
        )
        for length in (1, *lengths)
    ]
    assert_equal_to_the_padded_way(tiny(block=block, causal=causal, depth=3), graphs(dialogues))


@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("block", LAYERS)
@pytest.mark.parametrize("kept", SETS)
def test_outputs_and_gradients_are_those_of_nine_padded_passes_for_every_set(kept, block, causal):
    dialogues = [FixedSet(kept).apply(dialogue, 0) for dialogue in ragged()]
    assert_equal_to_the_padded_way(tiny(block=block, causal=causal), graphs(dialogues))


def test_outputs_with_positions_are_those_of_nine_padded_passes():
    assert_equal_to_the_padded_way(tiny(positions=True), graphs())


@pytest.mark.parametrize("block", LAYERS)
def test_each_modality_alone_is_read_by_its_own_expert(block):
    model, batch = tiny(block=block), graphs()
    found = model.network.unimodal(batch)
    for number, (modality, expected) in enumerate(
        zip(WIDTHS, oracle.unimodal_forward(model, batch), strict=True)
    ):
        assert found.node[modality].tolist() == torch.nonzero(batch.available[:, number]).flatten().tolist()
        torch.testing.assert_close(found.logits[modality], expected, rtol=1e-5, atol=1e-5)


def test_the_reference_model_has_as_many_parameters_as_the_released_code():
    model = model_settings({"audio": 512, "text": 1024, "video": 1024}, 4).build()
    assert sum(parameter.numel() for parameter in model.parameters()) == 5_400_089


def permuted_graphs(dialogue, order):
    """A dialogue, and the same with its turns in another order, as one batch each."""
    first, second = graphs([dialogue]), graphs([dialogue])
    for name in ("available", *WIDTHS):
        second[name] = second[name][order]
    return first, second


@pytest.mark.parametrize("block", LAYERS)
def test_without_positions_the_order_of_turns_carries_nothing(block):
    order = torch.tensor([3, 0, 4, 2, 1])
    first, second = permuted_graphs(talk("ABABA", ["atv", "a", "tv", "", "v"]), order)
    model = tiny(block=block)
    torch.testing.assert_close(model(second).logits, model(first).logits[order], rtol=1e-5, atol=1e-5)


def test_with_positions_the_order_of_turns_matters():
    order = torch.tensor([3, 0, 4, 2, 1])
    first, second = permuted_graphs(talk("ABABA"), order)
    model = tiny(positions=True)
    assert not torch.allclose(model(second).logits, model(first).logits[order], atol=1e-3)


def graph_model(**settings):
    build = GraphBuilder({"near": TemporalWindow(2, 1)}, LABELS)
    messages = MessagePassingSettings(width=8, depth=2, heads=2, dropout=0.0)
    return build, tiny(relations=build.relations, message_passing=messages, **settings)


@pytest.mark.parametrize("which", ["no text", "nothing"])
def test_a_batch_without_a_modality_or_without_any_runs_and_gives_finite_gradients(which):
    build, model = graph_model(reconstruction=1.0)
    batch = batched(ragged(), build)
    batch.available = batch.available & torch.tensor([which == "no text", False, which == "no text"])
    output = model.train()(batch)
    assert output.logits.isfinite().all()
    output.logits.sum().backward()
    assert all(p.grad is None or p.grad.isfinite().all() for p in model.parameters())
    alone = model.network.unimodal(batch)
    assert alone.logits["text"].shape == (0, 4)


def test_without_messages_an_utterance_without_any_modality_is_told_by_the_biases_alone():
    model = tiny()
    bare = model.network.joint(torch.zeros(1, 24))
    batch = graphs()
    nothing = ~batch.available.any(dim=1)
    assert nothing.sum() == 3
    said = model(batch).logits[nothing]
    torch.testing.assert_close(said, model.network.emotion(bare).expand(3, -1), rtol=1e-5, atol=1e-5)


def test_with_messages_an_utterance_without_any_modality_hears_its_neighbours():
    build, model = graph_model()
    dialogue, other = (talk("ABA", ["atv", "", "atv"], seed=seed) for seed in (0, 1))
    said, heard = (model(batched([d], build)).logits[1] for d in (dialogue, other))
    assert not torch.allclose(said, heard, atol=1e-4)


def test_shapes_of_everything_a_model_says():
    build, model = graph_model(reconstruction=1.0)
    batch = batched(ragged(), build)
    output = model(batch)
    assert output.logits.shape == (17, 4)
    assert output.state.shape == (17, 8)
    assert {m: rows.shape for m, rows in output.reconstruction.items()} == {
        m: (17, d) for m, d in WIDTHS.items()
    }
    assert output.router.shape == (17, 3, 3)
    assert model.modalities == tuple(WIDTHS)


def test_a_decoder_is_asked_for_probabilities_and_emotions():
    build, model = graph_model(decoder="chain")
    batch = batched(ragged(), build)
    output = model(batch)
    torch.testing.assert_close(model.probabilities(output, batch), output.logits.softmax(1))
    assert torch.equal(model.decide(output, batch).emotion, output.logits.argmax(1))
    for parameter in model.decoder.parameters():
        torch.nn.init.normal_(parameter, std=2.0)
    turns = (output.logits, batch.speaker, batch.batch)
    assert torch.equal(model.probabilities(output, batch), model.decoder(*turns).marginal.exp())
    assert torch.equal(model.decide(output, batch).emotion, model.decoder.viterbi(*turns))
    assert not torch.equal(model.decide(output, batch).emotion, output.logits.argmax(1))
    alone = build(ragged()[0])
    torch.testing.assert_close(
        model.probabilities(model(alone), alone), model.probabilities(output, batch)[:6]
    )


def test_a_graph_on_its_own_needs_no_batch():
    build, model = graph_model()
    dialogue = talk("ABA")
    alone, batch = model(build(dialogue)), model(batched([dialogue], build))
    torch.testing.assert_close(alone.logits, batch.logits)


@pytest.mark.gpu
def test_mixed_precision_runs_on_a_gpu():
    build, model = graph_model()
    with torch.autocast("cuda", torch.bfloat16):
        said = model.cuda()(batched(ragged(), build).to("cuda")).logits
    assert said.isfinite().all()


def test_without_a_decoder_a_change_is_that_of_two_independent_turns():
    model, batch = tiny(), graphs([talk("ABA", id="d"), talk("AA", id="e")])
    output = model(batch)
    said = model.decide(output, batch)
    p = output.logits.softmax(dim=1)
    assert torch.isnan(said.change).tolist() == [True, True, False, True, False]
    torch.testing.assert_close(said.change[2], 1 - p[0] @ p[2])
    torch.testing.assert_close(said.change[4], 1 - p[3] @ p[4])
