"""The article "Neural networks" this project starts from: what it says right, and each of its slips, pinned.

A formula that is wrong is written as the post has it and shown to miss the complex step; beside it stands the right
one. The order, and the headings in docs/the-post.md, are the post's.
"""

from __future__ import annotations

import math
import re
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

import chainrule as cr
from chainrule.functions import law_named
from chainrule.kernels.primitives import evaluate, log_softmax
from support import complex_step, worst

RIGHT = 1e-13  # a right formula is nearer to the complex step than this, relative to the largest entry
WRONG = 1e-2  # a wrong one is farther than this

D, M, K, N = 2, 3, 4, 8  # M and K differ, so that a letter in the wrong place shows
rng = np.random.default_rng(7)
X = rng.standard_normal((N, D))
T = np.eye(K)[rng.integers(K, size=N)]
W, b, V, c = (rng.standard_normal(shape) for shape in ((D, M), M, (M, K), K))


def softmax(A):
    """The post's forward, which is right for small numbers."""
    return np.exp(A) / np.exp(A).sum(axis=-1, keepdims=True)


def sigmoid(A):
    return 1 / (1 + np.exp(-A))


def hidden(W=W, b=b):
    return sigmoid(X @ W + b)  # (N, M)


def J_of_y(Y):
    return (T * np.log(Y)).sum()


def J_of_z(Z):
    return J_of_y(softmax(Z @ V + c))


def J_of(W=W, b=b, V=V, c=c):
    return J_of_y(softmax(hidden(W, b) @ V + c))


def derivative(function, at):
    """d function / d at, in the shape of ``at``, by the complex step."""
    return complex_step(lambda flat: function(flat.reshape(at.shape)), at.ravel()).reshape(at.shape)


Z = hidden()
Y = softmax(Z @ V + c)
dV, dW = derivative(lambda V: J_of(V=V), V), derivative(lambda W: J_of(W=W), W)
delta_kk = np.eye(K)  # Kronecker's


# --- Neural network feed-forward mechanism ---------------------------------------------------------------------------


def test_the_forward_pass_is_the_networks():
    net = cr.Network(f"{D}-{M}-{K}")
    weights = net.weights_from(np.concatenate([W.ravel(), b, V.ravel(), c]))
    assert worst(cr.kernels.outputs(net, weights, X), Y) < 1e-15
    assert cr.log_likelihood(net, weights, X, T) == pytest.approx(J_of(), rel=1e-15)
    d = cr.gradient(net, weights, X, T)
    assert worst(d.W[1], dW) < RIGHT
    assert worst(d.W[2], dV) < RIGHT


def test_y_is_a_softmax_when_there_are_several_classes_not_the_sigmoid_of_the_matrix_formula():
    """y = σ(σ(XW + b)V + c) gives K numbers that do not add up to 1, so they are no distribution over K classes."""
    assert not np.allclose(sigmoid(Z @ V + c).sum(axis=1), 1, atol=0.05)
    assert np.allclose(Y.sum(axis=1), 1, rtol=0, atol=1e-15)


def test_the_sigmoid_is_the_softmax_of_two_classes_so_two_classes_may_have_either():
    a = rng.standard_normal((20, 2))
    assert np.allclose(softmax(a)[:, 1], sigmoid(a[:, 1] - a[:, 0]), rtol=1e-14)


def test_without_the_bias_a_k_is_another_model():
    """a_k = Σ_m V_mk z_m leaves out c_k, which the post's code adds; with it J at its best is larger."""
    assert worst(softmax(Z @ V), Y) > WRONG
    assert np.abs(derivative(lambda c: J_of(c=c), c)).max() > WRONG  # so c matters


# --- Training a neural network through backpropagation ---------------------------------------------------------------


def test_the_product_over_classes_runs_to_K_and_its_logarithm_is_J():
    """The post writes the product's end as C, which it has not defined."""
    product = math.prod(Y[n, k] ** T[n, k] for n in range(N) for k in range(K))
    assert math.log(product) == pytest.approx(J_of(), rel=1e-13)


def test_climbing_raises_J_and_the_descent_the_post_speaks_of_would_lower_it():
    step = 1e-3
    assert J_of(V=V + step * dV) > J_of() > J_of(V=V - step * dV)


# --- Hidden layer to output ------------------------------------------------------------------------------------------

