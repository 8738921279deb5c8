"""The estimators on Dask arrays and data frames: the models that arrays give, and predictions when asked for."""

from __future__ import annotations

import pickle
import warnings

import dask
import dask.array as da
import dask.dataframe as dd
import numpy as np
import pandas as pd
import pytest
from sklearn.exceptions import ConvergenceWarning, NotFittedError

import chainrule as cr
from chainrule.errors import DataError, SettingError
from clusters import cluster, rows

X, LABELS = rows(140_000)  # three blocks
Y = X[:, 0] * 3 + np.sin(X[:, 1]) + 2
FRAME = pd.DataFrame({"u": X[:, 0], "v": 1000 + 50 * X[:, 1]})
XS, TS = da.from_array(X, chunks=(50_000, 1)), da.from_array(LABELS, chunks=30_000)
SMALL = {"hidden_layer_sizes": (3,), "activation": "tanh", "random_state": 0, "solver": "lbfgs", "max_iter": 5}


@pytest.fixture(autouse=True)
def _quiet():
    with dask.config.set(scheduler="synchronous"), warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        yield


def frame(npartitions=3):
    return dd.from_pandas(FRAME, npartitions=npartitions)


def weights(model):
    return np.concatenate([part.ravel() for part in (*model.coefs_, *model.intercepts_)])


@pytest.mark.parametrize("solver", ["lbfgs", "newton"])
def test_a_classifier_has_the_bits_of_the_one_fitted_on_arrays(solver):
    options = {**SMALL, "solver": solver, "max_iter": 3}
    lazy, here = (cr.MLPClassifier(**options).fit(*data) for data in ((XS, TS), (X, LABELS)))
    assert np.array_equal(weights(lazy), weights(here))
    assert lazy.classes_.tolist() == ["a", "bbb"]
    assert lazy.loss_ == pytest.approx(here.loss_, rel=1e-12)
    assert lazy.outcome_ is here.outcome_
    assert lazy.n_features_in_ == 2


def test_a_classifier_is_fitted_by_the_workers_of_a_cluster():
    here = cr.MLPClassifier(**SMALL).fit(X, LABELS)
    with cluster(2, processes=False):
        lazy = cr.MLPClassifier(**SMALL).fit(XS, TS)
        proba = lazy.predict_proba(XS).compute()
    assert np.array_equal(weights(lazy), weights(here))
    assert np.allclose(proba, here.predict_proba(X), rtol=1e-12)


def test_predictions_are_made_when_somebody_asks_for_them():
    model = cr.MLPClassifier(**SMALL).fit(X, LABELS)
    computed = []
    seen = XS.map_blocks(lambda block: computed.append(1) or block, meta=np.empty((0, 2)))
    found = {name: getattr(model, name)(seen) for name in ("predict", "predict_proba", "predict_log_proba")}
    assert not computed
    assert [values.shape for values in found.values()] == [(140_000,), (140_000, 2), (140_000, 2)]
    for name, lazy in found.items():
        expected = getattr(model, name)(X)
        assert lazy.dtype == expected.dtype
        assert np.allclose(lazy.compute(), expected, rtol=1e-12) if name != "predict" else (lazy == expected).all()
    assert computed


def test_a_data_frame_is_fitted_and_predicted_by_its_names():
    model = cr.MLPClassifier(**SMALL, standardize=True).fit(frame(), dd.from_pandas(pd.Series(LABELS), npartitions=3))
    assert model.feature_names_in_.tolist() == ["u", "v"]
    lazy = model.predict(frame(2))
    assert np.isnan(lazy.shape[0])
    assert (lazy.compute() == model.predict(FRAME)).all()
    with pytest.raises(ValueError, match="feature names"):
        model.predict(frame()[["v", "u"]])
    for too_few in (XS[:, :1], XS.rechunk((50_000, 2))[:, 1:]):
        with pytest.raises(ValueError, match="1 features"):
            cr.MLPClassifier(**SMALL).fit(X[:100], LABELS[:100]).predict(too_few)


def test_standardised_rows_give_the_model_of_arrays_to_rounding():
    options = {**SMALL, "standardize": True}
    lazy = cr.MLPClassifier(**options).fit(frame(), TS)
    here = cr.MLPClassifier(**options).fit(FRAME, LABELS)
    assert np.allclose(weights(lazy), weights(here), rtol=1e-6)
    assert np.allclose(lazy._scaling.mean, FRAME.mean(), rtol=1e-13)
    assert np.allclose(lazy._scaling.spread, FRAME.std(ddof=0), rtol=1e-12)


