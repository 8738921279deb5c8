"""The rules of differentiation, each on one derivative ∂u/∂q: a page of a calculus book.

Every rule leaves smaller derivatives inside its result; the next rules take those.
"""

from __future__ import annotations

from collections.abc import Callable

from chainrule.derivation.definitions import Definitions
from chainrule.derivation.expression import (
    ONE,
    ZERO,
    Add,
    Cases,
    Delta,
    Derivative,
    Expression,
    Function,
    Index,
    Mul,
    Number,
    Power,
    Sum,
    Symbol,
    add,
    exp,
    log,
    mul,
    power,
    sums,
)
from chainrule.derivation.rules.rule import Context, Rule
from chainrule.derivation.walk import fresh, replaced, with_indices

PI = Number(3.141592653589793, "π")


def _f(name: str, argument: Expression) -> Expression:
    return Function(name, (argument,))


# g(u) -> g'(u), for every function a formula may hold.
SLOPES: dict[str, Callable[[Expression], Expression]] = {
    "exp": lambda u: exp(u),
    "expm1": lambda u: exp(u),
    "log": lambda u: 1 / u,
    "log1p": lambda u: 1 / (1 + u),
    "sqrt": lambda u: 1 / (2 * _f("sqrt", u)),
    "sin": lambda u: _f("cos", u),
    "cos": lambda u: -_f("sin", u),
    "tanh": lambda u: 1 - _f("tanh", u) ** 2,
    "erf": lambda u: 2 / _f("sqrt", PI) * exp(-(u**2)),
    "erfc": lambda u: -2 / _f("sqrt", PI) * exp(-(u**2)),
    "sigmoid": lambda u: _f("sigmoid", u) * _f("sigmoid", -u),
    "softplus": lambda u: _f("sigmoid", u),
    "log_sigmoid": lambda u: _f("sigmoid", -u),
    "sign": lambda u: ZERO,
}


def _constant(node: Expression, context: Context) -> Expression | None:
    """∂c/∂q = 0."""
    if isinstance(node, Derivative) and not _moves(node.of, node, context):
        return ZERO
    return None


def _variable(node: Expression, context: Context) -> Expression | None:
    """∂q_i/∂q_j = δ_ij: one delta for each pair of indices that are not already the same."""
    if not (isinstance(node, Derivative) and isinstance(node.of, Symbol) and isinstance(node.by, Symbol)):
        return None
    if node.of.family != node.by.family:
        return None
    pairs = zip(node.of.places, node.by.places, strict=True)
    return mul(*(Delta(left, right) for left, right in pairs if left != right), ONE)


def _sum(node: Expression, context: Context) -> Expression | None:
    """∂(u + v)/∂q = ∂u/∂q + ∂v/∂q; terms without q go."""
    if isinstance(node, Derivative) and isinstance(node.of, Add):
        return add(*(Derivative(term, node.by) for term in node.of.terms if _moves(term, node, context)))
    return None


def _sum_over_index(node: Expression, context: Context) -> Expression | None:
    """∂(Σ_j u_j)/∂q = Σ_j ∂u_j/∂q; the sum's index gets a prime where q has it too."""
    if isinstance(node, Derivative) and isinstance(node.of, Sum):
        other = fresh(node.of.index, node.by)
        return Sum(other, Derivative(with_indices(node.of.body, {node.of.index: other}), node.by))
    return None


def _constant_factor(node: Expression, context: Context) -> Expression | None:
    """∂(c u)/∂q = c ∂u/∂q."""
    if not (isinstance(node, Derivative) and isinstance(node.of, Mul)):
        return None
    still = [factor for factor in node.of.factors if not _moves(factor, node, context)]
    moving = [factor for factor in node.of.factors if _moves(factor, node, context)]
    if not still or not moving:
        return None
    return mul(*still, Derivative(mul(*moving), node.by))


def _product(node: Expression, context: Context) -> Expression | None:
    """∂(u v)/∂q = ∂u/∂q v + u ∂v/∂q."""
    if not (isinstance(node, Derivative) and isinstance(node.of, Mul)):
        return None
    factors = node.of.factors
    return add(
        *(
            mul(*factors[:at], Derivative(factor, node.by), *factors[at + 1 :])
            for at, factor in enumerate(factors)
            if _moves(factor, node, context)
        )
    )


def _quotient(node: Expression, context: Context) -> Expression | None:
    """∂(u/v)/∂q = (∂u/∂q v − u ∂v/∂q)/v²."""
    if not (isinstance(node, Derivative) and isinstance(node.of, Mul | Power)):
        return None
    factors = node.of.factors if isinstance(node.of, Mul) else (node.of,)
    under = [f.base for f in factors if isinstance(f, Power) and f.exponent == Number(-1)]
    over = [f for f in factors if not (isinstance(f, Power) and f.exponent == Number(-1))]
    u, v = mul(*over, ONE), mul(*under, ONE)
    if not under or not _moves(v, node, context):
        return None
    down = mul(u, Derivative(v, node.by))
    top = mul(Derivative(u, node.by), v) - down if _moves(u, node, context) else -down
    return top / v**2


def _power(node: Expression, context: Context) -> Expression | None:
    """∂u^c/∂q = c u^(c−1) ∂u/∂q."""
    if not (isinstance(node, Derivative) and isinstance(node.of, Power)):
        return None
    base, exponent = node.of.base, node.of.exponent
    if _moves(exponent, node, context) or not _moves(base, node, context):
        return None
    return mul(exponent, power(base, exponent - 1), Derivative(base, node.by))


