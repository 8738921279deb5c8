"""Every block has one worker, shares follow the threads, and are few subtrees."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from chainrule.cluster.allot import allotted
from chainrule.kernels.blocks import TreeSum


@given(st.integers(1, 3000), st.lists(st.integers(1, 8), min_size=1, max_size=40))
def test_each_block_belongs_to_one_worker_in_the_order_of_the_rows(blocks, threads):
    shares = allotted(blocks, [(str(at), count) for at, count in enumerate(threads)])
    held = [number for share in shares for number in range(share.first, share.end)]
    assert held == list(range(blocks))
    assert [int(share.worker) for share in shares] == sorted({int(share.worker) for share in shares})


@given(st.integers(200, 3000), st.integers(1, 12))
def test_shares_are_within_an_eighth_of_what_is_fair_and_a_few_subtrees_each(blocks, workers):
    shares = allotted(blocks, [(str(at), 1) for at in range(workers)])
    for share in shares:
        assert abs((share.end - share.first) - blocks / workers) <= max(1, blocks / workers / 7)
        sums = TreeSum()
        for number in range(share.first, share.end):
            sums.add(number, 1)
        nodes = sums.nodes()
        assert len(nodes) <= 6 + np.log2(blocks)  # ragged at the end of the table only
        assert sum(node.value for node in nodes) == share.end - share.first


def test_more_threads_mean_more_blocks():
    shares = allotted(400, [("a", 3), ("b", 1)])
    assert [share.end - share.first for share in shares] == [304, 96]
