"""The mistakes people make, as changes of the program: one operation replaced by the one that is written instead.

Each is made from the operations of the network's own derivation, so every activation, law and depth has them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from chainrule.functions import Activation, activation_named, activation_names
from chainrule.network import Network
from chainrule.program.compile import with_arrays
from chainrule.program.operations import Program

ETA = "eta"  # the unknown learning rate in a mutated source


@dataclass(frozen=True)
class Mutation:
    """One mistake.

    Attributes
    ----------
    name : str
        The stable name: ``"missing-slope"``.
    target : str
        The operation that is replaced: ``"slope1"``.
    sources : tuple of (str, str)
        What is computed instead, by target; usually one.
    words : str
        What was done instead, in a few words, for the message.
    layer : int
    is_forward : bool
        Whether it is a mistake of the way forward.
    """

    name: str
    target: str
    sources: tuple[tuple[str, str], ...]
    words: str
    layer: int
    is_forward: bool = False

    @property
    def has_rate(self) -> bool:
        """Whether an unknown learning rate is in it."""
        return any(ETA in source for _, source in self.sources)


def backward_mutations(program: Program) -> tuple[Mutation, ...]:
    """Every mistake of the way back, likeliest first where two cannot be told apart."""
    return _with_everywhere(_backward(program))


def forward_mutations(program: Program) -> tuple[Mutation, ...]:
    """Every mistake of the way forward."""
    return _with_everywhere(_forward(program))


def _with_everywhere(mutations: Iterator[Mutation]) -> tuple[Mutation, ...]:
    """The mutations, and those of one kind in all layers at once: a loop over layers makes a mistake in each."""
    found = tuple(mutations)
    alike: dict[tuple[str, str, str], list[Mutation]] = {}
    for m in found:
        if m.name not in ("wrong-layer", "updated-weights") and m.target[0] in "bsAZ" and not m.target.startswith("db"):
            key = (m.name, m.target.rstrip("0123456789"), m.words.translate(_WITHOUT_LAYERS))
            alike.setdefault(key, []).append(m)
    every = []
    for (name, _, words), group in alike.items():
        if len(group) > 1 and len({m.target for m in group}) == len(group):
            first = group[0]
            sources = tuple(pair for m in group for pair in m.sources)
            every.append(
                Mutation(name, first.target, sources, f"{words} in every layer", first.layer, first.is_forward)
            )
    return (*found, *every)


_WITHOUT_LAYERS = str.maketrans("", "", "⁰¹²³⁴⁵⁶⁷⁸⁹")


def output_name(l: int, L: int) -> str:
    """The program's name of a layer's output: X, Z1, ..., Y."""
    return "X" if l == 0 else "Y" if l == L else f"Z{l}"


def _one(name: str, target: str, source: str, words: str, layer: int, is_forward: bool = False) -> Mutation:
    return Mutation(name, target, ((target, source),), words, layer, is_forward)


def _backward(program: Program) -> Iterator[Mutation]:
    net = program.network
    yield from _error(net)
    for l in range(net.L - 1, 0, -1):
        yield from _back(net, l)
        row = net.activations[l]
        assert row is not None
        yield from _slope(net, l, row, program.at("slope", l).source)
    for l in range(net.L, 0, -1):
        yield from _weights(net, l, program.at("dW", l).source)
        yield from _bias(net, l)


def _error(net: Network) -> Iterator[Mutation]:
    """At the outputs, where dJ/dA is T − Y."""
    L, law = net.L, net.law.name
    at = f"delta{L}"
    slope = "Y" if law == "exp" else "Y * (1 - Y)"
    yield _one("output-slope", at, f"(T - Y) * {slope}", f"(t − y) times {_spoken(slope)}", L)
    if law == "softmax":
        squared = "Y * ((T - Y) - ((T - Y) * Y).sum(axis=1).reshape(-1, 1))"
        binary = "Y * ((T - Y) / (Y * (1 - Y)) - ((T - Y) / (1 - Y)).sum(axis=1).reshape(-1, 1))"
        yield _one("softmax-diagonal", at, "T * (1 - Y)", "t (1 − y)", L)
        yield _one("softmax-jacobian", at, "T - (T * Y).sum(axis=1).reshape(-1, 1)", "t_k − Σ_k' t_k' y_k'", L)
        yield _one("missing-output-slope", at, "T / Y", "t / y, which is dJ/dy", L)
        yield _one("wrong-law", at, squared, "the gradient of the squared error", L)
        yield _one("wrong-law", at, binary, "the gradient of a separate yes or no for each class", L)
    if law == "sigmoid":
        yield _one("missing-output-slope", at, "(T - Y) / (Y * (1 - Y))", "(t − y)/(y (1 − y)), which is dJ/dy", L)
        yield _one("wrong-law", at, "T * (1 - Y)", "t (1 − y): the half of J with (1 − t) log(1 − y) is missing", L)
        yield _one("wrong-law", at, "T / Y", "t / y: the half of J with (1 − t) log(1 − y) is missing", L)
        if net.K > 1:
            softmax = "Y * ((T - Y) - ((T - Y) * Y).sum(axis=1).reshape(-1, 1))"
            yield _one("wrong-law", at, softmax, "the Jacobian of a softmax", L)
    if law == "exp":
        yield _one("missing-output-slope", at, "T / Y - 1", "t / y − 1, which is dJ/dy", L)
    yield _one("missing-y", at, "T + 0 * Y", "t alone", L)
    yield _one("missing-t", at, "-Y", "−y alone", L)
    if law != "identity":
        yield _one("missing-activation", at, f"T - A{L}", "t minus the pre-activation a", L)


def _spoken(source: str) -> str:
    return source.replace(" * ", " ").replace("Y", "y").replace("-", "−")


def _back(net: Network, l: int) -> Iterator[Mutation]:
    """Through the weights: dJ/dZ, the sum over the units above."""
    at, d, W = f"back{l}", f"delta{l + 1}", f"W{l + 1}"
    missing = "missing-sum-over-k"
    if net.M[l + 1] > 1:
        apart = f"{d}.sum(axis=1).reshape(-1, 1) @ {W}.sum(axis=1).reshape(1, -1)"
        yield _one(missing, at, f"{d}[:, -1:] @ {W}[:, -1:].T", "the last unit above alone", l)
        yield _one(missing, at, f"{d}[:, :1] @ {W}[:, :1].T", "the first unit above alone", l)
        if l + 1 == net.L and net.law.name == "softmax":
            yield _one(missing, at, f"(T * {d}) @ {W}.T", "the true class alone", l)
        yield _one(missing, at, apart, "the sum of the δ times the sum of the weights", l)
        yield _one(missing, at, f"{d} * {W}", "the product entry by entry (*), not of matrices (@)", l)
        yield _one(missing, at, f"{d} * {W}.T", "the product entry by entry (*), not of matrices (@)", l)
        for k in range(1, min(net.M[l + 1] - 1, 4)):
            yield _one(missing, at, f"{d}[:, {k}:{k + 1}] @ {W}[:, {k}:{k + 1}].T", f"unit {k + 1} above alone", l)
    yield _one("transposed", at, f"{d} @ {W}", f"δ{_up(l + 1)} times W{_up(l + 1)}, not its transpose", l)
    yield _one("missing-weights", at, f"{d}.sum(axis=1).reshape(-1, 1) + 0 * Z{l}", "the δ above without weights", l)
    yield _one("missing-weights", at, d, "the δ above without weights", l)
    for q in range(1, net.L + 1):
        if q != l + 1:
            yield _one("wrong-layer", at, f"{d} @ W{q}.T", f"the weights W{_up(q)} in place of W{_up(l + 1)}", l)
            yield _one("wrong-layer", at, f"delta{q} @ {W}.T", f"δ{_up(q)} in place of δ{_up(l + 1)}", l)
    yield _one("updated-weights", at, f"{d} @ ({W} + {ETA} * d{W}).T", f"W{_up(l + 1)} after its own update", l)
    if l + 2 <= net.L:
        all_above = tuple(
            (f"back{q}", f"delta{q + 1} @ (W{q + 1} + {ETA} * dW{q + 1}).T") for q in range(net.L - 1, l - 1, -1)
        )
        yield Mutation("updated-weights", at, all_above, "the weights above after their own updates", l)


def _slope(net: Network, l: int, row: Activation, source: str) -> Iterator[Mutation]:
    """Through the activation: dZ/dA."""
    at, Z, A = f"slope{l}", f"Z{l}", f"A{l}"
    yield _one("missing-slope", at, f"1 + 0 * {Z}", "no slope at all", l)
    yield _one("extra-slope", at, f"({source}) * ({source})", "the slope twice", l)
    if row.name == "sigmoid":
        yield _one("missing-one-minus-z", at, Z, "z alone", l)
        yield _one("missing-z", at, f"1 - {Z}", "1 − z alone", l)
    twice = with_arrays(row.slope, a=Z, z=f"({with_arrays(row.value, a=Z)})")
    yield _one("slope-at-z", at, twice, "the slope at z, as if z were the pre-activation", l)
    yield _one(
        "slope-at-a", at, with_arrays(row.slope, a=A, z=A), "the formula in z with the pre-activation a in it", l
    )
    for q in range(net.L + 1):
        if q != l:
            other = with_arrays(row.slope, a=f"A{q}" if q else "X", z=output_name(q, net.L))
            yield _one("wrong-layer", at, other, f"the slope at {_output_words(q, net.L)}", l)
    wrong = {"1 - Z": "1 − z", "Z * Z": "z²", "Z * (1 - Z)": "z (1 − z)", "1 + Z * Z": "1 + z²", "1 - A * A": "1 − a²"}
    if row.name != "sigmoid":
        yield _one("wrong-slope", at, f"1 * {Z}", "z in place of its slope", l)
        for form, words in wrong.items():
            yield _one("wrong-slope", at, form.replace("Z", Z).replace("A", A), words, l)
    for name in activation_names():
        if name not in (row.name, "identity"):
            other_row = activation_named(name)
            yield _one("wrong-slope", at, with_arrays(other_row.slope, a=A, z=Z), f"the slope of {name}", l)


def _weights(net: Network, l: int, source: str) -> Iterator[Mutation]:
    """dJ/dW: the outputs below times δ, summed over the samples."""
    at, d, below = f"dW{l}", f"delta{l}", output_name(l - 1, net.L)
    yield _one("transposed", at, f"({source}).T", "its transpose", l)
    for q in range(net.L + 1):
        if q != l - 1:
            words = f"{_output_words(q, net.L)} in place of {_output_words(l - 1, net.L)}"
            yield _one("wrong-layer", at, f"{output_name(q, net.L)}.T @ {d}", words, l)
    for q in range(1, net.L + 1):
        if q != l:
            yield _one("wrong-layer", at, f"{below}.T @ delta{q}", f"δ{_up(q)} in place of δ{_up(l)}", l)
    if l > 1:
        yield _one("missing-activation", at, f"A{l - 1}.T @ {d}", "the pre-activations in place of the outputs", l)
    yield _one("missing-sum-over-n", at, f"{below}[-1:].T @ {d}[-1:]", "the last sample alone", l)
    yield _one("missing-sum-over-n", at, f"{below}[:1].T @ {d}[:1]", "the first sample alone", l)
    yield _one("missing-sum-over-n", at, f"{below}.T * {d}", "the product entry by entry (*), not of matrices (@)", l)
    yield _one("missing-sum-over-n", at, f"{below} * {d}", "the product entry by entry (*), not of matrices (@)", l)
    yield _one("missing-input", at, f"{d}.sum(axis=0) + 0 * W{l}", "δ without the outputs below", l)
    yield _one("missing-input", at, f"{d}.sum(axis=0)", "δ without the outputs below", l)
    yield _one("transposed", at, f"{below} @ {d}", f"{below} times δ without a transpose", l)
    yield _one("transposed", at, f"{below}.T @ {d}.T", "both transposed", l)
    yield _one("transposed", at, f"{below} @ {d}.T", "the wrong one transposed", l)
    yield _one("transposed", at, f"{d} @ {below}", f"δ times {below} without a transpose", l)
    yield _one("transposed", at, f"{d} @ {below}.T", "the wrong one transposed", l)


def _bias(net: Network, l: int) -> Iterator[Mutation]:
    """dJ/db: δ summed over the samples."""
    at, d = f"db{l}", f"delta{l}"
    yield _one("bias-not-summed", at, d, "δ of each sample, not summed", l)
    yield _one("bias-not-summed", at, f"{d}.sum(axis=1)", "the sum over the units in place of the samples", l)
    yield _one("bias-not-summed", at, f"{d}.sum(axis=1).reshape(-1, 1)", "the sum over the units, not the samples", l)
    yield _one("missing-sum-over-n", at, f"{d}[-1]", "the last sample alone", l)
    yield _one("missing-sum-over-n", at, f"{d}[0]", "the first sample alone", l)
    for q in range(1, net.L + 1):
        if q != l:
            yield _one("wrong-layer", at, f"delta{q}.sum(axis=0)", f"δ{_up(q)} in place of δ{_up(l)}", l)


def _forward(program: Program) -> Iterator[Mutation]:
    net = program.network
    L = net.L
    for l in range(1, L + 1):
        below, A, W, b = output_name(l - 1, L), f"A{l}", f"W{l}", f"b{l}"
        yield _one("missing-bias", A, f"{below} @ {W}", f"no b{_up(l)}", l, True)
        yield _one("sign", A, f"{below} @ {W} - {b}", f"b{_up(l)} subtracted", l, True)
        yield _one("transposed", A, f"{below} @ {W}.T + {b}", f"W{_up(l)} transposed", l, True)
        for q in range(1, L + 1):
            if q != l:
                yield _one("wrong-layer", A, f"{below} @ {W} + b{q}", f"b{_up(q)} in place of b{_up(l)}", l, True)
        if l < L:
            row = net.activations[l]
            assert row is not None
            yield from _activation(l, row)
    yield from _mean(net)


def _activation(l: int, row: Activation) -> Iterator[Mutation]:
    at, A = f"Z{l}", f"A{l}"
    if row.name != "identity":
        yield _one("missing-activation", at, f"1 * {A}", "the pre-activation itself", l, True)
        yield _one("sign", at, with_arrays(row.value, a=f"(-{A})"), f"{row.name} of −a", l, True)
        twice = with_arrays(row.value, a=f"({with_arrays(row.value, a=A)})")
        yield _one("extra-activation", at, twice, f"{row.name} twice", l, True)
    for name in activation_names():
        if name not in (row.name, "identity"):
            value = with_arrays(activation_named(name).value, a=A)
            yield _one("wrong-activation", at, value, f"{name} in place of {row.name}", l, True)


def _mean(net: Network) -> Iterator[Mutation]:
    L, law = net.L, net.law.name
    A = f"A{L}"
    if law == "softmax":
        yield _one("softmax-axis", "Y", f"softmax({A}.T).T", "each column adds up to 1, not each row", L, True)
        yield _one("softmax-axis", "Y", f"exp({A}) / exp({A}).sum()", "all rows together add up to 1", L, True)
        yield _one("missing-normalisation", "Y", f"exp({A})", "the exponentials alone", L, True)
        yield _one("extra-activation", "Y", f"softmax(softmax({A}))", "softmax twice", L, True)
    means = {"softmax": "softmax({})", "sigmoid": "sigmoid({})", "identity": "1 * {}", "exp": "exp({})"}
    if law != "identity":
        yield _one("sign", "Y", means[law].format(f"(-{A})"), f"{law} of −a", L, True)
        yield _one("missing-activation", "Y", f"1 * {A}", "the pre-activation itself", L, True)
    for other, form in {**means, "tanh": "tanh({})", "softplus": "softplus({})", "relu": "maximum({}, 0)"}.items():
        if other not in (law, "identity") and not (other == "exp" and law == "softmax"):
            if other == "softmax" and net.K == 1:
                continue
            yield _one("wrong-law", "Y", form.format(A), f"{other} in place of {law}", L, True)


def _output_words(l: int, L: int) -> str:
    return "the inputs X" if l == 0 else "the outputs Y" if l == L else f"Z{_up(l)}"


def _up(l: int) -> str:
    return str(l).translate(str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹"))
