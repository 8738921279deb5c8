"""Random changes of real tables through training: a fit or a clear error, and nothing wrong in silence.

What could be wrong in silence is asked of others: pandas' reader for the cells, Python's `float` for the numbers, and
changes whose meaning is known: those of form alone must change nothing, those that break a line must be refused.
"""

from __future__ import annotations

import csv
import gzip
import io
import re
import signal
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import chainrule as cr
from chainrule.errors import ChainruleError, DataError
from chainrule.tables.opening import opened
from chainrule.tables.plan import planned
from chainrule.tables.read import read
from command import command
from support import times

SECONDS = 30  # that one table may take


def real_tables() -> dict[str, tuple[list[str], list[list[str]]]]:
    """Header and rows of small real tables; the last column is the target."""
    from sklearn import datasets

    found = {}
    for name, load in (
        ("iris", datasets.load_iris),
        ("wine", datasets.load_wine),
        ("diabetes", datasets.load_diabetes),
    ):
        data = load()
        few = np.random.default_rng(0).permutation(len(data.data))[:40]
        names = [str(column) for column in data.feature_names]
        labels = data.target_names[data.target] if hasattr(data, "target_names") else data.target
        rows = [[*(f"{value:g}" for value in data.data[row]), str(labels[row])] for row in few]
        found[name] = ([*names, "target"], rows)
    rng = np.random.default_rng(1)
    towns = ("Köln", "St. John's", 'the "Hague"', "Paris, TX", "NA", "01234")
    rows = [
        [towns[rng.integers(6)], f"{rng.normal(20, 9):.1f}", ("yes", "no")[rng.integers(2)], str(rng.integers(1, 9)),
         ("wet", "dry")[rng.integers(2)]]
        for _ in range(40)
    ]  # fmt: skip
    found["weather"] = (["town", "temperature, °C", "windy", "hours", "ground"], rows)
    return found


TABLES = real_tables()


def written(names: list[str], rows: list[list[str]], separator: str = ",", quotes: int = csv.QUOTE_MINIMAL) -> str:
    """A table as CSV text."""
    text = io.StringIO()
    csv.writer(text, delimiter=separator, quoting=quotes, lineterminator="\n").writerows([names, *rows])
    return text.getvalue()


BYTES = (b",", b'"', b"\n", b"\r\n", b"\r", b";", b"\xff", b"\0", b"'", b"\t", b"|", b"\xef\xbb\xbf", b"\xc2\xa0", b" ")
WORDS = (b"NA", b"nan", b"inf", b"1e999", b"=1+1", b"-", b"9" * 30, b"1_0", b"0x1", b"1,5", b"1.234.567", b"\xd9\xa3",
         b"1e5", b"TRUE", b"2024-01-01", b"50%", b"$3")  # fmt: skip


def shaken(text: str, rng: np.random.Generator) -> bytes:
    """The text with up to three changes of bytes, cells or lines."""
    raw = bytearray(text.encode())
    for _ in range(1 + int(rng.geometric(0.6) > 1) + int(rng.integers(12) == 0)):
        if not raw:
            break
        at = int(rng.integers(len(raw)))
        lines = bytes(raw).split(b"\n")
        match int(rng.integers(15)):
            case 0:
                raw[at] = int(rng.integers(256))
            case 1:
                del raw[at : at + int(rng.integers(1, 30))]
            case 2:
                raw[at:at] = BYTES[int(rng.integers(len(BYTES)))]
            case 3:
                raw[at:at] = WORDS[int(rng.integers(len(WORDS)))]
            case 4:
                body = lines[1:] if rng.random() < 0.8 else lines
                rng.shuffle(body)
                raw = bytearray(b"\n".join([*lines[: len(lines) - len(body)], *body]))
            case 5:
                old, new = [(b",", b";"), (b".", b","), (b"e", b""), (b"1", b""), (b"\n", b"\r\n"), (b",", b"\t")][
                    int(rng.integers(6))
                ]
                raw = bytearray(bytes(raw).replace(old, new))
            case 6:
                raw = raw[: int(rng.integers(1, len(raw) + 1))]
            case 7:
                lines[int(rng.integers(len(lines)))] = WORDS[int(rng.integers(len(WORDS)))]
                raw = bytearray(b"\n".join(lines))
            case 8:
                line = int(rng.integers(len(lines)))
                cells = lines[line].split(b",")
                cells[int(rng.integers(len(cells)))] = WORDS[int(rng.integers(len(WORDS)))]
                lines[line] = b",".join(cells)
                raw = bytearray(b"\n".join(lines))
            case 9:
                line = int(rng.integers(len(lines)))
                raw = bytearray(b"\n".join([*lines[:line], *lines[line + 1 :]]))
            case 10:
                line = int(rng.integers(1, len(lines))) if len(lines) > 1 else 0
                raw = bytearray(b"\n".join([*lines[:line], lines[line], *lines[line:]]))
            case _:  # a sign for another of its kind
                sign = chr(raw[at])
                kind = "0123456789" if sign.isdigit() else "abcdeé" if sign.isalpha() else ""
                if kind:
                    raw[at : at + 1] = kind[int(rng.integers(len(kind)))].encode()
    return bytes(raw)


