"""One entry of the table, and what the checks of all sections share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest

import chainrule as cr
from chainrule.errors import ChainruleError

Policy = Literal["accept", "adapt", "refuse", "keep"]
Check = Callable[[Path], None]


@dataclass(frozen=True)
class Entry:
    """What is handed in, what a user gets, and the checks that it is so.

    ``checks`` take an empty folder; the cases of `bad_inputs.TRAIN` and `bad_inputs.FILES` with the same id are
    checked beside them. Several policies: which one holds is told in ``gets``.
    """

    id: str
    what: str
    policy: tuple[Policy, ...]
    gets: str
    checks: tuple[Check, ...] = ()


def entry(id: str, what: str, policy: str, gets: str, *checks: Check) -> Entry:
    """An entry from words: the policies parted by a space."""
    return Entry(id, what, tuple(policy.split()), gets, checks)  # type: ignore[arg-type]


def refused(make: Callable[[], Any], *words: str, error: type[Exception] = ChainruleError) -> None:
    """The call ends in an error of the right form that says these words."""
    with pytest.raises(error) as raised:
        make()
    assert isinstance(raised.value, ChainruleError)
    text = str(raised.value)
    assert 1 <= len(text.splitlines()) <= 4, text
    assert max(map(len, text.splitlines())) < 400
    for word in words:
        assert word in text.replace("\n", " "), text


rng = np.random.default_rng(0)
X = rng.normal(size=(60, 3))
LABELS = np.where(X[:, 0] > 0, "a", "b")
NET = cr.Network("3-4-1")


def columns(**other: Any) -> dict[str, Any]:
    """A small table as a mapping; other columns replace or follow its own."""
    return {"a": X[:, 0].tolist(), "b": X[:, 1].tolist(), "y": LABELS.tolist(), **other}


def table_model(data: Any = None, target: str = "y", **options: Any) -> cr.TableModel:
    """A network of a table, trained a little."""
    return cr.train_table(columns() if data is None else data, target, **{"epochs": 20, "penalty": 1.0, **options})


def run(X: Any = X, T: Any = LABELS, net: cr.Network = NET, **options: Any) -> cr.Run:
    """A network trained a little."""
    return cr.train(net, X, T, **{"epochs": 3, **options})
