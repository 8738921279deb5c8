"""The table: hidden activations and output laws, one row each.

A row is text in the letters of the post. The derivation parses ``formula``, the reference kernel evaluates
``value`` and ``slope`` with NumPy, the compiled kernels compile them, the program prints them: every part of
chainrule reads this one table. The vocabulary of the numeric forms is ``PRIMITIVES``.
"""

from __future__ import annotations

from dataclasses import dataclass

from chainrule.errors import NotationError, listed, nearest

PRIMITIVES = frozenset(
    {"exp", "expm1", "log", "log1p", "sqrt", "abs", "sign", "tanh", "sin", "cos", "erf", "erfc", "log_gamma"}
    | {"sigmoid", "softplus", "log_sigmoid", "softmax", "log_softmax", "where", "maximum", "minimum"}
)


@dataclass(frozen=True)
class Activation:
    """One hidden activation z = g(a).

    Attributes
    ----------
    name : str
        As written in the notation: ``"tanh"``.
    formula : str
        g as mathematics, in ``a``; the derivation differentiates this.
    value : str
        g as it is computed, in ``a``: neither overflows nor cancels.
    slope : str
        dz/da in ``a`` and ``z``: through the output z where that exists, since z is at hand.
    curvature : str
        d²z/da² in ``a`` and ``z``, for products with the Hessian.
    kinks : tuple of float
        Pre-activations at which the slope jumps. There the slope from the left is used.
    """

    name: str
    formula: str
    value: str
    slope: str
    curvature: str
    kinks: tuple[float, ...] = ()

    @property
    def slope_needs_preactivation(self) -> bool:
        """Whether the slope cannot be had from z alone, so that A must be kept for the way back."""
        return "a" in _names(self.slope)

    @property
    def curvature_needs_preactivation(self) -> bool:
        """Whether the curvature cannot be had from z alone."""
        return "a" in _names(self.curvature)


@dataclass(frozen=True)
class OutputLaw:
    """One output law: an exponential-family distribution of t with its canonical link.

    For each of them dJ/da = t − y at the output.

    Attributes
    ----------
    name : str
        As written in the notation: ``"softmax"``.
    distribution : str
        The law's name in statistics.
    formula : str
        y as mathematics, in ``a`` (``a_k`` and a sum over all classes for softmax).
    log_law : str
        log p(t given x) of one unit as mathematics, in ``t`` and ``y``.
    mean : str
        y as it is computed, in ``a``.
    log_density : str
        log p(t given x) of one unit as it is computed, in ``a`` and ``t``.
    targets : str
        What T may hold, in words.
    has_classes : bool
        Whether the outputs are probabilities of classes.
    """

    name: str
    distribution: str
    formula: str
    log_law: str
    mean: str
    log_density: str
    targets: str
    has_classes: bool


_SELU_SCALE, _SELU_ALPHA = 1.0507009873554804934193349852946, 1.6732632423543772848170429916717

_ACTIVATIONS: dict[str, Activation] = {
    row.name: row
    for row in (
        Activation(
            "sigmoid",
            formula="1 / (1 + exp(-a))",
            value="sigmoid(a)",
            slope="z * (1 - z)",
            curvature="z * (1 - z) * (1 - 2 * z)",
        ),
        Activation(
            "tanh",
            formula="(exp(a) - exp(-a)) / (exp(a) + exp(-a))",
            value="tanh(a)",
            slope="1 - z**2",
            curvature="-2 * z * (1 - z**2)",
        ),
        Activation(
            "relu",
            formula="where(a > 0, a, 0)",
            value="maximum(a, 0)",
            slope="where(z > 0, 1, 0)",
            curvature="0 * z",
            kinks=(0.0,),
        ),
        Activation(
            "leaky_relu",
            formula="where(a > 0, a, 0.01 * a)",
            value="where(a > 0, a, 0.01 * a)",
            slope="where(z > 0, 1, 0.01)",
            curvature="0 * z",
            kinks=(0.0,),
        ),
        Activation(  # Clevert, Unterthiner, Hochreiter 2016, alpha = 1: the slope is continuous, so no kink
            "elu",
            formula="where(a > 0, a, exp(a) - 1)",
            value="where(a > 0, a, expm1(minimum(a, 0)))",
            slope="where(z > 0, 1, 1 + z)",
            curvature="where(z > 0, 0, 1 + z)",
        ),
        Activation(  # Klambauer et al. 2017
            "selu",
            formula=f"where(a > 0, {_SELU_SCALE} * a, {_SELU_SCALE * _SELU_ALPHA} * (exp(a) - 1))",
            value=f"where(a > 0, {_SELU_SCALE} * a, {_SELU_SCALE * _SELU_ALPHA} * expm1(minimum(a, 0)))",
            slope=f"where(z > 0, {_SELU_SCALE}, {_SELU_SCALE * _SELU_ALPHA} + z)",
            curvature=f"where(z > 0, 0, {_SELU_SCALE * _SELU_ALPHA} + z)",
            kinks=(0.0,),
        ),
        Activation(
            "softplus",
            formula="log(1 + exp(a))",
            value="softplus(a)",
            slope="-expm1(-z)",
            curvature="-exp(-z) * expm1(-z)",
        ),
        Activation(  # Ramachandran, Zoph, Le 2017; also called SiLU
            "swish",
            formula="a / (1 + exp(-a))",
            value="a * sigmoid(a)",
            slope="sigmoid(a) * (1 + a * sigmoid(-a))",
            curvature="sigmoid(a) * sigmoid(-a) * (2 + a * (sigmoid(-a) - sigmoid(a)))",
        ),
        Activation(  # Hendrycks, Gimpel 2016, the exact form
            "gelu",
            formula="a * (1 + erf(a / sqrt(2))) / 2",
            value="0.5 * a * erfc(-0.70710678118654752 * a)",
            # exp(-a²/2) is 0 beyond |a| = 39, so a is cut at 50, where its square cannot overflow
            slope="0.5 * erfc(-0.70710678118654752 * a) + 0.39894228040143268 * a * exp(-0.5 * minimum(abs(a), 50)**2)",
            curvature="0.39894228040143268 * (2 - minimum(abs(a), 50)**2) * exp(-0.5 * minimum(abs(a), 50)**2)",
        ),
        Activation(  # Misra 2019
            "mish",
            formula="a * tanh(log(1 + exp(a)))",
            value="a * tanh(softplus(a))",
            slope="tanh(softplus(a)) + a * (1 - tanh(softplus(a))**2) * sigmoid(a)",
            curvature="(1 - tanh(softplus(a))**2) * sigmoid(a)"
            " * (2 + a * (sigmoid(-a) - 2 * tanh(softplus(a)) * sigmoid(a)))",
        ),
        Activation("identity", formula="a", value="a", slope="1 + 0 * z", curvature="0 * z"),
    )
}

