"""Derivations over a grid of networks and options, made once for all renderers."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
import pytest

import chainrule as cr
import support
from chainrule.derivation.steps import Derivation

OPTIONS: tuple[dict[str, Any], ...] = (
    {},
    {"detail": "short"},
    {"sign": "descent", "reduction": "mean"},
    {"wanted": "W1"},
)


@functools.cache
def grid() -> tuple[Derivation, ...]:
    """Every depth from 0 to 4, every activation and law, the options in turn, with and without numbers."""
    found = []
    for at, net in enumerate(support.networks(26, range(5), support.SMOOTH + support.KINKED, seed=3)):
        weights, X, T = support.problem(net, rows=1, seed=at)
        numbers = {"weights": weights, "x": X[0], "t": T[0]} if at % 2 else {}
        found.append(cr.derive(net, **OPTIONS[at % len(OPTIONS)], **numbers))
    net = cr.Network("2-3 tanh-2 swish-2")
    weights, X, T = support.problem(net, rows=1)
    found.append(cr.derive(net, order=2, weights=weights, x=X[0], t=T[0]))
    net = cr.Network("2-3-3")
    weights, X, T = support.problem(net, rows=1)
    found.append(cr.derive(net, letters="post", weights=weights, x=X[0], t=T[0]))
    # A wide network: long sums of numbers, indices of two digits.
    net = cr.Network("12-14 tanh-13 softplus-11")
    weights, X, _ = support.problem(net, rows=1)
    found.append(cr.derive(net, weights=weights, x=X[0], t=np.eye(11)[10]))
    return tuple(found)


@pytest.fixture(scope="session")
def derivations() -> tuple[Derivation, ...]:
    return grid()


@pytest.fixture(scope="session")
def post(derivations: tuple[Derivation, ...]) -> Derivation:
    """The post's network in the post's letters, with numbers."""
    return derivations[-2]
