"""What each solver does with a gradient, written for a register of weights. All of them climb J.

``d = free (scale dJ/dw - pull held w)`` is the gradient of what is climbed: ``scale`` turns the sum over a batch into
an average or an estimate for all rows, ``pull`` is that of a Gaussian prior on the weights where ``held`` is 1, and
``free`` is 0 for a weight that does not move.
"""

from __future__ import annotations

from collections.abc import Callable

from llvmlite import ir

from chainrule.kernels.compiled.emit import Emitter, Value
from chainrule.kernels.compiled.maths import sqrt

WEIGHTS_FILLED_UP = 16  # vectors of weights are filled up to a multiple of this, so that no register is partly used

# g (parts, stride); first, second: what the solver remembers; step: rate, smallest divisor, shrinkage; hyper: two
# decay rates, ..., the pull; the weights from ``begin`` to ``end_`` move
ARGUMENTS = ["w*", "g*", "first*", "second*", "free*", "held*", "step@", "hyper@", "scale@", "begin", "end_", "stride"]


class _At:
    """The registers of one update."""

    def __init__(self, e: Emitter, i: object, parts: int, is_plain: bool) -> None:
        spread = lambda pointer, at: e.spread(e.to_real(e.load_one(pointer, at)))  # noqa: E731
        self.e, self.i = e, i
        self.rate, self.smallest, self.shrinkage = (spread(e.step, at) for at in range(3))
        self.decay, self.second_decay = (spread(e.hyper, at) for at in range(2))
        self.w, g = e.load(e.w, i), e.load(e.g, i)
        for part in range(1, parts):
            g = g + e.load(e.g, e.plus(e.times(e.stride, part), i))
        self.d, self.kept = spread(e.scale, 0) * g, self.w
        if not is_plain:
            free, held = e.load(e.free, i), e.load(e.held, i)
            self.d = free * (self.d - spread(e.hyper, 4) * (held * self.w))
            self.kept = self.w * (1.0 - self.shrinkage * (held * free))

    def first(self) -> Value:
        return self.e.load(self.e.first, self.i)

    def second(self) -> Value:
        return self.e.load(self.e.second, self.i)

    def keep_first(self, value: Value) -> Value:
        self.e.store(value, self.e.first, self.i)
        return value

    def keep_second(self, value: Value) -> Value:
        self.e.store(value, self.e.second, self.i)
        return value


def ascent(at: _At) -> Value:
    """w + rate d: the post's."""
    return at.w + at.rate * at.d


def momentum(at: _At) -> Value:
    """v <- decay v + rate d, w + v (Polyak 1964)."""
    return at.w + at.keep_first(at.decay * at.first() + at.rate * at.d)


def nesterov(at: _At) -> Value:
    """v <- decay v + rate d, w + decay v + rate d (Sutskever et al. 2013)."""
    v = at.keep_first(at.decay * at.first() + at.rate * at.d)
    return at.w + (at.decay * v + at.rate * at.d)


def adam(at: _At) -> Value:
    """(1 - shrinkage) w + rate m / (sqrt(v) + smallest) (Kingma, Ba 2015; with shrinkage Loshchilov, Hutter 2019).

    The corrections for the start at zero are in ``rate`` and ``smallest`` of each step.
    """
    m = at.keep_first(at.decay * at.first() + (1.0 - at.decay) * at.d)
    v = at.keep_second(at.second_decay * at.second() + (1.0 - at.second_decay) * (at.d * at.d))
    return at.kept + at.rate * m / (sqrt(v) + at.smallest)


UPDATES: dict[str, Callable[[_At], Value]] = {
    "ascent": ascent,
    "momentum": momentum,
    "nesterov": nesterov,
    "adam": adam,
    "adamw": adam,
}


def write_update(module: ir.Module, solver: str, bits: int, width: int, parts: int, is_plain: bool) -> ir.Function:
    """``update(...)``: one step of the weights from ``begin`` to ``end_``, multiples of the width.

    ``is_plain`` where all weights are free and none is pulled or shrunk: a third less to read.
    """
    e = Emitter(module, "update", ARGUMENTS, bits, width, internal=True)
    with e.loop(e.end_, width, e.begin) as i:
        e.store(UPDATES[solver](_At(e, i, parts, is_plain)), e.w, i)
    return e.end()
