"""Where a training starts: scikit-learn's own draws, so that one random_state gives the same first weights."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from chainrule.network import Network

Array = npt.NDArray[Any]


def drawn(net: Network, random_state: np.random.RandomState) -> Array:
    """All weights and biases (P,), uniform within ``sqrt(6 / (M[l-1] + M[l]))``, 2 in place of 6 for sigmoid units.

    The output layer is drawn as the last hidden one.

    Source: Glorot, Bengio, Understanding the difficulty of training deep feedforward neural networks (2010).
    """
    parts = []
    for l in range(1, net.L + 1):
        function = net.layers[min(l, net.L - 1) - 1].function if net.L > 1 else "identity"
        bound = np.sqrt((2.0 if function == "sigmoid" else 6.0) / (net.M[l - 1] + net.M[l]))
        parts.append(random_state.uniform(-bound, bound, (net.M[l - 1], net.M[l])).ravel())
        parts.append(random_state.uniform(-bound, bound, net.M[l]))
    return np.concatenate(parts)
