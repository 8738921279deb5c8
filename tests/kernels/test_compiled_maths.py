"""The compiled vocabulary against mpmath, in both precisions, over the whole range that is used and beyond."""

from __future__ import annotations

import math

import mpmath
import numpy as np
import pytest
from mpmath import mpf

pytest.importorskip("llvmlite")

from chainrule.functions import PRIMITIVES, activation_named, activation_names
from chainrule.kernels import primitives
from chainrule.kernels.compiled import maths
from chainrule.kernels.compiled.emit import Emitter
from chainrule.kernels.compiled.maths import NotCompilable
from chainrule.kernels.compiled.target import library, processor

BITS = (64, 32)
TYPE = {64: np.float64, 32: np.float32}


def applied(formula: str, values: np.ndarray, width: int | None = None, **more: np.ndarray) -> np.ndarray:
    """A formula in ``a`` (and other names) evaluated by machine code, lane by lane."""
    bits = values.dtype.itemsize * 8
    width = width or processor().lanes(bits)
    names = ["a", *more]

    def write(module):
        e = Emitter(module, "f", [*(f"{name}*" for name in names), "n", "y*"], bits, width)
        with e.loop(e.n, width) as i:
            e.store(maths.evaluate(formula, **{name: e.load(getattr(e, name), i) for name in names}), e.y, i)
        e.end()

    padded = [np.resize(np.ascontiguousarray(v), -(-len(values) // width) * width) for v in (values, *more.values())]
    y = np.empty_like(padded[0])
    function = library(f"test {formula} {bits} {width} {names}", write).function("f", len(names) + 2)
    function(*(v.ctypes.data for v in padded), len(y), y.ctypes.data)
    return y[: len(values)]


EXACT = {
    "exp": mpmath.exp,
    "expm1": mpmath.expm1,
    "log": mpmath.log,
    "log1p": mpmath.log1p,
    "sqrt": mpmath.sqrt,
    "tanh": mpmath.tanh,
    "erf": mpmath.erf,
    "erfc": mpmath.erfc,
    "sigmoid": lambda a: 1 / (1 + mpmath.exp(-a)),
    "softplus": lambda a: mpmath.log1p(mpmath.exp(a)),
    "log_sigmoid": lambda a: -mpmath.log1p(mpmath.exp(-a)),
    "sin": mpmath.sin,
    "cos": mpmath.cos,
}
# Largest error in ulp that the docstring of `maths` states, and the ranges to draw from: 64 bits, 32 bits.
STATED = {
    "exp": (1.5, (-707.9, 709.7), (-86.8, 88.7)),
    "expm1": (2.5, (-707.9, 709.7), (-86.8, 88.7)),
    "log": (2, (1e-3, 1e3), (1e-3, 1e3)),
    "log1p": (2, (-0.999, 50.0), (-0.999, 50.0)),
    "sqrt": (0.5, (0.0, 1e6), (0.0, 1e6)),
    "tanh": (3.5, (-25.0, 25.0), (-12.0, 12.0)),
    "erf": (2.5, (-7.0, 7.0), (-4.5, 4.5)),
    "erfc": (6, (-7.0, 26.0), (-4.5, 9.0)),
    "sigmoid": (3, (-700.0, 40.0), (-85.0, 20.0)),
    "softplus": (2, (-700.0, 700.0), (-85.0, 85.0)),
    "log_sigmoid": (2, (-700.0, 700.0), (-85.0, 85.0)),
}
POSITIVE = ("log", "sqrt")


def points(name: str, low: float, high: float, bits: int, count: int = 500) -> np.ndarray:
    """Over the range, near zero on a logarithmic scale, and at its ends."""
    rng = np.random.default_rng(len(name) + bits)
    small = 10.0 ** rng.uniform(-25 if bits == 32 else -200, 0, count // 4)
    signs = 1 if name in POSITIVE else rng.choice([-1, 1], count // 4)
    middle = rng.uniform(0.3 if name in POSITIVE else -2, 2, count // 4)
    found = np.concatenate([rng.uniform(low, high, count // 2), np.clip(small * signs, low, high), middle, [low, high]])
    if name == "log":
        found = np.concatenate([found, [1e-310 if bits == 64 else 1e-41, 1e300 if bits == 64 else 1e38]])
    return np.clip(found, low if name != "log" else 0, high if name != "log" else np.inf).astype(TYPE[bits])


@pytest.mark.parametrize("bits", BITS)
@pytest.mark.parametrize("name", STATED)
def test_each_function_keeps_the_accuracy_it_states(name, bits):
    most, *ranges = STATED[name]
    a = points(name, *ranges[bits == 32], bits)
    received = applied(f"{name}(a)", a)
    with mpmath.workdps(40):
        exact = [EXACT[name](mpf(float(v))) for v in a]
        errors = np.array([_ulps(y, x, bits) for y, x in zip(received, exact, strict=True)])
    assert errors.max() <= most, f"{errors.max():.2f} ulp at {a[errors.argmax()]!r}"


@pytest.mark.parametrize("bits", BITS)
@pytest.mark.parametrize("name", ["sin", "cos"])
def test_sine_and_cosine_hold_over_many_turns(name, bits):
    a = np.random.default_rng(0).uniform(-1e5, 1e5, 400).astype(TYPE[bits])
    a[:200] *= 1e-4
    with mpmath.workdps(40):
        exact = np.array([float(EXACT[name](mpf(float(v)))) for v in a])
    unit = np.spacing(TYPE[bits](1))
    allowed = 3 * unit * np.maximum(np.abs(exact), 1e-8 * np.abs(a) / unit * (bits == 32) + 1e-8 * np.abs(a))
    assert (np.abs(applied(f"{name}(a)", a) - exact) <= allowed).all()


def _ulps(received: float, exact: mpf, bits: int) -> float:
    nearest = TYPE[bits](float(exact))
    if not np.isfinite(received) or not np.isfinite(nearest):
        return 0.0 if received == nearest else math.inf
    unit = max(float(np.spacing(abs(nearest))), float(np.finfo(TYPE[bits]).tiny) * float(np.finfo(TYPE[bits]).eps))
    return float(abs(mpf(float(received)) - exact) / mpf(unit))


@pytest.mark.parametrize("bits", BITS)
@pytest.mark.parametrize("name", sorted(set(EXACT) - {"sin", "cos"}))
def test_not_a_number_and_infinity_are_as_in_numpy(name, bits):
    a = np.array([np.nan, np.inf, -np.inf, 0.0, -0.0, 1.0, -1.0, 1e30, -1e30], TYPE[bits])
    if bits == 64:
        a = np.concatenate([a, [1e300, -1e300, 5e-324]])
    with np.errstate(all="ignore"):
        expected = primitives.NUMPY[name](a)
    np.testing.assert_allclose(applied(f"{name}(a)", a), expected, rtol=1e-6, atol=1e-37 if bits == 32 else 1e-307)


def test_a_payload_does_not_make_a_number_of_not_a_number():
    patterns = np.random.default_rng(0).integers(1, 2**51, 64, dtype=np.uint64) | np.uint64(0x7FF8000000000000)
    for name in ("exp", "expm1", "tanh", "softplus", "erfc", "log1p"):
        assert np.isnan(applied(f"{name}(a)", patterns.view(np.float64))).all(), name


@pytest.mark.parametrize("bits", BITS)
@pytest.mark.parametrize("part", ["value", "slope", "curvature"])
@pytest.mark.parametrize("name", activation_names())
def test_every_row_of_the_table_gives_what_numpy_gives(name, part, bits):
    row = activation_named(name)
    a = np.random.default_rng(1).uniform(-30, 30, 400).astype(TYPE[bits])
    a[:200] *= 0.1
    z = primitives.evaluate(row.value, a=a)
    expected = np.broadcast_to(primitives.evaluate(getattr(row, part), a=a.astype(float), z=z.astype(float)), a.shape)
    received = applied(getattr(row, part), a, z=z.astype(a.dtype))
    tolerance = 2e-14 if bits == 64 else 1e-5
    np.testing.assert_allclose(received, expected, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize(
    "formula",
    ["a**3 - 2*a**-2", "abs(a)**0.5", "abs(a)**1.7", "2**a", "sqrt(2) * sign(a)", "minimum(a, 0.5) + maximum(0.25, a)",
     "maximum(a, -a)", "where(a >= 0.5, a, -1)", "1 - a / (1 + abs(a))", "exp(-a**2) * cos(3*a)", "+a - -a", "7"],
)  # fmt: skip
def test_formulas_of_the_users_own_give_what_numpy_gives(formula):
    a = np.random.default_rng(2).uniform(-3, 3, 64)
    expected = np.broadcast_to(primitives.evaluate(formula, a=a), a.shape)
    np.testing.assert_allclose(applied(formula, a), expected, rtol=1e-13, atol=1e-13)


@pytest.mark.parametrize("formula", ["maximum(a, b)", "minimum(a, b)", "maximum(a, 0)", "minimum(0, b)"])
def test_the_larger_and_the_smaller_show_not_a_number(formula):
    a = np.array([1.0, np.nan, 2.0, np.nan] * 4)
    b = np.array([2.0, 1.0, np.nan, np.nan] * 4)
    np.testing.assert_array_equal(applied(formula, a, b=b), primitives.evaluate(formula, a=a, b=b))


@pytest.mark.parametrize("width", [1, 2, 4, 16])
def test_the_number_of_lanes_changes_no_bit(width):
    a = np.random.default_rng(3).uniform(-5, 5, 64)
    for formula in ("tanh(a)", "erfc(a)", "log1p(exp(a))"):
        np.testing.assert_array_equal(applied(formula, a, width=width), applied(formula, a))


def test_the_whole_vocabulary_has_a_compiled_form_or_says_that_it_has_none():
    assert set(maths.VOCABULARY) == PRIMITIVES
    for formula in ("log_gamma(a)", "softmax(a)", "nonsense(a)", "a.real"):
        with pytest.raises(NotCompilable):
            applied(formula, np.ones(8))
