import pytest

from graphmer.cli import doctor


@pytest.fixture(autouse=True)
def no_device(monkeypatch):
    """Hides CUDA devices, so that the output is the same on all machines."""
    import torch

    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)


def test_a_complete_installation_has_no_problems(graphmer, monkeypatch):
    monkeypatch.setattr(doctor, "_faiss", list)
    outcome = graphmer("doctor")
    assert outcome.code == 0
    assert "no device; everything runs on the CPU" in outcome.out
    assert "…" not in outcome.out
    assert outcome.out.endswith("No problems found.\n")


def test_a_package_that_is_not_installed_is_a_problem(graphmer, monkeypatch):
    monkeypatch.setattr(doctor, "_PACKAGES", ("graphmer", "no-such-package-of-anyone"))
    monkeypatch.setattr(doctor, "_faiss", list)
    outcome = graphmer("doctor", columns=120)
    assert outcome.code == 1
    assert "not installed: pip install graphmer" in outcome.out
    assert outcome.out.endswith("1 problem(s).\n")


def test_two_builds_of_faiss_are_a_problem(monkeypatch):
    monkeypatch.setattr(doctor, "_version", lambda package: "1.9")
    assert doctor._faiss() == [
        ("faiss", "faiss-gpu 1.9 and faiss-cpu 1.9", "both installed: pip uninstall one of them")
    ]
