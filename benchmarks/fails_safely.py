"""Where common tools are wrong in silence: what each does with the same bad input, found out by handing it in.

``python -m benchmarks.fails_safely`` prints for each input what scikit-learn (pandas, joblib, NumPy where the input is
theirs to read) did, and what chainrule did. Nothing here says what should come out: every line is what came out.
"""

from __future__ import annotations

import io
import os
import pickle
import signal
import subprocess
import sys
import tempfile
import textwrap
import threading
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas as pd
from safetensors.numpy import load as load_safetensors
from safetensors.numpy import save as save_safetensors
from sklearn.neural_network import MLPClassifier, MLPRegressor

import chainrule as cr
from chainrule.files import model as files
from chainrule.tables.plan import planned
from chainrule.tables.read import read

rng = np.random.default_rng(0)
X = rng.normal(size=(200, 3))
LABELS = np.where(X[:, 0] + X[:, 1] > 0, "a", "b")
SLOPE = X @ [1.0, -2.0, 0.5]


@dataclass(frozen=True)
class Trial:
    """An input, the tool that people mostly hand it to, and what to do with it there and here."""

    id: str
    what: str
    tool: str
    theirs: Callable[[], str]
    ours: Callable[[], str]


def outcome(do: Callable[[], str]) -> str:
    """What came of it: the figure, or the error; and the first warning."""
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        try:
            text = do()
        except KeyboardInterrupt:
            text = "KeyboardInterrupt"
        except Exception as error:
            lines = [line.strip() for line in str(error).splitlines() if line.strip()]
            text = f"{type(error).__name__}: {' '.join(lines[:2])[:150]}"
    said = [warning for warning in said if "Maximum iterations" not in str(warning.message)]  # of no interest here
    if said:
        text += f"  [warned: {str(said[0].message).splitlines()[0][:70]}]"
    return text


def classifier(**options: Any) -> MLPClassifier:
    return MLPClassifier(hidden_layer_sizes=(8,), random_state=0, **{"max_iter": 200, **options})


def regressor(**options: Any) -> MLPRegressor:
    return MLPRegressor(hidden_layer_sizes=(8,), random_state=0, **{"max_iter": 200, **options})


def table(**other: Any) -> dict[str, Any]:
    return {"a": X[:, 0].tolist(), "b": X[:, 1].tolist(), "c": X[:, 2].tolist(), "y": LABELS.tolist(), **other}


def shown(values: Any) -> str:
    return np.array2string(np.asarray(values), precision=3, threshold=6, edgeitems=3).replace("\n", " ")


def one_class() -> list[Callable[[], str]]:
    def of(model: Any) -> str:
        P = model.fit(X, np.full(200, 7)).predict_proba(X[:1])
        return f"classes {shown(model.classes_)}, probabilities {shown(P[0])}"

    return [lambda: of(classifier()), lambda: of(cr.MLPClassifier(hidden_layer_sizes=(8,), random_state=0))]


def fitted_by(model: Any, values: Any, labels: Any, then: Callable[[Any], str]) -> Callable[[], str]:
    return lambda: then(model.fit(values, labels))


def share_right(values: Any) -> Callable[[Any], str]:
    return lambda model: f"fits; {np.mean(model.predict(values) == LABELS):.2f} of the training rows right"


def r_squared(values: Any, target: Any) -> Callable[[Any], str]:
    return lambda model: f"R² {model.score(values, target):.4g} on the training rows, loss {model.loss_:.3g}"


def of_table(data: Any, **options: Any) -> Callable[[], str]:
    """`train_table` on the whole of a table: how well, and the notes."""

    def do() -> str:
        plan = planned(data, "y", test_share=0, **options)
        model = cr.train_table(data, "y", test_share=0, **options)
        score = model.score(data)
        figure = f"{score.rate:.2f} of the training rows right" if score.task == "classify" else f"R² {score.rate:.4g}"
        return f"{figure}; {' '.join(plan.notes)[:150]}" if plan.notes else figure

    return do


def far_away() -> list[Callable[[], str]]:
    def ours() -> str:
        model = cr.train_table(table(), "y")
        found = model.predictions({name: [values[0] * 1e300] for name, values in table().items() if name != "y"})
        return f"probabilities {shown(found.probabilities[0])}; {found.notes[0][:90]}"

    return [lambda: f"probabilities {shown(classifier().fit(X, LABELS).predict_proba(X[:1] * 1e300)[0])}", ours]


