"""Matrix products: a call of SciPy's BLAS from compiled code."""

from __future__ import annotations

import ctypes
import functools
from typing import Any

from llvmlite import ir

from chainrule.kernels.compiled.emit import Emitter

_INT = ir.IntType(32)
_CHAR = ir.IntType(8).as_pointer()


@functools.cache
def address(bits: int) -> int:
    """Where dgemm or sgemm begins; 0 where SciPy's has another interface than the usual one."""
    from scipy.linalg import cython_blas

    capsule = cython_blas.__pyx_capi__["dgemm" if bits == 64 else "sgemm"]
    name, pointer = ctypes.pythonapi.PyCapsule_GetName, ctypes.pythonapi.PyCapsule_GetPointer
    name.restype, name.argtypes = ctypes.c_char_p, [ctypes.py_object]
    pointer.restype, pointer.argtypes = ctypes.c_void_p, [ctypes.py_object, ctypes.c_char_p]
    signature = name(capsule)
    if not signature.startswith(b"void (char *, char *, int *, int *, int *, "):
        return 0
    return int(pointer(capsule, signature) or 0)


class Product:
    """Writes calls of gemm into a function: column-major, ``C = op(A) op(B) + beta C``."""

    def __init__(self, e: Emitter, routine: Any) -> None:
        self.e = e
        real, whole = e.real.as_pointer(), _INT.as_pointer()
        kind = ir.FunctionType(
            ir.VoidType(),
            [_CHAR, _CHAR, whole, whole, whole, real, real, whole, real, whole, real, real, whole],
        )
        self._routine = e.builder.inttoptr(routine, kind.as_pointer())
        with e.builder.goto_entry_block():
            self._letters = {letter: self._constant(ir.IntType(8), ord(letter)) for letter in "NT"}
            self._one = self._constant(e.real, 1.0)
            self._sizes = [e.builder.alloca(_INT) for _ in range(6)]
            self.beta = e.builder.alloca(e.real)

    def _constant(self, kind: Any, value: Any) -> Any:
        slot = self.e.builder.alloca(kind)
        self.e.builder.store(ir.Constant(kind, value), slot)
        return slot

    def set_beta(self, value: float) -> None:
        """What C is multiplied with in the calls that follow."""
        self.e.builder.store(ir.Constant(self.e.real, value), self.beta)

    def write(
        self, ops: str, m: Any, n: Any, k: Any, A: Any, lda: Any, B: Any, ldb: Any, C: Any, ldc: Any, beta: Any = None
    ) -> None:
        """C (m, n) = op(A) (m, k) op(B) (k, n) + beta C; ``ops`` is two letters of N and T."""
        e, b = self.e, self.e.builder
        for slot, size in zip(self._sizes, (m, n, k, lda, ldb, ldc), strict=True):
            b.store(b.trunc(e.index(size), _INT), slot)
        m_, n_, k_, lda_, ldb_, ldc_ = self._sizes
        beta = self.beta if beta is None else beta
        letters = [self._letters[letter] for letter in ops]
        b.call(self._routine, [*letters, m_, n_, k_, self._one, A, lda_, B, ldb_, beta, C, ldc_])
