"""Which kernel serves a network, and why: compiled code where it pays, else the NumPy reference.

The choice depends on the size of the job alone, never on what happens to be cached or how busy the machine is: two
runs of one job take the same path and give the same bits.
"""

from __future__ import annotations

import functools
import os
import threading
from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from chainrule.kernels.blocks import Recycled
from chainrule.network import Network

if TYPE_CHECKING:
    from chainrule.kernels.compiled.kernel import Kernel, Rows

Array = npt.NDArray[Any]

MANY = 1000  # evaluations, where the caller does not know how many there will be
KERNELS_KEPT = 64
ROWS_BY_NUMPY = 4096  # predicted without a look at what compiled code would do

# Seconds on one core, measured (benchmarks/NOTES.md). The reference: what a call of NumPy costs a layer, and what a
# row costs a weight; compiling: loading the compiler, then each weight written out or each layer written as loops.
_CALL_PER_LAYER, _ROW_PER_WEIGHT, _ROW_PER_UNIT = 3e-5, 4e-10, 3e-8
_FORWARD = 0.5  # the outputs' share of a gradient
_LOADING, _PER_WEIGHT, _PER_LAYER = 0.2, 0.004, 0.01


@dataclass(frozen=True)
class Choice:
    """Which kernel serves, and the reason in a sentence.

    Attributes
    ----------
    kind : {"unrolled", "blocked", "reference"}
    reason : str
    kernel : Kernel or None
        None where the reference serves.
    """

    kind: str
    reason: str
    kernel: Kernel | None = None

    def evaluator(self, X: Array, T: Array, weight: Array | None) -> Evaluator | None:
        """The kernel on these rows; None where the reference serves."""
        return None if self.kernel is None else Evaluator(self.kernel, X, T, weight)


class Evaluator:
    """A compiled kernel on fixed rows, prepared for it when first needed."""

    def __init__(self, kernel: Kernel, X: Array, T: Array, weight: Array | None) -> None:
        self._kernel, self._data = kernel, (X, T, weight)
        self._threads = threads_for(kernel.net, len(X))

    def value(self, flat: Array) -> float:
        """J."""
        return self._kernel.value(flat, self._rows, threads=self._threads)

    def score(self, flat: Array) -> float | None:
        """What the rows contribute to the rate; None where no compiled code gives it."""
        return self._kernel.score(flat, self._rows, threads=self._threads)

    def prepare(self, memory: Recycled | None = None) -> None:
        """Lay out the rows as the kernel reads them, now rather than when first needed."""
        self.__dict__["_rows"] = self._kernel.rows(*self._data, memory=memory)

    def gradient(self, flat: Array, *, J: bool = True) -> tuple[float, Array]:
        """J and dJ/dw (P,); J is meaningless where it is not asked for."""
        return self._kernel.gradient(flat, self._rows, J=J, threads=self._threads)

    def hessian_product(self, flat: Array, v: Array) -> Array:
        """(d²J/dw²) v, (P,)."""
        return self._kernel.hessian_product(flat, self._rows, v, threads=self._threads)

    def hessian(self, flat: Array) -> Array:
        """d²J/dw² (P, P)."""
        net, rows = self._kernel.net, len(self._data[0])
        return self._kernel.hessian(flat, self._rows, threads=threads_for(net, rows * net.size))

    def outputs(self, flat: Array) -> Array:
        """Y (N, K)."""
        return self._kernel.outputs(flat, self._data[0], rows=self._rows, threads=self._threads)

    @functools.cached_property
    def _rows(self) -> Rows:
        return self._kernel.rows(*self._data)

    def __reduce__(self) -> tuple[Any, ...]:
        return _evaluator, (self._kernel.net, self._kernel.dtype.str, *self._data)


def _evaluator(net: Network, dtype: str, X: Array, T: Array, weight: Array | None) -> Evaluator | None:
    """An evaluator in another process."""
    kernel = None if why_not_compiled() else _kernel(net, np.dtype(dtype))[0]
    return None if kernel is None else Evaluator(kernel, X, T, weight)


def threads_for(net: Network, rows: int) -> int:
    """Threads that pay: starting one costs about 50 microseconds, so each needs several times that to do."""
    return 1 if reference_seconds(net, rows) < 0.01 else cores()


def cores() -> int:
    """Threads that compiled code may use; NumPy has its own."""
    if why_not_compiled() is not None:
        return 1
    from chainrule.kernels.compiled.threads import available

    return available()