def csv_text(text: str, column: str) -> list[Callable[[], str]]:
    """What a column of a CSV becomes."""

    def theirs() -> str:
        frame = pd.read_csv(io.StringIO(text))
        where = f"index {frame.index[:2].tolist()}, columns {shown_columns(frame.columns)}"
        return f"{where}, {column!r} reads {frame[column].tolist()[:3]}"

    def ours() -> str:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "t.csv")
            path.write_text(text)
            found = read(path)
            notes = planned(path, "y").notes
        return f"{column!r} reads {found.columns[column].to_list()[:3]}; {' '.join(notes)[:140]}"

    return [theirs, ours]


def shown_columns(names: Any) -> str:
    return ", ".join(map(str, names))


def rows_of(cell: Callable[[int], str]) -> str:
    """A CSV of 40 rows with one column of these cells."""
    lines = ["x,z,y"]
    return "\n".join([*lines, *(f"{X[at, 0]:.3f},{cell(at)},{LABELS[at]}" for at in range(40))]) + "\n"


def evil_pickle() -> list[Callable[[], str]]:
    def of(load: Callable[[Path], Any]) -> str:
        with tempfile.TemporaryDirectory() as folder:
            ran, path = Path(folder, "ran"), Path(folder, "m.model")

            class Evil:
                def __reduce__(self) -> Any:
                    return os.mkdir, (str(ran),)

            path.write_bytes(pickle.dumps(Evil()))
            try:
                load(path)
                text = "loaded"
            except Exception as error:
                text = f"{type(error).__name__}: {str(error).splitlines()[0][:90]}"
            return f"{text}; its code {'ran' if ran.exists() else 'did not run'}"

    return [lambda: of(joblib.load), lambda: of(cr.load)]


