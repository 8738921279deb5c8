import numpy as np
import pytest

import chainrule as cr
from blocks import SMALL, Pieces, small_blocks  # noqa: F401
from chainrule.errors import SettingError
from chainrule.kernels.blocks.objective import BlockedObjective
from chainrule.tables.labels import LabelCoding
from chainrule.training.class_weights import class_weighted

NET, CODING = cr.Network("1-3"), LabelCoding(np.array(["a", "b", "c"]))
ROWS = 2 * SMALL + 5
LABELS = np.random.default_rng(0).choice(3, ROWS, p=[0.7, 0.2, 0.1])


def table(weight=None):
    return BlockedObjective(NET, Pieces(np.zeros((ROWS, 1)), np.eye(3)[LABELS], weight))


@pytest.mark.usefixtures("small_blocks")
@pytest.mark.parametrize("weighted", [True, False])
def test_balanced_classes_count_alike(weighted):
    weight = np.random.default_rng(1).random(ROWS) if weighted else None
    found = class_weighted(table(weight), "balanced", CODING)
    own = np.concatenate([part.weight[:, 0] for _, part in found.parts()])
    counts = np.bincount(LABELS)
    expected = (ROWS / (3 * counts))[LABELS] * (1 if weight is None else weight)
    np.testing.assert_allclose(own, expected, rtol=1e-15)
    assert found.total_weight == pytest.approx(expected.sum(), rel=1e-12)
    if not weighted:
        assert [own[LABELS == k].sum() for k in range(3)] == pytest.approx([ROWS / 3] * 3)


@pytest.mark.usefixtures("small_blocks")
@pytest.mark.parametrize("weights", [{"d": 1.0}, "even", {"a": -1.0}, {"a": np.nan}])
def test_class_weights_that_are_none_are_refused(weights):
    with pytest.raises(SettingError):
        class_weighted(table(), weights, CODING)


def test_numbers_have_no_classes_to_weigh():
    with pytest.raises(SettingError, match="needs classes"):
        cr.train(cr.Network("1-1 identity"), Pieces(np.zeros((9, 1)), np.zeros((9, 1))), class_weight="balanced")
