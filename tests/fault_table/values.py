"""Values: missing, infinite, huge, tiny, constant."""

from __future__ import annotations

import numpy as np
import pandas as pd

import chainrule as cr
from chainrule.errors import DataError, DivergedError, SettingError
from fault_table.entry import LABELS, X, columns, entry, refused, run, table_model


def nan_in_an_array(_):
    broken = X.copy()
    broken[4, 1] = np.nan
    refused(lambda: run(broken), "1 value of X not finite", "row 4, column 1", error=DataError)
    refused(lambda: cr.MLPClassifier().fit(pd.DataFrame(broken, columns=list("abc")), LABELS), "row 4, column 'b'")


def infinity_in_an_array(_):
    broken = X.copy()
    broken[4, 1] = -np.inf
    refused(lambda: run(broken), "infinite", "row 4, column 1", error=DataError)


def nan_at_prediction(_):
    model = table_model()
    rows = {"a": [0.5, None, 1.0], "b": [0.0, 1.0, 2.0]}
    refused(lambda: model.predict(rows), "1 missing value in column 'a' (first at row 2)", error=DataError)
    found = model.predictions(rows, bad_rows="nan")
    assert found.bad.tolist() == [False, True, False]
    alone = model.predict_proba({"a": [0.5, 1.0], "b": [0.0, 2.0]})
    assert (found.probabilities[[0, 2]] == alone).all()
    assert np.isnan(found.probabilities[1]).all()


def constant_column(_):
    model = table_model(columns(c=[7.0] * 60))
    assert model.contract.inputs == ["a", "b"]
    assert (model.predict(columns(c=[8.0] * 60)) == model.predict(columns(c=[7.0] * 60))).all()


def large_scale(_):
    scaled = columns(a=(X[:, 0] * 1e6).tolist(), b=(X[:, 1] * 1e6).tolist())
    assert np.mean(table_model(scaled, epochs=200).predict(scaled) == LABELS) > 0.95


def float32_near_its_end(_):
    end = (X[:, 0] / np.abs(X[:, 0]).max() * 3e38).astype(np.float32)
    model = table_model(pd.DataFrame(columns(a=end)), epochs=200)
    assert np.mean(model.predict(pd.DataFrame(columns(a=end))) == LABELS) > 0.95
    refused(lambda: run([[10**400, 1, 2]] * 60), "float64 cannot hold", error=DataError)


def large_target(_):
    for scale, middle in ((1e6, 0.0), (1e5, 5e5)):
        table = {"a": X[:, 0].tolist(), "y": (middle + scale * X[:, 0]).tolist()}
        model = cr.train_table(table, "y")
        assert model.score(table).rate > 0.99


def divergence_is_an_error(_):
    steep = 1e6 * X[:, 0]
    net = cr.Network("3-8 relu-1 identity")
    options = {"solver": "ascent", "learning_rate": 1e-2, "epochs": 200}
    try:
        run(X, steep, net, **options)
    except DivergedError as error:
        assert np.isfinite(error.weights.flat).all()  # noqa: PT017
        assert 0 < error.learning_rate < options["learning_rate"]  # noqa: PT017
    else:
        raise AssertionError("a run of J = -1e150 came back as if it were a result")


def worse_than_the_mean_is_told(_):
    net = cr.Network("3-2-1 identity")
    found = run(X, 5e5 + X[:, 0], net, solver="adam", epochs=5)
    assert found.worse_than_constant
    assert "worse than the best constant prediction" in found.verdict


def constant_target(_):
    model = cr.train_table({"a": X[:, 0].tolist(), "y": [1.5] * 60}, "y", task="regress")
    assert (model.predict({"a": [-3.0, 0.0, 9.0]}) == 1.5).all()


def huge_rate(_):
    refused(lambda: run(learning_rate=1e10), "diverged by epoch", "Try learning_rate=", error=DivergedError)


def bad_rates(_):
    for rate in (float("nan"), float("inf"), -1.0, 0.0, "fast"):
        refused(lambda rate=rate: run(learning_rate=rate), "learning_rate must be", error=SettingError)


