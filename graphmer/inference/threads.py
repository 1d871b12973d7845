"""Work on batches by several threads; torch computes without Python's lock."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

import torch

Given = TypeVar("Given")
Made = TypeVar("Made")


def in_threads(work: Callable[[Given], Made], given: Iterable[Given], workers: int) -> Iterator[Made]:
    """Results of `work` in the order of what is given, which is read as it is needed.

    With several workers torch uses one thread in each of them, and its own number again at the end.

    Args:
        work: function of one item.
        given: items.
        workers: how many items are worked on at a time; 1 works in the calling thread.
    """
    if workers == 1:
        yield from map(work, given)
        return
    threads = torch.get_num_threads()
    running: deque[Future[Made]] = deque()
    torch.set_num_threads(1)
    try:
        with ThreadPoolExecutor(workers, initializer=torch.set_num_threads, initargs=(1,)) as pool:
            for item in given:
                running.append(pool.submit(work, item))
                if len(running) > workers:
                    yield running.popleft().result()
            while running:
                yield running.popleft().result()
    finally:
        torch.set_num_threads(threads)
