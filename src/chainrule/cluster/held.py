"""A table held by the workers: one task a worker and pass, sums back, in the tree's order."""

from __future__ import annotations

import itertools
import time
import uuid
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from chainrule.cluster.aligned import aligned
from chainrule.cluster.allot import Share, allotted
from chainrule.cluster.client import GO_ON, faults_named
from chainrule.cluster.lineage import needed, root_of, with_root
from chainrule.cluster.part import OfBlock, as_it_is, block_of, built, digests_of, joined, moments_of, sums_of
from chainrule.cluster.table import DaskBlocks
from chainrule.errors import ClusterError, SettingError
from chainrule.kernels.blocks import Block, Blocks, Node, TargetMoments, TreeSum
from chainrule.network import Network

FAN_IN = 16  # workers whose sums come to the client as they are; of more, groups are summed on workers first
LARGE = 1_000_000  # bytes of weights, from which they go to one worker and from there to the others
KEPT = 4_000_000  # bytes of results of earlier passes that a worker keeps
SECONDS_WITHOUT_WORKERS = 60.0
SECONDS_BETWEEN_LOOKS = 2.0


class Held:
    """Blocks of a table in the memories of workers.

    Each worker holds neighbouring blocks as one value of Dask, which Dask makes again from its graph, on another
    worker, where the worker is lost. Sums come from whoever holds a block, each block once: a tree refuses a second.

    Parameters
    ----------
    client : distributed.Client
    net : Network
    blocks : Blocks
        Their root is a `DaskBlocks`, or a table that each worker can read.
    dtype : float64 or float32

    Raises
    ------
    DataError
        What is wrong with the rows, the first of them.
    SettingError
        The workers have not the memory for the rows.
    ClusterError
        There are no workers, or they and the scheduler are lost.
    """

    def __init__(self, client: Any, net: Network, blocks: Blocks, dtype: np.dtype[Any]) -> None:
        self.client, self.net, self.blocks, self.dtype = client, net, blocks, dtype
        self._earlier: list[list[Any]] = []
        self._names = (f"chainrule-{uuid.uuid4().hex[:12]}-{number}" for number in itertools.count())
        with faults_named():
            threads = self._threads_of_workers()
            self._check_memory()
            self.shares = allotted(blocks.rows / blocks.rows_per_block, list(threads.items()))
            self._parts = [self._part(share) for share in self.shares]
            self._wait(self._parts)
            for part in self._parts:  # of several faults the first one in the table
                if part.status == "error":
                    self.client.gather(part)

    def sum(self, of_block: OfBlock, evaluations: int | None, passed: Callable[[int], object] | None = None) -> Any:
        """What a function gives for each block, over all of them."""
        given: Any = of_block
        if self.net.size * self.dtype.itemsize > LARGE and len(self._parts) > 2:
            given = self.client.submit(as_it_is, of_block, key=next(self._names))
        tasks = self._on_each(sums_of, of_block=given, evaluations=evaluations)
        return self._summed(tasks, TreeSum(), passed)

    def moments(self) -> TargetMoments:
        """What the targets tell."""
        tasks = self._on_each(moments_of)
        found: TargetMoments = self._summed(tasks, TreeSum(TargetMoments.plus), None, of_moments=True)
        return found

    def digests(self) -> list[bytes]:
        """That of each block."""
        with faults_named():
            tasks = self._on_each(digests_of)
            self._wait(tasks)
            return [digest for found in self.client.gather(tasks) for _, digest in found]

    def block(self, number: int) -> Block:
        """A block, fetched."""
        at = next(i for i, share in enumerate(self.shares) if share.first <= number < share.end)
        with faults_named():
            task = self._submit(block_of, self._parts[at], number)
            self._wait([task])
            found = self.client.gather(task)
        return Block(*aligned(tuple(found)))

    def _submit(self, function: Any, *arguments: Any) -> Any:
        return self.client.submit(function, *arguments, key=next(self._names))

    def _on_each(self, function: Any, **options: Any) -> list[Any]:
        """A task on what each worker holds, all in one message.

        A client sends a message at once, and another one only 10 ms after it. So results of earlier passes are not let
        go one by one, which would be a message each time, but many together.
        """
        names = [next(self._names) for _ in self._parts]
        tasks: list[Any] = self.client.map(function, self._parts, key=names, **options)
        self._earlier.append(tasks)
        if len(self._earlier) * self.net.size * self.dtype.itemsize > KEPT or len(self._earlier) > 100:
            self._earlier = [tasks]
        return tasks

    def _summed(
        self, tasks: list[Any], sums: TreeSum, passed: Callable[[int], object] | None, *, of_moments: bool = False
    ) -> Any:
        with faults_named():
            if passed is not None:
                self._tell(tasks, passed)
            while len(tasks) > FAN_IN:
                groups = [tasks[at : at + FAN_IN] for at in range(0, len(tasks), FAN_IN)]
                tasks = [self._submit(joined, group, of_moments) for group in groups]
            self._wait(tasks)
            for nodes in self.client.gather(tasks):
                sums.add_nodes(Node(*aligned(tuple(node))) for node in nodes)
        return sums.total(self.blocks.count)

    def _tell(self, tasks: list[Any], passed: Callable[[int], object]) -> None:
        """Tell of the rows of each worker that is done."""
        from distributed import as_completed

        rows = {
            task.key: self.blocks.bounds(share.end - 1)[1] - self.blocks.bounds(share.first)[0]
            for task, share in zip(tasks, self.shares, strict=True)
        }
        for task in as_completed(tasks):
            passed(rows[task.key])

    def _wait(self, tasks: Sequence[Any]) -> None:
        """Until all are done; `ClusterError` where there has been no worker for a while."""
        from distributed import wait

        alone_since = None
        while True:
            try:
                wait(tasks, timeout=SECONDS_BETWEEN_LOOKS)
                return
            except TimeoutError:
                if self.client.nthreads():
                    alone_since = None
                    continue
            alone_since = alone_since or time.monotonic()
            if time.monotonic() - alone_since > SECONDS_WITHOUT_WORKERS:
                raise ClusterError(
                    f"The cluster has had no worker for {SECONDS_WITHOUT_WORKERS:g} seconds.",
                    "Its scheduler answers, so workers may join it again.",
                    GO_ON,
                )

    def _part(self, share: Share) -> Any:
        """The future of what one worker holds."""
        from dask import delayed

        numbers = range(share.first, share.end)
        root, shell, given = root_of(self.blocks), self.blocks, None
        if isinstance(root, DaskBlocks):
            wanted = sorted(set().union(*(needed(self.blocks, number) for number in numbers)))
            first, end = root.bounds(wanted[0])[0], root.bounds(wanted[-1])[1]
            shell = with_root(self.blocks, root.within(first, end))
            given = {number: root.task(number, self.dtype) for number in wanted}
        task = delayed(built, pure=False)(self.net, shell, numbers, self.dtype, given)
        return self.client.compute(task, workers=[share.worker], allow_other_workers=True)

    def _threads_of_workers(self) -> dict[str, int]:
        found: dict[str, int] = self.client.nthreads()
        if not found:
            try:
                self.client.wait_for_workers(1, timeout=SECONDS_WITHOUT_WORKERS)
            except TimeoutError:
                raise ClusterError(
                    "The cluster has no workers.", "Start some: dask worker SCHEDULER_ADDRESS, or cluster.scale(4)."
                ) from None
            found = self.client.nthreads()
        return dict(sorted(found.items()))

    def _check_memory(self) -> None:
        """SettingError where the rows do not fit into the workers' memories together."""
        try:
            workers = self.client.scheduler_info(n_workers=-1)["workers"].values()
        except TypeError:  # a version that tells of all of them
            workers = self.client.scheduler_info()["workers"].values()
        limits = [worker.get("memory_limit") or 0 for worker in workers]
        columns = self.blocks.inputs + self.blocks.outputs + self.blocks.has_weights
        size = self.blocks.rows * columns * self.dtype.itemsize
        if limits and all(limits) and size > sum(limits):
            raise SettingError(
                f"The rows take {size / 1e9:,.1f} GB, and"
                f" {'the worker has' if len(limits) == 1 else f'the {len(limits)} workers together have'}"
                f" {sum(limits) / 1e9:,.1f} GB of memory.",
                "Each worker holds its blocks in memory.",
                "Use more workers" + (", or dtype='float32'." if self.dtype == np.float64 else "."),
            )
