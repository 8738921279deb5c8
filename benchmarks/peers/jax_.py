"""JAX with the whole loop inside one jit: lax.scan over epochs and batches, buffers donated. The strongest peer."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from benchmarks.cases import Case


def build(case: Case, X: np.ndarray, labels: np.ndarray, start: list) -> Callable[[int], float]:
    """A function that runs so many more epochs and returns J (of the last batch, scaled, in a mini-batch run)."""
    import functools

    import jax
    import jax.numpy as jnp

    jax.config.update("jax_enable_x64", case.dtype == "float64")
    activation = {"sigmoid": jax.nn.sigmoid, "relu": jax.nn.relu}[case.hidden]
    inputs, targets = jnp.asarray(X), jnp.asarray(labels)
    rows, full, batch, rate = len(X), case.batch is None, case.batch, case.learning_rate
    weights = [(jnp.asarray(w), jnp.asarray(b)) for w, b in start]

    def loss_on(weights, x, t):
        z = x
        for w, b in weights[:-1]:
            z = activation(z @ w + b)
        w, b = weights[-1]
        log_y = jax.nn.log_softmax(z @ w + b)
        rows = -jnp.take_along_axis(log_y, t[:, None], axis=1)
        return rows.sum() if full else rows.mean()

    value_and_gradient = jax.value_and_grad(loss_on)

    def ascend(state, x, t):
        weights = state
        loss, d = value_and_gradient(weights, x, t)
        return jax.tree.map(lambda w, g: w - rate * g, weights, d), loss

    def adam(state, x, t):
        weights, m, v, count = state
        loss, d = value_and_gradient(weights, x, t)
        count = count + 1
        m = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, m, d)
        v = jax.tree.map(lambda v, g: 0.999 * v + 0.001 * g * g, v, d)
        step = rate * jnp.sqrt(1 - 0.999**count) / (1 - 0.9**count)
        weights = jax.tree.map(lambda w, m, v: w - step * m / (jnp.sqrt(v) + 1e-8), weights, m, v)
        return (weights, m, v, count), loss

    if full:
        state = weights

        @functools.partial(jax.jit, static_argnums=1, donate_argnums=0)
        def epochs_of(state, epochs, key):
            return jax.lax.scan(lambda s, _: ascend(s, inputs, targets), state, None, length=epochs)
    else:
        zeros = jax.tree.map(jnp.zeros_like, weights)
        state = (weights, zeros, jax.tree.map(jnp.zeros_like, weights), jnp.asarray(0.0, dtype=case.dtype))
        whole = rows // batch

        def epoch(state, key):
            order = jax.random.permutation(key, rows)

            def one(state, part):
                return adam(state, inputs[part], targets[part])

            state, losses = jax.lax.scan(one, state, order[: whole * batch].reshape(whole, batch))
            if rows % batch:
                state, last = adam(state, inputs[order[whole * batch :]], targets[order[whole * batch :]])
                return state, last
            return state, losses[-1]

        @functools.partial(jax.jit, static_argnums=1, donate_argnums=0)
        def epochs_of(state, epochs, key):
            return jax.lax.scan(epoch, state, jax.random.split(key, epochs))

    key = jax.random.key(0)

    def run(epochs: int) -> float:
        nonlocal state, key
        key, now = jax.random.split(key)
        state, losses = epochs_of(state, epochs, now)
        return -float(losses[-1].block_until_ready()) * (1 if full else rows)

    return run
