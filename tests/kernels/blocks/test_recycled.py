import gc
import threading

import numpy as np
import pytest

from chainrule.kernels.blocks import Recycled

SHAPE = (1000, 100)


def test_memory_serves_again_once_nobody_has_it():
    memory = Recycled()
    first = memory.empty(SHAPE, np.float64)
    address = first.ctypes.data
    del first
    again = memory.empty(SHAPE, np.float64)
    assert again.ctypes.data == address
    assert again.flags.c_contiguous
    assert again.flags.writeable
    assert again.shape == SHAPE


@pytest.mark.parametrize(
    "view",
    [
        lambda a: a[5:7],
        lambda a: a.T,
        lambda a: a.reshape(-1)[::2],
        lambda a: np.asarray(a),
        lambda a: a[3],
        lambda a: memoryview(a),
        lambda a: a.view(np.int64),
        lambda a: (part for part in [a[1:]]),
    ],
)
def test_memory_of_which_somebody_has_a_view_is_left_alone(view):
    memory = Recycled()
    first = memory.empty(SHAPE, np.float64)
    first[:] = 7
    kept = view(first)
    del first
    others = [memory.empty(SHAPE, np.float64) for _ in range(5)]
    for other in others:
        other[:] = 0
    seen = np.asarray(next(kept) if hasattr(kept, "__next__") else kept)
    assert (seen.view(np.float64) == 7).all()


def test_arrays_of_other_sizes_and_kinds_do_not_share():
    memory = Recycled()
    rng = np.random.default_rng(0)
    alive = []
    for _ in range(200):
        shape, dtype = SHAPE if rng.random() < 0.5 else (500, 100), rng.choice(["f4", "f8"])
        array = memory.empty(shape, dtype)
        assert array.dtype == dtype
        array[:] = len(alive)
        alive.append((array, len(alive)))
        if len(alive) > 6:
            alive.pop(int(rng.integers(6)))
        assert all((kept == value).all() for kept, value in alive)
        alive = [(kept, at) for at, (kept, _) in enumerate(alive) if kept.__setitem__(slice(None), at) is None]


def test_no_more_is_kept_than_asked_for():
    memory = Recycled(most=2)
    arrays = [memory.empty(SHAPE, np.float64) for _ in range(9)]
    del arrays
    gc.collect()
    assert len(memory._free[SHAPE[0] * SHAPE[1] * 8]) == 2


def test_threads_never_get_the_same_memory():
    memory, wrong = Recycled(), []

    def work(value):
        for _ in range(300):
            array = memory.empty(SHAPE, np.float64)
            array[:] = value
            if not (array == value).all():
                wrong.append(value)

    threads = [threading.Thread(target=work, args=(value,)) for value in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
