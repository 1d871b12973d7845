"""Rank and gathering of results for distributed processes, as started by `torchrun`."""

from collections.abc import Mapping
from typing import Any, TypeVar

import torch.distributed as dist

Value = TypeVar("Value")


def rank_and_count() -> tuple[int, int]:
    """Rank of this process and number of processes; (0, 1) without `torchrun`."""
    distributed = dist.is_available() and dist.is_initialized()
    return (dist.get_rank(), dist.get_world_size()) if distributed else (0, 1)


def merged(own: Mapping[int, Value]) -> dict[int, Value]:
    """Union of the entries of all processes.

    Args:
        own: entries of this process.

    Raises:
        RuntimeError: if two processes have an entry with the same key.
    """
    count = rank_and_count()[1]
    if count == 1:
        return dict(own)
    shares: list[Any] = [None] * count
    dist.all_gather_object(shares, dict(own))
    union = {key: value for share in shares for key, value in share.items()}
    if len(union) != sum(map(len, shares)):
        raise RuntimeError("Two processes have predicted the same dialogue. This is a bug in graphmer.")
    return union