dJ_dy = derivative(J_of_y, Y)  # (N, K)
dy_da = np.array(  # (N, k', k): ∂y_k'/∂a_k of each row
    [[derivative(lambda a, at=at: softmax(a)[at], Z[n] @ V + c) for at in range(K)] for n in range(N)]
)


def test_the_derivative_of_J_in_one_output_has_no_sum_in_it():
    """The post: ∂J/∂y_k = Σ_n Σ_k' t_k'^n / y_k'^n, one number for all. Right: ∂J/∂y_k'^n = t_k'^n / y_k'^n."""
    assert worst(T / Y, dJ_dy) < RIGHT
    assert worst(np.full((N, K), (T / Y).sum()), dJ_dy) > WRONG


def test_the_two_cases_of_the_softmax_derivative_are_right():
    for n in range(N):
        cases = [[Y[n, i] * (1 - Y[n, i]) if i == k else -Y[n, i] * Y[n, k] for k in range(K)] for i in range(K)]
        assert worst(cases, dy_da[n]) < RIGHT


def test_the_one_line_for_both_cases_in_the_main_text_is_wrong_off_the_diagonal():
    """The post: y_k' (δ_kk' − y_k'). Right: y_k' (δ_kk' − y_k)."""
    right = Y[:, :, None] * (delta_kk - Y[:, None, :])
    wrong = Y[:, :, None] * (delta_kk - Y[:, :, None])
    diagonal = np.eye(K, dtype=bool)
    assert worst(right, dy_da) < RIGHT
    assert worst(wrong[:, diagonal], dy_da[:, diagonal]) < RIGHT
    assert worst(wrong[:, ~diagonal], dy_da[:, ~diagonal]) > WRONG


def test_the_wrong_jacobian_gives_a_wrong_gradient_of_V():
    """Carried through, t_k − y_k becomes t_k − Σ_k' t_k' y_k'."""
    wrong = Y[:, :, None] * (delta_kk - Y[:, :, None])
    delta = np.einsum("ni,nik->nk", T / Y, wrong)
    assert worst(delta, T - (T * Y).sum(axis=1, keepdims=True)) < RIGHT
    assert worst(Z.T @ delta, dV) > WRONG


def test_the_chain_for_V_needs_the_sums_over_rows_and_over_k_prime():
    """The post: (∂J/∂y_k)(∂y_k'/∂a_k)(∂a_k/∂V_nk), no sum, k for k', n for m. Right: Σ_n Σ_k' ... ∂a_k^n/∂V_mk."""
    assert worst(np.einsum("ni,nik,nm->mk", dJ_dy, dy_da, Z), dV) < RIGHT
    for i in range(K):  # any single k' in place of the sum
        assert worst(np.einsum("nk,nk,nm->mk", dJ_dy, dy_da[:, i], Z), dV) > WRONG


def test_a_k_depends_on_V_mk_through_z_m():
    """The post names V_nk once; there is no such entry where N is not M, and ∂a_k/∂V_mk = z_m."""
    jacobian = derivative(lambda V: (Z[0] @ V + c)[1], V)
    assert worst(jacobian[:, 1], Z[0]) < RIGHT
    assert not jacobian[:, [0, 2, 3]].any()


def test_the_gradient_of_V_is_right():
    assert worst(Z.T @ (T - Y), dV) < RIGHT


# --- Inputs to hidden layer ------------------------------------------------------------------------------------------

dJ_dz = derivative(J_of_z, Z)  # (N, M)


def test_the_derivative_of_J_in_z_sums_over_k_and_not_over_rows():
    """The post: ∂J/∂z_m = Σ_n (t_k^n − y_k^n) V_mk with k free. Right: ∂J/∂z_m^n = Σ_k (t_k^n − y_k^n) V_mk."""
    assert worst((T - Y) @ V.T, dJ_dz) < RIGHT
    for k in range(K):
        over_rows = ((T - Y)[:, k, None] * V[:, k]).sum(axis=0)  # (M,), as printed
        assert worst(np.broadcast_to(over_rows, (N, M)), dJ_dz) > WRONG
        assert worst((T - Y)[:, k, None] * V[:, k], dJ_dz) > WRONG  # the sum over rows mended, the one over k not


