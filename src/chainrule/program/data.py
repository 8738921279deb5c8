"""The part of a script that makes its data, or reads them from a CSV."""

from __future__ import annotations

import csv
import os
from dataclasses import dataclass
from pathlib import Path

from chainrule.errors import DataError, SettingError, counted, listed, nearest
from chainrule.network import Network

ROWS = 600


@dataclass(frozen=True)
class Source:
    """Where a script gets X and T.

    Attributes
    ----------
    words : str
        What they are, for the script's head.
    definitions : str
        The functions that give them.
    call : str
        ``make_data()`` or ``read_table(TABLE)``.
    constants : tuple of str
        Lines at the script's top.
    imports : frozenset of str
        Standard modules that are used.
    """

    words: str
    definitions: str
    call: str
    constants: tuple[str, ...] = ()
    imports: frozenset[str] = frozenset()


def source(network: Network, data: str | os.PathLike[str] | None, target: str | None) -> Source:
    """The data of a script: the post's, made for the network's law, or a table's."""
    fits_post = network.D == 2 and network.K == 3 and network.law.name == "softmax"
    if data is None or data == "post":
        if target is not None:
            raise SettingError(f"target={target!r} names a column, and there is no table.", "Give one with data.")
        return _post() if fits_post else _made(network)
    return _table(network, Path(data), target)


def _post() -> Source:
    return Source(
        "The post's data: three round clusters of 500 points, one a class.",
        '''
def make_data():
    """Three round clusters and the class of each point, as rows of 0 and 1."""
    rng = np.random.default_rng(0)
    centres = [(0, -2), (2, 2), (-2, 2)]
    X = np.vstack([rng.standard_normal((500, 2)) + c for c in centres])  # (N, D)
    T = np.repeat(np.eye(3), 500, axis=0)  # (N, K)
    return X, T
'''.strip(),
        "make_data()",
    )


def _made(network: Network) -> Source:
    D, K = network.D, network.K
    what, lines = {
        "softmax": (
            "a round cluster for each class",
            (
                f"centres = rng.standard_normal(({K}, {D}))  # (K, D)",
                f"classes = np.arange({ROWS}) % {K}  # (N,)",
                f"X = centres[classes] + 0.5 * rng.standard_normal(({ROWS}, {D}))  # (N, D)",
                f"T = np.eye({K})[classes]  # (N, K)",
            ),
        ),
        "sigmoid": (
            "yes or no by a noisy weighted sum of the inputs",
            (
                f"X = rng.standard_normal(({ROWS}, {D}))  # (N, D)",
                f"score = X @ rng.standard_normal(({D}, {K}))  # (N, K)",
                f"T = 1.0 * (score + 0.5 * rng.standard_normal(({ROWS}, {K})) > 0)  # (N, K)",
            ),
        ),
        "identity": (
            "a wave of a weighted sum of the inputs, and noise of variance 1",
            (
                f"X = rng.standard_normal(({ROWS}, {D}))  # (N, D)",
                f"score = X @ rng.standard_normal(({D}, {K})) / np.sqrt({D})  # (N, K)",
                f"T = 3 * np.sin(score) + rng.standard_normal(({ROWS}, {K}))  # (N, K)",
            ),
        ),
        "exp": (
            "counts whose mean depends on a weighted sum of the inputs",
            (
                f"X = rng.standard_normal(({ROWS}, {D}))  # (N, D)",
                f"score = X @ rng.standard_normal(({D}, {K})) / np.sqrt({D})  # (N, K)",
                "T = 1.0 * rng.poisson(np.exp(1 + np.sin(score)))  # (N, K)",
            ),
        ),
    }[network.law.name]
    text = "\n".join(f"    {line}" for line in ("rng = np.random.default_rng(0)", *lines, "return X, T"))
    return Source(
        f"The data are made up: {what}.",
        f'def make_data():\n    """X and T: {what}."""\n{text}',
        "make_data()",
    )


def _table(network: Network, path: Path, target: str | None) -> Source:
    """The text that reads a CSV; the header is looked at now, so that a wrong table is refused at once."""
    names = _header(path)
    labels = _has_labels(network)
    outputs = 1 if labels else network.K
    targets = target.split(",") if target else names[-outputs:]
    for name in targets:
        if name not in names:
            raise DataError(
                f"{path.name} has no column {name!r}.",
                f"Its columns: {listed(names)}.",
                nearest(name, names) or "Name the target with target (or --target).",
            )
    if len(targets) != outputs:
        raise DataError(
            f"{network.notation} has {counted(network.K, 'output')}, so it needs {counted(outputs, 'target column')},"
            f" not {len(targets)}."
        )
    inputs = [name for name in names if name not in targets]
    if len(inputs) != network.D:
        raise DataError(
            f"{path.name} has {counted(len(inputs), 'input column')}, and {network.notation} has {network.D} inputs.",
            f"The columns besides {listed(targets)}: {listed(inputs, 8)}.",
            f"Begin the notation with {len(inputs)}." if inputs else "The table needs columns to learn from.",
        )
    law = network.law.name
    what = {
        "softmax": f"one of {network.K} classes, as numbers or text",
        "sigmoid": "one of two classes, as numbers or text; the second has t = 1" if labels else "0 or 1",
        "identity": "any number; scaled to mean 0 and variance 1",
        "exp": "counts",
    }[law]
    words = (
        f"The data are read from {path.name}, a CSV with a header line. The columns in INPUTS hold numbers and are "
        f"scaled to mean 0 and variance 1; the target is {what}."
    )
    constants = (
        _assigned("TABLE", os.fspath(path)),
        *_listing("INPUTS", inputs),
        *((_assigned("TARGET", targets[0]),) if labels else _listing("TARGETS", targets)),
    )
    return Source(words, _reader(network), "read_table(TABLE)", constants, frozenset({"csv"}))


