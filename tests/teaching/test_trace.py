"""One sample through the network and back."""

from __future__ import annotations

import html.parser
import re

import numpy as np
import pytest

import chainrule as cr
from chainrule.derivation.expression import Cases
from chainrule.derivation.walk import contains
from chainrule.kernels.primitives import evaluate
from chainrule.teaching.trace_lines import worked_out
from support import KINKED, SMOOTH, complex_step, networks, problem, worst

NETWORKS = [*networks(20, range(4), SMOOTH + KINKED), cr.Network("12-20 gelu-15 relu-11"), cr.Network("30-1")]


def sample(net, seed=0):
    weights, X, T = problem(net, rows=9, seed=seed)
    return weights, X, T


@pytest.mark.parametrize("net", NETWORKS, ids=str)
def test_the_numbers_put_in_come_to_the_value_in_every_line(net):
    weights, X, T = sample(net)
    trace = cr.trace(net, weights, X[0], T[0])
    assert trace.lines
    for line in (*trace.lines, *trace.collapse):
        assert worked_out(line.filled) == pytest.approx(line.value, rel=1e-9, abs=1e-11), str(line)
        assert not contains(line.filled, Cases)


@pytest.mark.parametrize("net", NETWORKS, ids=str)
def test_every_scalar_is_there_with_its_value(net):
    weights, X, T = sample(net)
    trace = cr.trace(net, weights, X[0], T[0], most=None)
    for name, array in trace.values.items():
        if name in ("X", "T", *net.names) or name.startswith(("rows", "back")):
            continue
        found = {line.index: line.value for line in trace.lines if line.array == name}
        assert set(found) == set(np.ndindex(np.shape(array)) if np.ndim(array) else [()]), name
        assert all(found[index] == np.asarray(array)[index] for index in found)


@pytest.mark.parametrize("net", NETWORKS[::3], ids=str)
def test_the_gradient_entries_are_the_complex_steps_of_this_sample(net):
    weights, X, T = sample(net)
    trace = cr.trace(net, weights, X[0], T[0], most=None)
    objective = cr.kernels.Objective(net, X[:1], T[:1])
    exact = complex_step(objective.value, weights.flat)
    mine = np.concatenate([np.ravel(trace.values[f"d{name}"]) for name in net.names])
    assert worst(mine, exact) < 1e-12


@pytest.mark.parametrize("net", [*NETWORKS[:8], NETWORKS[-2]], ids=str)
def test_the_jacobian_is_the_complex_steps_of_the_output_law(net):
    weights, X, T = sample(net)
    trace = cr.trace(net, weights, X[0], T[0])
    for k in range(net.K):
        moved = trace.values[f"A{net.L}"].astype(complex)
        moved[k] += 1e-30j
        y = evaluate(net.law.mean, a=moved[None])[0]
        assert np.allclose(trace.jacobian[:, k], y.imag / 1e-30, rtol=1e-12, atol=1e-15)


def test_names_and_formulas_are_the_posts():
    net = cr.Network("2-3-3")
    trace = cr.trace(net, net.initial_weights(seed=1), [1.0, -2.0], 1)
    assert str(trace.line("A1", 0)).startswith("a¹_1 = Σ_d x_d W¹_d1 + b¹_1 = 1·0.3456 + (−2)·(−1.303)")
    assert str(trace.line("delta2", 1)) == "δ²_2 = t_2 − y_2 = 1 − 0.2974 = 0.7026"
    assert str(trace.line("dW1", 1, 2)).startswith("∂J/∂W¹_23 = δ¹_3 x_2 =")
    assert str(trace.collapse[0].general[1]).endswith("t_k'/y_k' y_k' (δ_k'k − y_k)")
    with pytest.raises(KeyError, match="A1"):
        trace.line("A1", 3)


def test_rows_are_plain_data():
    import json

    net = cr.Network("2-3-3")
    trace = cr.trace(net, net.initial_weights(seed=1), [1.0, -2.0], 1)
    rows = json.loads(json.dumps(trace.rows))
    assert len(rows) == len(trace.lines)
    assert rows[0]["name"] == "a¹_1"
    assert rows[0]["value"] == trace.values["A1"][0]


@pytest.mark.parametrize("most", [1, 3, 8])
def test_large_networks_show_the_units_that_matter_and_say_so(most):
    net = cr.Network("40-30 tanh-20 relu-12")
    weights, X, T = sample(net)
    trace = cr.trace(net, weights, X[0], T[0], most=most)
    assert [len(units) for units in trace.shown] == [min(most, size) for size in net.M]
    assert int(T[0].argmax()) in trace.shown[net.L]
    text = " ".join(trace.text().split())
    assert f"{most} of 30 unit" in text
    assert "entries are shown" in text or most == 1
    assert "the sum of all the others" in text
    back = trace.values["delta2"] @ weights.W[2].T
    influence = np.abs(back * trace.values["Z1"])
    assert set(trace.shown[1]) == set(np.argsort(-influence)[:most])


