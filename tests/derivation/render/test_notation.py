"""Expressions to boxes: signs, fractions, brackets, scripts; written as LaTeX, where they are easy to read."""

from __future__ import annotations

import math
import re
from fractions import Fraction

import pytest

from chainrule.derivation.expression import (
    Add,
    BigProduct,
    Cases,
    Condition,
    Delta,
    Derivative,
    Directional,
    Function,
    Hadamard,
    Index,
    MatMul,
    Matrix,
    Mul,
    Number,
    Sum,
    Symbol,
    Transpose,
    exp,
    log,
    number,
)
from chainrule.derivation.render import boxes, tex
from chainrule.derivation.render.boxes import Box, Role
from chainrule.derivation.render.notation import Setting

k, n, m = Index("k", "K"), Index("n", "N"), Index("m2", "M2")
kp = k.primed()
a, b, u = Symbol("a"), Symbol("b"), Symbol("u")
z, y, t, J = Symbol("z", (k,), 1), Symbol("y", (k,)), Symbol("t", (k,)), Symbol("J")
X, W, Z = Matrix("X"), Matrix("W", 2), Matrix("Z", 1)


def written(node) -> str:
    return tex.formula(Setting().box(node)).replace(r"\displaystyle ", "")


@pytest.mark.parametrize(
    ("node", "latex"),
    [
        (a - b, "a - b"),
        (-a - b, "-a - b"),
        (a - (b - u), "a - (b - u)"),
        (-(a + b), "-(a + b)"),
        (Mul((Number(-1), Number(-0.5))), "-(-0.5)"),
        (Add((a, Mul((Number(-1), Number(-0.5))))), "a - (-0.5)"),
        (Add((a, Number(-0.5))), "a - 0.5"),
        (Add((Add((a, b)), u)), "a + b + u"),
        (exp(-(a + b)), "e^{-(a + b)}"),
        (a * -b, "-a\\,b"),
        (Mul((a, Mul((Number(-1), b)))), "a\\,(-b)"),
        ((a + b) * u, "(a + b)\\,u"),
        (a / b, r"\frac{a}{b}"),
        (1 / (a * b), r"\frac{1}{a\,b}"),
        (-(a / b), r"-\frac{a}{b}"),
        (a / b * u, r"\frac{a}{b}\,u"),
        (a / b**2, r"\frac{a}{b^{2}}"),
        (number(Fraction(1, 2)) * a, r"\frac{1}{2}\,a"),
        (z**2, "(z_{k}^{1})^{2}"),
        (y**2, "y_{k}^{2}"),
        (Symbol("y", (k,), None, n) ** t, "(y_{k}^{n})^{t_{k}}"),
        ((a + b) ** 2, "(a + b)^{2}"),
        (a * a, "a\\,a"),
        (exp(-a), "e^{-a}"),
        (exp(-(a**2)), "e^{-a^{2}}"),
        (exp(a / b), r"\exp \left( \frac{a}{b} \right)"),
        (exp(exp(a)), r"\exp (e^{a})"),
        (log(y), r"\log y_{k}"),
        (log(1 + a), r"\log (1 + a)"),
        (Function("tanh", (a,)) ** 2, r"\tanh^{2}(a)"),
        (Function("g", (a,), 1), "g'(a)"),
        (Function("sigmoid", (a,)), r"\sigma (a)"),
        (Function("sqrt", (a + b,)), r"\sqrt{a + b}"),
        (Function("my_bump", (a,)), r"\operatorname{my}\operatorname{bump}(a)"),
        (Function("factorial", (t,)), "t_{k}!"),
        (Function("factorial", (a + 1,)), "(a + 1)!"),
        (Function("abs", (a,)), "|a|"),
        (Number(math.pi, "π") * a, r"\pi \,a"),
        (Derivative(J, y), r"\frac{\partial J}{\partial y_{k}}"),
        (Derivative(a * b, y), r"\frac{\partial }{\partial y_{k}}\,(a\,b)"),
        (Derivative(Derivative(J, y), y), r"\frac{\partial^{2}J}{\partial y_{k}^{2}}"),
        (Derivative(Derivative(J, y), t), r"\frac{\partial^{2}J}{\partial t_{k}\,\partial y_{k}}"),
        (Delta(kp, k), r"\delta_{k'k}"),
        (Symbol("W", (1, 12), 2), "W_{1,12}^{2}"),
        (Symbol("M2"), "M_{2}"),
        (Symbol("W", (m, k), 2), "W_{m_{2}k}^{2}"),
        (Symbol("δ", (n, k), 2), r"\delta_{nk}^{2}"),
        (Sum(k, t * y), r"\sum_{k = 1}^{K} t_{k}\,y_{k}"),
        (Sum(m, Sum(kp, a)), r"\sum_{m_{2} = 1}^{M_{2}} \sum_{k' = 1}^{K} a"),
        (Sum(k, t + y), r"\sum_{k = 1}^{K} (t_{k} + y_{k})"),
        (Mul((Sum(k, t), a)), r"\Bigl( \sum_{k = 1}^{K} t_{k} \Bigr)\,a"),
        (Mul((a, Sum(k, t))), r"a\,\sum_{k = 1}^{K} t_{k}"),
        (BigProduct(n, y), r"\prod_{n = 1}^{N} y_{k}"),
        (Cases(((a, Condition(kp, "≠", k)), (b, None))),
         r"\begin{cases} a & \text{if }k' \neq k \\ b & \text{otherwise} \end{cases}"),
        (Directional(a), r"\mathcal{R}\{a\}"),
        (MatMul((Transpose(X), Hadamard((Z, 1 - Z)))), r"X^{\top }\,(Z^{1} \odot (1 - Z^{1}))"),
        (Transpose(W), r"(W^{2})^{\top }"),
        (Matrix("T") / Matrix("Y"), r"T \oslash Y"),
        (Z**2, r"Z^{1} \odot Z^{1}"),
        (MatMul((Transpose(Matrix("δ", 2)), Matrix("1"))), r"(\delta^{2})^{\top }\,\mathbf{1}"),
        (Mul((Number(0.5), Number(-0.25))), r"0.5 \cdot (-0.25)"),
        (Mul((Number(-0.5), Number(0.25))), r"-0.5 \cdot 0.25"),
        (Add((Number(1.0), Mul((Number(-0.5), Number(2.0))))), r"1 - 0.5 \cdot 2"),
        (Number(-0.0), "0"),
        (Number(1.191e-11), r"1.191 \times 10^{-11}"),
        (Number(-1e20), "-10^{20}"),
        (Number(float("nan")), "NaN"),
        (2 * a, r"2\,a"),
        (Mul((a, Number(2))), r"a \cdot 2"),
    ],
)  # fmt: skip
def test_an_expression_is_set_as_it_is_written_by_hand(node, latex):
    assert written(node) == latex


