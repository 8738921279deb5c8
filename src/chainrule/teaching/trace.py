"""``trace``: one sample through the network and back, every number with its formula."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from chainrule.errors import SettingError, counted
from chainrule.kernels.inputs import checked_weights
from chainrule.network import Network, Weights
from chainrule.program.operations import Program, run
from chainrule.teaching.trace_lines import Line, Sample
from chainrule.teaching.trace_making import (
    Flow,
    checked_data,
    layer_flow,
    lines_shown,
    one_row,
    output_jacobian,
    sample_row,
    target_row,
    units_shown,
)
from chainrule.teaching.trace_why import Why, contributions

if TYPE_CHECKING:
    from collections.abc import Sequence

Array = npt.NDArray[Any]
MOST = 8


@dataclass(frozen=True)
class Trace:
    """One sample through a network and back; made by ``cr.trace``.

    Attributes
    ----------
    network : Network
    weights : Weights
    x, t : arrays (D,), (K,)
    values : dict of array
        Every array in numbers, whole: ``A1 Z1 ... Y J delta2 dW2 db2 slope1 delta1 dW1 db1``.
    lines : tuple of Line
        What is shown, in reading order: each scalar with formula, numbers and value.
    collapse : tuple of Line
        δ of the outputs the long way, ∂J/∂y times ∂y/∂a, which comes to t − y.
    jacobian : array (K, K)
        ∂y_k'/∂a_k of the outputs: row k', column k.
    flow : tuple of Flow
        Of each layer, the outputs first.
    shown : tuple of (list of int)
        For each layer from the inputs on, the units that are shown, counted from 0.
    has_rests : bool
        Whether a sum was too long to be written out whole.
    inputs, classes, names : tuple of str
        Names of the inputs, of the classes, and of all samples, where there are any.
    origin : str
        Where the sample comes from, in a sentence; or nothing.
    """

    network: Network
    weights: Weights
    x: Array
    t: Array
    values: dict[str, Array]
    lines: tuple[Line, ...]
    collapse: tuple[Line, ...]
    jacobian: Array
    flow: tuple[Flow, ...]
    shown: tuple[list[int], ...]
    has_rests: bool = False
    inputs: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    origin: str = ""
    _data: tuple[Array, Array] | None = field(default=None, repr=False)

    def line(self, array: str, *index: int) -> Line:
        """The line of one scalar: ``line("A1", 2)``, ``line("dW1", 0, 2)``; KeyError where it is not shown."""
        for line in self.lines:
            if (line.array, line.index) == (array, index):
                return line
        raise KeyError(f"{array}{list(index)} is not among the lines shown")

    @property
    def rows(self) -> list[dict[str, Any]]:
        """The lines as plain data: part, array, index, name, formula, numbers, value."""
        return [
            {
                "part": line.part,
                "array": line.array,
                "index": line.index,
                "name": str(line.left),
                "formula": str(line.formula),
                "numbers": str(line.filled),
                "value": line.value,
            }
            for line in self.lines
        ]

    def why(
        self, name: str, *index: int, X: npt.ArrayLike | None = None, T: npt.ArrayLike | None = None, most: int = 5
    ) -> Why:
        """Which samples pull a weight up or down most.

        ``∂J/∂W_dm = Σ_n δ_nm z_nd``: the share of each sample n, ranked.

        Parameters
        ----------
        name : str
            ``"W1"``, ``"b2"``.
        *index : int
            Which entry, counted from 0 as in ``weights.W[1][0, 2]``; for a bias one number.
        X, T : arrays (N, D), (N, K)
            The samples; those given to ``trace`` if left out. T may be raw labels.
        most : int
            How many are shown on each side.

        Raises
        ------
        SettingError
            There is no such weight, or no data.
        DataError
            The data do not fit the network.
        """
        if (X is None) != (T is None):
            raise SettingError("X and T go together.", "Give both, or neither.")
        if X is not None and T is not None:
            data: tuple[Array, Array] | None = checked_data(self.network, X, T)
            names: tuple[str, ...] = ()
        else:
            data, names = self._data, self.names
        if data is None:
            raise SettingError(
                "To say which samples move a weight, the samples are needed.",
                "Give them: trace(net, weights, x, t, X=X, T=T), or .why(name, ..., X=X, T=T).",
            )
        return contributions(self.network, self.weights, *data, name, index, most, self.classes, names)

    def text(self, *, width: int = 100) -> str:
        """Unicode text for a terminal."""
        from chainrule.teaching.trace_text import text

        return text(self, width)

    def markdown(self) -> str:
        """Markdown with LaTeX formulas."""
        from chainrule.teaching.trace_text import markdown

        return markdown(self)

    def html(self, *, fragment: bool = False) -> str:
        """A self-contained page with MathML, or a fragment for another page."""
        from chainrule.teaching.trace_page import page

        return page(self, fragment=fragment)

    def _repr_html_(self) -> str:
        return self.html(fragment=True)

    def _repr_markdown_(self) -> str:
        return self.markdown()

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        """In IPython's terminal: the text."""
        printer.text(str(self))

    def __str__(self) -> str:
        from chainrule.derivation.render.text import terminal_width

        return self.text(width=terminal_width())

    def __repr__(self) -> str:
        return f"<Trace through {self.network.notation}: J {float(self.values['J']):.4g}, {len(self.lines)} lines>"


