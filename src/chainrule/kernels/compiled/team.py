"""Several threads in one call: each does its parts of every step and waits for the others between.

What is added up, and in which order, depends on the parts and not on who did them: any number of threads gives the
same bits.
"""

from __future__ import annotations

import ctypes
import functools
import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from typing import Any

import numpy as np
from llvmlite import ir

from chainrule.kernels.compiled.emit import INDEX, Emitter

ARGUMENTS = ["rank", "members", "arrived#", "give_way"]
_GONE = 1 << 40  # arrivals, where the others are not coming
_SPINS = 3_000_000  # about 5 ms: who has slept is 0.1 ms late, and the others must not fall asleep over that
_SLEEP = 20  # microseconds


class Barrier:
    """Writes the waiting into a function that has `ARGUMENTS`."""

    def __init__(self, e: Emitter) -> None:
        self.e = e
        with e.builder.goto_entry_block():
            self._target, self._spins = e.builder.alloca(INDEX), e.builder.alloca(INDEX)
            e.builder.store(e.index(0), self._target)

    def wait(self) -> Any:
        """Until all members are here; how many arrivals there have been."""
        e, b = self.e, self.e.builder
        target = b.add(b.load(self._target), e.members)
        b.store(target, self._target)
        b.store(e.index(0), self._spins)
        b.atomic_rmw("add", e.arrived, e.index(1), "acq_rel")
        number = next(e._names)
        look, again, polite, after = (
            b.append_basic_block(f"{name}{number}") for name in ("look", "again", "yield", "on")
        )
        b.branch(look)
        b.position_at_end(look)
        seen = b.load_atomic(e.arrived, "acquire", 8)
        b.cbranch(b.icmp_signed("<", seen, target), again, after)
        b.position_at_end(again)
        spins = b.add(b.load(self._spins), e.index(1))
        b.store(spins, self._spins)
        b.cbranch(b.icmp_signed(">", spins, e.index(_SPINS)), polite, look)
        b.position_at_end(polite)
        kind = ir.FunctionType(ir.IntType(32), [ir.IntType(32)])
        b.call(b.inttoptr(e.give_way, kind.as_pointer()), [ir.Constant(ir.IntType(32), _SLEEP)])
        b.branch(look)
        b.position_at_end(after)
        return seen

    def leave_if_alone(self) -> None:
        """Wait for the others at the very start, and return from the function where they are not coming."""
        e, b = self.e, self.e.builder
        gone = b.icmp_signed(">=", self.wait(), e.index(_GONE))
        with b.if_then(gone):
            b.ret_void()


_busy = threading.Lock()
_pools: dict[int, ThreadPoolExecutor] = {}


def run(call: Callable[..., None], arguments: tuple[int, ...], members: int) -> None:
    """``call(*arguments, rank, members, ...)`` in each of the threads, returning when all have.

    One team works at a time, with threads of its own, so that none can wait for a thread another one has; who finds
    it at work goes on alone.
    """
    if members > 1 and _busy.acquire(blocking=False):
        try:
            _together(call, arguments, members)
        finally:
            _busy.release()
    else:
        arrived = np.zeros(1, np.int64)
        call(*arguments, 0, 1, arrived.ctypes.data, give_way())


def _together(call: Callable[..., None], arguments: tuple[int, ...], members: int) -> None:
    arrived = np.zeros(1, np.int64)
    if members not in _pools:
        _pools[members] = ThreadPoolExecutor(members - 1, thread_name_prefix="chainrule team")
    pool, running, interrupt = _pools[members], [], None
    cores = _cores()

    def whole(rank: int) -> tuple[int, ...]:
        return *arguments, rank, members, arrived.ctypes.data, give_way()

    try:
        for rank in range(1, members):
            running.append(pool.submit(_member, cores, call, *whole(rank)))
        _member(cores, call, *whole(0))
    except BaseException as error:  # Ctrl-C in between: who has started is told that the others are not coming
        arrived[0] = _GONE
        interrupt = error
    while True:
        try:
            wait(running)
            break
        except BaseException as error:  # Ctrl-C: the threads still write to our arrays, so it has to wait for them
            interrupt = error
    if interrupt is not None:
        raise interrupt
    for each in running:
        each.result()


def _member(cores: list[int], call: Callable[..., None], *arguments: int) -> None:
    """One thread's part, begun on a core of its own: left to the system, two that wait for each other may share one."""
    if len(cores) > 1:
        os.sched_setaffinity(0, {cores[arguments[-4] % len(cores)]})  # its rank's; moves this thread there
        os.sched_setaffinity(0, cores)  # and lets it be moved where that core has more to do
    call(*arguments)


def _cores() -> list[int]:
    """The cores this process may use, where the system lets a thread choose."""
    return sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_setaffinity") else []


@functools.cache
def give_way() -> int:
    """Where the system's function begins with which a thread sleeps for some microseconds.

    Yielding is not enough: two threads that share a core yield to each other for 50 ms before one of them is moved.
    """
    try:
        library: Any = ctypes.CDLL(None)
        return int(ctypes.cast(library.usleep, ctypes.c_void_p).value or 0)
    except (AttributeError, OSError, TypeError):  # Windows
        kernel: Any = ctypes.windll.kernel32  # type: ignore[attr-defined]
        return int(ctypes.cast(kernel.SwitchToThread, ctypes.c_void_p).value or 0)


def forget() -> None:
    """In a child process the parent's threads do not exist."""
    global _busy
    _busy = threading.Lock()
    _pools.clear()
