"""The functions of a script that are the network: activations, forward, log-likelihood, gradient."""

from __future__ import annotations

import builtins
import keyword

from chainrule.functions import Activation
from chainrule.program.compile import with_arrays
from chainrule.program.operations import Operation, Program
from chainrule.program.vocabulary import USES_MATH, written_out
from chainrule.program.wording import body, called, letters, numpy_text

WIDTH = 88  # ruff's
_SHORT = 48  # a numeric form up to this length stands in the line itself
_TAKEN = frozenset(
    {"np", "sys", "csv", "math", "forward", "log_likelihood", "gradient", "gradient_error", "train", "rate", "main"}
    | {"make_data", "read_table", "initial_weights", "number", "absolute", "deviance", "weights", "epoch"}
)


def network_functions(program: Program) -> tuple[list[str], bool]:
    """Definitions in the order they are needed, and whether they use Python's math."""
    forms = Forms(program)
    own = [_forward(program, forms), _log_likelihood(program, forms), _gradient(program, forms)]
    helpers, names = written_out(forms.needed)
    return [*helpers, *forms.definitions.values(), *own], bool(names & USES_MATH)


class Forms:
    """How each numeric form of the table is written: in the line, or as a call of a function of its own.

    Attributes
    ----------
    needed : set of str
        Functions of the vocabulary that are called.
    definitions : dict of str to str
        The functions of their own, by name.
    """

    def __init__(self, program: Program) -> None:
        self.needed: set[str] = set()
        self.definitions: dict[str, str] = {}
        self._rows = program.network.activations

    def written(self, operation: Operation) -> str:
        """The right-hand side of an operation."""
        row = self._rows[operation.layer] if operation.role in ("activation", "slope") else None
        if row is not None:
            form = row.value if operation.role == "activation" else row.slope
            arrays = {"a": f"A{operation.layer}", "z": f"Z{operation.layer}"}
            if operation.source == with_arrays(form, **arrays) and not self._fits(form):
                return self._call(row, form, operation.role, arrays)
        text = operation.source
        if text.startswith("softmax("):  # the script has log_softmax for J: one function is enough
            text = f"exp(log_{text})"
        self.needed |= called(text)
        return numpy_text(text)

    def _fits(self, form: str) -> bool:
        """Whether a form is short and computes nothing twice."""
        return len(numpy_text(form)) <= _SHORT and len(body(form, WIDTH)) == 1

    def _call(self, row: Activation, form: str, role: str, arrays: dict[str, str]) -> str:
        name = own_name(row.name) + ("_slope" if role == "slope" else "")
        takes = [letter for letter in ("a", "z") if letter in letters(form)]
        if name not in self.definitions:
            self.needed |= called(form)
            words = f"The activation {row.name}" if role == "activation" else f"dz/da of {row.name}"
            lines = [f"def {name}({', '.join(takes)}):", f'    """{words}, entry by entry."""']
            self.definitions[name] = "\n".join([*lines, *(f"    {line}" for line in body(form, WIDTH - 4))])
        return f"{name}({', '.join(arrays[letter] for letter in takes)})"


def own_name(activation: str) -> str:
    """A name for an activation's function that nothing else in the script has."""
    taken = activation in _TAKEN or keyword.iskeyword(activation) or hasattr(builtins, activation)
    return f"{activation}_activation" if taken else activation


def line(text: str, *remarks: str, indent: int = 4) -> str:
    """A line of code with as many remarks behind it as fit."""
    text = " " * indent + text
    comment = ""
    for remark in remarks:
        longer = f"{comment}  {remark}" if comment else remark
        if remark and remark not in comment and len(f"{text}  # {longer}") <= WIDTH:
            comment = longer
    return f"{text}  # {comment}" if comment else text


