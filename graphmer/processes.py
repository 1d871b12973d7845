"""The processes that train one model together, as `torchrun` starts them; one alone is the usual case."""

from collections.abc import Mapping
from typing import Any, TypeVar

import torch.distributed as dist

Value = TypeVar("Value")


def rank_and_count() -> tuple[int, int]:
    """Number of this process, from 0, and of all of them."""
    together = dist.is_available() and dist.is_initialized()
    return (dist.get_rank(), dist.get_world_size()) if together else (0, 1)


def merged(own: Mapping[int, Value]) -> dict[int, Value]:
    """What all processes have found together, each entry by one of them.

    Raises:
        RuntimeError: if two processes have found the same entry.
    """
    count = rank_and_count()[1]
    if count == 1:
        return dict(own)
    shares: list[Any] = [None] * count
    dist.all_gather_object(shares, dict(own))
    together = {key: value for share in shares for key, value in share.items()}
    if len(together) != sum(map(len, shares)):
        raise RuntimeError("Two processes have predicted the same dialogue; this is an error of graphmer's.")
    return together
