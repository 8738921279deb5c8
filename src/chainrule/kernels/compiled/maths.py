"""The vocabulary of the table's numeric forms, on registers.

Largest errors, in units in the last place of the result, float64 and float32 (the tests hold them against mpmath):
exp 1.5, expm1 2.5, log 2, log1p 2, sigmoid 3, tanh 3.5, softplus 2, log_sigmoid 2, erf 2, erfc 6. exp is 0 below
-708 (-86.9 in float32), where a gradient no longer feels it, and infinite above 709.78 (88.72). sin and cos hold
3 ulp of the larger of the result and 1e-8 |a| for |a| up to 1e5. NaN and infinity pass through.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any

from chainrule.kernels.compiled import coefficients
from chainrule.kernels.compiled.emit import Value

# 1.5 * 2^52: adding it rounds to a whole number, which then stands in the low bits
_MAGIC = {64: 6755399441055744.0, 32: 12582912.0}
_FRACTION_BITS = {64: 52, 32: 23}
_BIAS = {64: 1023, 32: 127}
_LN2 = {64: (0.6931471803691238, 1.9082149292705877e-10), 32: (0.693145751953125, 1.428606765330187e-06)}
_EXP_RANGE = {64: (-708.0, 709.782712893384), 32: (-86.9, 88.72283)}
_SQRT_HALF_BITS = {64: 0x3FE6A09E667F3BCD, 32: 0x3F3504F3}
_TINY = {64: 2.2250738585072014e-308, 32: 1.1754943508222875e-38}
# pi/2 in parts whose product with a whole number below 2^20 (2^11) is exact
_HALF_PI = {
    64: (1.5707963267341256, 6.077100506303966e-11, 2.0222662487959506e-21),
    32: (1.5703125, 4.837512969970703e-4, 7.549789948768648e-8),
}


class NotCompilable(Exception):
    """A formula uses something that has no compiled form; the NumPy reference serves."""


def polynomial(x: Value, terms: tuple[float, ...]) -> Value:
    """Horner's scheme, highest power first."""
    found = x.at.constant(terms[0])
    for term in terms[1:]:
        found = found * x + term
    return found


def _two_chains(x: Value, square: Value, terms: tuple[float, ...]) -> Value:
    """The same polynomial as even part + x odd part: as many operations, half as long to wait for."""
    even, odd = (terms[1::2], terms[0::2]) if len(terms) % 2 == 0 else (terms[0::2], terms[1::2])
    return polynomial(square, odd) * x + polynomial(square, even)


def _exp_parts(x: Value) -> tuple[Value, Value]:
    """m and 2^(k-1) with e^x = (1 + m) 2^k, |m| <= 0.42."""
    e, bits = x.at, x.at.bits
    shifted = x * math.log2(math.e) + _MAGIC[bits]
    k = shifted - _MAGIC[bits]
    high, low = _LN2[bits]
    r = x - k * high - k * low
    square = r * r
    m = r + square * _two_chains(r, square, coefficients.EXP[bits])
    exponent = e.builder.shl(e.bits_of(shifted), e.pattern(_FRACTION_BITS[bits]))
    return m, e.from_bits(e.builder.add(exponent, e.pattern((_BIAS[bits] - 1) << _FRACTION_BITS[bits])))


def exp(x: Value) -> Value:
    """e^x."""
    low, high = _EXP_RANGE[x.at.bits]
    m, half_scale = _exp_parts(x)
    y = (m * 2 + 2) * half_scale
    return x.at.select(x < low, 0.0, x.at.select(x > high, math.inf, y))


def bounded_exp(x: Value, sign: int = 1, least: bool = True, most: bool = True) -> Value:
    """e^(sign x) with sign x held inside the range of `exp`: for where a result of 3e-308 serves as well as 0.

    One bound can be left out where the caller knows that it is kept.
    """
    e, bits = x.at, x.at.bits
    low, high = _EXP_RANGE[bits]
    if least:
        x = e.select(x < low, low, x) if sign > 0 else e.select(x > -low, -low, x)  # NaN stays
    if most:
        high -= 0.5
        x = e.select(x > high, high, x) if sign > 0 else e.select(x < -high, -high, x)
    shifted = x * (sign * math.log2(math.e)) + _MAGIC[bits]
    k = shifted - _MAGIC[bits]
    upper, lower = _LN2[bits]
    r = (x - k * upper if sign > 0 else k * -upper - x) - k * lower
    square = r * r
    y = (r + square * _two_chains(r, square, coefficients.EXP[bits])) + 1.0
    exponent = e.builder.shl(e.bits_of(shifted), e.pattern(_FRACTION_BITS[bits]))
    return e.from_bits(e.builder.add(e.bits_of(y), exponent))


