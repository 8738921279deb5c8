"""``derive``: a network to the derivation of its gradient."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from chainrule.derivation.check import checked
from chainrule.derivation.letters import Letters
from chainrule.derivation.numbers import Sample
from chainrule.derivation.point import random_point, unit_point
from chainrule.derivation.render.text import expression_text
from chainrule.derivation.steps import Answers, Derivation
from chainrule.derivation.story.forward import tell_forward
from chainrule.derivation.story.gradients import tell_bias, tell_weights, tell_written_out
from chainrule.derivation.story.hidden import tell_back, tell_delta
from chainrule.derivation.story.meanings import define_all
from chainrule.derivation.story.objective import tell_objective
from chainrule.derivation.story.output import tell_output
from chainrule.derivation.story.second import tell_second
from chainrule.derivation.story.slopes import tell_slope
from chainrule.derivation.story.summary import tell_cost, tell_recursion
from chainrule.derivation.story.words import counted, layer_name, listed_words
from chainrule.derivation.story.writer import Writer
from chainrule.errors import SettingError, listed, nearest
from chainrule.network import Network

if TYPE_CHECKING:
    import numpy.typing as npt

    from chainrule.network import Weights

MOST_WRITTEN_OUT = 4
POST_NAMES = {"W": "W1", "b": "b1", "V": "W2", "c": "b2"}


def derive(
    net: Network | str,
    wanted: str | None = None,
    *,
    detail: Literal["full", "short"] = "full",
    sign: Literal["ascent", "descent"] = "ascent",
    reduction: Literal["sum", "mean"] = "sum",
    letters: Literal["general", "post"] | None = None,
    order: Literal[1, 2] = 1,
    weights: Weights | npt.ArrayLike | None = None,
    x: npt.ArrayLike | None = None,
    t: npt.ArrayLike | None = None,
) -> Derivation:
    """The gradient of a network's objective, derived by the chain rule: every line a rule, a reason and a check.

    ``∂J/∂W[l] = Z[l-1]ᵀ δ[l]``, ``∂J/∂b[l] = Σ_n δ[l]``, ``δ[L] = T − Y``, ``δ[l] = (δ[l+1] W[l+1]ᵀ) ⊙ g'(A[l])``

    Parameters
    ----------
    net : Network or str
        A notation will do: ``"2-3-3"``.
    wanted : str, optional
        ``"W1"``, ``"b2"``, with the post's letters also ``"V"``: only what this gradient needs. ``"Hv"`` is short for
        ``order=2``.
    detail : {"full", "short"}
        One rule a line, or one line for each result.
    sign : {"ascent", "descent"}
        J = log P, to be made large, as in the post; or E = −log P, to be made small.
    reduction : {"sum", "mean"}
        J is the sum over the samples, or their mean.
    letters : {"general", "post"}, optional
        W¹, b¹, W², ... with the layer above; or, for one hidden layer, the post's W, b, V, c and its y_k^n.
    order : {1, 2}
        2 also derives the product of the Hessian with a vector.
    weights : Weights or array (P,), optional
    x : array (D,), optional
    t : array (K,), optional
        With these three, every line also shows this sample's numbers and is checked at them.

    Returns
    -------
    Derivation
        Its ``steps``; ``text()``, ``latex()``, ``markdown()``, ``html()`` and rich display in notebooks. Both sides of
        every line have been evaluated at a random point; ``worst`` is the largest relative error.

    Raises
    ------
    NotationError
        The notation cannot be read.
    SettingError
        An option is unknown, or the post's letters are asked for where they do not fit.
    DataError
        The weights, x or t do not fit the network.
    DerivationError
        A line failed its check: a fault of chainrule.

    Source: the post as a whole, its appendix included, for any network.

    Examples
    --------
    >>> import chainrule as cr
    >>> found = cr.derive("2-3-3", "W1", detail="short")
    >>> print(found.gradients["W1"])
    Σ_n δ¹_nm x_nd
    >>> print(found.steps[-1].before, "=", found.steps[-1].after)
    ∂J/∂W¹_dm = Σ_n (Σ_k (t_nk − y_nk) W²_mk) z¹_nm (1 − z¹_nm) x_nd
    >>> found.worst < 1e-9
    True
    """
    net = Network(net) if isinstance(net, str) else net
    _allowed("detail", detail, ("full", "short"))
    _allowed("sign", sign, ("ascent", "descent"))
    _allowed("reduction", reduction, ("sum", "mean"))
    _allowed("letters", letters or "general", ("general", "post"))
    if letters == "post" and net.L != 2:
        raise SettingError(
            f"The post's letters W, b, V, c are for one hidden layer; {net.notation} has {net.L - 1}.",
            "Leave letters out: the general ones carry the layer above, W² for the second.",
        )
    if wanted == "Hv":
        wanted, order = None, 2
    if letters == "post" and wanted in POST_NAMES:
        wanted = POST_NAMES[wanted]
    if order not in (1, 2):
        raise SettingError(f"order is {order!r}.", "Allowed: 1, the gradient, and 2, the Hessian times a vector.")
    if wanted is not None and order == 2:
        raise SettingError("The second order is derived for all weights at once.", f"Leave {wanted!r} out.")
    if wanted is not None and wanted not in net.names:
        raise SettingError(
            f"{net.notation} has no weights named {wanted!r}.",
            f"It has {listed(net.names)}.",
            nearest(str(wanted), net.names),
        )
    descent, mean = sign == "descent", reduction == "mean"
    alphabet = Letters(net, letters == "post", "E" if descent else "J")
    writer = Writer(alphabet, detail)
    define_all(writer, descent=descent, mean=mean)
    tell_forward(writer)
    tell_objective(writer, descent=descent, mean=mean)
    tell_output(writer, descent=descent)
    _tell_layers(writer, wanted, mean=mean)
    if wanted is None:
        tell_recursion(writer, descent=descent, mean=mean)
        tell_cost(writer)
    if order == 2:
        tell_second(writer, descent=descent, mean=mean)
    writer.end()
    point = random_point(alphabet, descent=descent, mean=mean)
    steps = tuple(checked(step, writer.units.get(at, point)) for at, step in enumerate(writer.steps))
    chosen = ""
    if not (weights is None and x is None and t is None):
        sample = Sample(alphabet, weights, x, t, descent=descent, mean=mean)
        steps = tuple(sample.shown(step, writer.units.get(at)) for at, step in enumerate(steps))
        chosen = sample.chosen + (" The direction v has a 1 at every weight." if order == 2 else "")
    return Derivation(
        chosen=chosen,
        network=net,
        steps=steps,
        title=_title(alphabet, wanted, order),
        subtitle=_subtitle(net),
        sizes={alphabet.index(l).range: net.M[l] for l in range(net.L + 1)},
        options={
            "wanted": wanted,
            "detail": detail,
            "sign": sign,
            "reduction": reduction,
            "letters": letters,
            "order": order,
        },
        gradients=Answers(writer.gradients),
        arrays=Answers(writer.arrays),
    )


def _title(letters: Letters, wanted: str | None, order: int) -> str:
    """What is derived, in one line."""
    notation = letters.net.notation
    if wanted is None:
        whole = f"The gradient of {notation}, by the chain rule"
        return whole + (", and its Hessian times a vector" if order == 2 else "")
    Q = expression_text(letters.matrix((wanted[0], int(wanted[1:]))))
    return f"The gradient with respect to {Q} of {notation}, by the chain rule"


def _subtitle(net: Network) -> str:
    """What the network is, in words."""
    hidden = [f"{counted(layer.size, f'{layer.function} unit')}" for layer in net.layers[:-1]]
    parts = [counted(net.D, "input"), *hidden, counted(net.K, f"{net.law.name} output")]
    words = (
        f"{', '.join(parts)}: {net.size:,} weights and biases. Each line follows from the one before by the rule "
        "named beside it; ✓ is the relative difference of its two sides, evaluated at random numbers with "
        "derivatives by the complex step."
    )
    return words[0].upper() + words[1:]


def _tell_layers(writer: Writer, wanted: str | None, *, mean: bool) -> None:
    """The layers from the last to the first, as far down as what is wanted."""
    net = writer.letters.net
    lowest = int(wanted[1:]) if wanted else 1
    told: set[str] = set()
    for l in range(net.L, lowest - 1, -1):
        if l == net.L:
            title = "The output layer's weights"
            section = "Hidden layer to output"
        else:
            title = layer_name(writer.letters, l)[0].upper() + layer_name(writer.letters, l)[1:]
            section = "Inputs to hidden layer" if net.L == 2 else "Recursiveness in deeper networks"
            writer.chapter(title, section)
            tell_back(writer, l)
            row = net.activations[l]
            assert row is not None
            if row.name not in told and row.name != "identity":
                told.add(row.name)
                same = [str(q) for q in range(1, net.L) if net.activations[q] == row]
                where = layer_name(writer.letters, l) if len(same) == 1 else f"hidden layers {listed_words(same)}"
                tell_slope(writer, row, where, unit_point(row))
            tell_delta(writer, l)
        wants = [kind for kind in "Wb" if wanted in (None, f"{kind}{l}")]
        if wants and l == net.L:
            writer.chapter(title, section)
        if "W" in wants:
            tell_weights(writer, l, mean=mean)
            if l < net.L <= MOST_WRITTEN_OUT:
                tell_written_out(writer, l)
        if "b" in wants:
            tell_bias(writer, l, mean=mean)


def _allowed(name: str, value: Any, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        raise SettingError(f"{name} is {value!r}.", f"Allowed: {listed(allowed)}.", nearest(str(value), allowed))