def trace(
    net: Network | str,
    weights: Weights,
    x: npt.ArrayLike,
    t: Any,
    *,
    X: npt.ArrayLike | None = None,
    T: npt.ArrayLike | None = None,
    most: int | None = MOST,
    inputs: Sequence[str] = (),
    classes: Sequence[Any] = (),
    names: Sequence[str] = (),
    origin: str = "",
) -> Trace:
    """One sample through the network and back: every scalar with its formula, the numbers put in, and its value.

    Parameters
    ----------
    net : Network or str
    weights : Weights
        Of this network.
    x : array (D,)
        The inputs of one sample.
    t : array (K,), or a label
        Its targets as the output law takes them; or the class: its name in ``classes``, or its number from 0.
    X, T : arrays (N, D), (N, K), optional
        All samples, for `Trace.why`; T may be raw labels.
    most : int or None
        Units shown of each layer, those with the most influence on this sample; None shows all.
    inputs, classes, names : sequences of str, optional
        Names of the inputs, of the classes, and of the rows of X.
    origin : str
        A sentence on where the sample comes from, shown above its numbers.

    Returns
    -------
    Trace : ``.text() .markdown() .html()``, ``.lines``, ``.rows``, ``.values``, ``.why("W1", d, m)``.

    Raises
    ------
    DataError
        x, t or the weights do not fit the network.
    SettingError
        ``most`` is below 1.

    Source: the post, "Training a neural network through backpropagation" and the appendix.

    Examples
    --------
    >>> net = Network("2-3-3")
    >>> found = trace(net, net.initial_weights(seed=1), [1.0, -2.0], 1)
    >>> print(found.line("A1", 0))
    a¹_1 = Σ_d x_d W¹_d1 + b¹_1 = 1·0.3456 + (−2)·(−1.303) − 0.537 = 2.415
    """
    network = Network(net) if isinstance(net, str) else net
    checked_weights(network, weights)
    if most is not None and (isinstance(most, bool) or not isinstance(most, int) or most < 1):
        raise SettingError(f"most must be a whole number from 1, or None for all units, not {most!r}.")
    one = sample_row(x, "x", network.D, f"{network.notation} takes {counted(network.D, 'input')}")
    labels = tuple(map(str, classes))
    target = target_row(network, t, labels)
    data = checked_data(network, X, T) if X is not None and T is not None else None
    with np.errstate(all="ignore"):
        found = run(Program.of(network), weights, one, target)
        values = {name: one_row(name, array) for name, array in found.items()}
        values |= {"X": one[0], "T": target[0], **{name: weights[name] for name in network.names}}
        shown = units_shown(network, values, most)
        sample = Sample(network, values)
        lines, collapse = lines_shown(sample, shown, most)
        jacobian = output_jacobian(network, values["Y"])
    return Trace(
        network,
        weights,
        one[0],
        target[0],
        values,
        tuple(lines),
        tuple(collapse),
        jacobian,
        layer_flow(network, values),
        shown,
        sample.has_rests,
        tuple(map(str, inputs)),
        labels,
        tuple(map(str, names)),
        origin,
        data,
    )
