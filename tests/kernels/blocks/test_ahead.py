import threading
import time

import pytest

from chainrule.kernels.blocks.ahead import read_ahead


def test_results_come_in_the_order_asked_for_from_another_thread():
    here, seen = threading.get_ident(), []

    def read(number):
        seen.append(threading.get_ident())
        return number * number

    assert list(read_ahead(read, [5, 3, 8, 0])) == [25, 9, 64, 0]
    assert here not in seen
    assert list(read_ahead(read, [])) == []


def test_the_next_one_is_read_while_this_one_is_used_and_no_further_one():
    begun = []

    def read(number):
        begun.append(number)
        return number

    for number in read_ahead(read, range(5)):
        deadline = time.monotonic() + 10
        while len(begun) < min(number + 2, 5) and time.monotonic() < deadline:
            time.sleep(0.001)
        time.sleep(0.01)
        assert begun == list(range(min(number + 2, 5)))


def test_an_error_reaches_whoever_asks():
    def read(number):
        if number == 2:
            raise OSError("gone")
        return number

    found = []
    with pytest.raises(OSError, match="gone"):
        found.extend(read_ahead(read, range(4)))
    assert not [thread for thread in threading.enumerate() if "chainrule reader" in thread.name]


def test_whoever_stops_early_leaves_no_thread_behind():
    reader = read_ahead(lambda number: number, range(100))
    next(reader)
    reader.close()
    assert not [thread for thread in threading.enumerate() if "chainrule reader" in thread.name]


def test_several_threads_read_and_the_order_stays():
    both = threading.Barrier(3, timeout=60)

    def read(number):
        if number < 3:
            both.wait()  # three are read at once, or none comes through
        return number

    assert list(read_ahead(read, range(7), 3, 3)) == list(range(7))


def test_an_error_of_the_numbers_comes_after_all_before_it():
    def numbers():
        yield from range(3)
        raise OSError("gone")

    reader = read_ahead(lambda number: number, numbers(), 2, 2)
    assert [next(reader) for _ in range(3)] == [0, 1, 2]
    with pytest.raises(OSError, match="gone"):
        next(reader)
