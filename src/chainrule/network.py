"""A network: its notation, its layers and shapes, and its weights."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from chainrule.errors import DataError, NotationError, SettingError, listed, nearest
from chainrule.functions import Activation, OutputLaw, activation_named, law_named
from chainrule.weights import Weights

Scheme = Literal["normal", "glorot", "he", "lecun"]
SCHEMES: tuple[str, ...] = ("normal", "glorot", "he", "lecun")

_LAYER = re.compile(r"(\d{1,12})(?:\s+([A-Za-z_]\w*))?")
_DASHES = str.maketrans("–—−", "---")  # en dash, em dash, minus sign: what word processors make of "-"


@dataclass(frozen=True)
class Layer:
    """One layer: its number of units and the name of its function."""

    size: int
    function: str

    def __str__(self) -> str:
        return f"{self.size} {self.function}"


class Network:
    """A feed-forward network, described and nothing more; everything else is computed from it.

    ``Z[0] = X``, ``A[l] = Z[l-1] W[l] + b[l]``, ``Z[l] = g(A[l])``, ``Y = Z[L]``.

    Parameters
    ----------
    notation : str, optional
        Layers joined by ``-``, each a size and optionally a function: ``"2-3-3"`` is the post's network
        (sigmoid hidden, softmax output), ``"10-32 relu-1 identity"`` a regression. A last layer of size 1
        defaults to ``sigmoid``, a larger one to ``softmax``; a hidden layer defaults to ``sigmoid``.
    inputs : int, optional
        Instead of a notation: the number of inputs D, at least 1.
    hidden : sequence of int or str, optional
        The hidden layers, ``[16, "8 relu"]``, or one in the notation, ``"16-8 relu"``.
    outputs : int or str, optional
        The last layer, ``3`` or ``"1 identity"``.

    Raises
    ------
    NotationError
        The notation cannot be read, a size is not a positive whole number, a function is unknown.

    Examples
    --------
    >>> net = Network("4-16 tanh-8 relu-3")
    >>> net.L, net.M, net.law.name
    (3, (4, 16, 8, 3), 'softmax')
    >>> Network(2, hidden=[3], outputs=3) == Network("2-3-3")
    True
    >>> Network("8-1").layers
    (Layer(size=1, function='sigmoid'),)
    """

    def __init__(
        self,
        notation: str | int | None = None,
        *,
        inputs: int | None = None,
        hidden: int | str | Iterable[int | str] = (),
        outputs: int | str | None = None,
    ) -> None:
        between = [hidden] if isinstance(hidden, int | str) else list(hidden)
        if isinstance(notation, str) and inputs is None and outputs is None and not between:
            parts = notation.translate(_DASHES).split("-")
        else:
            size = inputs if notation is None else notation
            if size is None or outputs is None or None not in (notation, inputs):
                raise NotationError(
                    "A network is given as a notation, or as its inputs, hidden layers and outputs.",
                    'Write Network("2-3-3") or Network(2, hidden=[3], outputs=3).',
                )
            parts = "-".join(str(layer) for layer in (size, *between, outputs)).translate(_DASHES).split("-")
        self._D, self._layers = _read(parts)

    @property
    def layers(self) -> tuple[Layer, ...]:
        """The layers 1..L, the output layer last."""
        return self._layers

    @property
    def L(self) -> int:
        """Number of layers of weights."""
        return len(self._layers)

    @functools.cached_property
    def M(self) -> tuple[int, ...]:
        """Sizes M[0] = D, M[1], ..., M[L] = K."""
        return (self._D, *(layer.size for layer in self._layers))

    @property
    def D(self) -> int:
        """Number of inputs."""
        return self._D

    @property
    def K(self) -> int:
        """Number of outputs."""
        return self._layers[-1].size

    @property
    def activations(self) -> tuple[Activation | None, ...]:
        """Row of the activation of each hidden layer; slot 0 is unused: ``activations[l]`` is g of layer l < L."""
        return (None, *(activation_named(layer.function) for layer in self._layers[:-1]))

    @property
    def law(self) -> OutputLaw:
        """The output law."""
        return law_named(self._layers[-1].function)

    @functools.cached_property
    def size(self) -> int:
        """Number of weights and biases."""
        return sum((m + 1) * n for m, n in zip(self.M[:-1], self.M[1:], strict=True))

    @property
    def notation(self) -> str:
        """The whole description in one line, every function named."""
        return "-".join([str(self._D), *map(str, self._layers)])

    @functools.cached_property
    def names(self) -> tuple[str, ...]:
        """Names of the weights in the order of the vector: ``("W1", "b1", "W2", ...)``."""
        return tuple(f"{kind}{l}" for l in range(1, self.L + 1) for kind in "Wb")

    @functools.cached_property
    def slices(self) -> dict[str, slice]:
        """Where each of ``names`` lies in the vector of all weights."""
        found, at = {}, 0
        for l in range(1, self.L + 1):
            for name, count in ((f"W{l}", self.M[l - 1] * self.M[l]), (f"b{l}", self.M[l])):
                found[name] = slice(at, at + count)
                at += count
        return found

    def initial_weights(
        self, scheme: Scheme | str = "normal", *, seed: int | np.random.Generator | None = 0
    ) -> Weights:
        """Weights drawn at random; one seed fixes them all.

        Parameters
        ----------
        scheme : {"normal", "glorot", "he", "lecun"}
            ``normal``: every weight and bias standard normal, as in the post. The others draw
            W[l] uniformly with variance 2/(M[l-1]+M[l]) (Glorot, Bengio 2010), 2/M[l-1] (He et al. 2015)
            or 1/M[l-1] (LeCun et al. 1998) and set the biases to zero.
        seed : int, numpy Generator or None
            None draws differently each time.

        Returns
        -------
        Weights, float64.

        Raises
        ------
        SettingError
            The scheme is unknown or the seed is negative or not a whole number.
        """
        if scheme not in SCHEMES:
            raise SettingError(
                f"There is no scheme for initial weights named {scheme!r}.",
                f"Known: {listed(SCHEMES)}.",
                nearest(str(scheme), SCHEMES),
            )
        rng = generator(seed)
        weights = Weights(self, self._zeros())
        for l in range(1, self.L + 1):
            fan_in, fan_out = self.M[l - 1], self.M[l]
            if scheme == "normal":
                weights.W[l][...] = rng.standard_normal((fan_in, fan_out))
                weights.b[l][...] = rng.standard_normal(fan_out)
            else:
                variance = {"glorot": 2 / (fan_in + fan_out), "he": 2 / fan_in, "lecun": 1 / fan_in}[scheme]
                bound = np.sqrt(3 * variance)  # a uniform law on [-bound, bound] has variance bound²/3
                weights.W[l][...] = rng.uniform(-bound, bound, (fan_in, fan_out))
        return weights

    def _zeros(self) -> npt.NDArray[Any]:
        """A vector of zeros for all weights; SettingError where memory cannot hold it."""
        try:
            return np.zeros(self.size)
        except (MemoryError, ValueError):  # NumPy: "array is too big" above 2^63 bytes
            raise SettingError(
                f"The network {self.notation} has {self.size:.3g} weights, which need {self.size * 8e-9:.3g} GB.",
                "Choose smaller layers.",
            ) from None

    def weights_from(self, flat: npt.ArrayLike) -> Weights:
        """Weights over a vector (P,) in the order W[1], b[1], W[2], ...; a view where the vector allows it.

        Raises
        ------
        DataError
            The vector has another length than the network has weights.
        """
        vector = np.ascontiguousarray(flat)
        if vector.dtype.kind in "biu":
            vector = vector.astype(np.float64)
        if vector.dtype.kind not in "fc":
            raise DataError(f"Weights must be numbers, not {vector.dtype}.")
        vector = vector.astype(vector.dtype.newbyteorder("="), copy=False)
        if vector.shape != (self.size,):
            raise DataError(
                f"A vector of shape {vector.shape} does not fill the network {self.notation}.",
                f"It has {self.size} weights and biases, so the shape must be ({self.size},).",
            )
        return Weights(self, vector)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Network) and (self._D, self._layers) == (other._D, other._layers)

    def __hash__(self) -> int:
        return hash((self._D, self._layers))

    def __repr__(self) -> str:
        return f"Network({self.notation!r})"


def generator(seed: int | np.random.Generator | None) -> np.random.Generator:
    """A random generator from a seed; SettingError where the seed is not a whole number from 0."""
    if seed is None or isinstance(seed, np.random.Generator):
        return np.random.default_rng(seed)
    if isinstance(seed, bool) or not isinstance(seed, int | np.integer) or seed < 0:
        raise SettingError(f"The seed must be a whole number from 0, not {seed!r}.", "Leave it out to get the seed 0.")
    return np.random.default_rng(int(seed))


def _read(parts: Sequence[str]) -> tuple[int, tuple[Layer, ...]]:
    """Number of inputs and the layers, from the parts of a notation."""
    text = "-".join(part.strip() for part in parts)
    text = text if len(text) <= 80 else text[:77] + "..."
    if len(parts) < 2:
        raise NotationError(
            f"A network needs at least inputs and outputs, and {text!r} has one layer.",
            'Write the sizes joined by "-", as in "2-3-3".',
        )
    sizes, functions = [], []
    for at, part in enumerate(parts):
        found = _LAYER.fullmatch(part.strip())
        if not found or int(found[1]) < 1:
            raise NotationError(
                f"Layer {at} of {text!r} cannot be read: {part.strip()[:40]!r}.",
                "A layer is a size from 1 and optionally a function: 16 or 16 tanh.",
            )
        sizes.append(int(found[1]))
        functions.append(found[2])
    if functions[0] is not None:
        raise NotationError(
            f"The first layer of {text!r} is the inputs and takes no function, not {functions[0]!r}.",
            f"Write {sizes[0]} alone.",
        )
    layers = [Layer(size, function or "sigmoid") for size, function in zip(sizes[1:-1], functions[1:-1], strict=True)]
    for layer in layers:
        activation_named(layer.function)
    last = law_named(functions[-1] or ("sigmoid" if sizes[-1] == 1 else "softmax"))
    if last.name == "softmax" and sizes[-1] == 1:
        raise NotationError(
            f"A softmax over one output is always 1, in {text!r}.",
            'Write "1 sigmoid" for two classes, or one output a class.',
        )
    return sizes[0], (*layers, Layer(sizes[-1], last.name))
