"""A Ray cluster of three nodes on one machine, for tests of what a dying node does."""

import time
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from threading import Thread
from typing import Any

import pytest

needs_ray = pytest.mark.skipif(find_spec("ray") is None, reason="needs the extra ray")

_NODE = {"num_cpus": 1, "object_store_memory": 80 * 2**20}
_ATTEMPTS = 3


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    """The cluster; a test that kills a node must be the last one of its module."""
    from ray.cluster_utils import Cluster

    for attempt in range(1, _ATTEMPTS + 1):
        made = Cluster()
        try:
            made.add_node(**_NODE, include_dashboard=False)
            made.add_node(**_NODE)
            made.add_node(**_NODE)
            break
        except Exception:  # Ray gives a node 30 seconds to start, which a busy machine may need longer for
            made.shutdown()
            if attempt == _ATTEMPTS:
                raise
    yield made
    made.shutdown()


def kill_a_node(cluster: Any, begun: Callable[[], object]) -> Thread:
    """A started thread that kills a node once work has begun, but not the one that this process is at."""

    def kill() -> None:
        import ray

        while not begun():
            time.sleep(0.01)
        own = ray.get_runtime_context().get_node_id()
        victim = next(node for node in cluster.worker_nodes if node.node_id != own)
        cluster.remove_node(victim, allow_graceful=False)

    killer = Thread(target=kill, daemon=True)
    killer.start()
    return killer