def unpacked(names: list[str], source: str) -> list[str]:
    """``W1, b1, ... = source``; several lines where one is too long. The name ``_`` is what is not needed."""
    found, start = [], 0
    while start < len(names):
        end = len(names)
        while True:
            whole = start == 0 and end == len(names)
            target = ", ".join(names[start:end]) + ("," if end - start == 1 else "")
            target = f"({target})" if end - start == 1 else target
            text = f"{target} = {source if whole else f'{source}[{start}:{end}]'}"
            if len(text) + 4 <= WIDTH or end - start == 1:
                break
            end -= 1
        if any(name != "_" for name in names[start:end]):
            found.append(line(text))
        start = end
    return found


def _forward(program: Program, forms: Forms) -> str:
    net = program.network
    lines = [
        "def forward(X, weights):",
        '    """A before and Z behind the function of each layer; the outputs Y last."""',
    ]
    lines += unpacked(list(net.names), "weights")
    for o in program.forward:
        written = forms.written(o)
        comment = f"softmax: {o.comment}" if o.source.startswith("softmax(") else o.comment
        lines.append(line(f"{o.target} = {written}", o.shape, "" if comment in written else comment))
    made = [o.target for o in program.forward]
    if len(f"    return {', '.join(made)}") <= WIDTH:
        return "\n".join([*lines, f"    return {', '.join(made)}"])
    rows = [line(f"{', '.join(made[at : at + 8])},", indent=8) for at in range(0, len(made), 8)]
    exploded = [line(f"{name},", indent=8) for name in made] if len(rows) else rows
    return "\n".join([*lines, "    return (", *exploded, "    )"])


def _log_likelihood(program: Program, forms: Forms) -> str:
    L = program.network.L
    rows, total = program.at("log_density"), program.at("objective")
    words = "J, the log-likelihood of T in nats: what training makes as large as possible."
    lines = [
        "def log_likelihood(X, T, weights):",
        f'    """{words}"""',
        line(f"A{L} = forward(X, weights)[-2]", f"(N, {program.at('mean').axes[1]})"),
    ]
    lines += [
        line(f"rows = {forms.written(rows)}", "(N,)  log p(t_n given x_n)"),
        f"    return {numpy_text(total.source)}  # ()",
    ]
    return "\n".join(lines)


def _gradient(program: Program, forms: Forms) -> str:
    net = program.network
    L = net.L
    backward = [o for o in program.backward if o.role != "back"]
    reads = {name for o in program.backward for name in letters(o.source)} | {"Y"}
    lines = ["def gradient(X, T, weights):", '    """dJ/dW and dJ/db of every layer, in the order of weights."""']
    if L > 1:
        above = [f"W{l}" for l in range(2, L + 1)]
        lines += [line(f"{above[0]} = weights[2]")] if L == 2 else unpacked(above, "weights[2::2]")
    made = [o.target if o.target in reads else "_" for o in program.forward]
    if made[:-1] == ["_"] * (len(made) - 1):
        lines.append(line("Y = forward(X, weights)[-1]", program.at("mean").shape))
    else:
        lines += (
            unpacked(made, "forward(X, weights)")
            if _fits_one(made)
            else ["    arrays = forward(X, weights)", *unpacked(made, "arrays")]
        )
    for o in backward:
        if o.role == "delta":
            back = program.at("back", o.layer)
            text = f"{o.target} = ({numpy_text(back.source)}) * slope{o.layer}"
            lines.append(line(text, o.shape, "dJ/dA, summed over the units above", "dJ/dA"))
        else:
            lines.append(line(f"{o.target} = {forms.written(o)}", o.shape, o.comment))
    names = [f"d{name}" for name in net.names]
    text = f"    return {', '.join(names)}"
    lines += [text] if len(text) <= WIDTH else ["    return (", *(f"        {name}," for name in names), "    )"]
    return "\n".join(lines)


def _fits_one(names: list[str]) -> bool:
    return len(f"    {', '.join(names)} = forward(X, weights)") <= WIDTH
