"""The part of a script that starts, checks and trains the network."""

from __future__ import annotations

from chainrule.network import Network, Weights

SOLVERS = ("ascent", "momentum", "nesterov", "adam")
CHECKED_WHOLE = 2000  # up to so many weights the script checks every entry of its gradient
CHECKED_EACH = 100

# What is printed beside J: a share of 1.
_RATES = {
    "softmax": ("np.mean(Y.argmax(axis=1) == T.argmax(axis=1))", "classified rightly"),
    "sigmoid": ("np.mean((Y > 0.5) == (T > 0.5))", "on the right side of 1/2"),
    "identity": ("1 - np.sum((T - Y) ** 2) / np.sum((T - T.mean(axis=0)) ** 2)", "R²"),
    "exp": ("1 - deviance(Y, T) / deviance(T.mean(axis=0), T)", "explained"),
}
_DEVIANCE = '''
def deviance(Y, T):
    """Twice the log-likelihood that is lost against outputs equal to the targets."""
    return 2 * np.sum(T * np.log(np.where(T > 0, T, 1) / Y) - T + Y)
'''.strip()

_STEPS = {
    "ascent": (
        (),
        ("for w, d in zip(weights, slopes, strict=True):", "    w += LEARNING_RATE * d"),
    ),
    "momentum": (
        ("velocity = [np.zeros_like(w) for w in weights]",),
        (
            "pairs = zip(velocity, slopes, strict=True)",
            "velocity = [MOMENTUM * v + LEARNING_RATE * d for v, d in pairs]",
            "for w, v in zip(weights, velocity, strict=True):",
            "    w += v",
        ),
    ),
    "nesterov": (
        ("velocity = [np.zeros_like(w) for w in weights]",),
        (
            "pairs = zip(velocity, slopes, strict=True)",
            "velocity = [MOMENTUM * v + LEARNING_RATE * d for v, d in pairs]",
            "for w, v, d in zip(weights, velocity, slopes, strict=True):",
            "    w += MOMENTUM * v + LEARNING_RATE * d",
        ),
    ),
    "adam": (
        ("means = [np.zeros_like(w) for w in weights]", "squares = [np.zeros_like(w) for w in weights]"),
        (
            "pairs = zip(means, slopes, strict=True)",
            "means = [BETA1 * m + (1 - BETA1) * d for m, d in pairs]",
            "pairs = zip(squares, slopes, strict=True)",
            "squares = [BETA2 * s + (1 - BETA2) * d**2 for s, d in pairs]",
            "for at, (m, s) in enumerate(zip(means, squares, strict=True)):",
            "    root = np.sqrt(s / (1 - BETA2 ** (epoch + 1))) + EPSILON",
            "    weights[at] += LEARNING_RATE * (m / (1 - BETA1 ** (epoch + 1))) / root",
        ),
    ),
}
_WORDS = {
    "ascent": "Climb J: every weight moves along its own part of the same gradient.",
    "momentum": "Climb J with a velocity that remembers the gradients so far.",
    "nesterov": "Climb J with a velocity that looks ahead (Nesterov).",
    "adam": "Climb J with Adam: each step scaled by the gradients' own size.",
}


def solver_constants(solver: str, momentum: float) -> list[str]:
    """What a solver has to be told besides the rate."""
    return {
        "momentum": [f"MOMENTUM = {momentum!r}"],
        "nesterov": [f"MOMENTUM = {momentum!r}"],
        "adam": ["BETA1, BETA2, EPSILON = 0.9, 0.999, 1e-8"],
    }.get(solver, [])


def training_functions(network: Network, solver: str, average: bool) -> list[str]:
    """``gradient_error`` and ``train``, and what they need."""
    return [_check(network), *([_DEVIANCE] if network.law.name == "exp" else []), _train(network, solver, average)]


def main_function(network: Network, call: str) -> str:
    """``main`` and the lines that run it."""
    kinked = any(row is not None and row.kinks for row in network.activations)
    at = "weights"
    extra = ""
    if kinked:  # with biases of 0 a layer below that is silent puts a unit exactly on its kink
        at = "nudged"
        extra = """
    rng = np.random.default_rng(1)  # a little away from the kinks, where no slope is
    nudged = [w + 0.1 * rng.standard_normal(w.shape) for w in weights]"""
    return f'''
def main():
    """Check the gradient, train, and return the trained weights."""
    X, T = {call}
    weights = initial_weights(){extra}
    some = slice(None, None, max(1, len(X) // 60))  # every so many rows
    error = gradient_error(X[some], T[some], {at})
    print(f"Gradient against the complex step: worst relative error {{error:.1e}}")
    if not error < 1e-9:
        sys.exit("The gradient is wrong.")
    return train(X, T, weights)


if __name__ == "__main__":
    main()
'''.strip()


