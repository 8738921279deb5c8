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

ARGUMENTS = ["rank", "members", "patience", "shared#", "give_way"]
_ARRIVALS, _GONE_ON, _SHARED = 0, 8, 16  # places in ``shared``, on lines of their own: arrivals, 1 once disbanded
_GONE = 1 << 40  # arrivals, where the others are not coming
_SPINS_A_MICROSECOND = 600  # about
_SPINS = 5_000 * _SPINS_A_MICROSECOND  # who has slept is 0.1 ms late, and the others must not fall asleep over that
_FREE = 10_000 * _SPINS_A_MICROSECOND  # waiting that is forgiven in each call
_SLEEP, _SLEPT = 20, 80 * _SPINS_A_MICROSECOND  # microseconds asked for, and what they cost


class Team:
    """Writes the waiting into a function that has `ARGUMENTS`: a thread of a team does its parts of each step.

    The first thread counts how long it waits. Where that costs more than the others save, as where another program
    has their core, the team disbands at the end of a step, and the first thread goes on alone.
    """

    def __init__(self, e: Emitter) -> None:
        self.e = e
        with e.builder.goto_entry_block():
            self._members, self._target, self._spins, self._left = (e.builder.alloca(INDEX) for _ in range(4))
            e.builder.store(e.members, self._members)
            e.builder.store(e.index(0), self._target)
            e.builder.store(e.index(_FREE), self._left)
        gone = e.builder.icmp_signed(">=", self.wait(), e.index(_GONE))
        with e.builder.if_then(gone):  # the others are not coming
            e.builder.ret_void()

    @property
    def members(self) -> Any:
        """How many there are now."""
        return self.e.builder.load(self._members)

    def wait(self) -> Any:
        """Until all members are here; how many arrivals there have been."""
        e, b = self.e, self.e.builder
        number = next(e._names)
        meet, look, again, polite, after = (
            b.append_basic_block(f"{name}{number}") for name in ("meet", "look", "again", "yield", "on")
        )
        alone = b.icmp_signed("==", self.members, e.index(1))
        here = b.block
        b.cbranch(alone, after, meet)
        b.position_at_end(meet)
        target = b.add(b.load(self._target), self.members)
        b.store(target, self._target)
        b.store(e.index(0), self._spins)
        b.atomic_rmw("add", e.shared, e.index(1), "acq_rel")
        b.branch(look)
        b.position_at_end(look)
        seen = b.load_atomic(e.shared, "acquire", 8)
        b.cbranch(b.icmp_signed("<", seen, target), again, after)
        b.position_at_end(again)
        spins = b.add(b.load(self._spins), e.index(1))
        b.store(spins, self._spins)
        b.store(b.sub(b.load(self._left), e.index(1)), self._left)
        b.cbranch(b.icmp_signed(">", spins, e.index(_SPINS)), polite, look)
        b.position_at_end(polite)
        kind = ir.FunctionType(ir.IntType(32), [ir.IntType(32)])
        b.call(b.inttoptr(e.give_way, kind.as_pointer()), [ir.Constant(ir.IntType(32), _SLEEP)])
        b.store(b.sub(b.load(self._left), e.index(_SLEPT)), self._left)
        b.branch(look)
        b.position_at_end(after)
        arrivals = b.phi(INDEX)
        arrivals.add_incoming(e.index(0), here)
        arrivals.add_incoming(seen, look)
        return arrivals

    def end_step(self) -> None:
        """Wait for all members; where the waiting costs too much the others leave, and the first goes on alone."""
        e, b = self.e, self.e.builder
        disbanded = e.address(e.shared, _GONE_ON)
        is_first = b.icmp_signed("==", e.rank, e.index(0))
        left = b.add(b.load(self._left), e.patience)
        b.store(b.select(b.icmp_signed("<", left, e.index(_FREE)), left, e.index(_FREE)), self._left)
        with b.if_then(b.and_(is_first, b.icmp_signed("<", left, e.index(0)))):
            b.store(e.index(1), disbanded)
        self.wait()
        with b.if_then(b.icmp_signed("!=", b.load(disbanded), e.index(0))):
            with b.if_then(b.not_(is_first)):
                b.ret_void()
            b.store(e.index(1), self._members)


_busy = threading.Lock()
_pools: dict[int, ThreadPoolExecutor] = {}


def run(call: Callable[..., None], arguments: tuple[int, ...], members: int, saved: float = 0.0) -> bool:
    """``call(*arguments, rank, members, ...)`` in each of the threads, returning when all have.

    One team works at a time, with threads of its own, so that none can wait for a thread another one has; who finds
    it at work goes on alone.

    Parameters
    ----------
    saved : float
        Microseconds that the others save in each step: waiting for them may cost as much.

    Returns
    -------
    Whether the team held to the end.
    """
    if members > 1 and _busy.acquire(blocking=False):
        try:
            return _together(call, arguments, members, int(saved * _SPINS_A_MICROSECOND))
        finally:
            _busy.release()
    shared = np.zeros(_SHARED, np.int64)
    call(*arguments, 0, 1, 0, shared.ctypes.data, give_way())
    return True


def _together(call: Callable[..., None], arguments: tuple[int, ...], members: int, patience: int) -> bool:
    shared = np.zeros(_SHARED, np.int64)
    if members not in _pools:
        _pools[members] = ThreadPoolExecutor(members - 1, thread_name_prefix="chainrule team")
    pool, running, interrupt = _pools[members], [], None
    cores = _cores()

    def whole(rank: int) -> tuple[int, ...]:
        return *arguments, rank, members, patience, shared.ctypes.data, give_way()

    try:
        for rank in range(1, members):
            running.append(pool.submit(_member, cores, call, *whole(rank)))
        _member(cores, call, *whole(0))
    except BaseException as error:  # Ctrl-C in between: who has started is told that the others are not coming
        shared[_ARRIVALS] = _GONE
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
    return not shared[_GONE_ON]


def _member(cores: list[int], call: Callable[..., None], *arguments: int) -> None:
    """One thread's part, begun on a core of its own: left to the system, two that wait for each other may share one."""
    if len(cores) > 1:
        os.sched_setaffinity(0, {cores[arguments[-5] % len(cores)]})  # its rank's; moves this thread there
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
