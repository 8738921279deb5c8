"""BLAS held to one thread: the same bits on any number of cores, and no threads that fight over them.

A product of matrices adds up in another order when BLAS splits it, so its last digits depend on the number of its
threads. For networks of a few hundred units its threads also wait longer for each other than they work: two full-batch
trainings of 64-100-10 took 2.5 to 4.6 s with two threads on a busy machine of two cores, and 0.5 s with one.
"""

from __future__ import annotations

import contextlib
import functools
import os
import sys
import threading
from collections.abc import Iterator
from typing import Any

_lock = threading.Lock()
_holders = 0
_before: dict[str, tuple[Any, int]] = {}  # path of each library shared by all threads: the library, its threads before


@contextlib.contextmanager
def one_blas_thread() -> Iterator[None]:
    """BLAS on one thread inside, as before afterwards; may be entered many times and by many threads at once.

    A BLAS with a pool of threads of its own has one number for the whole process: it is set back when the last holder
    leaves. One on OpenMP has a number for each thread: it is set back as each holder leaves.
    """
    global _holders
    shared, per_thread = _libraries("scipy.linalg" in sys.modules)
    mine = [library.get_num_threads() for library in per_thread]
    _set(per_thread, [1] * len(per_thread))
    with _lock:
        for library in shared:  # at each entry: one may have been loaded since the last
            _before.setdefault(library.filepath, (library, library.get_num_threads()))
        _set(shared, [1] * len(shared))
        _holders += 1
    try:
        yield
    finally:
        with _lock:
            _holders -= 1
            if not _holders:
                for library, number in _before.values():
                    _set([library], [number])
                _before.clear()
        _set(per_thread, mine)


def _set(libraries: list[Any], threads: list[int]) -> None:
    """Numbers of threads, whichever of our threads asks.

    threadpoolctl 3.8 ignores every thread but the first that set a limit; then the last holder to leave could not set
    the number back, so its check is passed by.
    """
    for library, number in zip(libraries, threads, strict=True):
        getattr(library, "_real_set_num_threads", library.set_num_threads)(number)


@functools.cache
def _libraries(with_scipy: bool) -> tuple[list[Any], list[Any]]:
    """The BLAS libraries that are loaded, those shared by all threads and those on OpenMP.

    SciPy brings one of its own, so they are looked up again once it is there.
    """
    from threadpoolctl import ThreadpoolController

    found = [library for library in ThreadpoolController().lib_controllers if library.user_api == "blas"]
    on_openmp = [getattr(library, "threading_layer", "") == "openmp" for library in found]
    return (
        [library for library, openmp in zip(found, on_openmp, strict=True) if not openmp],
        [library for library, openmp in zip(found, on_openmp, strict=True) if openmp],
    )


def _forked() -> None:
    """In a child process nobody holds BLAS, whatever the parent was doing."""
    global _lock, _holders
    _lock, _holders = threading.Lock(), 0
    _before.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forked)
