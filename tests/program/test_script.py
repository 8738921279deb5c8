"""The standalone script."""

from __future__ import annotations

import runpy
import subprocess
import sys

import numpy as np
import pytest

import chainrule as cr
from chainrule.program import program
from chainrule.program.script import default_scheme
from support import KINKED, SMOOTH, networks, worst

SOLVERS = ("ascent", "momentum", "nesterov", "adam")
NETWORKS = [
    *networks(26, range(5), SMOOTH + KINKED),
    *map(cr.Network, ("2-3-3", "7-5 gelu-5 mish-2 identity", "30-64 relu-10", "2-2-2-2-2-2-2-2-2-2-2-2 exp")),
]


def settings(at):
    return {"solver": SOLVERS[at % 4], "epochs": 25, "seed": at, "average": at % 3 == 0}


@pytest.fixture(scope="module")
def scripts(tmp_path_factory):
    """A folder with nothing in it but the script of each network."""
    folder = tmp_path_factory.mktemp("scripts")
    for at, net in enumerate(NETWORKS):
        (folder / f"net{at}.py").write_text(program(net, **settings(at)), encoding="utf-8")
    return folder


def run_alone(path):
    return subprocess.run(
        [sys.executable, "-I", path.name], cwd=path.parent, capture_output=True, text=True, timeout=120
    )


@pytest.mark.parametrize("at", range(len(NETWORKS)), ids=lambda at: str(NETWORKS[at]))
def test_the_script_runs_alone_and_its_gradient_is_right(scripts, at):
    ended = run_alone(scripts / f"net{at}.py")
    assert (ended.returncode, ended.stderr) == (0, "")
    first, heading, *table = ended.stdout.splitlines()
    assert float(first.split()[-1]) < 1e-12
    assert heading.split() == ["epoch", "J", "rate"]
    J = [float(line.split()[1]) for line in table]
    assert table[-1].split()[0] == "25"
    assert J[-1] > J[0]


@pytest.mark.parametrize("at", range(len(NETWORKS)), ids=lambda at: str(NETWORKS[at]))
def test_the_script_ends_with_the_weights_of_train(scripts, at, capsys):
    net = NETWORKS[at]
    names = runpy.run_path(str(scripts / f"net{at}.py"))
    X, T = names["make_data"]()
    run = cr.train(
        net, X, T, learning_rate=names["LEARNING_RATE"], scheme=default_scheme(net), progress=False, **settings(at)
    )
    assert worst(np.concatenate([np.ravel(w) for w in names["main"]()]), run.weights.flat) < 1e-12
    J = float(capsys.readouterr().out.splitlines()[-1].split()[1])
    assert abs(J - run.history[-1].J) <= 1e-4
    rate = run.history[-1].rate
    assert names["EPOCHS"] == run.history[-1].epoch
    assert np.isfinite(rate)


def test_the_scripts_are_as_ruff_wants_them(scripts):
    for arguments in (["format", "--isolated", "--check"], ["check", "--isolated"]):
        ended = subprocess.run([sys.executable, "-m", "ruff", *arguments, scripts], capture_output=True, text=True)
        assert ended.returncode == 0, ended.stdout


def test_no_line_is_long_and_every_numeric_line_says_its_shape(scripts):
    for path in scripts.iterdir():
        lines = path.read_text(encoding="utf-8").splitlines()
        assert max(map(len, lines)) <= 88
        for start in ("def forward", "def gradient("):
            at = next(i for i, line in enumerate(lines) if line.startswith(start))
            for line in lines[at + 2 : lines.index("", at)]:
                target = line.split(" = ")[0].strip()
                if " = " in line and "," not in target and target not in ("arrays", "W2", "Y"):
                    assert "# (" in line, line


def test_the_first_network_stays_short():
    lines = program("2-3-3").splitlines()
    assert len([line for line in lines if line.strip()]) <= 120


def test_the_posts_network_gets_the_posts_data():
    names = {"__name__": "script"}
    exec(program("2-3-3", epochs=1), names)
    X, T = names["make_data"]()
    data, labels = cr.datasets.three_clusters(per_class=500, seed=0)
    assert np.array_equal(X, data)
    assert np.array_equal(T.argmax(axis=1), labels)


@pytest.mark.parametrize("scheme", ["normal", "glorot", "he", "lecun"])
def test_initial_weights_are_those_of_the_network_bit_for_bit(scheme):
    net = cr.Network("3-4 tanh-2 relu-2")
    names = {"__name__": "script"}
    exec(program(net, scheme=scheme, seed=7, epochs=1, learning_rate=0.1), names)
    drawn = np.concatenate([np.ravel(w) for w in names["initial_weights"]()])
    assert np.array_equal(drawn, net.initial_weights(scheme, seed=7).flat)


def test_given_weights_are_where_the_script_starts():
    net = cr.Network("2-3-3")
    start = net.initial_weights("glorot", seed=3)
    names = {"__name__": "script"}
    exec(program(net, weights=start, epochs=1, learning_rate=1e-3), names)
    assert np.array_equal(np.concatenate([np.ravel(w) for w in names["initial_weights"]()]), start.flat)