def test_flow_measures_each_layer():
    net = cr.Network("3-4 sigmoid-4 sigmoid-2")
    weights, X, T = sample(net)
    trace = cr.trace(net, weights, X[0], T[0])
    assert [flow.layer for flow in trace.flow] == [3, 2, 1]
    for flow in trace.flow:
        assert flow.delta == pytest.approx(np.sqrt((trace.values[f"delta{flow.layer}"] ** 2).sum()))
        assert flow.dW == pytest.approx(np.sqrt((trace.values[f"dW{flow.layer}"] ** 2).sum()))
    assert trace.flow[0].slope is None
    assert "shrinks to" in trace.text()


@pytest.mark.parametrize("name", ["W1", "b1", "W2", "b2", "W3"])
def test_why_ranks_the_samples_and_their_shares_add_up_to_the_gradient(name):
    net = cr.Network("3-4 tanh-5-3")
    weights, X, T = problem(net, rows=50, seed=2)
    trace = cr.trace(net, weights, X[0], T[0], X=X, T=T)
    gradient = cr.gradient(net, weights, X, T)[name]
    for index in list(np.ndindex(gradient.shape))[:6]:
        why = trace.why(name, *index)
        assert why.value == pytest.approx(gradient[index], rel=1e-12)
        alone = [cr.gradient(net, weights, X[n : n + 1], T[n : n + 1])[name][index] for n in range(50)]
        assert np.allclose(why.contributions, alone, rtol=1e-12, atol=1e-15)
        assert why.up == tuple(int(n) for n in np.argsort(-np.array(alone))[:5] if alone[n] > 0)
        assert why.down == tuple(int(n) for n in np.argsort(alone)[:5] if alone[n] < 0)


def test_why_says_it_in_words_and_names_the_weight_both_ways():
    net = cr.Network("2-3-3")
    X, labels = cr.datasets.three_clusters(per_class=20, seed=0)
    trace = cr.trace(net, net.initial_weights(seed=1), X[0], 0, classes=("a", "b", "c"))
    why = trace.why("W1", 0, 2, X=X, T=labels, most=3)
    text = why.text()
    assert "W1[0, 2]" in text
    assert "∂J/∂W¹_13" in text
    assert len(re.findall("█ +t = [abc]", text)) + len(re.findall("█  t = [abc]", text)) >= 6
    assert why.markdown().count("| X[") == 6
    assert "<table" in why.html()


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda trace, X, T: trace.why("W1", 0, 0), "the samples are needed"),
        (lambda trace, X, T: trace.why("W1", 0, 0, X=X), "go together"),
        (lambda trace, X, T: trace.why("W9", 0, 0, X=X, T=T), "no weights named 'W9'"),
        (lambda trace, X, T: trace.why("W1", 0, 9, X=X, T=T), r"counted from 0, as in weights.W\[1\]\[0, 0\]"),
        (lambda trace, X, T: trace.why("W1", -1, 0, X=X, T=T), "no entry"),
        (lambda trace, X, T: trace.why("b1", 0, 0, X=X, T=T), "no entry"),
        (lambda trace, X, T: trace.why("W1", 0, 0, X=X[:, :1], T=T), "1 column"),
    ],
)
def test_why_refuses_what_is_not_there(call, words):
    net = cr.Network("2-3-3")
    weights, X, T = sample(net)
    with pytest.raises(cr.ChainruleError, match=words):
        call(cr.trace(net, weights, X[0], T[0]), X, T)


@pytest.mark.parametrize(
    ("notation", "t", "classes", "expected"),
    [
        ("2-3", 2, (), [0, 0, 1]),
        ("2-3", "b", ("a", "b", "c"), [0, 1, 0]),
        ("2-3", 1, ("a", "b", "c"), [0, 1, 0]),
        ("2-3", 7, (5, 6, 7), [0, 0, 1]),
        ("2-3", [0.2, 0.3, 0.5], (), [0.2, 0.3, 0.5]),
        ("2-1", 1, (), [1]),
        ("2-1", "no", ("no", "yes"), [0]),
        ("2-1 identity", -3.5, (), [-3.5]),
        ("2-1 exp", 4, (), [4]),
        ("2-1", np.bool_(True), (False, True), [1]),
    ],
)
def test_targets_are_numbers_or_a_label(notation, t, classes, expected):
    net = cr.Network(notation)
    assert cr.trace(net, net.initial_weights(), [1.0, 2.0], t, classes=classes).t.tolist() == expected


