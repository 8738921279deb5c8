import os
import threading

import numpy as np
import pytest
from threadpoolctl import threadpool_info, threadpool_limits

import chainrule as cr
from chainrule.blas import one_blas_thread


def threads():
    (np.ones((2, 2)) @ np.ones((2, 2))).sum()
    return {pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"}


@pytest.fixture(autouse=True)
def _two_threads():
    with threadpool_limits(2, "blas"):
        yield


def test_blas_has_one_thread_inside_and_as_many_as_before_afterwards():
    before = threads()
    with one_blas_thread():
        assert threads() == {1}
        with one_blas_thread():
            assert threads() == {1}
        assert threads() == {1}
    assert threads() == before != {1}


@pytest.mark.parametrize("first_to_leave", [0, 1])
def test_what_was_set_comes_back_when_the_last_of_several_threads_leaves(first_to_leave):
    before, inside, leave = threads(), threading.Barrier(3, timeout=200), [threading.Event(), threading.Event()]

    def hold(number):
        with one_blas_thread():
            inside.wait()
            leave[number].wait(timeout=200)

    holders = [threading.Thread(target=hold, args=(number,), daemon=True) for number in range(2)]
    for holder in holders:
        holder.start()
    inside.wait()
    assert threads() == {1}
    leave[first_to_leave].set()
    holders[first_to_leave].join()
    assert threads() == {1}
    leave[1 - first_to_leave].set()
    holders[1 - first_to_leave].join()
    assert threads() == before


def test_an_error_inside_gives_the_threads_back():
    before = threads()
    with pytest.raises(ZeroDivisionError), one_blas_thread():
        raise ZeroDivisionError
    assert threads() == before


def test_a_child_process_starts_without_holders():
    with one_blas_thread():
        child = os.fork()
        if not child:
            from chainrule import blas

            os._exit(blas._holders)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


@pytest.mark.parametrize("notation", ["20-64 relu-10", "20-1 identity"])
def test_training_gives_the_same_bits_for_any_number_of_blas_threads(notation):
    rng = np.random.default_rng(0)
    net = cr.Network(notation)
    X = rng.standard_normal((3000, 20))
    T = rng.integers(10, size=3000) if net.K == 10 else X[:, 0]
    found = []
    for count in (1, 2):
        with threadpool_limits(count, "blas"):
            run = cr.train(net, X, T, solver="momentum", average=True, learning_rate=0.01, epochs=3)
            found.append(run.weights.flat.tobytes())
    assert found[0] == found[1]