def _any_power(node: Expression, context: Context) -> Expression | None:
    """∂u^v/∂q = u^v (∂v/∂q log u + v/u ∂u/∂q), where q is in the exponent."""
    if not (isinstance(node, Derivative) and isinstance(node.of, Power)):
        return None
    base, exponent = node.of.base, node.of.exponent
    if not _moves(exponent, node, context):
        return None
    inner = Derivative(exponent, node.by) * log(base)
    if _moves(base, node, context):
        inner = inner + exponent / base * Derivative(base, node.by)
    return node.of * inner


def _function(names: tuple[str, ...]) -> Callable[[Expression, Context], Expression | None]:
    """∂g(u)/∂q = g'(u) ∂u/∂q for the functions of these names."""

    def rewrite(node: Expression, context: Context) -> Expression | None:
        if not (isinstance(node, Derivative) and isinstance(node.of, Function) and node.of.name in names):
            return None
        if node.of.primes or len(node.of.arguments) != 1:
            return None
        inside = node.of.arguments[0]
        return mul(SLOPES[node.of.name](inside), Derivative(inside, node.by))

    return rewrite


def _cases(node: Expression, context: Context) -> Expression | None:
    """The derivative of a formula in pieces, piece by piece (inside each piece, away from where they meet)."""
    if isinstance(node, Derivative) and isinstance(node.of, Cases):
        return Cases(
            tuple(
                (Derivative(value, node.by) if _moves(value, node, context) else ZERO, condition)
                for value, condition in node.of.branches
            )
        )
    return None


def _moves(part: Expression, node: Derivative, context: Context) -> bool:
    """Whether a part changes when what the derivative is taken by changes."""
    return isinstance(node.by, Symbol) and context.definitions.depends(part, node.by)


def through(symbol: Symbol, over: tuple[Index, ...]) -> Rule:
    """The chain rule through every entry of an array: ∂u/∂q = Σ_p ∂u/∂s_p ∂s_p/∂q, one term a path."""

    def rewrite(node: Expression, context: Context) -> Expression | None:
        if not isinstance(node, Derivative):
            return None
        used = {index: fresh(index, context.line) for index in over}
        step = with_indices(symbol, dict(used))
        return sums(used.values(), Derivative(node.of, step) * Derivative(step, node.by))

    return Rule("chain rule, sum over all paths", "∂u/∂q = Σ_p ∂u/∂s_p ∂s_p/∂q", rewrite)


def insert(symbol: Symbol) -> Rule:
    """A letter replaced by what it stands for."""

    def rewrite(node: Expression, context: Context) -> Expression | None:
        if isinstance(node, Symbol) and node.family == symbol.family:
            return context.definitions.of(node, (context.line,))
        if isinstance(node, Derivative) and isinstance(node.of, Symbol) and node.of.family == symbol.family:
            body = context.definitions.of(node.of, (context.line,))
            return Derivative(body, node.by) if body is not None else None
        return None

    return Rule("definition", "", rewrite)


CONSTANT = Rule("constant", "∂c/∂q = 0", _constant)
VARIABLE = Rule("a variable by itself", "∂q_i/∂q_j = δ_ij", _variable)
SUM = Rule("sum rule", "(u + v)' = u' + v'", _sum)
SUM_OVER_INDEX = Rule("sum rule, under Σ", "(Σ_j u_j)' = Σ_j u'_j", _sum_over_index)
CONSTANT_FACTOR = Rule("constant factor", "(c u)' = c u'", _constant_factor)
PRODUCT = Rule("product rule", "(u v)' = u' v + u v'", _product)
QUOTIENT = Rule("quotient rule", "(u/v)' = (u' v − u v')/v²", _quotient)
POWER = Rule("power rule", "(u^c)' = c u^(c−1) u'", _power)
ANY_POWER = Rule("power with the variable above", "(u^v)' = u^v (v' log u + v u'/u)", _any_power)
EXPONENTIAL = Rule("chain rule, exponential", "(exp u)' = exp(u) u'", _function(("exp", "expm1")))
LOGARITHM = Rule("chain rule, logarithm", "(log u)' = u'/u", _function(("log", "log1p")))
FUNCTION = Rule("chain rule", "g(u)' = g'(u) u'", _function(tuple(SLOPES)))
PIECES = Rule("piece by piece", "", _cases)

# In the order in which they are tried on a derivative: the first that fits is the one to use.
CALCULUS = (
    CONSTANT,
    VARIABLE,
    PIECES,
    SUM,
    SUM_OVER_INDEX,
    CONSTANT_FACTOR,
    QUOTIENT,
    PRODUCT,
    POWER,
    ANY_POWER,
    EXPONENTIAL,
    LOGARITHM,
    FUNCTION,
)


def differentiate(node: Expression, by: Symbol, definitions: Definitions) -> Expression:
    """∂node/∂by by the rules above, until no derivative is left."""
    made: Expression = Derivative(node, by)
    while True:
        line = made

        def change(part: Expression, line: Expression = line) -> Expression | None:
            if not isinstance(part, Derivative):
                return None
            found = (rule.rewrite(part, Context(definitions, line)) for rule in CALCULUS)
            return next((new for new in found if new is not None), None)

        made = replaced(made, change)
        if made == line:
            return made
