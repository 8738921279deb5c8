"""The table: every row's numeric forms against its formula, in mpmath and in the complex step."""

from __future__ import annotations

import ast

import mpmath
import numpy as np
import pytest
from mpmath import mpf
from scipy import stats

from chainrule import Network, functions
from chainrule.errors import NotationError
from chainrule.functions import OUTPUT_LAWS, PRIMITIVES, Activation, activation_named, activation_names, law_named
from chainrule.kernels.primitives import evaluate
from support import KINKED, LAWS, SMOOTH, complex_step

rng = np.random.default_rng(0)
POINTS = np.concatenate([rng.uniform(-37, 37, 40), 3 * rng.standard_normal(40), [1e-12, -1e-12, 0.5, -0.5, 20, -20]])
MATHEMATICS = {
    **{name: getattr(mpmath, name) for name in ("exp", "log", "sqrt", "erf", "tanh", "pi")},
    "where": lambda condition, x, y: x if condition else y,
    "log_gamma": mpmath.loggamma,
}
# Measured largest errors in units of 2^-52: of the value relative to itself, of slope and curvature absolute
# (the largest slope of each is near 1). gelu is a * erfc(-a/√2) / 2, and far left erfc turns the rounding of its
# argument x into 2x² times as much.
ALLOWED = {"mish": (3, 16, 32), "gelu": (1500, 4, 4)}


@pytest.fixture(autouse=True)
def _digits():
    with mpmath.workdps(400):  # gelu's formula cancels 1 + erf(a/√2) down to 1e-300
        yield


def by_formula(formula, **numbers):
    return eval(formula, dict(MATHEMATICS), numbers)


def test_the_table_holds_what_the_design_promises():
    assert set(activation_names()) >= {*SMOOTH, *KINKED}
    assert set(SMOOTH) | set(KINKED) == functions.BUILT_IN
    assert tuple(OUTPUT_LAWS) == LAWS


@pytest.mark.parametrize("name", SMOOTH + KINKED)
def test_value_slope_and_curvature_are_those_of_the_formula(name):
    row = activation_named(name)
    z = evaluate(row.value, a=POINTS)
    slope, curvature = (evaluate(text, a=POINTS, z=z) + 0 * POINTS for text in (row.slope, row.curvature))
    worst = np.zeros(3)
    for a, received in zip(POINTS, zip(z, slope, curvature, strict=True), strict=True):
        exact = [by_formula(row.formula, a=mpf(float(a)))]
        with mpmath.workdps(200):
            exact += [mpmath.diff(lambda at: by_formula(row.formula, a=at), mpf(float(a)), n) for n in (1, 2)]
        errors = [abs(mpf(float(x)) - y) for x, y in zip(received, exact, strict=True)]
        errors[0] /= max(abs(exact[0]), mpf("1e-300"))
        worst = np.maximum(worst, [float(error) / 2**-52 for error in errors])
    assert (worst <= ALLOWED.get(name, (4, 4, 4))).all(), worst


@pytest.mark.parametrize("name", SMOOTH)
def test_the_slope_is_the_complex_step_of_the_value_and_the_curvature_that_of_the_slope(name):
    row = activation_named(name)
    z = evaluate(row.value, a=POINTS)
    for i, a in enumerate(POINTS):
        at = np.array([a])
        slope = complex_step(lambda at: evaluate(row.value, a=at)[0], at)
        assert evaluate(row.slope, a=at, z=z[i : i + 1]) == pytest.approx(slope, rel=1e-13, abs=3e-15)
        curvature = complex_step(lambda at: (evaluate(row.slope, a=at, z=evaluate(row.value, a=at)) + 0 * at)[0], at)
        assert evaluate(row.curvature, a=at, z=z[i : i + 1]) + 0 * at == pytest.approx(curvature, rel=1e-13, abs=6e-15)


@pytest.mark.parametrize("name", SMOOTH + KINKED)
def test_nothing_overflows_at_any_finite_pre_activation(name):
    """Warnings are errors here: an overflow or 0 * inf inside a form would raise."""
    row = activation_named(name)
    a = np.array([1e300, -1e300, 1e160, -1e160, 710.0, -710.0, 1e-300, -1e-300, 0.0, -0.0])
    z = evaluate(row.value, a=a)
    assert np.isfinite(z).all()
    assert np.isfinite(evaluate(row.slope, a=a, z=z)).all()
    assert np.isfinite(evaluate(row.curvature, a=a, z=z)).all()


@pytest.mark.parametrize("name", SMOOTH + KINKED)
def test_the_kinks_are_where_the_slope_jumps_and_nowhere_else(name):
    row = activation_named(name)
    for at in {0.0, *row.kinks}:
        near = np.array([at - 1e-9, at + 1e-9])
        left, right = evaluate(row.slope, a=near, z=evaluate(row.value, a=near)) + 0 * near
        assert (abs(left - right) > 1e-3) == (at in row.kinks)


