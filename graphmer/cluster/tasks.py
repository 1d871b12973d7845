"""Tasks on a Ray cluster that lose nothing when a node dies."""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

from graphmer.errors import ConfigError, GraphmerError

Item = TypeVar("Item")
Result = TypeVar("Result")

_RETRIES = 10
"""How often a task is tried again whose process or node has died."""


@contextmanager
def connected(address: str | None) -> Iterator[str]:
    """Context manager of a connection to a cluster; yields a line that says what there is to compute with.

    Args:
        address: of the cluster, such as ``auto`` or ``ray://head:10001``; ``None`` starts one here.

    Raises:
        ConfigError: if Ray is not installed, there is no cluster at the address, or it has no processor.
    """
    try:
        import ray
    except ImportError:
        raise ConfigError(
            '--engine ray needs Ray, which is not installed. Run: pip install "graphmer[ray]"'
        ) from None
    try:
        local: dict[str, Any] = {} if address else {"include_dashboard": False}
        ray.init(address or "local", logging_level="error", log_to_driver=False, **local)
    except (ConnectionError, ValueError, RuntimeError) as error:
        problem = " ".join(str(error).split())[:200]
        raise ConfigError(
            f"--address: no Ray cluster at {address or 'this machine'} ({problem}). Start one with `ray "
            "start --head`, or leave --address out."
        ) from None
    try:
        cores = int(ray.cluster_resources().get("CPU", 0))
        free = int(ray.available_resources().get("CPU", 0))
        nodes = sum(bool(node["Alive"]) for node in ray.nodes())
        if not cores:
            raise ConfigError("The Ray cluster has no processor (CPU: 0). Start a node that has some.")
        busy = "" if free else "; all are in use, so that nothing moves before one is free"
        yield f"Ray: {nodes} node{'s' * (nodes != 1)}, {cores} core{'s' * (cores != 1)}, {free} free{busy}"
    finally:
        ray.shutdown()


def results(work: Callable[[Item], Result], items: Sequence[Item], *, gpus: int = 0) -> Iterator[Result]:
    """Results of a function for all items, in their order, computed by tasks of one core each.

    A task whose process or node dies is tried again on another one, so the function may run more than once
    for an item, and must leave the same behind each time. Nothing waits for a place of its own: whichever
    core is free takes the next task, also when nodes come or go.

    Args:
        work: a function that workers can import.
        items: its arguments.
        gpus: that a task needs.

    Raises:
        GraphmerError: if a task could not be finished.
    """
    import ray

    task = ray.remote(num_cpus=1, num_gpus=gpus, max_retries=_RETRIES)(_call)
    stored = ray.put(work)
    waiting = deque(task.remote(stored, item) for item in items)
    try:
        while waiting:
            yield ray.get(waiting.popleft())
    except ray.exceptions.RayTaskError as error:
        raise GraphmerError(f"A task of Ray failed: {error.cause!r}.") from error
    except ray.exceptions.RayError as error:
        problem = " ".join(str(error).split())[:200]
        raise GraphmerError(
            f"A task of Ray was lost {_RETRIES + 1} times ({problem}). See that nodes have enough memory, "
            "and run the command again; it continues."
        ) from None


def _call(work: Callable[[Item], Result], item: Item) -> Result:
    return work(item)