def initial_weights(network: Network, scheme: str, weights: Weights | None) -> str:
    """The function that draws, or holds, the weights to start from."""
    M = network.M
    axes = _axes(network)
    lines = ["def initial_weights():"]
    if weights is not None:
        lines += ['    """The weights to start from, W before b, first layer first."""']
        lines += ["    numbers = np.array(START.split(), dtype=float)"]
        at = 0
        for l in range(1, network.L + 1):
            for name, shape, letters in (
                (f"W{l}", (M[l - 1], M[l]), f"({axes[l - 1]}, {axes[l]})"),
                (f"b{l}", (M[l],), f"({axes[l]},)"),
            ):
                size = shape[0] * (shape[1] if len(shape) == 2 else 1)
                reshape = f".reshape{shape}" if len(shape) == 2 else ""
                lines.append(f"    {name} = numbers[{at}:{at + size}]{reshape}  # {letters}")
                at += size
        return "\n".join([*lines, *_returned(network)])
    words = {
        "normal": "Every weight and bias standard normal.",
        "glorot": "W uniform with variance 2 / (its rows + its columns) (Glorot); b zero.",
        "he": "W uniform with variance 2 / its rows (He); b zero.",
        "lecun": "W uniform with variance 1 / its rows (LeCun); b zero.",
    }[scheme]
    lines += [f'    """{words}"""', "    rng = np.random.default_rng(SEED)"]
    for l in range(1, network.L + 1):
        m, n = M[l - 1], M[l]
        W, b = f"# ({axes[l - 1]}, {axes[l]})", f"# ({axes[l]},)"
        if scheme == "normal":
            lines.append(f"    W{l} = rng.standard_normal(({m}, {n}))  {W}")
            lines.append(f"    b{l} = rng.standard_normal({n})  {b}")
            continue
        variance = {"glorot": f"2 / ({m} + {n})", "he": f"2 / {m}", "lecun": f"1 / {m}"}[scheme]
        lines.append(f"    most = np.sqrt(3 * ({variance}))")
        lines.append(f"    W{l} = rng.uniform(-most, most, ({m}, {n}))  {W}")
        lines.append(f"    b{l} = np.zeros({n})  {b}")
    return "\n".join([*lines, *_returned(network)])


def _returned(network: Network) -> list[str]:
    text = f"    return [{', '.join(network.names)}]"
    return [text] if len(text) <= 88 else ["    return [", *(f"        {name}," for name in network.names), "    ]"]


def _axes(network: Network) -> list[str]:
    from chainrule.derivation.letters import Letters

    letters = Letters(network)
    return [letters.index(l).range for l in range(network.L + 1)]


def _check(network: Network) -> str:
    head = '''
def gradient_error(X, T, weights):
    """How far the gradient is from the complex step, relative to its largest entry."""
    h, errors = 1e-30, []  # J(w + ih) = J(w) + ih dJ/dw + O(h²): nothing is subtracted
    for at, d in enumerate(gradient(X, T, weights)):
'''.strip()
    if network.size <= CHECKED_WHOLE:
        return (
            head
            + """
        exact = np.empty(d.shape)  # as W or b
        for entry in np.ndindex(d.shape):
            moved = [w.astype(complex) for w in weights]
            moved[at][entry] += 1j * h
            exact[entry] = log_likelihood(X, T, moved).imag / h
        errors.append(np.abs(d - exact).max() / (np.abs(exact).max() + h))
    return np.max(errors)  # NaN if any is"""
        )
    return (
        head
        + f"""
        some = np.random.default_rng(0).permutation(d.size)[:{CHECKED_EACH}]  # of its entries
        exact = np.empty(len(some))
        for number, entry in enumerate(some):
            moved = [w.astype(complex) for w in weights]
            moved[at].flat[entry] += 1j * h
            exact[number] = log_likelihood(X, T, moved).imag / h
        errors.append(np.abs(d.flat[some] - exact).max() / (np.abs(exact).max() + h))
    return np.max(errors)  # NaN if any is"""
    )


def _train(network: Network, solver: str, average: bool) -> str:
    before, steps = _STEPS[solver]
    rate, words = _RATES[network.law.name]
    slopes = ["slopes = gradient(X, T, weights)"]
    if average:
        slopes.append("slopes = [d / len(X) for d in slopes]  # of J / N")
    start = "".join(f"    {line}\n" for line in before)
    body = "\n".join(f"            {line}" for line in (*slopes, *steps))
    return f'''
def train(X, T, weights):
    """{_WORDS[solver]}"""
{start}    print(f"{{'epoch':>8}}  {{'J':>14}}  {{'rate':>7}}")
    for epoch in range(EPOCHS + 1):
        if epoch % RECORD_EVERY == 0 or epoch == EPOCHS:
            Y, J = forward(X, weights)[-1], log_likelihood(X, T, weights)
            rate = {rate}  # {words}
            print(f"{{epoch:8d}}  {{J:14.4f}}  {{rate:7.4f}}")
            if not np.isfinite(J):
                sys.exit("Training ran away: choose a smaller LEARNING_RATE.")
        if epoch < EPOCHS:
{body}
    return weights
'''.strip()
