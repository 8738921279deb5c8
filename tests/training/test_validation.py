import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import chainrule as cr
from chainrule.errors import DataError, SettingError
from chainrule.training.validation import split

X, LABELS = cr.datasets.three_clusters(per_class=20, seed=0)
NET = cr.Network("2-3-3")


@given(st.integers(0, 50), st.lists(st.integers(0, 3), min_size=2, max_size=60), st.floats(0.05, 0.95))
def test_a_share_of_each_class_is_held_out_to_within_one_row(seed, classes, share):
    T = np.eye(4)[classes]
    out = split(T, len(T), share, seed)
    assert abs(out.sum() - share * len(T)) <= 1
    for k in range(4):
        members = np.array(classes) == k
        assert abs(out[members].sum() - share * members.sum()) <= 1 + 1e-9


def test_a_split_is_a_function_of_the_seed():
    assert (split(None, 100, 0.3, 1) == split(None, 100, 0.3, 1)).all()
    assert (split(None, 100, 0.3, 1) != split(None, 100, 0.3, 2)).any()
    assert split(None, 100, 0.3, 1).sum() == 30


def test_a_run_with_a_share_is_the_run_on_the_rows_that_are_left():
    out = split(np.eye(3)[LABELS], 60, 0.25, 0)
    options = {"solver": "lbfgs", "epochs": 10, "seed": 0}
    whole = cr.train(NET, X, LABELS, validation=0.25, sample_weight=np.arange(1.0, 61), **options)
    rest = cr.train(NET, X[~out], LABELS[~out], sample_weight=np.arange(1.0, 61)[~out],
                    validation=(X[out], LABELS[out], np.arange(1.0, 61)[out]), **options)  # fmt: skip
    assert (whole.weights.flat == rest.weights.flat).all()
    assert whole.history.validation_J.tolist() == rest.history.validation_J.tolist()


def test_text_labels_of_the_validation_rows_are_coded_like_the_others():
    names = np.array(["ash", "birch", "cedar"])[LABELS]
    run = cr.train(NET, X, names, epochs=0, validation=(X, names))
    assert run.history.validation_J[0] == pytest.approx(run.history.J[0], rel=1e-13)


@pytest.mark.parametrize(
    ("validation", "error"),
    [
        (0.0, SettingError),
        (1.0, SettingError),
        ("half", SettingError),
        ((X,), SettingError),
        (1e-6, DataError),
        ((X[:, :1], LABELS), DataError),
        ((X[:0], LABELS[:0]), DataError),
        ((X, LABELS + 1), DataError),
        ((X * np.nan, LABELS), DataError),
    ],
    ids=str,
)
def test_validation_rows_that_do_not_fit_are_refused(validation, error):
    with pytest.raises(error):
        cr.train(NET, X, LABELS, epochs=1, validation=validation)


def test_class_weights_multiply_the_sample_weights():
    weight = np.arange(1.0, 61)
    options = {"solver": "lbfgs", "epochs": 5}
    one = cr.train(NET, X, LABELS, class_weight={0: 2.0, 2: 0.5}, sample_weight=weight, **options)
    other = cr.train(NET, X, LABELS, sample_weight=weight * np.array([2.0, 1.0, 0.5])[LABELS], **options)
    assert (one.weights.flat == other.weights.flat).all()


def test_balanced_class_weights_are_scikit_learns():
    from sklearn.utils.class_weight import compute_sample_weight

    labels = np.array(["no", "yes"])[(LABELS == 2).astype(int)]
    options = {"solver": "lbfgs", "epochs": 5}
    ours = cr.train(cr.Network("2-1"), X, labels, class_weight="balanced", **options)
    theirs = cr.train(cr.Network("2-1"), X, labels, sample_weight=compute_sample_weight("balanced", labels), **options)
    np.testing.assert_allclose(ours.weights.flat, theirs.weights.flat, rtol=1e-10)


@pytest.mark.parametrize("weights", ["even", {5: 1.0}, {0: -1.0}, {0: float("nan")}], ids=str)
def test_class_weights_that_do_not_fit_are_refused(weights):
    with pytest.raises((SettingError, DataError)):
        cr.train(NET, X, LABELS, epochs=1, class_weight=weights)


def test_class_weights_without_classes_are_refused():
    with pytest.raises(SettingError, match="needs classes"):
        cr.train(cr.Network("2-1 identity"), X, X[:, 0], epochs=1, class_weight="balanced")