def test_the_hidden_pre_activation_is_not_a_k():
    """The post: ∂z_m/∂a_k and ∂a_k/∂W_dm. Its a_k is the output's; what is meant is a_m = Σ_d W_dm x_d + b_m."""
    a_hidden = X[0] @ W + b
    slope = derivative(lambda a: sigmoid(a)[1], a_hidden)
    assert slope[1] == pytest.approx(Z[0, 1] * (1 - Z[0, 1]), rel=1e-14)
    assert derivative(lambda W: (X[0] @ W + b)[1], W)[:, 1] == pytest.approx(X[0], rel=1e-15)
    output_a = derivative(lambda W: (hidden(W)[0] @ V + c)[1], W)  # what ∂a_k/∂W_dm says when read as it stands
    assert worst(output_a, np.outer(X[0], np.ones(M))) > WRONG


def test_the_gradient_of_W_is_right():
    assert worst(np.einsum("nk,mk,nm,nm,nd->dm", T - Y, V, Z, 1 - Z, X), dW) < RIGHT


def test_with_the_posts_own_parts_the_gradient_of_W_would_be_wrong():
    """Σ_n (t_k − y_k) V_mk z_m (1 − z_m) x_d for one k: the parts as printed do not give the whole as printed."""
    for k in range(K):
        assert worst(np.einsum("n,m,nm,nm,nd->dm", (T - Y)[:, k], V[:, k], Z, 1 - Z, X), dW) > WRONG


def test_following_the_gradient_from_two_starts_can_end_at_two_places():
    """Exclusive or with two hidden units: from one start all four rows are learned, from the other two of them never.

    At the second place two rows have the probability 1/2 for ever, so J stays below 2 log 1/2 = -1.386.
    """
    corners, labels, net = np.array([[0.0, 0], [0, 1], [1, 0], [1, 1]]), [0, 1, 1, 0], cr.Network("2-2-1")
    good, stuck = (
        cr.train(net, corners, labels, learning_rate=1.0, epochs=4000, record_every=4000, seed=seed) for seed in (0, 6)
    )
    assert good.history.J[-1] > -0.01
    assert -1.40 < stuck.history.J[-1] < -1.38
    for run in (good, stuck):
        assert np.abs(cr.gradient(net, run.weights, corners, labels).flat).max() < 1e-3


# --- Recursiveness in deeper networks --------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def deep():
    """One row through the post's three hidden layers; W0 is the first set of weights, which the post leaves bare."""
    p, q, r, s, k = 2, 3, 4, 3, 3  # sizes of x, z1, z2, z3, y
    draw = np.random.default_rng(3)
    W0, W1, W2, W3 = (1.5 * draw.standard_normal(shape) for shape in ((p, q), (q, r), (r, s), (s, k)))
    x, t = draw.standard_normal(p), np.eye(k)[1]

    def forward(W0=W0, W1=W1, W2=W2, W3=W3):
        z1 = sigmoid(x @ W0)
        z2 = sigmoid(z1 @ W1)
        z3 = sigmoid(z2 @ W2)
        return z1, z2, z3, softmax(z3 @ W3)

    def d(name):
        start = {"W0": W0, "W1": W1, "W2": W2, "W3": W3}[name]
        return derivative(lambda at: (t * np.log(forward(**{name: at})[3])).sum(), start)

    z1, z2, z3, y = forward()
    return SimpleNamespace(x=x, z1=z1, z2=z2, z3=z3, e=t - y, W1=W1, W2=W2, W3=W3, d=d, classes=k)


def test_the_gradient_of_the_last_weights_is_right_for_one_row(deep):
    assert worst(np.outer(deep.z3, deep.e), deep.d("W3")) < RIGHT


def test_the_gradient_of_the_weights_before_needs_the_sum_over_k(deep):
    """The post: ∂J/∂W²_rs = Σ_n (t_k − y_k) W³_sk z³_s (1 − z³_s) z²_r, with k on the right only."""
    back = deep.z3 * (1 - deep.z3)
    right = np.einsum("k,sk,s,r->rs", deep.e, deep.W3, back, deep.z2)
    assert worst(right, deep.d("W2")) < RIGHT
    for k in range(deep.classes):
        assert worst(np.einsum(",s,s,r->rs", deep.e[k], deep.W3[:, k], back, deep.z2), deep.d("W2")) > WRONG