class Hang(Exception):
    """A table took too long."""


@pytest.fixture(autouse=True)
def _no_hang() -> Iterator[None]:
    def late(number: int, frame: object) -> None:
        raise Hang(f"a table took more than {SECONDS} s")

    before = signal.signal(signal.SIGALRM, late)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


def in_words(error: ChainruleError) -> bool:
    """Whether a message has the form that all have."""
    lines = str(error).splitlines()
    return 1 <= len(lines) <= 4 and max(map(len, lines)) < 400


def as_pandas_reads(path: Path, separator: str) -> pd.DataFrame | None:
    """The cells as another reader has them; None where it cannot read them, or reads lines this project refuses."""
    text = gzip.decompress(path.read_bytes()) if opened(path).is_gzip else path.read_bytes()
    try:
        return pd.read_csv(
            io.BytesIO(text), sep=separator, dtype=str, keep_default_na=False, na_filter=False, index_col=False,
            header=None, skipinitialspace=True, encoding=opened(path).encoding, engine="python", on_bad_lines="error",
        )  # fmt: skip
    except Exception:
        return None


def check_cells(path: Path) -> bool:
    """Every cell and name is where pandas' reader has it; whether there was something to compare."""
    table = read(path)
    separator = next((found for word, found in SEPARATORS.items() if any(word in note for note in table.notes)), ",")
    theirs = as_pandas_reads(path, separator)
    if theirs is None:
        return False
    cells = [[cell.strip() for cell in row] for row in theirs.to_numpy().tolist()]
    cells = [row for row in cells if any(row)]
    names = [name or f"column {at}" for at, name in enumerate(cells[0], 1)]
    assert table.names == names
    ours = [list(row) for row in zip(*(table.columns[name].fill_null("").to_list() for name in names), strict=True)]
    ours = [[cell.strip() for cell in row] for row in ours]  # Python strips more signs than polars does
    ours = [row for row in ours if any(row)]
    assert ours == cells[1:]
    return True


SEPARATORS = {"semicolon": ";", "tab": "\t", "bar": "|"}


def check_numbers(plan) -> None:
    """Every input is the number that Python reads in its cell: no thousands, no comma turned into nothing."""
    table, X = plan.training_table, plan.contract.apply(plan.training_table).X
    at = 0
    for column in plan.contract.columns:
        if column.kind == "number" and not column.is_constant:
            cells = table.columns[column.name].to_list()
            for row, cell in enumerate(cells):
                if cell is not None:
                    plain = cell.replace(",", ".") if table.decimal_comma and "," in cell else cell
                    expected = (float(plain) - column.mean) / column.scale
                    assert X[row, at] == pytest.approx(expected, rel=1e-9, abs=1e-9), (column.name, cell)
        at += len(column.inputs)
    target = plan.target
    if target.task == "classify":
        written_labels = set(table.columns[target.name].drop_nulls().to_list())
        assert set(target.classes) <= {label.casefold() for label in written_labels} | written_labels | {
            "true",
            "false",
        }


def test_a_table_changed_at_random_ends_in_a_fit_or_a_clear_error(tmp_path):
    rng = np.random.default_rng(0)
    count, ends, compared, reasons = times(10_000, 150), Counter(), 0, Counter()
    for at in range(count):
        name = list(TABLES)[at % len(TABLES)]
        names, rows = TABLES[name]
        path = tmp_path / "t.csv"
        path.write_bytes(shaken(written(names, rows), rng))
        options = {"missing": ("refuse", "median", "drop")[int(rng.integers(3))]}
        target = names[-1] if rng.random() < 0.8 else names[int(rng.integers(len(names)))]
        signal.alarm(SECONDS)
        refusal = None
        try:
            model = cr.train_table(path, target, epochs=3, penalty=1.0, **options)
        except ChainruleError as error:
            refusal = error
        ends["refused" if refusal else "fitted"] += 1
        if refusal:
            assert in_words(refusal), str(refusal)
            reasons[" ".join(re.sub(r"'.*?'|[0-9,.]+", "", str(refusal).splitlines()[0]).split()[:7])] += 1
            continue
        assert np.isfinite(model.weights.flat).all()
        found = model.predictions(model.read(path), bad_rows="nan")
        assert np.isfinite(found.probabilities[~found.bad]).all()
        assert model.outcome is not None
        check_numbers(planned(path, target, **options))
        compared += check_cells(path)
    print(f"{count:,} tables: {ends['fitted']:,} fitted, {ends['refused']:,} refused, no traceback, no hang;")
    print(f"the cells of {compared:,} of those fitted compared with pandas' reader, all the same")
    print("refused most often:", *(f"{many:,} {words!r}" for words, many in reasons.most_common(12)), sep="\n  ")
    assert min(ends.values()) > count / 20
    assert compared > count / 20


