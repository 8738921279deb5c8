"""Results are understood however they are wrapped: pairs, dicts, rows, two lists, last layer first."""

from __future__ import annotations

import numpy as np
import pytest

from chainrule import Network
from chainrule.teaching.grading import runner, values
from chainrule.teaching.grading.problems import problems

NET = Network("3-5 tanh-4 tanh-2")
PROBLEM = problems(NET, 0)[0]
TRUE = {name: PROBLEM.truth[f"d{name}"] for name in NET.names}
LAYERS = range(1, NET.L + 1)


class _Weights:
    W = (None, *(TRUE[f"W{l}"] for l in LAYERS))
    b = (None, *(TRUE[f"b{l}"] for l in LAYERS))


WRAPPED = {
    "pairs": [(TRUE[f"W{l}"], TRUE[f"b{l}"]) for l in LAYERS],
    "pairs from the last": [(TRUE[f"W{l}"], TRUE[f"b{l}"]) for l in reversed(LAYERS)],
    "bias first": [(TRUE[f"b{l}"], TRUE[f"W{l}"]) for l in LAYERS],
    "in a row": tuple(TRUE.values()),
    "two lists": ([TRUE[f"W{l}"] for l in LAYERS], [TRUE[f"b{l}"] for l in LAYERS]),
    "two lists from the last": ([TRUE[f"W{l}"] for l in (3, 2, 1)], [TRUE[f"b{l}"] for l in (3, 2, 1)]),
    "by name": dict(TRUE),
    "by name with d": {f"d{name}": array for name, array in TRUE.items()},
    "dict of lists": {"dW": [TRUE[f"W{l}"] for l in LAYERS], "db": [TRUE[f"b{l}"] for l in LAYERS]},
    "with J before": (1.5, [(TRUE[f"W{l}"], TRUE[f"b{l}"]) for l in LAYERS]),
    "an object": _Weights(),
    "one vector": np.concatenate([array.ravel() for array in TRUE.values()]),
    "biases as rows": [(TRUE[f"W{l}"], TRUE[f"b{l}"][None]) for l in LAYERS],
    "lists of numbers": [(TRUE[f"W{l}"].tolist(), TRUE[f"b{l}"].tolist()) for l in LAYERS],
}


@pytest.mark.parametrize("returned", WRAPPED.values(), ids=WRAPPED.keys())
def test_gradients_are_found_however_they_are_wrapped(returned):
    found = values.gradients(runner._tree(returned), PROBLEM)
    assert found.keys() == TRUE.keys()
    for name, array in TRUE.items():
        assert np.array_equal(found[name], array)


def test_gradients_with_the_wrong_sign_keep_their_places():
    found = values.gradients(runner._tree([(-W, -b) for W, b in WRAPPED["pairs from the last"]]), PROBLEM)
    assert all(np.array_equal(found[name], -array) for name, array in TRUE.items())


@pytest.mark.parametrize("returned", [None, "words", 3.0, [], {"W": 1}, [np.zeros(3)] * 5])
def test_what_holds_no_gradient_gives_none(returned):
    assert values.gradients(runner._tree(returned), PROBLEM) == {}


def test_the_outputs_are_found_among_what_forward_returns():
    truth = PROBLEM.truth
    for returned in (
        truth["Y"],
        (truth["Y"], truth["Z1"]),
        [truth["X"], truth["Z1"], truth["Z2"], truth["Y"]],
        {"Y": truth["Y"], "Z1": truth["Z1"]},
        {"y_hat": truth["Y"]},
    ):
        assert np.array_equal(values.outputs(runner._tree(returned), PROBLEM)["Y"], truth["Y"])


def test_of_one_hidden_layer_both_orders_are_understood_also_where_both_have_the_same_shape():
    problem = problems(Network("2-3-3"), 0)[0]
    Y, Z = problem.truth["Y"], problem.truth["Z1"]
    for returned in ((Y, Z), (Z, Y), (Y + 1, Z), (Z, Y + 1)):
        found = values.outputs(runner._tree(returned), problem)
        assert np.array_equal(found["Z1"], Z)
        assert found["Y"].max() in (Y.max(), Y.max() + 1)
