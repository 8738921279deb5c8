"""Work on items that come one after the other, several at once, in their order."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")
Made = TypeVar("Made")


def in_turn(work: Callable[[Item], Made], items: Iterable[Item], workers: int) -> Iterator[Made]:
    """``work(item)`` of each item in order, in so many threads.

    At most ``workers + 1`` items are worked on or wait to be handed out. An error comes where it would come without
    threads: after all that stands before it.
    """
    coming = iter(items)
    waiting: deque[Future[Made]] = deque()
    failure: Exception | None = None
    pool = ThreadPoolExecutor(workers, thread_name_prefix="chainrule rows")
    try:
        while True:
            try:
                item = next(coming)
            except StopIteration:
                break
            except Exception as error:
                failure = error
                break
            waiting.append(pool.submit(work, item))
            del item  # whoever works on it is the last to hold it
            if len(waiting) > workers:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
        if failure is not None:
            raise failure
    finally:
        pool.shutdown(cancel_futures=True)
