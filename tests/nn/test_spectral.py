from dataclasses import replace

import pytest
import torch
from torch.nn.functional import cosine_similarity

from graphmer.nn.spectral import SpectralBasis, leading_modes, structural_graph


def basis_of(*speakers: str, modes: int = 16) -> SpectralBasis:
    """One string for each dialogue, a letter for the speaker of each turn."""
    speaker = torch.tensor([ord(each) for turns in speakers for each in turns])
    dialogue = torch.tensor([3 * d for d, turns in enumerate(speakers) for _ in turns])
    return SpectralBasis.of(speaker, dialogue, modes)


def test_the_structural_graph_is_the_equation():
    speakers = "ABBAA"
    raw = torch.zeros(5, 5, dtype=torch.double)
    for i in range(5):
        for j in range(5):
            if abs(i - j) <= 3:
                raw[i, j] = torch.exp(torch.tensor(-abs(i - j) / 2)) * (1 + (speakers[i] == speakers[j])) / 2
    degree = raw.sum(dim=1)
    expected = raw / (degree[:, None] * degree).sqrt()
    found = structural_graph(torch.tensor([ord(each) for each in speakers]))
    torch.testing.assert_close(found, expected)
    assert found[0, 4] == 0


def test_modes_are_those_of_largest_magnitude_and_padded():
    values, vectors = leading_modes(torch.diag(torch.tensor([0.1, -0.9, 0.5])), 2)
    torch.testing.assert_close(values, torch.tensor([-0.9, 0.5]))
    torch.testing.assert_close(vectors.abs(), torch.tensor([[0.0, 0], [1, 0], [0, 1]]))
    values, vectors = leading_modes(torch.eye(1), 3)
    assert values.tolist() == [1, 0, 0]
    assert vectors.shape == (1, 3)


def test_modes_whose_equal_is_left_out_are_left_out_as_well():
    values, vectors = leading_modes(torch.diag(torch.tensor([1.0, 0.5, 0.5, 0.1])), 2)
    assert values.tolist() == [1, 0]
    assert not vectors[:, 1].any()


def test_with_its_own_spectrum_the_basis_smooths_by_the_structural_graph():
    torch.manual_seed(0)
    basis, state = basis_of("ABBA", "A", "ABCABCA"), torch.randn(12, 3)
    parts = [
        structural_graph(torch.tensor([ord(each) for each in turns])).float() @ rows
        for turns, rows in zip(("ABBA", "A", "ABCABCA"), state.split([4, 1, 7]), strict=True)
    ]
    torch.testing.assert_close(basis.smooth(basis.values, state), torch.cat(parts), rtol=1e-4, atol=1e-5)


def test_the_spectrum_is_the_diagonal_of_the_graph_of_similar_turns_in_the_basis():
    torch.manual_seed(0)
    state = torch.randn(6, 3)
    state[4] = 0  # a turn of which nothing is known
    basis = basis_of("ABABBA", modes=4)
    vectors = basis.vectors[0]
    for k in range(4):
        expected = torch.zeros(())
        for i in range(6):
            for j in range(6):
                similar = cosine_similarity(state[i], state[j], dim=0).relu()
                expected = expected + vectors[i, k] * basis.adjacency[0, i, j] * similar * vectors[j, k]
        torch.testing.assert_close(basis.spectrum(state)[0, k], expected)


def test_the_same_vector_everywhere_has_the_spectrum_of_the_structural_graph():
    basis = basis_of("ABBAAB", "AB")
    torch.testing.assert_close(basis.spectrum(torch.ones(8, 5)), basis.values)


@pytest.mark.parametrize("long", ["AB" * 30, "A" * 60])
def test_signs_of_eigenvectors_do_not_matter_and_long_dialogues_keep_some_modes(long):
    torch.manual_seed(0)
    basis, state = basis_of("ABBA", long), torch.randn(64, 3)
    signs = torch.where(torch.rand(2, 1, 16) < 0.5, -1.0, 1.0)
    other = replace(basis, vectors=basis.vectors * signs)
    spectrum = basis.spectrum(state)
    assert torch.equal(other.spectrum(state), spectrum)
    assert torch.equal(other.smooth(spectrum, state), basis.smooth(spectrum, state))
    assert basis.modes.sum(dim=1).tolist() == [4, 16]


def test_a_rotation_of_modes_with_equal_eigenvalues_does_not_matter():
    torch.manual_seed(0)
    basis, state, sampled = basis_of("ABBA", modes=4), torch.randn(4, 3), torch.randn(1, 4)
    ties = torch.eye(4)[None].clone()
    ties[0, 1:3, 1:3] = 0.5
    angle = torch.tensor(0.7)
    turned = torch.eye(4)
    turned[1:3, 1:3] = torch.stack([angle.cos(), -angle.sin(), angle.sin(), angle.cos()]).view(2, 2)
    one = replace(basis, ties=ties)
    two = replace(one, vectors=one.vectors @ turned)
    torch.testing.assert_close(two.spectrum(state), one.spectrum(state))
    torch.testing.assert_close(two.smooth(sampled, state), one.smooth(sampled, state))
    assert not torch.allclose(replace(two, ties=basis.ties).spectrum(state), basis.spectrum(state))


def test_equal_eigenvalues_are_found():
    speakers = torch.tensor([0, 1])
    basis = SpectralBasis.of(speakers, torch.tensor([0, 0]), 3)
    torch.testing.assert_close(basis.ties[0, :2, :2], torch.eye(2))
    values = torch.linalg.eigvalsh(structural_graph(speakers)).flip(0).float()
    torch.testing.assert_close(basis.values[0, :2], values)
