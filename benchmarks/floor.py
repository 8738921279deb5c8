"""The counted floor: what the arithmetic alone takes at this processor's measured peak rates, on one core.

A job's floor is ``exponentials / exponential rate + multiply-adds / multiply-add rate``. The multiply-add rate is
that of a matrix product large enough to run from cache (the best rate people get in practice); the exponential rate
is that of our own exponential over an array that stays in the second cache.
Run: python -m benchmarks.floor
"""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np

from benchmarks.cases import CASES, Case


@dataclass(frozen=True)
class Peak:
    """Rates of one core, a second: multiply-adds and exponentials of one dtype."""

    dtype: str
    multiply_adds: float
    exponentials: float

    def seconds(self, case: Case) -> float:
        """The floor of one epoch."""
        return case.multiply_adds / self.multiply_adds + case.exponentials / self.exponentials


def measured(dtype: str, rounds: int = 15) -> Peak:
    """The best of several rounds: a peak is what the machine can do when nothing disturbs it."""
    from chainrule.blas import one_blas_thread

    size = 768
    a, b = (np.random.default_rng(s).standard_normal((size, size)).astype(dtype) for s in (0, 1))
    out = np.empty_like(a)
    with one_blas_thread():
        product = min(_seconds(lambda: np.matmul(a, b, out=out)) for _ in range(rounds))
    return Peak(dtype, size**3 / product, _exponential_rate(dtype, rounds))


def _exponential_rate(dtype: str, rounds: int) -> float:
    """Exponentials a second over 8,192 numbers at a time."""
    from chainrule.kernels.compiled.elementwise import array_function

    function = array_function("exp", dtype)
    x = np.linspace(-20, 0, 8192).astype(dtype)
    out = np.empty_like(x)
    repeats = 200

    def many() -> None:
        for _ in range(repeats):
            function(x, out)

    return repeats * len(x) / min(_seconds(many) for _ in range(rounds))


def _seconds(call) -> float:
    began = time.perf_counter()
    call()
    return time.perf_counter() - began


if __name__ == "__main__":
    peaks = {dtype: measured(dtype) for dtype in ("float64", "float32")}
    for peak in peaks.values():
        print(
            f"{peak.dtype}: {peak.multiply_adds * 2e-9:.0f} GFLOP/s, {peak.exponentials * 1e-9:.2f} G exp/s, one core"
        )
    for case in CASES.values():
        print(f"{case.name:>10}: {peaks[case.dtype].seconds(case) * 1e6:,.1f} us an epoch")