@pytest.mark.parametrize("name", SMOOTH + KINKED)
def test_whether_the_pre_activation_must_be_kept_is_read_off_the_forms(name):
    row = activation_named(name)
    z = evaluate(row.value, a=POINTS)
    for needed, text in (
        (row.slope_needs_preactivation, row.slope),
        (row.curvature_needs_preactivation, row.curvature),
    ):
        if needed:
            with pytest.raises(NameError):
                evaluate(text, z=z)
        else:
            assert np.shape(evaluate(text, z=z)) == z.shape


@pytest.mark.parametrize("law", LAWS)
def test_the_slope_of_the_log_density_is_t_minus_the_mean(law):
    row = law_named(law)
    for _ in range(5):
        a = 3 * rng.standard_normal(4)
        t = {"softmax": np.eye(4)[2], "sigmoid": np.array([0, 1, 1, 0.25]), "exp": np.array([0.0, 1, 5, 2.5])}.get(law)
        t = rng.standard_normal(4) if t is None else t
        d = complex_step(lambda at, t=t: evaluate(row.log_density, a=at[None], t=t[None]).sum(), a)
        y = evaluate(row.mean, a=a[None])[0]
        assert np.abs(d - (t - y)).max() <= 1e-15 * max(1, np.abs(t - y).max())


@pytest.mark.parametrize("law", LAWS)
def test_the_numeric_forms_are_the_law_as_written(law):
    row = law_named(law)
    a, t = np.array([0.3, -1.2, 2.0]), np.array([0.0, 1.0, 0.0])
    y, log_density = evaluate(row.mean, a=a[None])[0], evaluate(row.log_density, a=a[None], t=t[None])[0]
    total = mpmath.fsum(mpmath.exp(mpf(float(x))) for x in a)
    for k in range(3):
        formula = row.formula.replace("exp(a_k) / sum_j exp(a_j)", "exp(a) / total")
        y_k = by_formula(formula, a=mpf(float(a[k])), total=total)
        assert float(y_k) == pytest.approx(y[k], rel=1e-15)
        assert float(by_formula(row.log_law, t=mpf(t[k]), y=y_k)) == pytest.approx(log_density[k], rel=1e-14, abs=1e-15)


def test_a_law_with_every_target_sums_to_one():
    """The density is normalised: over classes, over 0 and 1, over counts, and by SciPy for the Gaussian."""
    a = np.array([[0.4]])
    for law, targets in (("sigmoid", [0.0, 1.0]), ("exp", np.arange(40.0))):
        p = [np.exp(evaluate(law_named(law).log_density, a=a, t=np.array([[t]])))[0, 0] for t in targets]
        assert sum(p) == pytest.approx(1, rel=1e-14)
    classes = [np.exp(evaluate(law_named("softmax").log_density, a=rng.standard_normal((1, 3)) * 0 + [[1, 2, 3]],
                               t=np.eye(3)[[k]]).sum()) for k in range(3)]  # fmt: skip
    assert sum(classes) == pytest.approx(1, rel=1e-14)
    density = evaluate(law_named("identity").log_density, a=a, t=np.array([[1.5]]))[0, 0]
    assert density == pytest.approx(stats.norm.logpdf(1.5, loc=0.4), rel=1e-14)


@pytest.mark.parametrize("row", [*map(activation_named, SMOOTH + KINKED), *OUTPUT_LAWS.values()], ids=lambda r: r.name)
def test_every_numeric_form_uses_the_vocabulary_only(row):
    texts = (row.value, row.slope, row.curvature) if isinstance(row, Activation) else (row.mean, row.log_density)
    for text in texts:
        names = {node.id for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Name)}
        assert names - PRIMITIVES <= {"a", "z", "t"}


def test_an_unknown_name_is_met_with_the_nearest_one_whatever_its_case():
    for asked, meant in (("tahn", "tanh"), ("ReLU", "relu"), ("SoftPlus", "softplus"), ("leakyrelu", "leaky_relu")):
        with pytest.raises(NotationError, match=f"Did you mean '{meant}'"):
            activation_named(asked)
    with pytest.raises(NotationError, match=r"cr\.activation"):
        activation_named("zzzzzz")
    with pytest.raises(NotationError, match="Did you mean 'softmax'"):
        law_named("Softmx")
    with pytest.raises(NotationError, match="takes an output law"):
        law_named("tanh")


def test_a_users_activation_joins_the_table_and_may_be_replaced_but_a_built_in_one_stays():
    row = Activation("bump_for_test", "exp(-a**2)", "exp(-a**2)", "-2 * a * z", "(4 * a**2 - 2) * z")
    try:
        assert functions.register(row) is row
        assert activation_named("bump_for_test") is row
        assert Network("2-3 bump_for_test-2").activations[1] is row
        assert activation_names()[-1] == "bump_for_test"
        functions.register(row)
    finally:
        functions._ACTIVATIONS.pop("bump_for_test", None)
    with pytest.raises(NotationError, match="built in and stays"):
        functions.register(Activation("tanh", "a", "a", "1 + 0 * z", "0 * z"))
