import pytest

from graphmer.cli import doctor


@pytest.fixture(autouse=True)
def no_device(monkeypatch):
    """The same machine everywhere."""
    import torch

    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)


def test_a_sound_installation_is_called_so(graphmer, monkeypatch):
    monkeypatch.setattr(doctor, "_faiss", list)
    said = graphmer("doctor")
    assert said.code == 0
    assert "no device; everything runs on the processor" in said.out
    assert "…" not in said.out
    assert said.out.endswith("Nothing wrong found.\n")


def test_a_package_that_is_not_there_is_a_problem(graphmer, monkeypatch):
    monkeypatch.setattr(doctor, "_PACKAGES", ("graphmer", "no-such-package-of-anyone"))
    monkeypatch.setattr(doctor, "_faiss", list)
    said = graphmer("doctor", columns=120)
    assert said.code == 1
    assert "not installed: pip install graphmer" in said.out
    assert said.out.endswith("1 problem(s).\n")


def test_two_builds_of_faiss_are_a_problem(monkeypatch):
    monkeypatch.setattr(doctor, "_version", lambda package: "1.9")
    assert doctor._faiss() == [
        ("faiss", "faiss-gpu 1.9 and faiss-cpu 1.9", "both installed: pip uninstall one of them")
    ]
