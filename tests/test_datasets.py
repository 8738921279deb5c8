"""The post's data."""

from __future__ import annotations

import numpy as np
import pytest

from chainrule import datasets
from chainrule.errors import SettingError


def test_three_clusters_are_the_posts_three_gaussians():
    X, labels = datasets.three_clusters(per_class=20_000, seed=0)
    assert X.shape == (60_000, 2)
    assert X.dtype == np.float64
    assert labels.dtype == np.int64
    assert np.array_equal(labels, np.repeat([0, 1, 2], 20_000))
    for k, centre in enumerate([(0, -2), (2, 2), (-2, 2)]):
        cluster = X[labels == k]
        assert cluster.mean(axis=0) == pytest.approx(centre, abs=5 / 20_000**0.5)
        assert np.cov(cluster.T) == pytest.approx(np.eye(2), abs=0.05)


def test_the_draws_are_those_of_the_posts_lines_in_their_order():
    rng = np.random.default_rng(5)
    expected = np.vstack([rng.standard_normal((4, 2)) + np.array(c) for c in ([0, -2], [2, 2], [-2, 2])])
    assert np.array_equal(datasets.three_clusters(per_class=4, seed=5)[0], expected)


def test_one_seed_fixes_the_points():
    assert np.array_equal(datasets.three_clusters(seed=1)[0], datasets.three_clusters(seed=1)[0])
    assert not np.array_equal(datasets.three_clusters(seed=1)[0], datasets.three_clusters(seed=2)[0])


@pytest.mark.parametrize("per_class", [0, -3, 2.5, "5", True, None])
def test_a_number_of_points_that_is_none_is_refused(per_class):
    with pytest.raises(SettingError, match="per_class"):
        datasets.three_clusters(per_class=per_class)
