"""Arithmetic that writes machine code: values that stand for a vector register, loops and memory.

A kernel is Python that computes with `Value`s; each operation appends one LLVM instruction. The formulas of the
table are evaluated the same way, so the very strings that NumPy evaluates become the compiled kernel. Lanes are
samples (or weights, in the solvers): nothing is left to an automatic vectoriser, and no flag allows the compiler to
reorder a sum or to assume away NaN. Only a product and the sum that takes it may be fused.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from llvmlite import ir

INDEX = ir.IntType(64)
_DOUBLE = ir.DoubleType()
_FLAGS = ("contract",)


class Value:
    """The contents of a register: ``width`` real numbers, or as many truth values after a comparison."""

    __slots__ = ("at", "ir")

    def __init__(self, at: Emitter, value: Any) -> None:
        self.at, self.ir = at, value

    def _with(self, other: Any) -> Any:
        return other.ir if isinstance(other, Value) else self.at.constant(other).ir

    def __add__(self, other: Any) -> Value:
        return Value(self.at, self.at.builder.fadd(self.ir, self._with(other), flags=_FLAGS))

    def __sub__(self, other: Any) -> Value:
        return Value(self.at, self.at.builder.fsub(self.ir, self._with(other), flags=_FLAGS))

    def __mul__(self, other: Any) -> Value:
        return Value(self.at, self.at.builder.fmul(self.ir, self._with(other), flags=_FLAGS))

    def __truediv__(self, other: Any) -> Value:
        return Value(self.at, self.at.builder.fdiv(self.ir, self._with(other), flags=_FLAGS))

    __radd__ = __add__
    __rmul__ = __mul__

    def __rsub__(self, other: Any) -> Value:
        return self.at.constant(other) - self

    def __rtruediv__(self, other: Any) -> Value:
        return self.at.constant(other) / self

    def __neg__(self) -> Value:
        return Value(self.at, self.at.builder.fneg(self.ir))

    def __pos__(self) -> Value:
        return self

    def _compared(self, sign: str, other: Any) -> Value:
        return Value(self.at, self.at.builder.fcmp_ordered(sign, self.ir, self._with(other)))

    def __lt__(self, other: Any) -> Value:
        return self._compared("<", other)

    def __le__(self, other: Any) -> Value:
        return self._compared("<=", other)

    def __gt__(self, other: Any) -> Value:
        return self._compared(">", other)

    def __ge__(self, other: Any) -> Value:
        return self._compared(">=", other)

    def equals(self, other: Any) -> Value:
        """Lane by lane."""
        return self._compared("==", other)

    def __pow__(self, power: Any) -> Value:
        from chainrule.kernels.compiled import maths

        return maths.power(self, power)

    def __rpow__(self, base: Any) -> Value:
        from chainrule.kernels.compiled import maths

        return maths.power(self.at.constant(base), self)

    def __bool__(self) -> bool:
        raise TypeError("a register has no single truth value; use where(condition, x, y)")


class Variable:
    """A value that changes inside a loop: a running sum."""

    def __init__(self, at: Emitter, start: Value) -> None:
        self._at = at
        with at.builder.goto_entry_block():
            self._slot = at.builder.alloca(start.ir.type)
        at.builder.store(start.ir, self._slot)

    @property
    def value(self) -> Value:
        """What it holds now."""
        return Value(self._at, self._at.builder.load(self._slot))

    def add(self, value: Value) -> None:
        """Add to it."""
        self._at.builder.store((self.value + value).ir, self._slot)

    def set(self, value: Value) -> None:
        """Replace it."""
        self._at.builder.store(value.ir, self._slot)


class Emitter:
    """Writes one function.

    Parameters
    ----------
    module : ir.Module
    name : str
    arguments : sequence of str
        Names; one that ends in ``*`` is a pointer to reals, in ``@`` to doubles, in ``#`` to 64-bit integers, the
        others are 64-bit integers. ``e.<name>`` is the argument.
    bits : {32, 64}
        Of a real number.
    width : int
        Lanes of a register, a power of two.
    internal : bool
        Called only from within the module.
    """

    def __init__(
        self, module: ir.Module, name: str, arguments: Sequence[str], bits: int, width: int, internal: bool = False
    ) -> None:
        self.module, self.bits, self.width = module, bits, width
        self.real = _DOUBLE if bits == 64 else ir.FloatType()
        self.vector = self.real if width == 1 else ir.VectorType(self.real, width)
        whole = ir.IntType(bits)
        self.whole = whole if width == 1 else ir.VectorType(whole, width)
        types = [self.kind_of(name_) for name_ in arguments]
        self.function = ir.Function(module, ir.FunctionType(ir.VoidType(), types), name)
        if internal:
            self.function.linkage = "internal"
        self.builder = ir.IRBuilder(self.function.append_basic_block("entry"))
        for argument, name_ in zip(self.function.args, arguments, strict=True):
            argument.name = name_.rstrip("*@#")
            if isinstance(argument.type, ir.PointerType):
                argument.add_attribute("noalias")
            setattr(self, argument.name, argument)
        self._names = itertools.count()

    def kind_of(self, argument: str) -> ir.Type:
        """The type of an argument, by the last character of its name."""
        kinds = {"*": self.real.as_pointer(), "@": _DOUBLE.as_pointer(), "#": INDEX.as_pointer()}
        return kinds.get(argument[-1], INDEX)

    def __getattr__(self, name: str) -> Any:  # an argument; set in __init__
        raise AttributeError(name)

    # registers

    def constant(self, number: Any) -> Value:
        """A number in every lane."""
        one = ir.Constant(self.real, _rounded(float(number), self.bits))
        return Value(self, one if self.width == 1 else ir.Constant(self.vector, [one] * self.width))

    def variable(self, start: Any = 0.0) -> Variable:
        """A running value."""
        return Variable(self, start if isinstance(start, Value) else self.constant(start))

    def call(self, name: str, *values: Value) -> Value:
        """An LLVM intrinsic on registers: ``fabs``, ``sqrt``, ``copysign``, ``fma``."""
        full = f"llvm.{name}.{self._suffix()}"
        found = self.module.globals.get(full)
        if found is None:
            found = ir.Function(self.module, ir.FunctionType(self.vector, [self.vector] * len(values)), full)
        return Value(self, self.builder.call(found, [v.ir for v in values]))

    def select(self, condition: Value, x: Any, y: Any) -> Value:
        """x where the condition holds, y elsewhere, lane by lane."""
        x, y = (v if isinstance(v, Value) else self.constant(v) for v in (x, y))
        return Value(self, self.builder.select(condition.ir, x.ir, y.ir))

    def pieces(self, value: Value, count: int) -> list[Value]:
        """The lanes cut into so many neighbouring groups."""
        if count == 1:
            return [value]
        width = value.ir.type.count // count
        kind = ir.VectorType(ir.IntType(32), width)
        masks = [ir.Constant(kind, list(range(at * width, (at + 1) * width))) for at in range(count)]
        return [Value(self, self.builder.shuffle_vector(value.ir, value.ir, mask)) for mask in masks]

    def sum(self, value: Value) -> Any:
        """All lanes added, halves first: an IR scalar."""
        while isinstance(value.ir.type, ir.VectorType) and value.ir.type.count > 1:
            low, high = self.pieces(value, 2)
            value = Value(self, self.builder.fadd(low.ir, high.ir))
        if not isinstance(value.ir.type, ir.VectorType):
            return value.ir
        return self.builder.extract_element(value.ir, ir.Constant(ir.IntType(32), 0))

    def spread(self, scalar: Any) -> Value:
        """An IR scalar in every lane."""
        if self.width == 1:
            return Value(self, scalar)
        lane = ir.Constant(ir.IntType(32), 0)
        one = self.builder.insert_element(ir.Constant(self.vector, ir.Undefined), scalar, lane)
        zeros = ir.Constant(ir.VectorType(ir.IntType(32), self.width), [0] * self.width)
        return Value(self, self.builder.shuffle_vector(one, one, zeros))

    def bits_of(self, value: Value) -> Any:
        """The bit pattern, as IR integers."""
        return self.builder.bitcast(value.ir, self.whole)

    def from_bits(self, pattern: Any) -> Value:
        """The real numbers with a bit pattern."""
        return Value(self, self.builder.bitcast(pattern, self.vector))

    def pattern(self, number: int) -> Any:
        """An integer constant in every lane."""
        one = ir.Constant(ir.IntType(self.bits), number)
        return one if self.width == 1 else ir.Constant(self.whole, [one] * self.width)

    # memory

    def load(self, pointer: Any, at: Any = 0) -> Value:
        """``width`` numbers from ``pointer[at]`` on."""
        return Value(self, self.builder.load(self._vector_at(pointer, at), align=self.bits // 8))

    def store(self, value: Value, pointer: Any, at: Any = 0) -> None:
        """``width`` numbers to ``pointer[at]`` on."""
        self.builder.store(value.ir, self._vector_at(pointer, at), align=self.bits // 8)

    def load_one(self, pointer: Any, at: Any = 0) -> Any:
        """``pointer[at]``, an IR scalar."""
        return self.builder.load(self.address(pointer, at))

    def store_one(self, scalar: Any, pointer: Any, at: Any = 0) -> None:
        """``pointer[at] = scalar``."""
        self.builder.store(scalar, self.address(pointer, at))

    def add_one(self, scalar: Any, pointer: Any, at: Any = 0) -> None:
        """``pointer[at] += scalar``."""
        self.store_one(self.builder.fadd(self.load_one(pointer, at), scalar), pointer, at)

    def spread_from(self, pointer: Any, at: Any = 0) -> Value:
        """``pointer[at]`` in every lane."""
        return self.spread(self.load_one(pointer, at))

    def address(self, pointer: Any, at: Any) -> Any:
        """``pointer + at``, in elements."""
        return self.builder.gep(pointer, [self.index(at)])

    def _vector_at(self, pointer: Any, at: Any) -> Any:
        return self.builder.bitcast(self.address(pointer, at), self.vector.as_pointer())

    # integers and control

    def index(self, at: Any) -> Any:
        """A Python or IR integer as an IR integer."""
        return ir.Constant(INDEX, at) if isinstance(at, int) else at

    def plus(self, a: Any, b: Any) -> Any:
        """a + b of indices."""
        return a + b if isinstance(a, int) and isinstance(b, int) else self.builder.add(self.index(a), self.index(b))

    def times(self, a: Any, b: Any) -> Any:
        """a b of indices."""
        return a * b if isinstance(a, int) and isinstance(b, int) else self.builder.mul(self.index(a), self.index(b))

    def minus(self, a: Any, b: Any) -> Any:
        """a - b of indices."""
        return self.builder.sub(self.index(a), self.index(b))

    def smaller(self, a: Any, b: Any) -> Any:
        """The smaller of two indices."""
        a, b = self.index(a), self.index(b)
        return self.builder.select(self.builder.icmp_signed("<", a, b), a, b)

    def rounded_up(self, a: Any, to: int) -> Any:
        """The next multiple of ``to``, a power of two."""
        return self.builder.and_(self.plus(a, to - 1), self.index(-to))

    def to_double(self, scalar: Any) -> Any:
        """An IR real as a double."""
        return scalar if self.bits == 64 else self.builder.fpext(scalar, _DOUBLE)

    def to_real(self, scalar: Any) -> Any:
        """An IR double as a real of this function."""
        return scalar if self.bits == 64 else self.builder.fptrunc(scalar, self.real)

    @contextmanager
    def loop(self, stop: Any, step: Any = 1, start: Any = 0) -> Iterator[Any]:
        """``for i in range(start, stop, step)``; yields i, an IR integer."""
        b, number = self.builder, next(self._names)
        head = b.append_basic_block(f"head{number}")
        body = b.append_basic_block(f"body{number}")
        after = b.append_basic_block(f"after{number}")
        before = b.block
        b.branch(head)
        b.position_at_end(head)
        i = b.phi(INDEX, f"i{number}")
        i.add_incoming(self.index(start), before)
        b.cbranch(b.icmp_signed("<", i, self.index(stop)), body, after)
        b.position_at_end(body)
        yield i
        i.add_incoming(b.add(i, self.index(step)), b.block)
        b.branch(head)
        b.position_at_end(after)

    def zero(self, pointer: Any, count: Any) -> None:
        """``pointer[:count] = 0``, one number at a time (the compiler makes a memset of it)."""
        with self.loop(count) as i:
            self.store_one(ir.Constant(self.real, 0.0), pointer, i)

    def end(self) -> ir.Function:
        """Return from the function."""
        self.builder.ret_void()
        return self.function

    def _suffix(self) -> str:
        return f"f{self.bits}" if self.width == 1 else f"v{self.width}f{self.bits}"


def _rounded(number: float, bits: int) -> float:
    """The nearest number of that size: LLVM takes no constant that would have to be rounded."""
    if bits == 64:
        return number
    import numpy as np

    with np.errstate(over="ignore"):
        return float(np.float32(number))
