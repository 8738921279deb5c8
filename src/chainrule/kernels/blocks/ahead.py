"""Reading one block ahead: while one is computed with, the next is read."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

Number = TypeVar("Number")
Read = TypeVar("Read")


def read_ahead(read: Callable[[Number], Read], numbers: Iterable[Number]) -> Iterator[Read]:
    """``read(number)`` of each number in its order, the next one in another thread while this one is used.

    At most two results are held: the one handed out and the one being read. Whoever stops early, by an error or by
    Ctrl-C, waits for the one read under way.
    """
    remaining = iter(numbers)
    first = next(remaining, None)
    if first is None:
        return
    with ThreadPoolExecutor(1, thread_name_prefix="chainrule reader") as pool:
        coming: Future[Read] | None = pool.submit(read, first)
        while coming is not None:
            found = coming.result()
            following = next(remaining, None)
            coming = None if following is None else pool.submit(read, following)
            yield found
            del found  # before the one after is asked for: two at once, not three