def test_a_long_sum_of_numbers_leaves_its_middle_out_and_a_long_sum_of_letters_does_not():
    numbers = Add(tuple(Number(i / 10 + 0.01) for i in range(40)))
    assert written(numbers) == r"0.01 + 0.11 + 0.21 + 0.31 + \cdots  + 3.81 + 3.91"
    letters = Add(tuple(Symbol("a", (i,)) for i in range(1, 41)))
    assert written(letters).count("+") == 39


# --- What is written means what it says: boxes of numbers are read back by a reader that knows only boxes.


def source(box: Box) -> str:
    """The formula of numbers as Python, from its looks alone; KeyError or TypeError where it holds letters."""
    match box:
        case boxes.Digits(text):
            return repr(float(text))
        case boxes.Letter(text):
            return {"log": "log", "exp": "exp", "tanh": "tanh", "erf": "erf", "σ": "sigmoid", "sin": "sin",
                    "cos": "cos", "π": "pi", "Γ": "gamma", "softplus": "softplus"}[text]  # fmt: skip
        case boxes.Sign(text, role):
            if role in (Role.APPLY, Role.NAME):
                return ""
            return {"−": "-", "+": "+", "·": "*", "×": "*", "": "*"}[text]
        case boxes.Row(parts):
            return "".join(map(source, parts))
        case boxes.Fraction(over, under):
            return f"(({source(over)})/({source(under)}))"
        case boxes.Scripts(boxes.Letter("e"), None, above) if above is not None:
            return f"exp({source(above)})"
        case boxes.Scripts(base, None, above) if above is not None and not isinstance(base, boxes.Letter):
            return f"{source(base)}**({source(above)})"
        case boxes.Fence(left, body, _):
            return f"{'abs' if left == '|' else ''}({source(body)})"
        case boxes.Root(body):
            return f"sqrt({source(body)})"
    raise TypeError(type(box).__name__)


NAMES = {
    **{name: getattr(math, name) for name in ("exp", "log", "tanh", "erf", "sin", "cos", "sqrt", "gamma", "pi")},
    "sigmoid": lambda v: 1 / (1 + math.exp(-v)),
    "softplus": lambda v: math.log1p(math.exp(v)),
    "abs": abs,
}


def test_the_numbers_of_every_line_as_they_are_set_come_to_its_value(derivations):
    read = 0
    for derivation in derivations:
        for step in derivation.steps:
            if step.numbers is None:
                continue
            try:
                made = source(Setting(digits=15).box(step.numbers.filled))
            except (KeyError, TypeError):  # left-out terms, cases, a derivative that stays
                continue
            received = eval(made, {"__builtins__": {}}, NAMES)
            assert received == pytest.approx(step.numbers.value, rel=1e-7, abs=1e-9), (step.anchor, made)
            assert not re.search(r"[-+*]{2}(?<!\*\*)", made), made  # two signs in a row are read by machines only
            read += 1
    assert read > 300


def test_the_reader_of_numbers_notices_a_lost_bracket():
    right = Mul((Add((Number(1.5), Number(-0.25))), Number(3.0)))
    box = Setting().box(right)
    assert eval(source(box)) == 3.75
    assert isinstance(box, boxes.Row)
    assert isinstance(box.parts[0], boxes.Fence)
    assert eval(source(boxes.row(box.parts[0].body, *box.parts[1:]))) != 3.75