def expm1(x: Value) -> Value:
    """e^x - 1, keeping its digits near 0: m 2^k + (2^k - 1)."""
    low, high = _EXP_RANGE[x.at.bits]
    m, half_scale = _exp_parts(x.at.select(x < low, low, x))
    y = (m * half_scale + (half_scale - 0.5)) * 2
    return x.at.select(x > high, math.inf, y)


def _log_parts(x: Value) -> tuple[Value, Value]:
    """k and f with x = (1 + f) 2^k, 1 + f between sqrt(1/2) and sqrt(2)."""
    e, bits = x.at, x.at.bits
    b, fraction = e.builder, _FRACTION_BITS[bits]
    pattern = e.bits_of(x)
    above = b.sub(pattern, e.pattern(_SQRT_HALF_BITS[bits]))
    exponent = b.ashr(above, e.pattern(fraction))
    magic = _MAGIC[bits]
    k = e.from_bits(b.add(exponent, e.bits_of(e.constant(magic)))) - magic
    f = e.from_bits(b.sub(pattern, b.shl(exponent, e.pattern(fraction)))) - 1.0
    return k, f


def _log_of_parts(k: Value, f: Value, extra: Value | float) -> Value:
    """k log 2 + log(1 + f) + extra, small terms first."""
    bits = f.at.bits
    s = f / (f + 2.0)
    u, half = s * s, f * f * 0.5
    high, low = _LN2[bits]
    rest = s * (half + u * polynomial(u, coefficients.LOG[bits]))
    return k * high - ((half - (rest + (k * low + extra))) - f)


def log(x: Value) -> Value:
    """log x; -inf at 0, NaN below."""
    e, bits = x.at, x.at.bits
    small = x < _TINY[bits]
    lift = _FRACTION_BITS[bits] + 2
    k, f = _log_parts(e.select(small, x * 2.0**lift, x))
    y = _log_of_parts(k - e.select(small, float(lift), 0.0), f, 0.0)
    y = e.select(x > 0.0, y, e.select(x < 0.0, math.nan, e.select(x >= 0.0, -math.inf, x)))
    return e.select(x >= math.inf, x, y)


def log1p(x: Value) -> Value:
    """log(1 + x), keeping its digits near 0: what 1 + x lost is added back."""
    e = x.at
    u = x + 1.0
    lost = e.select(x < 1.0, x - (u - 1.0), 1.0 - (u - x))
    k, f = _log_parts(u)
    y = _log_of_parts(k, f, lost / u)
    y = e.select(x > -1.0, y, e.select(x < -1.0, math.nan, e.select(x <= -1.0, -math.inf, x)))
    return e.select(x >= math.inf, x, y)


def sigmoid(a: Value) -> Value:
    """1/(1 + e^-a)."""
    return 1.0 / (bounded_exp(a, -1) + 1.0)


def tanh(a: Value) -> Value:
    """-m/(2 + m) with m = e^(-2|a|) - 1, and the sign of a."""
    m = expm1(absolute(a) * -2.0)
    return a.at.call("copysign", -m / (m + 2.0), a)


def softplus(a: Value) -> Value:
    """max(a, 0) + log(1 + e^-|a|)."""
    return maximum(a, 0.0) + log1p(exp(-absolute(a)))


def log_sigmoid(a: Value) -> Value:
    """min(a, 0) - log(1 + e^-|a|)."""
    return minimum(a, 0.0) - log1p(exp(-absolute(a)))


def erfc(x: Value) -> Value:
    """1 - erf x, with full relative accuracy to the right."""
    e = x.at
    largest = 28.0 if e.bits == 64 else 11.0
    size = absolute(x)
    size = e.select(size > largest, largest, size)
    t = 2.0 / (size + 2.0)
    square = size * size
    lost = e.call("fma", size, size, -square)  # what rounding the square dropped: e^-x² would feel it
    y = t * polynomial(t * 2.0 - 1.0, coefficients.ERFC[e.bits]) * exp(-square)
    y = y - y * lost
    return e.select(x < 0.0, 2.0 - y, y)


def erf(x: Value) -> Value:
    """The error function."""
    e = x.at
    size = absolute(x)
    near = x * polynomial(x * x, coefficients.ERF[e.bits])
    return e.select(size < 1.0, near, e.call("copysign", 1.0 - erfc(size), x))


def _sin_cos(x: Value, quarter_turns: int) -> Value:
    """sin(x + quarter_turns pi/2)."""
    e, bits = x.at, x.at.bits
    b = e.builder
    shifted = x * (2 / math.pi) + _MAGIC[bits]
    k = shifted - _MAGIC[bits]
    r = x
    for part in _HALF_PI[bits]:
        r = e.call("fma", -k, e.constant(part), r)
    u = r * r
    sine = r + r * u * polynomial(u, coefficients.SIN[bits])
    cosine = (1.0 - u * 0.5) + u * u * polynomial(u, coefficients.COS[bits])
    turns = b.add(e.bits_of(shifted), e.pattern(quarter_turns))
    odd = Value(e, b.icmp_signed("!=", b.and_(turns, e.pattern(1)), e.pattern(0)))
    flip = b.shl(b.and_(turns, e.pattern(2)), e.pattern(bits - 2))
    return e.from_bits(b.xor(e.bits_of(e.select(odd, cosine, sine)), flip))