def choose(net: Network, rows: int, evaluations: int | None = None, dtype: npt.DTypeLike = np.float64) -> Choice:
    """The kernel for a job: so many rows, so many evaluations of the gradient.

    Parameters
    ----------
    net : Network
    rows : int
    evaluations : int, optional
        1000 where left out.
    dtype : float64 or float32

    Returns
    -------
    Choice
    """
    evaluations = MANY if evaluations is None else evaluations
    numpy_seconds, compiling = reference_seconds(net, rows) * evaluations, compile_seconds(net)
    if numpy_seconds < compiling:
        return Choice(
            "reference",
            f"NumPy takes about {numpy_seconds:.2g} s for all of {net.notation} on {rows:,} rows; "
            f"compiling alone takes about {compiling:.2g} s.",
        )
    if (missing := why_not_compiled()) is not None:
        return Choice("reference", missing)
    kernel, reason = _kernel(net, np.dtype(dtype))
    if kernel is None:
        return Choice("reference", reason)
    return Choice("unrolled" if kernel.is_unrolled else "blocked", reason, kernel)


def for_outputs(net: Network, rows: int, dtype: np.dtype[Any]) -> Kernel | None:
    """The kernel that predicts so many rows, where it is worth its compilation for this once."""
    if rows <= ROWS_BY_NUMPY or dtype not in (np.float64, np.float32):
        return None
    if reference_seconds(net, rows) * _FORWARD < compile_seconds(net) or why_not_compiled() is not None:
        return None
    return _kernel(net, np.dtype(dtype))[0]


def reference_seconds(net: Network, rows: int) -> float:
    """What one gradient takes in NumPy, roughly."""
    return net.L * _CALL_PER_LAYER + rows * (net.size * _ROW_PER_WEIGHT + sum(net.M[1:]) * _ROW_PER_UNIT)


def compile_seconds(net: Network) -> float:
    """What the first use of a network costs where nothing is cached, roughly."""
    return _LOADING + (net.size * _PER_WEIGHT if net.size <= 100 else net.L * _PER_LAYER)


@functools.cache
def _compiler_missing() -> str | None:
    try:
        import llvmlite.binding
        import llvmlite.ir  # noqa: F401
    except Exception as error:  # absent, or built for another Python: either way NumPy serves
        return f"The compiler is missing ({type(error).__name__}: {str(error)[:80]}), so NumPy serves."
    return None


def why_not_compiled() -> str | None:
    """Why nothing is compiled here, in a sentence; None where compiled kernels serve.

    ``CHAINRULE_KERNELS=reference`` turns them off.
    """
    if os.environ.get("CHAINRULE_KERNELS", "").lower() in ("reference", "numpy"):
        return "CHAINRULE_KERNELS asks for the NumPy reference."
    return _compiler_missing()


_lock = threading.Lock()
_kernels: OrderedDict[tuple[Any, ...], tuple[Any, str]] = OrderedDict()


def _kernel(net: Network, dtype: np.dtype[Any]) -> tuple[Kernel | None, str]:
    """The network's compiled kernel and why it is of its kind, from those used last."""
    from chainrule.kernels.compiled.kernel import Kernel, described
    from chainrule.kernels.compiled.maths import NotCompilable

    key = (described(net), dtype)
    with _lock:
        if key in _kernels:
            _kernels.move_to_end(key)
            return _kernels[key]
    found: Kernel | None
    try:
        found = Kernel(net, dtype)
        found.prepare()
        reason = f"{net.notation} has {net.size:,} weights: "
        reason += "all of a sample stays in registers." if found.is_unrolled else "matrix products pay."
    except NotCompilable as error:
        found, reason = None, f"A function of {net.notation} has no compiled form ({error}), so NumPy serves."
    except Exception as error:  # an LLVM that does not know this processor must not stop a training
        found, reason = None, f"Compiling {net.notation} failed ({str(error)[:80]}), so NumPy serves."
    with _lock:
        _kernels[key] = found, reason
        while len(_kernels) > KERNELS_KEPT:
            _kernels.popitem(last=False)
    return found, reason


def status() -> dict[str, str]:
    """What ``chainrule doctor`` tells of the kernels: compiler, processor, cache, threads."""
    if (missing := why_not_compiled()) is not None:
        return {"kernels": missing}
    import llvmlite

    from chainrule.kernels.compiled import cache, threads
    from chainrule.kernels.compiled.target import processor

    place, (files, size) = cache.folder(), cache.contents()
    return {
        "kernels": f"compiled with llvmlite {llvmlite.__version__}",
        "processor": f"{processor().name}, registers of {processor().register_bytes * 8} bits",
        "compiled code": f"{files} files, {size / 1e6:.1f} MB in {place}"
        if place
        else "not kept: there is no folder for it",
        "threads": f"{threads.available()} cores",
    }
