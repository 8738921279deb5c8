"""A derivation as Unicode text for a terminal: one formula a line, its rule beside it, its reason below."""

from __future__ import annotations

import textwrap
from fractions import Fraction

from chainrule.derivation.expression import (
    Add,
    BigProduct,
    Cases,
    Condition,
    Delta,
    Derivative,
    Directional,
    Expression,
    Function,
    Hadamard,
    MatMul,
    Matrix,
    Mul,
    Number,
    Place,
    Power,
    Sum,
    Symbol,
    Transpose,
)
from chainrule.derivation.steps import Derivation, Shape, Step

_UP = str.maketrans("0123456789-+nlT", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁺ⁿˡᵀ")
_DOWN = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")
# How strongly a piece of text holds together; Σ takes in the product after it, but not a + b.
_SUM, _SIGMA, _PRODUCT, _FRACTION, _POWER, _ATOM = 1, 2, 3, 4, 5, 6


def expression_text(node: Expression) -> str:
    """One expression on one line."""
    return _bare(node)[0]


def _in(node: Expression, strength: int) -> str:
    """The text of a node, in brackets where its surroundings bind more strongly."""
    text, own = _bare(node)
    return f"({text})" if own < strength else text


def _bare(node: Expression) -> tuple[str, int]:
    """The text of a node and how strongly it holds together."""
    match node:
        case Number():
            return number_text(node), _SUM if node.value < 0 else _FRACTION if "/" in number_text(node) else _ATOM
        case Symbol():
            return symbol_text(node), _ATOM
        case Sum(index, body) | BigProduct(index, body):
            sign = "Σ" if isinstance(node, Sum) else "Π"
            inside = expression_text(body) if type(body) is type(node) else _in(body, _PRODUCT)
            return f"{sign}_{index_text(index)} {inside}", _SIGMA
        case Add(terms):
            text = _in(terms[0], _SUM)
            for term in terms[1:]:
                text += f" − {_in(_without_minus(term), _SIGMA)}" if is_negative(term) else f" + {_in(term, _SUM)}"
            return text, _SUM
        case Mul():
            return _product(node)
        case Power(base, Number(value)) if isinstance(value, int) and value < 0:
            under = base if value == -1 else base**-value
            return f"1/{_in(under, _POWER)}", _FRACTION
        case Power(base, Number(value)) if isinstance(value, int):
            # Z² is layer 2: its square is (Z²)²
            layered = isinstance(base, Matrix | Symbol) and base.layer is not None and not getattr(base, "indices", ())
            text = f"({expression_text(base)})" if layered else _in(base, _ATOM)
            return f"{text}{str(value).translate(_UP)}", _POWER
        case Power(base, exponent):
            return f"{_in(base, _ATOM)}^{_in(exponent, _ATOM)}", _POWER
        case Function("exp", (inside,), 0):
            return f"e^{_in(inside, _ATOM)}", _POWER
        case Function("log", (inside,), 0):
            return f"log {_in(inside, _POWER)}", _PRODUCT
        case Function("sqrt", (inside,), 0):
            return f"√{_in(inside, _ATOM)}", _ATOM
        case Function("factorial", (inside,), 0):
            return f"{_in(inside, _ATOM)}!", _ATOM
        case Function(name, arguments, primes):
            name = {"log_gamma": "log Γ"}.get(name, name)
            return f"{name}{'′' * primes}({', '.join(map(expression_text, arguments))})", _ATOM
        case Derivative(of, by):
            if isinstance(of, Symbol | Matrix):
                return f"∂{expression_text(of)}/∂{expression_text(by)}", _FRACTION
            return f"∂[{expression_text(of)}]/∂{expression_text(by)}", _FRACTION
        case Directional(of):
            return f"R{{{expression_text(of)}}}", _ATOM
        case Delta(left, right):
            return f"δ_{places_text((left, right))}", _ATOM
        case Cases(branches):
            parts = [
                f"{expression_text(v)} {'otherwise' if c is None else 'if ' + condition_text(c)}" for v, c in branches
            ]
            return "{ " + "; ".join(parts) + " }", _ATOM
        case Matrix(letter, layer):
            return letter + ("" if layer is None else str(layer).translate(_UP)), _ATOM
        case Transpose(of):
            return f"{_in(of, _ATOM)}ᵀ", _ATOM
        case MatMul(factors):
            return " ".join(_in(factor, _FRACTION) for factor in factors), _PRODUCT
        case Hadamard(factors):
            return " ⊙ ".join(_in(factor, _FRACTION) for factor in factors), _PRODUCT
    raise TypeError(f"no text for {type(node).__name__}")


def is_negative(node: Expression) -> bool:
    """Whether it is written with a minus in front: −u, −0.3, but (−0.7)·1.3 is not."""
    if isinstance(node, Mul):
        first = node.factors[0]
        return isinstance(first, Number) and first.value < 0 and not _is_measured(first)
    return isinstance(node, Number) and node.value < 0


def _without_minus(node: Expression) -> Expression:
    """The node without its minus; measured numbers stay as they are."""
    if not isinstance(node, Mul):
        return -node
    first, *rest = node.factors
    assert isinstance(first, Number)
    kept = rest if first.value == -1 else [Number(-first.value), *rest]
    return kept[0] if len(kept) == 1 else Mul(tuple(kept))


def _product(node: Mul) -> tuple[str, int]:
    if is_negative(node):
        return f"−{_in(_without_minus(node), _SIGMA)}", _SUM
    over: list[Expression] = []
    under: list[Expression] = []
    for factor in node.factors:
        if isinstance(factor, Power) and isinstance(factor.exponent, Number) and factor.exponent.value < 0:
            under.append(factor.base**-factor.exponent)
        elif isinstance(factor, Number) and isinstance(factor.value, Fraction):
            over.extend([Number(factor.value.numerator)] if factor.value.numerator != 1 else [])
            under.append(Number(factor.value.denominator))
        else:
            over.append(factor)
    counts = [at for at, f in enumerate(over) if isinstance(f, Number) and not f.name]
    dot = "·" if any(at > 0 or _is_measured(over[at]) for at in counts) else " "
    top = dot.join(_factor(f, at == len(over) - 1 and not under) for at, f in enumerate(over)) or "1"
    if not under:
        return top, _PRODUCT
    if any(isinstance(f, Derivative) for f in over):
        return f"({top})/{_under(under)}", _FRACTION
    return f"{top}/{_under(under)}", _FRACTION if len(over) <= 1 else _PRODUCT


def _under(under: list[Expression]) -> str:
    return _in(under[0], _POWER) if len(under) == 1 else "(" + " ".join(_in(f, _PRODUCT) for f in under) + ")"


def _factor(factor: Expression, last: bool) -> str:
    """A factor; a sum needs no brackets at the end, log does not swallow what follows."""
    if isinstance(factor, Sum | BigProduct) and last:
        return expression_text(factor)
    if isinstance(factor, Function) and factor.name == "log" and not last:
        return f"({expression_text(factor)})"
    return _in(factor, _PRODUCT)


def _is_measured(node: Expression) -> bool:
    return isinstance(node, Number) and isinstance(node.value, float)


def number_text(node: Number) -> str:
    """A number: exact where it is, else to four figures, with a real minus sign."""
    if node.name:
        return node.name
    if isinstance(node.value, float):
        return f"{node.value:.4g}".replace("-", "−")
    return str(node.value).replace("-", "−")


def name_text(letter: str) -> str:
    """A letter whose digits at the end are its subscript: m₂."""
    stem = letter.rstrip("0123456789")
    return stem + letter[len(stem) :].translate(_DOWN)


def index_text(place: Place) -> str:
    """An index with its primes, or a number."""
    return str(place) if isinstance(place, int) else name_text(place.letter) + "'" * place.primes


def places_text(places: tuple[Place, ...]) -> str:
    """Indices one after the other; commas where numbers could run into each other."""
    comma = "," if any(isinstance(place, int) and place > 9 for place in places) else ""
    return comma.join(map(index_text, places))


def symbol_text(node: Symbol) -> str:
    """A letter with its layer and sample above and its indices below."""
    above = ("" if node.layer is None else str(node.layer)) + ("" if node.sample is None else index_text(node.sample))
    below = f"_{places_text(node.indices)}" if node.indices else ""
    return f"{name_text(node.letter)}{above.translate(_UP)}{below}"


def condition_text(condition: Condition) -> str:
    """A condition: k' = k, a > 0."""

    def side(part: Expression | Place) -> str:
        return expression_text(part) if isinstance(part, Expression) else index_text(part)

    return f"{side(condition.left)} {condition.relation} {side(condition.right)}"


def shape_text(shape: Shape) -> str:
    """W²: (M, K) = (3, 3)."""
    axes = ", ".join(map(name_text, shape.axes)) + ("," if len(shape.axes) == 1 else "")
    sizes = ", ".join(
        name_text(axis) if size is None else str(size) for axis, size in zip(shape.axes, shape.sizes, strict=True)
    )
    return f"{expression_text(shape.of)} is ({axes}) = ({sizes}{',' if len(shape.axes) == 1 else ''})"


def terminal_width(most: int = 100) -> int:
    """The columns of the terminal that standard output is, at most ``most``; ``most`` where it is none."""
    import shutil
    import sys

    if not (sys.stdout and sys.stdout.isatty()):
        return most
    return max(60, min(shutil.get_terminal_size((most, 24)).columns, most))


def render(
    derivation: Derivation, *, width: int = 100, reasons: bool = True, numbers: bool = True, code: bool = True
) -> str:
    """The whole derivation as text.

    Parameters
    ----------
    derivation : Derivation
    width : int
        Columns of the terminal; reasons are wrapped to it.
    reasons, numbers, code : bool
        Which of the views of each line are shown: the words, one sample's numbers, the line of NumPy.
    """
    title = _wrapped(derivation.title, width, "")
    lines = [*title, "═" * max(map(len, title)), *_wrapped(derivation.subtitle, width, "")]
    if derivation.chosen and numbers:
        lines += ["", *_wrapped(derivation.chosen, width, "")]
    for at, (group, steps) in enumerate(derivation.groups, 1):
        heading = f"{at}. {group}"
        lines += ["", "", heading, "─" * len(heading)]
        for block, run in derivation.blocks(steps):
            lines += ["", f"▸ {block}"] if block else [""]
            lines += _block(run, width, reasons, numbers, code)
    return "\n".join(lines) + "\n"


def _block(steps: tuple[Step, ...], width: int, reasons: bool, numbers: bool, code: bool) -> list[str]:
    lines: list[str] = []
    last: Step | None = None
    for step in steps:
        if step.before is None or step.after is None:
            lines += ["", *_wrapped(step.reason, width, "  ")] if reasons else []
            lines += [f"      >>> {line}" for line in step.code.splitlines()] if code else []
            last = None
            continue
        continues = last is not None and last.after == step.before and last.given == step.given
        formula = f"= {expression_text(step.after)}"
        mark = f"[{step.rule}]" if step.error is None else f"[{step.rule} ✓ {step.error:.0e}]"
        if step.given is not None:
            formula += f"    for {condition_text(step.given)}"
        left = "" if continues else f"{expression_text(step.before)} "
        lines += ["", *_marked(_broken(left + formula, width, "      " if continues else "    "), mark, width)]
        if reasons:
            lines += _wrapped(step.reason, width, "        ")
        if step.shapes and reasons:
            lines += _wrapped("; ".join(map(shape_text, step.shapes)) + ".", width, "        ")
        if numbers and step.numbers is not None:
            value = f"{step.numbers.value:.4g}".replace("-", "−")
            filled = expression_text(step.numbers.filled)
            middle = "" if filled == value else f" = {filled}"
            left = "" if continues else expression_text(step.numbers.left)
            lines += _wrapped(f"{left}{middle} = {value}".strip(), width, "      # ", "          ")
        if code and step.code:
            lines += [f"      >>> {line}" for line in step.code.splitlines()]
        last = step
    return lines


def _broken(formula: str, width: int, indent: str) -> list[str]:
    """A formula in lines of at most ``width``, broken before = + − ⊙ or between cases."""
    import re

    lines = [indent]
    for part in re.split(r"(?<=[^({\[·^]) (?=[=+−⊙] )|(?<=;) ", formula):
        gap = "" if lines[-1].isspace() else " "
        if len(lines[-1]) + len(gap) + len(part) > width and gap:
            lines.append(indent + "    " + part)
        else:
            lines[-1] += gap + part
    return lines


def _marked(lines: list[str], mark: str, width: int) -> list[str]:
    """The rule's name at the right end of the last line, or below it."""
    gap = width - len(lines[-1]) - len(mark)
    if gap >= 2:
        return [*lines[:-1], f"{lines[-1]}{' ' * gap}{mark}"]
    kept = mark.replace(" ✓ ", "\0✓\0")  # the error stays beside its rule
    return [*lines, *(line.replace("\0", " ").rjust(width) for line in textwrap.wrap(kept, width - 8))]


def _wrapped(text: str, width: int, first: str, rest: str | None = None) -> list[str]:
    """Text in lines of at most ``width``."""
    if not text:
        return []
    return textwrap.wrap(
        text,
        width,
        initial_indent=first,
        subsequent_indent=first if rest is None else rest,
        break_long_words=False,
        break_on_hyphens=False,
    )