def _has_labels(network: Network) -> bool:
    """Whether a single column names the class of each row."""
    return network.law.name == "softmax" or (network.law.name == "sigmoid" and network.K == 1)


def _header(path: Path) -> list[str]:
    """The names of the columns."""
    try:
        with open(path, newline="", encoding="utf-8-sig") as file:
            names = next(csv.reader(file), [])
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not text in UTF-8"
        raise DataError(f"The table {str(path)!r} cannot be read: {reason}.", "Give the path of a CSV.") from None
    twice = sorted({name for name in names if names.count(name) > 1})
    if len(names) < 2 or twice or not all(names):
        why = f"has {listed(twice)} twice" if twice else "needs at least two columns, each with a name"
        raise DataError(f"The header line of {path.name} {why}.", "Name each column once, separated by commas.")
    return names


def _reader(network: Network) -> str:
    classes = _has_labels(network)
    allowed = {"sigmoid": ("not 0 <= value <= 1", "not between 0 and 1"), "exp": ("value < 0", "below 0")}
    check = allowed.get(network.law.name)
    text = '''
def column(rows, name):
    """One column of a table as numbers; ends the program at a cell that is none."""
    values = []
    for at, row in enumerate(rows, start=2):  # line 1 is the header
        try:
            values.append(float(row[name]))
        except (TypeError, ValueError):
            cell = row[name]
            sys.exit(f"{TABLE}, row {at}: {cell!r} in column {name!r} is no number.")
        if not np.isfinite(values[-1]):
            sys.exit(f"{TABLE}, row {at}: column {name!r} is not finite.")
    return np.array(values)  # (N,)


def scaled(columns):
    """Columns with mean 0 and variance 1; a column of one value becomes 0."""
    spread = columns.std(axis=0)
    return (columns - columns.mean(axis=0)) / np.where(spread > 0, spread, 1)


def read_table(path):
    """X and T from a CSV."""
    try:
        with open(path, newline="", encoding="utf-8-sig") as file:
            rows = list(csv.DictReader(file))
    except (OSError, UnicodeDecodeError) as error:
        sys.exit(f"{path} cannot be read: {error}.")
    if not rows:
        sys.exit(f"{path} has no rows.")
    missing = [name for name in COLUMNS if name not in rows[0]]
    if missing:
        sys.exit(f"{path} has no column {missing[0]!r}.")
    X = scaled(np.column_stack([column(rows, name) for name in INPUTS]))  # (N, D)
'''.strip().replace("COLUMNS", "[*INPUTS, TARGET]" if classes else "[*INPUTS, *TARGETS]")
    if classes:
        wanted = max(network.K, 2)
        indicator = f"np.eye({network.K})[codes]" if network.K > 1 else "1.0 * np.array(codes).reshape(-1, 1)"
        text += f"""
    labels = [(row[TARGET] or "").strip() for row in rows]
    if "" in labels:
        sys.exit(f"{{path}}, row {{labels.index('') + 2}} has no {{TARGET!r}}.")
    classes = sorted(set(labels))
    if len(classes) != {wanted}:
        sys.exit(f"{{TARGET!r}} has {{len(classes)}} classes, the network is for {wanted}.")
    codes = [classes.index(label) for label in labels]
    T = {indicator}  # (N, K)
    return X, T"""
    elif network.law.name == "identity":
        text += """
    T = scaled(np.column_stack([column(rows, name) for name in TARGETS]))  # (N, K)
    return X, T"""
    else:
        assert check is not None
        condition = "(T < 0).any() or (T > 1).any()" if network.law.name == "sigmoid" else "(T < 0).any()"
        text += f"""
    T = np.column_stack([column(rows, name) for name in TARGETS])  # (N, K)
    if {condition}:
        sys.exit(f"{{path}}: a target is {check[1]}.")
    return X, T"""
    return text


def _quoted(text: str) -> str:
    """A string as the formatter writes it: in double quotes where that needs no more escapes."""
    single = repr(text)
    if single.startswith('"'):
        return single
    inside = single[1:-1].replace("\\'", "'")
    return f'"{inside}"' if '"' not in inside else single


def _assigned(name: str, text: str) -> str:
    """A constant as the formatter writes it: in brackets, on a line of its own, where it is long and that helps."""
    line, own = f"{name} = {_quoted(text)}", f"    {_quoted(text)}"
    return line if len(line) <= 88 or len(own) > 88 else f"{name} = (\n{own}\n)"


def _listing(name: str, items: list[str]) -> list[str]:
    """A list as the formatter writes it: on one line, or one item a line."""
    line = f"{name} = [{', '.join(map(_quoted, items))}]"
    return [line] if len(line) <= 88 else [f"{name} = [", *(f"    {_quoted(item)}," for item in items), "]"]