def integers_and_booleans(_):
    whole = np.arange(180).reshape(60, 3) % 7
    expected = run(whole.astype(float)).weights.flat
    for dtype in (np.uint8, np.int64, np.int8):
        assert (run(whole.astype(dtype)).weights.flat == expected).all()
    assert (run(whole > 3).weights.flat == run((whole > 3).astype(float)).weights.flat).all()


def subnormal(_):
    tiny = columns(a=(X[:, 0] * 1e-310).tolist())
    assert np.mean(table_model(tiny, epochs=200).predict(tiny) == LABELS) > 0.95


def bad_sample_weights(_):
    refused(lambda: run(sample_weight=-np.ones(60)), "60 sample weights negative", "row 0", error=DataError)
    refused(lambda: run(sample_weight=np.full(60, np.nan)), "not finite", error=DataError)
    refused(lambda: run(sample_weight=np.zeros(60)), "All sample weights are zero", error=DataError)
    refused(lambda: cr.MLPClassifier().fit(X, LABELS, sample_weight=-np.ones(60)), "egative", error=DataError)


def far_outside(_):
    found = table_model().predictions({"a": [0.1, 1e300], "b": [0.0, 0.0]})
    assert found.outside.tolist() == [False, True]
    assert np.isfinite(found.probabilities).all()
    assert "far outside the training range (row 2)" in found.notes[0]


VALUES = (
    entry(
        "V1",
        "A missing value (NaN, an empty cell) in the inputs",
        "refuse adapt",
        "An error with column, count and first row. `--missing median` fills, `--missing drop` leaves the rows out.",
        nan_in_an_array,
    ),
    entry("V2", "Infinity, or 1e999 in a CSV", "refuse", "An error with line and column.", infinity_in_an_array),
    entry(
        "V3",
        "A missing value at prediction",
        "refuse adapt",
        "An error; with `--on-bad-row nan` no prediction for that row and the same as ever for the others.",
        nan_at_prediction,
    ),
    entry("V4", "A constant column", "adapt", "It carries no weight, and that is said.", constant_column),
    entry(
        "V5",
        "Inputs of a scale of a million",
        "adapt",
        "A table's inputs are standardised inside, and the scaling is kept in the model.",
        large_scale,
    ),
    entry(
        "V7",
        "float32 near 3e38, numbers beyond float64",
        "accept refuse",
        "Scaled in float64; what float64 cannot hold is refused before the training.",
        float32_near_its_end,
    ),
    entry(
        "V8",
        "A target of a scale of a million",
        "adapt",
        "A table's target is scaled. A run that diverges raises, with the last good weights and a rate to try.",
        large_target,
        divergence_is_an_error,
    ),
    entry(
        "V10",
        "A target of 500,000 ± 100,000",
        "adapt",
        "R² near 1 on a table; a run that ends worse than the mean says so.",
        large_target,
        worse_than_the_mean_is_told,
    ),
    entry("V11", "A constant target", "adapt", "That constant is predicted, and that is said.", constant_target),
    entry("V12", "A learning rate of 1e10", "refuse", "An error with the epoch and a smaller rate to try.", huge_rate),
    entry("V14", "A learning rate that is NaN, infinite, 0 or negative", "refuse", "An error.", bad_rates),
    entry(
        "V15",
        "Whole numbers of any type, booleans; integers beyond 2^53",
        "accept adapt",
        "The same bits as the same floats. A column that float64 cannot tell apart is left out, and that is said.",
        integers_and_booleans,
    ),
    entry("V17", "Subnormal numbers (1e-310)", "accept", "They are numbers like others.", subnormal),
    entry("V19", "Sample weights negative, NaN or all 0", "refuse", "An error with the first row.", bad_sample_weights),
    entry(
        "V20",
        "A prediction for inputs of 1e300",
        "adapt",
        "A finite prediction, marked as far outside of what was trained on.",
        far_outside,
    ),
)