def test_the_gradient_two_layers_before_needs_the_sums_over_k_and_over_s(deep):
    """The post: ∂J/∂W¹_qr = Σ_n (t_k − y_k) W³_sk z³_s (1 − z³_s) W²_rs z²_r (1 − z²_r) z¹_q."""
    back3, back2 = deep.z3 * (1 - deep.z3), deep.z2 * (1 - deep.z2)
    right = np.einsum("k,sk,s,rs,r,q->qr", deep.e, deep.W3, back3, deep.W2, back2, deep.z1)
    assert worst(right, deep.d("W1")) < RIGHT
    for s in range(3):
        over_k = np.einsum("k,k,,r,r,q->qr", deep.e, deep.W3[s], back3[s], deep.W2[:, s], back2, deep.z1)
        assert worst(over_k, deep.d("W1")) > WRONG
        for k in range(deep.classes):
            one = np.einsum(",,,r,r,q->qr", deep.e[k], deep.W3[s, k], back3[s], deep.W2[:, s], back2, deep.z1)
            assert worst(one, deep.d("W1")) > WRONG


def test_the_fourth_set_of_weights_which_the_post_leaves_out_follows_the_same_pattern(deep):
    """Four sets are announced and three gradients given; the inputs' weights need the sums over k, s and r."""
    slopes = [z * (1 - z) for z in (deep.z3, deep.z2, deep.z1)]
    right = np.einsum(
        "k,sk,s,rs,r,qr,q,p->pq", deep.e, deep.W3, slopes[0], deep.W2, slopes[1], deep.W1, slopes[2], deep.x
    )
    assert worst(right, deep.d("W0")) < RIGHT


# --- Coding example --------------------------------------------------------------------------------------------------

POST_LOOP = """
for epoch in range(100000):
    output, hidden = forward(X, W1, b1, V, b2)
    W2 += learning_rate * derivative_v(hidden, T, output)
    b2 += learning_rate * derivative_b2(T, output)
    W1 += learning_rate * derivative_w1(X, hidden, T, output, V)
    b1 += learning_rate * derivative_b1(T, output, V, hidden)
"""


def post_forward(X, W1, b1, V, b2):
    Z = 1 / (1 + np.exp(-X.dot(W1) - b1))
    expA = np.exp(Z.dot(V) + b2)
    return expA / expA.sum(axis=1, keepdims=True), Z


def post_derivative_v(Z, T, Y):
    return Z.T.dot(T - Y)


def post_derivative_w1(X, Z, T, Y, V):
    dZ = (T - Y).dot(V.T) * Z * (1 - Z)
    return X.T.dot(dZ)


def post_derivative_b1(T, Y, V, Z):
    return ((T - Y).dot(V.T) * Z * (1 - Z)).sum(axis=0)


def test_the_posts_four_derivative_functions_are_right():
    Y, Z = post_forward(X, W, b, V, c)
    assert worst(post_derivative_v(Z, T, Y), dV) < RIGHT
    assert worst(post_derivative_w1(X, Z, T, Y, V), dW) < RIGHT
    assert worst((T - Y).sum(axis=0), derivative(lambda c: J_of(c=c), c)) < RIGHT
    assert worst(post_derivative_b1(T, Y, V, Z), derivative(lambda b: J_of(b=b), b)) < RIGHT


def test_what_the_code_calls_dZ_is_the_derivative_in_the_pre_activation():
    """dZ includes z (1 − z), so it is δ = ∂J/∂A of the hidden layer; ∂J/∂Z is what it is before that factor."""
    dZ = (T - Y).dot(V.T) * Z * (1 - Z)
    dA = derivative(lambda A: J_of_z(sigmoid(A)), X @ W + b)
    assert worst(dZ, dA) < RIGHT
    assert worst(dZ, dJ_dz) > WRONG


def test_the_biases_lose_the_factor_z_or_x_and_keep_the_sum_over_rows():
    """ "The same as its weights except minus the Z term": the factor is left out, nothing is subtracted."""
    db2 = derivative(lambda c: J_of(c=c), c)
    assert worst((T - Y).sum(axis=0), db2) < RIGHT
    assert worst((Z.T @ (T - Y) - Z.sum(axis=0)[:, None])[0], db2) > WRONG


