"""Numeric forms as NumPy source: spelled as ruff formats it, repeated and long parts given names."""

from __future__ import annotations

import ast
import copy
from typing import cast

from chainrule.functions import PRIMITIVES

# Written out in the script where they are used (vocabulary.py); all other primitives are NumPy's own.
WRITTEN_OUT = frozenset(
    {"sigmoid", "softplus", "log_sigmoid", "softmax", "log_softmax", "erf", "erfc", "log_gamma", "abs", "sign"}
)
_NAMES = ("u", "v", "s", "p", "q", "r", "f", "h")
_OR, _COMPARE, _SUM, _PRODUCT, _UNARY, _POWER, _ATOM = range(7)


def numpy_text(source: str) -> str:
    """A numeric form as NumPy source on one line.

    Examples
    --------
    >>> numpy_text("where(Z1 > 0, 1, 1 + Z1)")
    'np.where(Z1 > 0, 1, 1 + Z1)'
    >>> numpy_text("a*exp(-0.5*minimum(a, 50)**2) - a ** 2")
    'a * np.exp(-0.5 * np.minimum(a, 50) ** 2) - a**2'
    """
    return text(ast.parse(source, mode="eval").body)


def called(source: str) -> set[str]:
    """Names of the functions that a source calls and the script must write out."""
    return {node.id for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Name)} & WRITTEN_OUT


def letters(source: str) -> set[str]:
    """The arrays that a numeric form reads."""
    return {node.id for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Name)} - PRIMITIVES


def body(source: str, width: int) -> list[str]:
    """A numeric form as the lines of a function that returns it, each at most ``width`` long where it can be.

    Examples
    --------
    >>> body("tanh(softplus(a)) + a * (1 - tanh(softplus(a))**2) * sigmoid(a)", 80)
    ['u = np.tanh(softplus(a))', 'return u + a * (1 - u**2) * sigmoid(a)']
    """
    trees: list[tuple[str, ast.expr]] = [("return", ast.parse(source, mode="eval").body)]
    while (part := _repeated(trees) or _too_long(trees, width)) is not None:
        name = f"part{len(trees)}"
        first = next(at for at, (_, tree) in enumerate(trees) if _contains(tree, part))
        trees = [(target, _with_name(tree, part, name)) for target, tree in trees]
        trees.insert(first, (name, part))
    free = [name for name in _NAMES if name not in letters(source)] + [f"u{at}" for at in range(2, len(trees) + 2)]
    final = dict(zip((target for target, _ in trees[:-1]), free, strict=False))
    lines = [text(_renamed(tree, final)) for _, tree in trees]
    made = [f"{final[target]} = {line}" for (target, _), line in zip(trees[:-1], lines[:-1], strict=True)]
    return [*made, f"return {lines[-1]}"]


def text(node: ast.expr) -> str:
    """The source of an expression."""
    return _bare(node)[0]


def _in(node: ast.expr, strength: int) -> str:
    """The source of a node, in brackets where its surroundings bind more strongly."""
    found, own = _bare(node)
    return f"({found})" if own < strength else found


def _bare(node: ast.expr) -> tuple[str, int]:
    match node:
        case ast.Constant(value):
            return repr(value), _ATOM
        case ast.Name(name):
            return (f"np.{name}" if name in PRIMITIVES - WRITTEN_OUT else {"abs": "absolute"}.get(name, name)), _ATOM
        case ast.Attribute(of, name):
            return f"{_in(of, _ATOM)}.{name}", _ATOM
        case ast.Call(function, arguments, keywords):
            inside = [*map(text, arguments), *(f"{k.arg}={text(k.value)}" for k in keywords)]
            return f"{_in(function, _ATOM)}({', '.join(inside)})", _ATOM
        case ast.UnaryOp(ast.USub(), operand):
            return f"-{_minus(operand)}", _UNARY
        case ast.UnaryOp(ast.UAdd(), operand):
            return _bare(operand)
        case ast.BinOp(left, ast.Pow(), right):
            space = "" if _is_simple(left) and _is_simple(right) else " "
            return f"{_in(left, _ATOM)}{space}**{space}{_in(right, _UNARY)}", _POWER
        case ast.BinOp(left, operator, right):
            sign = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.MatMult: "@"}[type(operator)]
            own = _SUM if sign in "+-" else _PRODUCT
            return f"{_in(left, own)} {sign} {_in(right, own + 1)}", own
        case ast.Compare(left, [relation], [right]):
            sign = {ast.Gt: ">", ast.GtE: ">=", ast.Lt: "<", ast.LtE: "<="}[type(relation)]
            return f"{_in(left, _SUM)} {sign} {_in(right, _SUM)}", _COMPARE
    raise TypeError(f"{ast.dump(node)} is in no numeric form")


def _minus(operand: ast.expr) -> str:
    """What stands behind a minus; the formatter puts a power in brackets there."""
    if isinstance(operand, ast.BinOp) and isinstance(operand.op, ast.Pow):
        return f"({text(operand)})"
    return _in(operand, _UNARY)


def _is_simple(node: ast.expr) -> bool:
    """Whether the formatter writes a power of it without spaces: a name, a number, an attribute, a minus before one."""
    match node:
        case ast.UnaryOp(_, operand):
            return _is_simple(operand)
        case ast.Attribute(of, _):
            return _is_simple(of)
    return isinstance(node, ast.Name | ast.Constant)


def _repeated(trees: list[tuple[str, ast.expr]]) -> ast.expr | None:
    """The largest call that occurs more than once in a function's lines."""
    seen: dict[str, list[ast.expr]] = {}
    for _, tree in trees:
        for node in ast.walk(tree):
            if isinstance(node, ast.Call):
                seen.setdefault(ast.dump(node), []).append(node)
    often = [nodes[0] for nodes in seen.values() if len(nodes) > 1]
    return max(often, key=lambda node: len(text(node)), default=None)


def _too_long(trees: list[tuple[str, ast.expr]], width: int) -> ast.expr | None:
    """A part of a line that is too long, as large as fits a line of its own."""
    for _, tree in trees:
        if len(text(tree)) + len("return ") > width:
            parts = [n for n in ast.walk(tree) if isinstance(n, ast.Call | ast.BinOp | ast.UnaryOp) and n is not tree]
            fitting = [part for part in parts if 8 < len(text(part)) <= width - len("return ")]
            if fitting:
                return max(fitting, key=lambda node: len(text(node)))
    return None


def _contains(tree: ast.expr, part: ast.expr) -> bool:
    wanted = ast.dump(part)
    return any(ast.dump(node) == wanted for node in ast.walk(tree))


def _with_name(tree: ast.expr, part: ast.expr, name: str) -> ast.expr:
    """Every occurrence of a part replaced by a name."""
    wanted = ast.dump(part)

    class Put(ast.NodeTransformer):
        def visit(self, node: ast.AST) -> ast.AST:
            return ast.Name(name, ast.Load()) if ast.dump(node) == wanted else self.generic_visit(node)

    return cast(ast.expr, Put().visit(copy.deepcopy(tree)))


def _renamed(tree: ast.expr, names: dict[str, str]) -> ast.expr:
    """Names replaced by others."""

    class Rename(ast.NodeTransformer):
        def visit_Name(self, node: ast.Name) -> ast.Name:
            return ast.Name(names.get(node.id, node.id), ast.Load())

    return cast(ast.expr, Rename().visit(copy.deepcopy(tree)))
