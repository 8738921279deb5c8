"""The written-out products and the transposition against NumPy, at sizes that fill registers and tiles and do not."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

pytest.importorskip("llvmlite")

from llvmlite import ir

from chainrule.kernels.compiled import tiles, transposed
from chainrule.kernels.compiled.target import library, processor

DTYPES = ["float64", "float32"]
REGISTERS = sorted({16, 32, processor().register_bytes})  # bytes: also those of smaller processors than this one


def callable_of(write, arguments: list[str], dtype: str, register_bytes: int):
    """A function for registers of that size, as Python calls it, and the lanes of a register."""
    bits = np.dtype(dtype).itemsize * 8
    width = register_bytes * 8 // bits

    def written(module: ir.Module) -> None:
        write(module, bits, width)

    name = write.__name__.removeprefix("write_")
    return library(f"test of {name} {bits} {width}", written).function(name, len(arguments)), width


def padded(rows: int, columns: int, ld: int, dtype: str, rng: np.random.Generator) -> np.ndarray:
    """A matrix inside a wider one, full of numbers that must not matter."""
    found = np.full((rows, ld), np.nan, dtype)
    found[:, :columns] = rng.standard_normal((rows, columns))
    return found


@pytest.mark.parametrize("registers", REGISTERS)
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("turned", [False, True])
def test_a_product_is_that_of_numpy_and_nothing_beside_it_is_written(dtype, turned, registers):
    call, width = callable_of(tiles.write_product, tiles.ARGUMENTS, dtype, registers)
    rng = np.random.default_rng(0)
    rows, terms = (1, 2, 5, 6, 7, 13, 31), (1, 3, 127, 128, 129, 300)
    columns = (1, 2, width - 1, width, width + 1, 3 * width - 2, 4 * width, 9 * width + 3)
    for I, K, N in itertools.product(rows, terms, columns):
        ldb, ldc = -(-N // width) * width + width, N + 3
        S = rng.standard_normal((K, I) if turned else (I, K)).astype(dtype)
        B, C = padded(K, N, ldb, dtype, rng), padded(I, N, ldc, dtype, rng)
        step = (1, I) if turned else (K, 1)
        product = (S.T if turned else S).astype(np.float64) @ B[:, :N]
        bound = 4 * np.finfo(dtype).eps * (K * np.abs(S).max() * np.abs(B[:, :N]).max() + np.abs(C[:, :N]).max())
        before = C.copy()
        for keep, expected in ((1, before[:, :N] + product), (0, product)):
            C[:] = before
            call(S.ctypes.data, *step, B.ctypes.data, ldb, C.ctypes.data, ldc, I, N, K, keep)
            assert np.abs(C[:, :N] - expected).max() <= bound, (I, K, N)
            np.testing.assert_array_equal(C[:, N:], before[:, N:])


@pytest.mark.parametrize("dtype", DTYPES)
def test_a_product_over_no_terms_leaves_what_is_kept(dtype):
    call, _ = callable_of(tiles.write_product, tiles.ARGUMENTS, dtype, processor().register_bytes)
    C = np.ones((2, 3), dtype)
    call(0, 1, 1, 0, 3, C.ctypes.data, 3, 2, 3, 0, 1)
    np.testing.assert_array_equal(C, 1)


@pytest.mark.parametrize("registers", REGISTERS)
@pytest.mark.parametrize("dtype", DTYPES)
def test_a_matrix_is_turned_whatever_its_size(dtype, registers):
    call, width = callable_of(transposed.write_transposed, transposed.ARGUMENTS, dtype, registers)
    rng = np.random.default_rng(1)
    sizes = (1, 2, width - 1, width, width + 1, 2 * width, 3 * width + 5)
    for rows, columns in itertools.product(sizes, sizes):
        source = padded(rows, columns, columns + 2, dtype, rng)
        to = np.full((columns, rows + 5), 7, dtype)
        call(source.ctypes.data, columns + 2, to.ctypes.data, rows + 5, rows, columns)
        np.testing.assert_array_equal(to[:, :rows], source[:, :columns].T)
        assert (to[:, rows:] == 7).all()