def test_the_unshifted_softmax_is_nan_above_709_and_ours_is_not():
    with np.errstate(over="ignore", invalid="ignore"):
        Y, _ = post_forward(np.zeros((1, D)), W, b, 0 * V, np.array([710.0, 0, 0, 0]))
    assert np.isnan(Y).any()
    assert evaluate(law_named("softmax").mean, a=np.array([[710.0, 0, 0, 0]])).tolist() == [[1, *[math.exp(-710)] * 3]]


def test_the_cost_is_nan_where_an_output_underflows_to_zero_and_ours_is_not():
    """0 log 0: a class that is not the target and has the probability 0 should cost nothing."""
    a = np.array([[0.0, -800.0]])
    t = np.array([[1.0, 0.0]])
    with np.errstate(divide="ignore", invalid="ignore"):
        assert np.isnan((t * np.log(softmax(a))).sum())
    assert (t * log_softmax(a)).sum() == 0


def test_the_code_is_python_2():
    with pytest.raises(SyntaxError):
        compile('print "reward:", c', "post", "exec")
    with pytest.raises(NameError):
        eval("xrange(3)")


def test_the_rate_written_10e_minus_7_is_one_millionth():
    assert float("10e-7") == 1e-6 != 1e-7


def test_in_a_fresh_interpreter_the_loop_stops_at_W2():
    """W2 is defined nowhere: what was published ran in a session that still had one."""
    names = {
        "forward": post_forward,
        "derivative_v": post_derivative_v,
        "X": X,
        "T": T,
        "W1": W,
        "b1": b,
        "V": V,
        "b2": c,
        "learning_rate": 1e-6,
    }
    with pytest.raises(NameError, match="W2"):
        exec(POST_LOOP, names)


def test_even_with_W2_updated_for_V_the_later_gradients_would_see_the_new_V():
    """Mended to ``V += ...``, the loop takes dW at the V already moved: no gradient of J at any one point."""
    rate = 0.1
    Y, Z = post_forward(X, W, b, V, c)
    moved = V + rate * post_derivative_v(Z, T, Y)
    assert worst(post_derivative_w1(X, Z, T, Y, moved), dW) > WRONG
    net = cr.Network(f"{D}-{M}-{K}")
    start = net.weights_from(np.concatenate([W.ravel(), b, V.ravel(), c]))
    run = cr.train(net, X, T, weights=start, learning_rate=rate, epochs=1)
    assert worst(run.weights.W[1], W + rate * dW) < RIGHT
    assert worst(run.weights.W[2], V + rate * dV) < RIGHT


PUBLISHED_J = [-2346.15122738, -1057.57105891, -1029.81577579, -1017.17586451, -1009.43889392, -1004.05504914,
               -1000.0247314, -996.862602647, -994.299170911, -992.170243232]  # fmt: skip
PUBLISHED_RATE = [1 / 3, 0.893333333333, 0.92, 0.920666666667, 0.927333333333, 0.928666666667, 0.933333333333,
                  0.936666666667, 0.938666666667, 0.94]  # fmt: skip
SEEDS = range(12)


@pytest.fixture(scope="module")
def runs():
    """(J, rate) at the epochs of the published table, for each seed, with V held fixed and with V trained.

    The post's 90,000 epochs at the rate 1e-6 are run as 900 at 1e-4. Both follow the same path: gradient ascent with a
    small rate is Euler's method for dw/ds = ∂J/∂w, and epoch × rate is the time s. For data and weights of seed 0 the
    full 90,000 epochs were run once beside these: J at the ten epochs of the table differs by at most 0.35 nats with V
    fixed and 1.6 with V trained, where what is compared below differs by hundreds.
    """
    net = cr.Network("2-3-3")
    found = {}
    for name, freeze in (("fixed", ("W2",)), ("trained", ())):
        histories = []
        for seed in SEEDS:
            X, labels = cr.datasets.three_clusters(per_class=500, seed=seed)
            run = cr.train(
                net, X, labels, learning_rate=1e-4, epochs=900, record_every=100, freeze=freeze, seed=1000 + seed
            )
            histories.append((run.history.J, run.history.rate))
        found[name] = np.array(histories)
    return found