OUTPUT_LAWS: dict[str, OutputLaw] = {
    row.name: row
    for row in (
        OutputLaw(
            "softmax",
            distribution="categorical",
            formula="exp(a_k) / sum_j exp(a_j)",
            log_law="t * log(y)",
            mean="softmax(a)",
            log_density="t * log_softmax(a)",
            targets="rows of non-negative numbers that add up to 1 (an indicator matrix)",
            has_classes=True,
        ),
        OutputLaw(
            "sigmoid",
            distribution="Bernoulli",
            formula="1 / (1 + exp(-a))",
            log_law="t * log(y) + (1 - t) * log(1 - y)",
            mean="sigmoid(a)",
            log_density="t * log_sigmoid(a) + (1 - t) * log_sigmoid(-a)",
            targets="numbers from 0 to 1",
            has_classes=True,
        ),
        OutputLaw(
            "identity",
            distribution="Gaussian with unit variance",
            formula="a",
            log_law="-(t - y)**2 / 2 - log(2 * pi) / 2",
            mean="a",
            log_density="-0.5 * (t - a)**2 - 0.91893853320467274178",
            targets="finite numbers",
            has_classes=False,
        ),
        OutputLaw(
            "exp",
            distribution="Poisson",
            formula="exp(a)",
            log_law="t * log(y) - y - log_gamma(t + 1)",
            mean="exp(a)",
            log_density="t * a - exp(a) - log_gamma(t + 1)",
            targets="non-negative numbers (counts)",
            has_classes=False,
        ),
    )
}


def activation_named(name: str) -> Activation:
    """The row of a hidden activation; NotationError names the nearest one where there is none."""
    try:
        return _ACTIVATIONS[name]
    except KeyError:
        own = len(_ACTIVATIONS) - len(BUILT_IN)
        raise NotationError(
            f"There is no activation named {name!r}.",
            f"Known: {listed(_ACTIVATIONS, most=len(BUILT_IN) + (own if own < 4 else 0))}.",
            nearest(name, _ACTIVATIONS) or 'Define one with cr.activation("bump", "exp(-a**2)").',
        ) from None


def law_named(name: str) -> OutputLaw:
    """The row of an output law; NotationError names the nearest one where there is none."""
    try:
        return OUTPUT_LAWS[name]
    except KeyError:
        raise NotationError(
            f"There is no output law named {name!r}.",
            f"Known: {listed(OUTPUT_LAWS)}.",
            nearest(name, OUTPUT_LAWS) or "The last layer takes an output law, a hidden layer an activation.",
        ) from None


def activation_names() -> tuple[str, ...]:
    """Names of every activation, built in first, then the user's own."""
    return tuple(_ACTIVATIONS)


def register(row: Activation) -> Activation:
    """Add a user's activation. One of the same name is replaced only if the user defined it."""
    if row.name in BUILT_IN:
        raise NotationError(
            f"The activation {row.name!r} is built in and stays as it is.",
            "Choose another name for yours.",
        )
    _ACTIVATIONS[row.name] = row
    return row


BUILT_IN = frozenset(_ACTIVATIONS)


def _names(source: str) -> set[str]:
    """The free names in a formula."""
    import ast

    return {node.id for node in ast.walk(ast.parse(source, mode="eval")) if isinstance(node, ast.Name)}
