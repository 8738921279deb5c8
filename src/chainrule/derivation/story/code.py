"""Lines of NumPy as a learner would write them."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from chainrule.derivation.letters import Letters
from chainrule.functions import PRIMITIVES, Activation

if TYPE_CHECKING:
    from chainrule.derivation.story.writer import Writer


def numpy_code(source: str, array: str) -> str:
    """A numeric form of the table as a learner would write it."""
    readable = {
        "sigmoid(a)": "1 / (1 + np.exp(-{a}))",
        "softplus(a)": "np.log1p(np.exp({a}))",
        "a * sigmoid(a)": "{a} / (1 + np.exp(-{a}))",
        "a * tanh(softplus(a))": "{a} * np.tanh(np.log1p(np.exp({a})))",
        "maximum(a, 0)": "np.maximum({a}, 0)",
        "0.5 * a * erfc(-0.70710678118654752 * a)": "{a} * (1 + special.erf({a} / np.sqrt(2))) / 2",
    }
    if source in readable:
        return readable[source].format(a=array)
    return called_from_numpy(source, {"a": array})


def output_code(letters: Letters) -> str:
    """Y in NumPy."""
    a, law = letters.code(("a", letters.net.L)), letters.net.law
    if law.name == "softmax":
        return f"expA = np.exp({a} - {a}.max(axis=1, keepdims=True))\nY = expA / expA.sum(axis=1, keepdims=True)"
    return f"Y = {numpy_code(law.mean, a)}"


# How a slope and a curvature are written by hand, where the table's form guards against cancellation or overflow.
_SLOPES = {
    "relu": "({z} > 0)",
    "softplus": "1 - np.exp(-{z})",
    "gelu": "(1 + special.erf({a} / np.sqrt(2))) / 2 + {a} * np.exp(-({a}**2) / 2) / np.sqrt(2 * np.pi)",
    "swish": "{s} + {z} * (1 - {s})",
    "mish": "{t} + {a} * (1 - {t}**2) * {s}",
}
_CURVATURES = {
    "softplus": "np.exp(-{z}) * (1 - np.exp(-{z}))",
    "gelu": "(2 - {a}**2) * np.exp(-({a}**2) / 2) / np.sqrt(2 * np.pi)",
    "swish": "{s} * (1 - {s}) * (2 + {a} * (1 - 2 * {s}))",
    "mish": "(1 - {t}**2) * {s} * (2 + {a} * (1 - {s} - 2 * {t} * {s}))",
}
_SHORT = 30


def slope_code(row: Activation, letters: Letters, l: int) -> tuple[str, str]:
    """Lines that have to come first, each with its end, and the slope as a factor."""
    return _factor(row, letters, l, _SLOPES.get(row.name), row.slope, "slope")


def curvature_code(row: Activation, letters: Letters, l: int) -> tuple[str, str]:
    """The same of the second derivative; its lines follow those of the slope."""
    before, factor = _factor(row, letters, l, _CURVATURES.get(row.name), row.curvature, "bend")
    parts = [line for line in before.splitlines(keepends=True) if line.startswith("bend")]
    return "".join(parts), factor


def _factor(row: Activation, letters: Letters, l: int, by_hand: str | None, source: str, name: str) -> tuple[str, str]:
    names = {"a": letters.code(("a", l)), "z": letters.code(("z", l)), "s": f"s{l}", "t": f"t{l}"}
    before = ""
    if by_hand is None:
        text = called_from_numpy(source, {"a": names["a"], "z": names["z"]})
    else:
        text = by_hand.format(**names)
        if "{s}" in by_hand:
            before += f"s{l} = 1 / (1 + np.exp(-{names['a']}))\n"
        if "{t}" in by_hand:
            before += f"t{l} = np.tanh(np.log1p(np.exp({names['a']})))\n"
    if len(text) > _SHORT:
        return f"{before}{name}{l} = {text}\n", f"{name}{l}"
    tree = ast.parse(text, mode="eval").body
    stands_alone = isinstance(tree, ast.Call | ast.Name | ast.Constant | ast.Compare)
    is_product = row.name == "sigmoid" and name == "slope"  # z (1 − z) needs no brackets beside other factors
    return before, text if stands_alone or is_product else f"({text})"


def called_from_numpy(source: str, arrays: dict[str, str]) -> str:
    """A numeric form with ``np.`` before its functions and arrays for its letters."""
    source = _spelled_out(source)

    def put(found: re.Match[str]) -> str:
        name = found[0]
        if name in arrays:
            return arrays[name]
        if name in ("erf", "erfc", "log_gamma"):
            return "special." + {"log_gamma": "gammaln"}.get(name, name)
        if name in PRIMITIVES and name not in ("sigmoid", "softplus", "log_sigmoid", "softmax", "log_softmax"):
            return f"np.{name}"
        return name

    return re.sub(r"[A-Za-z_]\w*", put, source)


def _spelled_out(source: str) -> str:
    """A numeric form without the table's own functions that NumPy lacks: sigmoid(u) as 1 / (1 + exp(-u))."""
    forms = {
        "sigmoid": "1 / (1 + exp(-u))",
        "softplus": "log1p(exp(u))",
        "log_sigmoid": "-log1p(exp(-u))",
    }
    if not re.search(r"\b(sigmoid|softplus|log_sigmoid)\(", source):
        return source

    class Spelled(ast.NodeTransformer):
        def visit_Call(self, node: ast.Call) -> ast.AST:
            self.generic_visit(node)
            form = forms.get(node.func.id) if isinstance(node.func, ast.Name) else None
            if form is None:
                return node

            class Put(ast.NodeTransformer):
                def visit_Name(self, name: ast.Name) -> ast.AST:
                    return node.args[0] if name.id == "u" else name

            return Put().visit(ast.parse(form, mode="eval").body)

    class NoTwoMinuses(ast.NodeTransformer):
        def visit_UnaryOp(self, node: ast.UnaryOp) -> ast.AST:
            self.generic_visit(node)
            inside = node.operand
            first = inside.left if isinstance(inside, ast.BinOp) and isinstance(inside.op, ast.Mult) else inside
            if not (
                isinstance(node.op, ast.USub) and isinstance(first, ast.UnaryOp) and isinstance(first.op, ast.USub)
            ):
                return node
            if first is inside:
                return first.operand
            return ast.BinOp(first.operand, ast.Mult(), inside.right)  # type: ignore[attr-defined]  # a product

    text = ast.unparse(NoTwoMinuses().visit(Spelled().visit(ast.parse(source, mode="eval"))))
    return re.sub(r"(\w) \*\* (\w)", r"\1**\2", text)


def special_words(writer: Writer, code: str) -> str:
    """Where ``special`` comes from, at its first use."""
    return "" if "special." not in code or writer.is_told("special") else " (In the code, special is scipy.special.)"


def objective_code(letters: Letters, *, descent: bool, mean: bool) -> str:
    """J as a line of NumPy."""
    rows = {
        "softmax": "T * np.log(Y)",
        "sigmoid": "T * np.log(Y) + (1 - T) * np.log(1 - Y)",
        "identity": "-((T - Y) ** 2) / 2 - np.log(2 * np.pi) / 2",
        "exp": "T * np.log(Y) - Y - special.gammaln(T + 1)",
    }[letters.net.law.name]
    total = f"({rows}).sum()" + (" / N" if mean else "")
    return f"{letters.objective} = {'-' if descent else ''}{total}"