@pytest.mark.parametrize(
    ("x", "t", "words"),
    [
        ([1.0], 0, "x holds 1 number"),
        ([1.0, 2.0, 3.0], 0, "takes 2 inputs"),
        ([1.0, np.nan], 0, "not finite"),
        ([1.0, 2.0], 3, "no class '3'"),
        ([1.0, 2.0], -1, "no class '-1'"),
        ([1.0, 2.0], "x", "no class 'x'"),
        ([1.0, 2.0], [1, 0], "t holds 2 numbers"),
        ([1.0, 2.0], [1, 1, 0], "categorical"),
    ],
)
def test_a_sample_that_does_not_fit_is_refused(x, t, words):
    net = cr.Network("2-3")
    with pytest.raises(cr.ChainruleError, match=words):
        cr.trace(net, net.initial_weights(), x, t)


def test_weights_of_another_network_and_no_units_are_refused():
    net = cr.Network("2-3")
    with pytest.raises(cr.ChainruleError, match="belong to"):
        cr.trace(net, cr.Network("2-4").initial_weights(), [1, 2], 0)
    with pytest.raises(cr.ChainruleError, match="from 1"):
        cr.trace(net, net.initial_weights(), [1, 2], 0, most=0)


@pytest.mark.parametrize("net", [*NETWORKS[:8], NETWORKS[-2]], ids=str)
@pytest.mark.parametrize("width", [60, 100])
def test_text_fits_its_width_and_has_every_line(net, width):
    weights, X, T = sample(net)
    trace = cr.trace(net, weights, X[0], T[0])
    text = trace.text(width=width)
    assert not [line for line in text.splitlines() if len(line) > width]
    squeezed = " ".join(text.split())
    for line in trace.lines:
        assert f"{line.left} " in squeezed


def test_extreme_numbers_are_shown_and_do_not_warn():
    net = cr.Network("2-3")
    weights = net.weights_from(np.array([1e3, -1e3, 0, 1e3, -1e3, 0, 0, 0, 0.0]))
    trace = cr.trace(net, weights, [1.0, 1.0], 1)
    assert np.isfinite(trace.values["J"])
    for made in (trace.text(), trace.markdown(), trace.html()):
        assert "2000" in made


class Reader(html.parser.HTMLParser):
    """Whether tags are closed, and what would be fetched."""

    VOID = ("meta", "br", "img", "input", "mspace")

    def __init__(self):
        super().__init__()
        self.open, self.fetched, self.texts, self.ids = [], [], [], []

    def handle_starttag(self, tag, attrs):
        if tag not in self.VOID:
            self.open.append(tag)
        self.fetched += [v for k, v in attrs if k in ("src", "href") and not v.startswith(("#", "data:"))]
        if tag == "script":
            self.fetched.append("script")

    def handle_endtag(self, tag):
        assert self.open.pop() == tag, tag

    def handle_data(self, data):
        self.texts.append(data)


def test_the_page_is_whole_and_fetches_nothing():
    net = cr.Network("2-3 gelu-3")
    trace = cr.trace(net, net.initial_weights(seed=1), [0.1, 0.2], 0, classes=("<b>x</b>", "b & c", "c"))
    page = trace.html()
    reader = Reader()
    reader.feed(page)
    assert not reader.open
    assert not reader.fetched
    assert "http" not in re.sub(r"url\(data:[^)]*\)", "", page).replace("http-equiv", "")
    assert "<b>x" not in page
    assert page.count("<li>") == len(trace.lines) + len(trace.collapse)
    assert page.count("<td class=") == 9 + 2
    fragment = trace._repr_html_()
    assert "<html" not in fragment
    assert fragment.startswith("<style>")


def test_markdown_has_every_line_as_a_formula():
    net = cr.Network("2-3-3")
    trace = cr.trace(net, net.initial_weights(seed=1), [0.1, 0.2], 0)
    text = trace.markdown()
    assert text.count("\n- $") == len(trace.lines) + len(trace.collapse)
    assert all(line.count("$") % 2 == 0 for line in text.splitlines())


@pytest.mark.parametrize("notation", ["2-3-1", "2-2 relu-2 sigmoid"])
def test_a_target_of_zero_is_taken_from_one(notation):
    net = cr.Network(notation)
    trace = cr.trace(net, net.initial_weights(seed=0), [1.0, -2.0], [0] * net.K)
    J = next(line for line in trace.text().splitlines() if line.strip().startswith("J = 0·log"))
    assert "(1 − 0) log (1 − 0." in J
    assert "−0)" not in trace.text().replace("(1 − 0)", "")
    assert "(1-0)" in trace.markdown().replace(" ", "")
