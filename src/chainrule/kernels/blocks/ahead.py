"""Reading ahead: while one thing is computed with, the next is read."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

Number = TypeVar("Number")
Read = TypeVar("Read")


def read_ahead(
    read: Callable[[Number], Read], numbers: Iterable[Number], most: int = 1, workers: int = 1
) -> Iterator[Read]:
    """``read(number)`` of each number in its order, the next ones in other threads while this one is used.

    At most ``most + 1`` results are held: the one handed out, and those that are read or wait. An error comes where it
    would come without threads: after all that stands before it. Whoever stops early, by an error or by Ctrl-C, waits
    for those being read.
    """
    coming, failure = iter(numbers), None
    waiting: deque[Future[Read]] = deque()
    pool = ThreadPoolExecutor(workers, thread_name_prefix="chainrule reader")
    try:
        while True:
            try:
                number = next(coming)
            except StopIteration:
                break
            except Exception as error:
                failure = error
                break
            waiting.append(pool.submit(read, number))
            del number  # whoever reads it is the last to hold it
            if len(waiting) > most:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
        if failure is not None:
            raise failure
    finally:
        pool.shutdown(cancel_futures=True)