def test_the_published_rewards_lie_inside_what_runs_give_that_never_train_V(runs):
    J, rate = runs["fixed"][:, 0], runs["fixed"][:, 1]
    assert (J.min(axis=0) < PUBLISHED_J).all()
    assert (J.max(axis=0) > PUBLISHED_J).all()
    assert (rate[:, 1:].min(axis=0) < PUBLISHED_RATE[1:]).all()
    assert (rate[:, 1:].max(axis=0) > PUBLISHED_RATE[1:]).all()


def test_the_published_rewards_lie_outside_what_every_run_gives_that_trains_V(runs):
    """From epoch 20,000 on the worst of them is hundreds of nats above, and it ends with a higher rate."""
    J, rate = runs["trained"][:, 0], runs["trained"][:, 1]
    assert (J[:, 2:].min(axis=0) > np.array(PUBLISHED_J[2:]) + 250).all()
    assert (J[:, 9] > -250).all()
    assert (rate[:, 9] > PUBLISHED_RATE[9] + 0.01).all()


def test_one_run_that_never_trains_V_follows_the_published_rewards_within_5_nats():
    """Of 660 seeds tried with V fixed this one comes nearest; of 60 with V trained the nearest is 789 nats away.

    At the post's own rate, 1e-6 for 90,000 epochs, it stays within 4.2 nats too. (Its classification rates differ from
    the published ones: they fall from 0.945 to 0.875. The path of J is what this run shares.)
    """
    X, labels = cr.datasets.three_clusters(per_class=500, seed=137)
    run = cr.train(
        cr.Network("2-3-3"), X, labels, learning_rate=1e-4, epochs=900, record_every=100, freeze=("W2",), seed=1137
    )
    assert np.abs(run.history.J[1:] - PUBLISHED_J[1:]).max() < 5


def test_training_V_gains_what_more_epochs_without_it_do_not(runs):
    """The post concludes from its curve that more epochs would help a little; it is V that is missing."""
    assert (runs["trained"][:, 0, 9] > runs["fixed"][:, 0, 9] + 200).all()


# --- Appendix --------------------------------------------------------------------------------------------------------


def test_both_of_the_appendixs_one_line_forms_are_right_and_equal():
    """y_k (δ_kk' − y_k') and y_k' (δ_kk' − y_k) for ∂y_k/∂a_k': the second's y_k' cancels 1 / y_k'."""
    for y, exact in zip(Y, dy_da, strict=True):
        first = y[:, None] * (delta_kk - y[None, :])  # [k, k']
        second = y[None, :] * (delta_kk - y[:, None])
        assert worst(first, exact) < RIGHT
        assert worst(second, exact) < RIGHT


def test_t_minus_y_needs_targets_that_add_up_to_1_not_targets_of_which_one_is_1():
    """The appendix's last step is Σ_k' t_k' = 1: shares will do, and where the sum is 2 the answer is t − 2y."""
    a = rng.standard_normal(K)
    for t in (np.eye(K)[1], np.array([0.1, 0.2, 0.3, 0.4])):
        assert worst(t - softmax(a), derivative(lambda a, t=t: (t * np.log(softmax(a))).sum(), a)) < RIGHT
    twice = np.array([1.0, 1.0, 0.0, 0.0])
    exact = derivative(lambda a: (twice * np.log(softmax(a))).sum(), a)
    assert worst(twice - 2 * softmax(a), exact) < RIGHT
    assert worst(twice - softmax(a), exact) > WRONG


# --- The page that lists them ----------------------------------------------------------------------------------------

PAGE = Path(__file__).parents[1] / "docs" / "the-post.md"


def test_every_test_named_on_the_page_is_here_and_every_slip_on_it_has_one():
    text = PAGE.read_text(encoding="utf-8")
    named = set(re.findall(r"`(test_\w+)`", text))
    here = {name for name in globals() if name.startswith("test_")}
    assert named <= here
    assert len(named) > 20
    for section in re.split(r"^#### ", text, flags=re.MULTILINE)[1:]:
        title = section.splitlines()[0]
        assert "`test_" in section or "*No test:*" in section, title


def test_every_public_name_and_file_on_the_page_exists():
    text = PAGE.read_text(encoding="utf-8")
    for name in set(re.findall(r"`cr\.([A-Za-z_]+)", text)):
        assert name in cr.__all__, name
    for path in set(re.findall(r"`((?:src|tests)/[\w/.]+)`", text)):
        assert (PAGE.parents[1] / path).exists(), path