def sin(x: Value) -> Value:
    """sin x, for |x| up to about 1e5."""
    return _sin_cos(x, 0)


def cos(x: Value) -> Value:
    """cos x, for |x| up to about 1e5."""
    return _sin_cos(x, 1)


def absolute(a: Value) -> Value:
    """|a|."""
    return a.at.call("fabs", a)


def sqrt(a: Value) -> Value:
    """The square root; NaN below 0."""
    return a.at.call("sqrt", a)


def sign(a: Value) -> Value:
    """-1, 0 or 1; NaN of NaN."""
    return a.at.select(a > 0.0, 1.0, a.at.select(a < 0.0, -1.0, a * 0.0))


def maximum(a: Any, b: Any) -> Value:
    """The larger; NaN where either is NaN."""
    if not isinstance(a, Value):
        a, b = b, a
    larger = a.at.select(a < b, b, a)  # a NaN in a stays
    return a.at.select(b >= b, larger, b) if isinstance(b, Value) else larger


def minimum(a: Any, b: Any) -> Value:
    """The smaller; NaN where either is NaN."""
    if not isinstance(a, Value):
        a, b = b, a
    smaller = a.at.select(a > b, b, a)
    return a.at.select(b >= b, smaller, b) if isinstance(b, Value) else smaller


def where(condition: Value, x: Any, y: Any) -> Value:
    """x where the condition holds, y elsewhere."""
    return condition.at.select(condition, x, y)


def power(x: Value, n: Any) -> Value:
    """x^n: products for a whole n, e^(n log x) otherwise."""
    if not isinstance(n, Value):
        if n == 0.5:
            return sqrt(x)
        if float(n).is_integer() and abs(n) <= 64:
            found = _whole_power(x, abs(int(n)))
            return 1.0 / found if n < 0 else found
    return exp(log(x) * n)


def _whole_power(x: Value, n: int) -> Value:
    """x^n by squaring."""
    if n == 0:
        return x.at.constant(1.0)
    half = _whole_power(x, n // 2) if n > 1 else None
    square = half * half if half is not None else None
    return x if square is None else (square * x if n % 2 else square)


def _refused(name: str) -> Callable[..., Value]:
    def refuse(*_: Any) -> Value:
        raise NotCompilable(f"{name} has no compiled form")

    return refuse


_REGISTERS: dict[str, Callable[..., Value]] = {
    "exp": exp,
    "expm1": expm1,
    "log": log,
    "log1p": log1p,
    "sqrt": sqrt,
    "abs": absolute,
    "sign": sign,
    "tanh": tanh,
    "sin": sin,
    "cos": cos,
    "erf": erf,
    "erfc": erfc,
    "sigmoid": sigmoid,
    "softplus": softplus,
    "log_sigmoid": log_sigmoid,
    "log_gamma": _refused("log_gamma"),
    "softmax": _refused("softmax within a formula of one unit"),
    "log_softmax": _refused("log_softmax within a formula of one unit"),
    "where": where,
    "maximum": maximum,
    "minimum": minimum,
}


def _on_numbers_too(name: str, function: Callable[..., Value]) -> Callable[..., Any]:
    """The function, also for plain numbers as in ``sqrt(2)``, which the reference then evaluates."""

    def either(*values: Any) -> Any:
        if any(isinstance(value, Value) for value in values):
            return function(*values)
        from chainrule.kernels.primitives import NUMPY

        return float(NUMPY[name](*values))

    return either


VOCABULARY = {name: _on_numbers_too(name, function) for name, function in _REGISTERS.items()}


def evaluate(source: str, softmax: Value | None = None, log_softmax: Value | None = None, **names: Value) -> Value:
    """A row's numeric form with registers put in: ``evaluate("z * (1 - z)", z=z)``; a constant becomes a register.

    ``softmax`` and ``log_softmax`` are what these functions return for this unit: they take all units, so the kernel
    computes them beforehand.
    """
    given = next(iter(names.values()))
    known: dict[str, Any] = {"__builtins__": {}, **VOCABULARY}
    for name, value in (("softmax", softmax), ("log_softmax", log_softmax)):
        if value is not None:
            known[name] = functools.partial(_already, value)
    try:
        found = eval(source, known, names)
    except (NameError, AttributeError) as error:
        raise NotCompilable(f"{source}: {error}") from None
    return found if isinstance(found, Value) else given.at.constant(found)


def _already(value: Value, _: Any) -> Value:
    return value