def test_own_activations_are_written_out_whatever_their_name(tmp_path):
    cr.activation("program_bump", "exp(-a**2)")
    cr.activation("forward", "a / (1 + abs(a))")
    cr.activation(
        "np", "where(a > 0, log(1 + a**2) * tanh(3 * a) / (1 + exp(-2 * a)), a * exp(a) + sin(a)**2 * cos(a) / 9)"
    )
    path = tmp_path / "own.py"
    path.write_text(program("2-4 program_bump-3 forward-5 np-2", epochs=3), encoding="utf-8")
    ended = run_alone(path)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert float(ended.stdout.splitlines()[0].split()[-1]) < 1e-12


WRONG = [
    ("delta2 = T - Y", "delta2 = Y - T"),
    ("delta2 @ W2.T", "delta2 @ W2"),
    ("slope1 = Z1 * (1 - Z1)", "slope1 = Z1 * (1 - A1)"),
    ("db1 = delta1.sum(axis=0)", "db1 = delta1.mean(axis=0)"),
    ("dW1 = X.T @ delta1", "dW1 = 1.0005 * X.T @ delta1"),
    ("delta1 = (delta2 @ W2.T) * slope1", "delta1 = np.nan * (delta2 @ W2.T)"),
]


@pytest.mark.parametrize(("right", "wrong"), WRONG, ids=[wrong for _, wrong in WRONG])
def test_the_script_finds_a_mistake_planted_in_it(tmp_path, right, wrong):
    text = program("2-3-3", epochs=1, learning_rate=1e-3)
    assert text.count(right) == 1
    text = text.replace(right, wrong).replace("_, Z1, _, Y =", "A1, Z1, _, Y =")
    path = tmp_path / "wrong.py"
    path.write_text(text, encoding="utf-8")
    ended = run_alone(path)
    assert ended.returncode == 1
    assert "The gradient is wrong." in ended.stderr


def test_a_run_that_diverges_says_so(tmp_path):
    path = tmp_path / "far.py"
    path.write_text(program("2-3 relu-1 identity", learning_rate=10.0, epochs=50, record_every=10), encoding="utf-8")
    ended = run_alone(path)
    assert ended.returncode == 1
    assert "choose a smaller LEARNING_RATE" in ended.stderr


def test_large_logits_do_not_overflow():
    names = {"__name__": "script"}
    exec(program("2-3-3", only="gradient"), names)
    weights = [np.zeros((2, 3)), np.zeros(3), 1e4 * np.eye(3), np.zeros(3)]
    X, T = np.array([[0.0, 0.0]]), np.array([[0.0, 1.0, 0.0]])
    assert np.isfinite(names["log_likelihood"](X, T, weights))
    assert all(np.isfinite(d).all() for d in names["gradient"](X, T, weights))


def test_only_the_gradient_is_functions_alone():
    text = program("2-3-3", only="gradient")
    names = {}
    exec(text, names)
    net = cr.Network("2-3-3")
    weights = net.initial_weights(seed=1)
    X, T = np.array([[0.3, -1.0]]), np.array([[0.0, 1.0, 0.0]])
    d = names["gradient"](X, T, [weights[name] for name in net.names])
    assert worst(np.concatenate([np.ravel(part) for part in d]), cr.gradient(net, weights, X, T).flat) < 1e-14
    assert "def train" not in text
    assert "print" not in text


def test_the_head_has_the_derived_equations():
    head = program("2-3-3", only="gradient").split('"""')[1]
    for equation in (
        "a¹_nm = Σ_d x_nd W¹_dm + b¹_m",
        "J = Σ_n Σ_k t_nk log y_nk",
        "δ²_nk = t_nk − y_nk",
        "δ¹_nm = (Σ_k δ²_nk W²_mk) z¹_nm (1 − z¹_nm)",
        "∂J/∂W¹_dm = Σ_n δ¹_nm x_nd",
    ):
        assert equation in head


def test_the_package_is_called_like_its_function():
    assert cr.program("2-1", only="gradient") == program("2-1", only="gradient")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"only": "gradients"}, "Did you mean 'gradient'"),
        ({"solver": "newton"}, "'ascent', 'momentum', 'nesterov', 'adam'"),
        ({"scheme": "xavier"}, "'glorot'"),
        ({"seed": -1}, "whole number from 0"),
        ({"seed": None}, "needs a seed"),
        ({"learning_rate": 0.0}, "above 0"),
        ({"learning_rate": float("nan")}, "above 0"),
        ({"epochs": -1}, "from 0"),
        ({"epochs": 1.5}, "whole number"),
        ({"record_every": 0}, "from 1"),
        ({"target": "kind"}, "there is no table"),
    ],
)
def test_settings_outside_their_range_are_refused(options, words):
    with pytest.raises(cr.ChainruleError, match=words):
        program("2-3-3", **options)


def test_weights_of_another_network_are_refused():
    with pytest.raises(cr.ChainruleError, match="belong to"):
        program("2-3-3", weights=cr.Network("2-4-3").initial_weights())
