"""What to compute: the result of a derivation as a short list of array operations."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from chainrule.network import Network, Weights

if TYPE_CHECKING:
    from chainrule.derivation.steps import Step

FORWARD_ROLES = ("preactivation", "activation", "mean")
OBJECTIVE_ROLES = ("log_density", "objective")
BACKWARD_ROLES = ("error", "dW", "db", "back", "slope", "delta")
ROLES = FORWARD_ROLES + OBJECTIVE_ROLES + BACKWARD_ROLES


@dataclass(frozen=True)
class Operation:
    """One array operation: ``target = source``.

    Attributes
    ----------
    target : str
        The array it makes, as the program names it: ``A1 Z1 A2 Y``, ``rows J``, ``delta2 dW2 db2``,
        ``back1 slope1 delta1 dW1 db1``.
    source : str
        How, in NumPy's notation with the vocabulary of ``functions.PRIMITIVES``: ``"X @ W1 + b1"``,
        ``"sigmoid(A1)"``, ``"Z1 * (1 - Z1)"``, ``"Z1.T @ delta2"``.
    role : str
        What it is for, in layer l:

        ===============  ==========  ====================================================  =================
        role             target      for l = 1 .. L                                        example
        ===============  ==========  ====================================================  =================
        preactivation    A{l}        every layer                                           Z1 @ W2 + b2
        activation       Z{l}        hidden layers                                         sigmoid(A1)
        mean             Y           the output layer                                      softmax(A2)
        log_density      rows        log p(t_n given x_n) of every sample, (N,)            see the law
        objective        J           their sum                                             rows.sum()
        error            delta{L}    dJ/dA of the output layer                             T - Y
        dW               dW{l}       every layer                                           Z1.T @ delta2
        db               db{l}       every layer                                           delta2.sum(axis=0)
        back             back{l}     hidden layers: dJ/dZ, the sum over the units above    delta2 @ W2.T
        slope            slope{l}    hidden layers: dZ/dA, entry by entry                  Z1 * (1 - Z1)
        delta            delta{l}    hidden layers: dJ/dA                                  back1 * slope1
        ===============  ==========  ====================================================  =================
    layer : int
        l; the output layer L for the objective.
    axes : tuple of str
        The shape in letters: ``("N", "M")``.
    sizes : tuple of (int or None)
        The shape in numbers, None for N.
    comment : str
        One entry of the array in index notation, or what the array is, in a few words.
    step : Step or None
        The line of the derivation that it computes.
    """

    target: str
    source: str
    role: str
    layer: int
    axes: tuple[str, ...]
    sizes: tuple[int | None, ...]
    comment: str = ""
    step: Step | None = None

    @property
    def shape(self) -> str:
        """The shape as it is written in a comment: ``(N, M)``, ``(K,)``, ``()``."""
        return f"({', '.join(self.axes)}{',' if len(self.axes) == 1 else ''})"

    def __str__(self) -> str:
        return f"{self.target} = {self.source}"


@dataclass(frozen=True)
class Program:
    """The operations of a network in the order they are computed: forward, J, backward.

    Examples
    --------
    >>> program = Program.of(Network("2-3-3"))
    >>> print(program)
    A1 = X @ W1 + b1
    Z1 = sigmoid(A1)
    A2 = Z1 @ W2 + b2
    Y = softmax(A2)
    rows = (T * log_softmax(A2)).sum(axis=1)
    J = rows.sum()
    delta2 = T - Y
    dW2 = Z1.T @ delta2
    db2 = delta2.sum(axis=0)
    back1 = delta2 @ W2.T
    slope1 = Z1 * (1 - Z1)
    delta1 = back1 * slope1
    dW1 = X.T @ delta1
    db1 = delta1.sum(axis=0)
    >>> program.at("slope", layer=1).source
    'Z1 * (1 - Z1)'
    """

    network: Network
    operations: tuple[Operation, ...]

    @classmethod
    def of(cls, network: Network) -> Self:
        """The program of a network, made from its derivation.

        What is multiplied and summed is read from the matrix form of the derivation. What acts entry by entry (an
        activation, its slope, the output law) is the numeric form of the same row of the table, which the
        derivation's checks hold against the formula: it neither overflows nor cancels.
        """
        from chainrule.program.compile import compiled

        return cls(network, compiled(network))

    @property
    def forward(self) -> tuple[Operation, ...]:
        """From X to Y."""
        return self._with(FORWARD_ROLES)

    @property
    def objective(self) -> tuple[Operation, ...]:
        """From the last pre-activation and T to J."""
        return self._with(OBJECTIVE_ROLES)

    @property
    def backward(self) -> tuple[Operation, ...]:
        """From T and Y to every gradient."""
        return self._with(BACKWARD_ROLES)

    def at(self, role: str, layer: int | None = None) -> Operation:
        """The operation of this role, in this layer; KeyError where there is none."""
        for operation in self.operations:
            if operation.role == role and layer in (None, operation.layer):
                return operation
        raise KeyError(f"{self.network.notation} has no operation {role!r} in layer {layer}")

    def replaced(self, sources: Mapping[str, str]) -> Self:
        """The same program with other sources for some targets: ``program.replaced({"slope1": "1 + 0 * Z1"})``.

        Raises
        ------
        KeyError
            No operation makes such a target.
        """
        unknown = set(sources) - {operation.target for operation in self.operations}
        if unknown:
            raise KeyError(f"no operation makes {', '.join(sorted(unknown))}")
        return type(self)(
            self.network,
            tuple(dataclasses.replace(o, source=sources.get(o.target, o.source)) for o in self.operations),
        )

    def _with(self, roles: tuple[str, ...]) -> tuple[Operation, ...]:
        return tuple(operation for operation in self.operations if operation.role in roles)

    def __iter__(self) -> Iterator[Operation]:
        return iter(self.operations)

    def __len__(self) -> int:
        return len(self.operations)

    def __str__(self) -> str:
        return "\n".join(map(str, self.operations))


def run(
    program: Program,
    weights: Weights | Mapping[str, Any],
    X: Any,
    T: Any,
    sample_weight: Any = None,
    given: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Every array of a program in numbers.

    Parameters
    ----------
    program : Program
    weights : Weights, or dict of arrays
        ``W1 (M[0], M[1])``, ``b1 (M[1],)``, ...
    X : array (N, D)
    T : array (N, K)
    sample_weight : array (N,), optional
        Each sample's share of J, and its error T - Y, are multiplied by its own.
    given : dict of arrays, optional
        Arrays that are taken from here and not computed: ``{"Z1": ...}``.

    Returns
    -------
    dict of array
        By target, in the order of computation: ``{"A1": ..., "Y": ..., "J": ..., "dW1": ...}``. Real or complex as
        the weights are.

    Examples
    --------
    >>> net = Network("2-3-3")
    >>> found = run(Program.of(net), net.initial_weights(seed=0), [[1.0, 2.0]], [[0.0, 1.0, 0.0]])
    >>> found["dW2"].shape, float(found["db2"].sum().round(12)) + 0.0
    ((3, 3), 0.0)
    """
    import numpy as np

    from chainrule.derivation.numeric import evaluate_source

    names: dict[str, Any] = {"X": np.asarray(X), "T": np.asarray(T)}
    for name in program.network.names:
        names[name] = weights[name]
    weight = None if sample_weight is None else np.asarray(sample_weight).reshape(-1)
    found: dict[str, Any] = {}
    for operation in program:
        if given is not None and operation.target in given:
            value = np.asarray(given[operation.target])
        else:
            value = evaluate_source(operation.source, **names)
            if weight is not None and operation.role == "log_density":
                value = value * weight
            if weight is not None and operation.role == "error":
                value = value * weight[:, None]
        names[operation.target] = found[operation.target] = value
    return found