def forms(names: list[str], rows: list[list[str]], rng: np.random.Generator) -> bytes:
    """The same table in another form: quotes, separators, line ends, encodings, spaces, compression, decimal commas."""
    separator = (",", ";", "\t", "|")[int(rng.integers(4))]
    spaced = rng.random() < 0.3
    quotes = csv.QUOTE_MINIMAL if spaced else (csv.QUOTE_MINIMAL, csv.QUOTE_ALL)[int(rng.integers(2))]
    if separator != "," and rng.random() < 0.5:
        rows = [[cell.replace(".", ",") if is_decimal(cell) else cell for cell in row] for row in rows]
    text = written(names, rows, separator, quotes)
    if spaced:
        text = "\n".join(line if '"' in line else line.replace(separator, f"{separator} ") for line in text.split("\n"))
    if rng.random() < 0.3:
        text = text.replace("\n", "\r\n")
    if rng.random() < 0.3:
        text += "\n" * int(rng.integers(1, 4))
    raw = text.encode(("utf-8", "utf-8-sig", "utf-16")[int(rng.integers(3))])
    return gzip.compress(raw) if rng.random() < 0.2 else raw


def is_decimal(cell: str) -> bool:
    whole, point, part = cell.partition(".")
    return bool(point) and whole.lstrip("-").isdigit() and part.isdigit()


@pytest.mark.parametrize("name", TABLES)
def test_another_form_of_the_same_table_trains_the_same_network(name, tmp_path):
    names, rows = TABLES[name]
    plain, other = tmp_path / "plain.csv", tmp_path / "other.csv"
    plain.write_text(written(names, rows))
    expected = planned(plain, names[-1])
    X, T = (expected.contract.apply(expected.training_table).X, expected.target.code(expected.training_table))
    weights = cr.train_table(plain, names[-1], epochs=3, penalty=1.0).weights.flat
    rng = np.random.default_rng(3)
    for _ in range(times(500, 15)):
        other.write_bytes(forms(names, rows, rng))
        plan = planned(other, names[-1])
        assert plan.contract.inputs == expected.contract.inputs
        assert plan.target.classes == expected.target.classes
        assert np.array_equal(plan.contract.apply(plan.training_table).X, X)
        assert np.array_equal(plan.target.code(plan.training_table), T)
    assert np.array_equal(cr.train_table(other, names[-1], epochs=3, penalty=1.0).weights.flat, weights)


@pytest.mark.parametrize("name", TABLES)
def test_a_line_with_a_cell_too_many_or_too_few_is_refused_by_its_number(name, tmp_path):
    names, rows = TABLES[name]
    rng = np.random.default_rng(4)
    path = tmp_path / "t.csv"
    for _ in range(times(500, 15)):
        at = int(rng.integers(len(rows)))
        broken = [list(row) for row in rows]
        place = int(rng.integers(len(names)))
        if rng.random() < 0.5:
            broken[at].insert(place, ("", "1", "x")[int(rng.integers(3))])
        else:
            del broken[at][place]
        separator = (",", ";", "\t")[int(rng.integers(3))]
        path.write_text(written(names, broken, separator))
        with pytest.raises(DataError, match=f"Line {at + 2} of"):
            planned(path, names[-1])


def test_the_command_ends_with_0_or_2_and_no_traceback_whatever_it_is_given(tmp_path):
    rng = np.random.default_rng(5)
    count, ends = times(500, 15), Counter()
    for at in range(count):
        names, rows = TABLES[list(TABLES)[at % len(TABLES)]]
        path, model = tmp_path / "t.csv", tmp_path / "m.model"
        path.write_bytes(shaken(written(names, rows), rng))
        signal.alarm(SECONDS)
        options = ("--epochs", 3, "--penalty", 1, "--no-figures", "--no-compare", "--out", model)
        status, out, err = command("train", path, "--target", names[-1], *options)
        ends[status] += 1
        assert status in (0, 2), out + err
        assert "Traceback" not in err
        assert model.exists() == (status == 0)
        if status == 0:
            assert command("predict", model, path, "--on-bad-row", "nan", "--out", tmp_path / "p.csv").status == 0
            with (tmp_path / "p.csv").open(newline="", encoding="utf-8") as file:
                assert len(list(csv.reader(file))) >= 2
            model.unlink()
    print(f"{count:,} commands: {ends[0]:,} ended with 0, {ends[2]:,} with 2, no traceback")
