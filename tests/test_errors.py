"""Each error is one of ours and one that people expect; its message is short; it survives a pickle."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

from chainrule import Network, errors
from chainrule.errors import ChainruleError, DivergedError, counted, listed, nearest

EXPECTED = {
    "NotationError": ValueError,
    "DataError": ValueError,
    "SettingError": ValueError,
    "FormulaError": ValueError,
    "DerivationError": ArithmeticError,
    "ModelFileError": OSError,
    "MissingDependencyError": ImportError,
    "ClusterError": ConnectionError,
    "DivergedError": ArithmeticError,
}


@pytest.mark.parametrize("name", EXPECTED)
def test_each_error_is_ours_and_the_built_in_one_people_expect(name):
    assert issubclass(getattr(errors, name), ChainruleError)
    assert issubclass(getattr(errors, name), EXPECTED[name])


def test_every_class_of_the_module_is_in_the_tree():
    classes = [
        value for value in vars(errors).values() if isinstance(value, type) and value.__module__ == errors.__name__
    ]
    assert len(classes) > len(EXPECTED)
    assert all(issubclass(found, ChainruleError) for found in classes)


@pytest.mark.parametrize("name", [name for name in EXPECTED if name != "DivergedError"])
def test_a_message_is_its_lines_without_the_empty_ones(name):
    error = getattr(errors, name)("What is wrong.", "", "One thing to do.")
    assert str(error) == "What is wrong.\nOne thing to do."
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is type(error)
    assert str(again) == str(error)


def test_a_diverged_error_keeps_its_weights_through_a_pickle():
    """A worker process sends it to its parent that way."""
    weights = Network("2-3-3").initial_weights()
    error = DivergedError("It ran away.", "Go slower.", weights=weights, epoch=7, learning_rate=1e-3)
    again = pickle.loads(pickle.dumps(error))
    assert str(again) == "It ran away.\nGo slower."
    assert (again.epoch, again.learning_rate) == (7, 1e-3)
    assert np.array_equal(again.weights.flat, weights.flat)


def test_names_are_listed_quoted_and_cut():
    assert listed(["a", 1]) == "'a', '1'"
    assert listed(range(5), most=3) == "'0', '1', '2' and 2 more"
    assert listed([]) == ""
    assert "\n" not in listed(["two\nlines"])


def test_counts_agree_with_their_noun():
    assert [counted(n, "row") for n in (0, 1, 2, 12_345)] == ["0 rows", "1 row", "2 rows", "12,345 rows"]


def test_the_nearest_name_is_offered_only_where_it_is_near():
    assert nearest("Tahn", ["tanh", "relu"]) == "Did you mean 'tanh'?"
    assert nearest("quartz", ["tanh", "relu"]) == ""
    assert nearest("W1", ["w1", "W2"]) == "Did you mean 'w1'?"
