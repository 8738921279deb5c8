"""Any table in blocks, read by the workers of a cluster."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import numpy.typing as npt

from chainrule.cluster.client import check_dask, check_environments, present_client
from chainrule.errors import SettingError
from chainrule.kernels.blocks import Block, Blocks
from chainrule.network import Network
from chainrule.tables.labels import LabelCoding

Array = npt.NDArray[Any]


class OnWorkers(Blocks):
    """A table whose blocks the workers of a cluster read, each its own, and hold.

    Each worker gets a copy of the table without its rows, by pickle: so it must be one that reads its rows from where
    every worker can, such as files in a folder that all machines see.

    Parameters
    ----------
    table : Blocks
    client : distributed.Client, optional
        The default one where left out.

    Raises
    ------
    SettingError
        There is no client.
    ClusterError
        The scheduler or a worker has no chainrule, or another version.
    """

    def __init__(self, table: Blocks, client: Any = None) -> None:
        check_dask()
        self.client = client or present_client()
        if self.client is None:
            raise SettingError(
                "There is no Dask client, so there are no workers.",
                "Make one first: distributed.Client() for this machine, Client(address) for a scheduler that runs.",
            )
        check_environments(self.client)
        self._take(table)

    def _take(self, table: Blocks) -> None:
        self.table = table
        self.rows, self.inputs, self.outputs, self.coding = table.rows, table.inputs, table.outputs, table.coding
        self.has_weights, self.total_weight = table.has_weights, table.total_weight

    @property
    def objective_class(self) -> Any:
        """What sums over it."""
        from chainrule.cluster.objective import ClusterObjective

        return ClusterObjective

    def read(self, number: int, dtype: np.dtype[Any]) -> Block:
        """As the table reads it, here."""
        return self.table.read(number, dtype)

    def targets_of(self, number: int, dtype: np.dtype[Any]) -> tuple[Array, Array | None]:
        """As in the table."""
        return self.table.targets_of(number, dtype)

    def place(self, row: int) -> str:
        """As in the table."""
        return self.table.place(row)

    def column(self, part: str, number: int) -> str:
        """As in the table."""
        return self.table.column(part, number)

    def for_network(self, net: Network, coding: LabelCoding | None = None) -> OnWorkers:
        """The same of the table as the network takes it."""
        found = copy.copy(self)
        found._take(self.table.for_network(net, coding))
        return found

    def __getstate__(self) -> dict[str, Any]:
        """Without the client, which stays where the solver is."""
        return {**vars(self), "client": None}
