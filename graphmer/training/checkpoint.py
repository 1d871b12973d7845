"""Weights and state on disk: safetensors with a JSON header and a checksum, written whole or not at all."""

import json
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from graphmer.checksums import KEY, UNSEALED, read_sealed, seal
from graphmer.errors import CheckpointError
from graphmer.storage import replacing


def save_tensors(path: Path, tensors: Mapping[str, Tensor], header: Mapping[str, Any]) -> None:
    """Write tensors and a JSON-compatible header to one safetensors file, whole or not at all.

    Raises:
        OSError: if the disk is full or cannot be written to.
    """
    owned = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    with replacing(path) as partial:
        try:
            save_file(owned, partial, metadata={"graphmer": json.dumps({**header, KEY: UNSEALED})})
            seal(partial)
        except SafetensorError as error:  # which has the number of the system's error in its text only
            number = re.search(r"os error (\d+)", str(error))
            if number is None:
                raise
            raise OSError(int(number[1]), os.strerror(int(number[1]))) from None


def load_tensors(path: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Tensors and header of `save_tensors`.

    Raises:
        CheckpointError: if the file is not there, damaged, or not graphmer's.
    """
    if not path.is_file():
        raise CheckpointError(f"{path}: no such checkpoint. Name a run folder that `graphmer train` made.")
    with _opened(path) as file:
        return {name: file.get_tensor(name) for name in file.keys()}, _header(file)  # noqa: SIM118


def load_header(path: Path) -> dict[str, Any]:
    """Header of `save_tensors`, without the tensors.

    Raises:
        CheckpointError: if the file is damaged, or not graphmer's.
    """
    with _opened(path) as file:
        return _header(file)


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    try:
        read_sealed(path)
        with safe_open(path, framework="pt") as file:
            yield file
    except (SafetensorError, OSError, KeyError, TypeError, ValueError) as error:
        raise CheckpointError(
            f"{path}: not a readable graphmer checkpoint ({error}). Restore it, or delete it and train again."
        ) from None


def _header(file: Any) -> dict[str, Any]:
    header = dict(json.loads((file.metadata() or {})["graphmer"]))
    header.pop(KEY, None)
    return header


def flatten_optimizer(optimizer: torch.optim.Optimizer) -> dict[str, Tensor]:
    """The moments of an optimizer as named tensors, ``optimizer.<parameter>.<moment>``."""
    state = optimizer.state_dict()["state"]
    return {
        f"optimizer.{parameter}.{moment}": torch.as_tensor(value)
        for parameter, moments in state.items()
        for moment, value in moments.items()
    }


def restore_optimizer(optimizer: torch.optim.Optimizer, tensors: Mapping[str, Tensor]) -> None:
    """Put moments from `flatten_optimizer` back."""
    state: dict[int, dict[str, Tensor]] = {}
    for name, tensor in tensors.items():
        if name.startswith("optimizer."):
            _, parameter, moment = name.split(".")
            state.setdefault(int(parameter), {})[moment] = tensor
    optimizer.load_state_dict({"state": state, "param_groups": optimizer.state_dict()["param_groups"]})
