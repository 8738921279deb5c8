"""Our own threads: they call machine code that holds no lock of the interpreter."""

from __future__ import annotations

import contextlib
import contextvars
import itertools
import os
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from chainrule.cores import cores
from chainrule.kernels.compiled import team

Part = TypeVar("Part")
Result = TypeVar("Result")

MOST_BYTES = 8_000_000  # of results that wait to be added up
MOST_THREADS = 64

_lock = threading.Lock()
_pools: dict[int, ThreadPoolExecutor] = {}


_most: contextvars.ContextVar[int] = contextvars.ContextVar("most threads", default=MOST_THREADS)


def available() -> int:
    """Cores this process may use, or what `at_most` leaves of them."""
    return min(cores(), _most.get())


@contextlib.contextmanager
def at_most(threads: int) -> Iterator[None]:
    """So many threads at most for what the caller runs inside: others share its machine."""
    before = _most.set(max(1, threads))
    try:
        yield
    finally:
        _most.reset(before)


def in_order(
    work: Callable[[Part], Result], parts: Sequence[Part], threads: int, result_bytes: int
) -> Iterator[Result]:
    """``work`` of each part, in the order of the parts, several at once."""
    threads = min(threads, len(parts), MOST_THREADS)
    if threads <= 1:
        yield from map(work, parts)
        return
    pool = _pool(threads)
    wave = threads * max(1, MOST_BYTES // max(result_bytes, 1) // threads)
    for first in range(0, len(parts), wave):
        shares = _shares(parts[first : first + wave], threads)
        for results in list(pool.map(lambda share: [work(part) for part in share], shares)):
            yield from results


def _shares(parts: Sequence[Part], threads: int) -> list[Sequence[Part]]:
    """Neighbouring parts for each thread."""
    bounds = [len(parts) * at // threads for at in range(threads + 1)]
    return [parts[a:b] for a, b in itertools.pairwise(bounds) if a < b]


def _pool(threads: int) -> ThreadPoolExecutor:
    with _lock:
        if threads not in _pools:
            _pools[threads] = ThreadPoolExecutor(threads, thread_name_prefix="chainrule")
        return _pools[threads]


def _forked() -> None:
    """In a child process the parent's threads do not exist."""
    global _lock
    _lock = threading.Lock()
    _pools.clear()
    team.forget()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forked)
