import pytest
import torch
from safetensors.torch import save_file

from graphmer.errors import CheckpointError
from graphmer.training.checkpoint import flatten_optimizer, load_tensors, restore_optimizer, save_tensors


def test_tensors_and_header_come_back_as_they_were(tmp_path):
    tensors = {
        "a": torch.randn(2, 3),
        "b.c": torch.tensor(3.0),
        "t": torch.randn(2, 3).T,
        "n": torch.arange(3),
    }
    header = {"epoch": 3, "selected": None, "score": 0.1 + 0.2, "name": "Zürich"}
    save_tensors(tmp_path / "state.safetensors", tensors, header)
    found, said = load_tensors(tmp_path / "state.safetensors")
    assert said == header
    assert set(found) == set(tensors)
    assert all(torch.equal(found[name], tensors[name]) for name in tensors)


def test_a_second_state_replaces_the_first_and_leaves_nothing_else(tmp_path):
    for epoch in (1, 2):
        save_tensors(tmp_path / "state", {"a": torch.full((2,), float(epoch))}, {"epoch": epoch})
    assert load_tensors(tmp_path / "state")[1] == {"epoch": 2}
    assert [path.name for path in tmp_path.iterdir()] == ["state"]


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(CheckpointError, match=r"state: no such checkpoint. Name a run folder"):
        load_tensors(tmp_path / "state")


@pytest.mark.parametrize("cut", [0, 5, 60, -3])
def test_a_damaged_file_is_named(cut, tmp_path):
    path = tmp_path / "state"
    save_tensors(path, {"a": torch.randn(20)}, {"epoch": 1})
    path.write_bytes(path.read_bytes()[:cut])
    with pytest.raises(CheckpointError, match="state: not a readable graphmer checkpoint"):
        load_tensors(path)


def test_a_file_of_another_program_is_refused(tmp_path):
    save_file({"a": torch.zeros(1)}, tmp_path / "state")
    with pytest.raises(CheckpointError, match="not a readable graphmer checkpoint"):
        load_tensors(tmp_path / "state")


@pytest.mark.parametrize("kind", [torch.optim.AdamW, torch.optim.Adam])
def test_an_optimizer_goes_on_where_it_was(kind, tmp_path):
    """Also where a parameter never had a gradient, and so has no moments."""

    def fresh():
        torch.manual_seed(0)
        model = torch.nn.ModuleList([torch.nn.Linear(3, 2), torch.nn.Linear(2, 2)])
        return model, kind(model.parameters(), lr=0.1)

    def step(model, optimizer):
        optimizer.zero_grad()
        model[0](torch.ones(1, 3)).square().sum().backward()
        optimizer.step()

    model, optimizer = fresh()
    for _ in range(3):
        step(model, optimizer)
    other, again = fresh()
    other.load_state_dict(model.state_dict())
    save_tensors(tmp_path / "state", flatten_optimizer(optimizer), {})
    restore_optimizer(again, load_tensors(tmp_path / "state")[0])
    step(model, optimizer)
    step(other, again)
    assert all(torch.equal(a, b) for a, b in zip(model.parameters(), other.parameters(), strict=True))
