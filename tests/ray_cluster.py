"""A Ray cluster of three nodes on one machine, for tests of what a dying node does."""

from collections.abc import Iterator
from importlib.util import find_spec
from typing import Any

import pytest

needs_ray = pytest.mark.skipif(find_spec("ray") is None, reason="needs the extra ray")

_NODE = {"num_cpus": 1, "object_store_memory": 80 * 2**20}
_ATTEMPTS = 3


@pytest.fixture(scope="module")
def cluster() -> Iterator[tuple[Any, Any]]:
    """The cluster, and a node to remove; a test that does so must be the last one of its module."""
    from ray.cluster_utils import Cluster

    for attempt in range(1, _ATTEMPTS + 1):
        made = Cluster()
        try:
            made.add_node(**_NODE, include_dashboard=False)
            made.add_node(**_NODE)
            victim = made.add_node(**_NODE)
            break
        except Exception:  # Ray gives a node 30 seconds to start, which a busy machine may need longer for
            made.shutdown()
            if attempt == _ATTEMPTS:
                raise
    yield made, victim
    made.shutdown()