def flipped_bits() -> list[Callable[[], str]]:
    """How many of 400 single flipped bits are noticed."""

    def counted(whole: bytes, load: Callable[[bytes], Any]) -> str:
        places = np.random.default_rng(1).integers(8 * len(whole), size=400)
        noticed = 0
        for place in places.tolist():
            torn = bytearray(whole)
            torn[place // 8] ^= 1 << place % 8
            try:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    load(bytes(torn))
            except Exception:
                noticed += 1
        return f"{noticed} of 400 flipped bits noticed"

    weights = {"W1": X, "b1": X[:, 0]}

    def theirs() -> str:
        file = io.BytesIO()
        np.save(file, X)
        array = counted(file.getvalue(), lambda content: np.load(io.BytesIO(content)))
        return f"NumPy: {array}; safetensors: {counted(save_safetensors(weights), load_safetensors)}"

    run = cr.train(cr.Network("3-8-1"), X, LABELS, epochs=5)
    return [theirs, lambda: counted(files.dumped(run), files.loaded)]


FULL_DISK = """
import resource, signal, sys, warnings
from pathlib import Path
import numpy as np, joblib
import chainrule as cr
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
X = np.random.default_rng(0).normal(size=(200, 3))
run = cr.train(cr.Network("3-8-1"), X, (X[:, 0] > 0).astype(int), epochs=5)
def write(how, path):
    if how == "chainrule":
        cr.save(run, path)
    elif how == "joblib":
        joblib.dump({"weights": X}, path)
    else:
        np.savez(open(path, "wb"), weights=X)
found = []
for how in sys.argv[2].split(","):
    path = Path(sys.argv[1], how)
    write(how, path)
    old = path.read_bytes()
    hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))
    try:
        write(how, path)
    except Exception as error:
        said = type(error).__name__
    else:
        said = "no error"
    resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
    state = "the old file intact" if path.read_bytes() == old else "the old file destroyed"
    found.append(f"{how}: {said}, {state}")
print("; ".join(found))
"""


def full_disk(*tools: str) -> Callable[[], str]:
    def do() -> str:
        with tempfile.TemporaryDirectory() as folder:
            arguments = [sys.executable, "-c", FULL_DISK, folder, ",".join(tools)]
            done = subprocess.run(arguments, capture_output=True, text=True)
            return done.stdout.strip() or done.stderr.splitlines()[-1]

    return do


def interrupted(make: Callable[[], Any]) -> Callable[[], str]:
    """Ctrl-C two seconds into a fit."""

    def do() -> str:
        model = make()
        rows = np.tile(X, (50, 1))
        labels = np.tile(LABELS, 50)
        timer = threading.Timer(2.0, os.kill, (os.getpid(), signal.SIGINT))
        timer.start()
        raised = ""
        try:
            model.fit(rows, labels)
        except KeyboardInterrupt:
            raised = "KeyboardInterrupt is raised"
        timer.join()
        kept = hasattr(model, "n_iter_") or hasattr(model, "coefs_")
        state = f"weights after {model.n_iter_} epochs are kept" if kept else "there are no weights"
        return f"{raised or 'fit returns as if it were done'}; {state}"

    return do


def four_threads(make: Callable[[], Any]) -> Callable[[], str]:
    """One estimator fitted from four threads at once, 10 times."""

    def do() -> str:
        alone = make().fit(X, LABELS).predict_proba(X)
        errors: list[str] = []
        same = 0
        for _ in range(10):
            model = make()

            def fit(model: Any = model) -> None:
                try:
                    model.fit(X, LABELS)
                except Exception as error:
                    errors.append(f"{type(error).__name__}: {str(error)[:60]}")

            threads = [threading.Thread(target=fit) for _ in range(4)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            try:
                same += bool((model.predict_proba(X) == alone).all())
            except Exception as error:
                errors.append(f"{type(error).__name__}: {str(error)[:60]}")
        first = f", the first: {errors[0]}" if errors else ""
        return f"{same} of 10 end with the bits of a lone fit; {len(errors)} errors{first}"

    return do


def our_regressor(**options: Any) -> Any:
    return cr.MLPRegressor(hidden_layer_sizes=(8,), random_state=0, **options)


def ours(**options: Any) -> Any:
    return cr.MLPClassifier(hidden_layer_sizes=(8,), random_state=0, **{"max_iter": 200, **options})


def trials() -> list[Trial]:
    """Every input where a common tool is wrong in silence, in the order of docs/bad-inputs.md."""
    sk = "scikit-learn"
    large = X * 1e6
    days = pd.DataFrame({"day": pd.date_range("2020-01-01", periods=200)})
    hidden = np.ma.array(X, mask=X > 1)
    codes = pd.DataFrame(table(zip=pd.Series([10, 20, 30, 40] * 50, dtype="category")))
    booleans = pd.Series(LABELS == "a", dtype="boolean")
    one_hot = np.eye(2)[(LABELS == "a").astype(int)]
    kind = lambda model: f"classes {model.classes_!r}"  # noqa: E731
    loss = lambda model: f"fits; loss {model.loss_:.3g}"  # noqa: E731
    steep = 1e6 * SLOPE
    shifted = 5e5 + 1e5 * SLOPE / SLOPE.std()
    bad = -np.ones(200)
    text = X.astype(str)
    endless = {"max_iter": 10**6, "tol": 0, "n_iter_no_change": 10**6}
    always_one = table(y=[1.0] * 200)
    sgd = {"solver": "sgd", "learning_rate_init": 0.1}
    return [
        Trial("V5", "inputs of scale 1e6", sk, fitted_by(classifier(), large, LABELS, share_right(large)),
              of_table(table(a=large[:, 0].tolist(), b=large[:, 1].tolist(), c=large[:, 2].tolist()))),
        Trial("V8", "a target of scale 1e6, sgd", sk, fitted_by(regressor(**sgd), X, steep, r_squared(X, steep)),
              fitted_by(our_regressor(**sgd), X, steep, r_squared(X, steep))),
        Trial("V10", "a target of 5e5 ± 1e5", sk, fitted_by(regressor(), X, shifted, r_squared(X, shifted)),
              of_table(table(y=shifted.tolist()))),
        Trial("V11", "a constant target", sk,
              fitted_by(regressor(), X, np.ones(200), lambda model: f"predicts {shown(model.predict(X[:3]))} for 1"),
              lambda: f"predicts {shown(cr.train_table(always_one, 'y', task='regress').predict(table())[:3])} for 1"),
        Trial("V12", "a learning rate of 1e10", sk,
              fitted_by(classifier(solver="sgd", learning_rate_init=1e10), X, LABELS, share_right(X)),
              fitted_by(ours(solver="sgd", learning_rate_init=1e10), X, LABELS, share_right(X))),
        Trial("V19", "sample weights of -1", sk,
              lambda: f"fits; loss {classifier().fit(X, LABELS, sample_weight=bad).loss_:.3g}",
              lambda: f"fits; loss {ours().fit(X, LABELS, sample_weight=bad).loss_:.3g}"),
        Trial("V20", "a prediction for X x 1e300", sk, *far_away()),
        Trial("L1", "one class only", sk, *one_class()),
        Trial("L6", "nullable booleans as labels", sk, fitted_by(classifier(), X, booleans, kind),
              fitted_by(ours(), X, booleans, kind)),
        Trial("L8", "a one-hot matrix as labels", sk,
              fitted_by(classifier(), X, one_hot, lambda m: f"fits; output {m.out_activation_}, not softmax"
                        if m.out_activation_ != "softmax" else "fits; output softmax"),
              fitted_by(ours(), X, one_hot, lambda m: f"fits; output {m.out_activation_}")),
        Trial("S13", "a masked array", sk, fitted_by(classifier(), hidden, LABELS, share_right(X)),
              fitted_by(ours(), hidden, LABELS, share_right(X))),
        Trial("S17", "numbers written as text", sk, fitted_by(classifier(), text, LABELS, share_right(X)),
              lambda: f"J {cr.train(cr.Network('3-8-1'), text, LABELS, epochs=5).J:.3g}"),
        Trial("S18", "a column of dates", sk, fitted_by(classifier(), days, LABELS, loss),
              fitted_by(ours(), days, LABELS, loss)),
        Trial("S19", "a category whose codes are numbers", sk,
              fitted_by(classifier(), codes[["zip"]], LABELS,
                        lambda m: f"fits; {m.n_features_in_} input, so that zip 40 is twice zip 20"),
              lambda: f"inputs {shown_columns(cr.train_table(codes, 'y', epochs=5).contract.inputs)}"),
        Trial("C3", "a comma at the end of every line but the first", "pandas",
              *csv_text("x,z,y\n" + "1,2,a,\n3,4,b,\n" * 20, "x")),
        Trial("C5", "a row too short", "pandas", *csv_text(rows_of(lambda at: str(at % 7)) + "5\n", "x")),
        Trial("C8", "the country NA", "pandas", *csv_text(rows_of(lambda at: ("NA", "DE", "FR")[at % 3]), "z")),
        Trial("C9", "leading zeros", "pandas", *csv_text(rows_of(lambda at: ("01234", "1234", "00099")[at % 3]), "z")),
        Trial("C10", "2^53 + 1 beside an empty cell", "pandas",
              *csv_text(rows_of(lambda at: str(2**53 + 1 + at) if at != 5 else ""), "z")),
        Trial("M1", "a pickle that runs code", "joblib", *evil_pickle()),
        Trial("M3", "a flipped bit in a file of weights", "NumPy", *flipped_bits()),
        Trial("M8", "a full disk during a save", "joblib", full_disk("joblib", "numpy"), full_disk("chainrule")),
        Trial("R1", "Ctrl-C in a fit", sk, interrupted(lambda: classifier(**endless)),
              interrupted(lambda: ours(**endless))),
        Trial("R4", "one estimator fitted from four threads", sk, four_threads(lambda: classifier(max_iter=20)),
              four_threads(lambda: ours(max_iter=20))),
    ]  # fmt: skip


def main() -> None:
    """Print the table."""
    tools = ("scikit-learn", "pandas", "numpy", "joblib", "safetensors")
    print("chainrule", cr.__version__, "beside", ", ".join(f"{name} {metadata.version(name)}" for name in tools))
    for trial in trials():
        print(f"\n{trial.id:<4} {trial.what}")
        for name, do in ((trial.tool, trial.theirs), ("chainrule", trial.ours)):
            print(textwrap.fill(outcome(do), 110, initial_indent=f"     {name:<13}", subsequent_indent=" " * 18))


if __name__ == "__main__":
    main()
