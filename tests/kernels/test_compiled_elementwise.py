"""One function over an array, and the shuffle."""

import numpy as np
import pytest

pytest.importorskip("llvmlite")

from chainrule.kernels.compiled.elementwise import array_function, lanes
from chainrule.kernels.compiled.shuffle import shuffled
from chainrule.training import randomness


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_exp_over_an_array_is_numpys(dtype):
    x = np.linspace(-20, 5, 10 * lanes(dtype)).astype(dtype)
    out = np.empty_like(x)
    array_function("exp", dtype)(x, out)
    np.testing.assert_allclose(out, np.exp(x), rtol=4 * np.finfo(dtype).eps)


def test_arrays_that_do_not_fit_are_refused():
    exp, x = array_function("exp"), np.zeros(lanes("float64"))
    for bad in (x[:-1], x.astype("float32"), np.zeros(2 * len(x))[::2]):
        with pytest.raises(ValueError, match="must be"):
            exp(bad, np.empty_like(x)[: len(bad)])


@pytest.mark.parametrize("rows", [0, 1, 2, 3, 1797, 30_000])
@pytest.mark.parametrize("seed", [0, 2**70 + 5])
def test_compiled_orders_are_those_of_numpy(rows, seed, monkeypatch):
    monkeypatch.setattr(randomness, "ROWS_THAT_PAY", 10**9)
    out = np.empty(rows, np.int64)
    for epoch in (0, 1, 10**6):
        shuffled(randomness.key_of(seed, randomness.ORDER, epoch), out)
        assert (out == randomness.order(seed, epoch, rows)).all()


def test_a_large_order_is_drawn_in_compiled_code_with_the_same_numbers(monkeypatch):
    fast = randomness.order(1, 2, randomness.ROWS_THAT_PAY)
    monkeypatch.setenv("CHAINRULE_KERNELS", "reference")
    assert (fast == randomness.order(1, 2, randomness.ROWS_THAT_PAY)).all()