@pytest.mark.parametrize(("loss", "law"), [("squared_error", "identity"), ("poisson", "exp")])
def test_a_regressor_has_the_bits_of_the_one_fitted_on_arrays(loss, law):
    y = Y if law == "identity" else np.random.default_rng(0).poisson(np.exp(X[:, 0] / 2)).astype(float)
    options = {**SMALL, "loss": loss}
    lazy = cr.MLPRegressor(**options).fit(XS, da.from_array(y, chunks=50_000))
    here = cr.MLPRegressor(**options).fit(X, y)
    assert np.array_equal(weights(lazy), weights(here))
    assert lazy.loss_ == pytest.approx(here.loss_, rel=1e-11)
    assert np.allclose(lazy.predict(XS).compute(), here.predict(X), rtol=1e-12)


def test_a_standardised_regressor_predicts_in_the_units_of_the_targets():
    model = cr.MLPRegressor(**{**SMALL, "max_iter": 40}, standardize=True).fit(frame(), da.from_array(Y, chunks=50_000))
    assert model.score(FRAME, Y) > 0.95
    assert np.allclose(model.predict(frame()).compute(), model.predict(FRAME))


def test_sample_and_class_weights_count():
    weight = np.random.default_rng(1).uniform(0.1, 3, len(X))
    options = {**SMALL, "class_weight": {"a": 4.0}}
    lazy = cr.MLPClassifier(**options).fit(XS, TS, da.from_array(weight, chunks=60_000))
    assert np.array_equal(weights(lazy), weights(cr.MLPClassifier(**options).fit(X, LABELS, weight)))
    options["class_weight"] = "balanced"
    lazy, here = (cr.MLPClassifier(**options).fit(*data) for data in ((XS, TS), (X, LABELS)))
    assert np.allclose(weights(lazy), weights(here), rtol=1e-9)


def test_early_stopping_watches_rows_held_out_by_their_numbers():
    options = {**SMALL, "solver": "adam", "batch_size": 2000, "max_iter": 4, "early_stopping": True}
    one, other = (cr.MLPClassifier(**options).fit(XS.rechunk((chunk, 2)), TS) for chunk in (40_000, 90_000))
    assert np.array_equal(weights(one), weights(other))
    assert len(one.validation_scores_) == 4
    assert one.validation_scores_ == other.validation_scores_
    watched = cr.MLPClassifier(**options).fit(XS, TS, X_val=X[:500], y_val=LABELS[:500])
    assert watched.best_validation_score_ == pytest.approx(watched.score(X[:500], LABELS[:500]))


def test_warm_starts_go_on():
    options = {**SMALL, "solver": "adam", "batch_size": 5000, "shuffle": False, "n_iter_no_change": 100, "tol": 0.0}
    whole = cr.MLPClassifier(**{**options, "max_iter": 4}).fit(XS, TS)
    parts = cr.MLPClassifier(**{**options, "max_iter": 2}, warm_start=True).fit(XS, TS).fit(XS, TS)
    assert np.array_equal(weights(whole), weights(parts))


def test_several_labels_a_row():
    T = np.column_stack([X[:, 0] > 0, X[:, 1] > 0.5]).astype(int)
    lazy = cr.MLPClassifier(**SMALL, multilabel=True).fit(XS, da.from_array(T, chunks=(50_000, 2)))
    here = cr.MLPClassifier(**SMALL, multilabel=True).fit(X, T)
    assert np.array_equal(weights(lazy), weights(here))
    assert (lazy.predict(XS).compute() == here.predict(X)).all()
    with pytest.raises(DataError, match="multilabel=True"):
        cr.MLPClassifier(**SMALL).fit(XS, da.from_array(T, chunks=(50_000, 2)))


def test_a_model_pickles_without_the_rows():
    model = cr.MLPClassifier(**SMALL).fit(XS, TS)
    assert len(pickle.dumps(model)) < 30_000
    assert (pickle.loads(pickle.dumps(model)).predict(X[:9]) == model.predict(X[:9])).all()


def test_what_needs_rows_in_one_place_says_so():
    with pytest.raises(SettingError, match="partial_fit takes rows in memory"):
        cr.MLPClassifier(solver="adam").partial_fit(XS, TS, classes=["a", "bbb"])
    with pytest.raises(SettingError, match="scoring needs the rows"):
        cr.MLPClassifier(early_stopping=True, scoring="f1").fit(XS, TS)
    with pytest.raises(DataError, match="one class"):
        cr.MLPClassifier(**SMALL).fit(XS, da.from_array(np.full(len(X), "a")))
    with pytest.raises(NotFittedError):
        cr.MLPClassifier().predict(XS)


def test_a_fit_that_fails_leaves_the_model_as_it_was():
    model = cr.MLPClassifier(**SMALL).fit(XS, TS)
    before = weights(model)
    bad = X.copy()
    bad[77_000, 0] = np.nan
    with pytest.raises(DataError, match="row 77,000"):
        model.fit(da.from_array(bad, chunks=(50_000, 2)), TS)
    assert np.array_equal(weights(model), before)
    assert model.predict(X[:3]).tolist() == model.predict(X[:3]).tolist()
