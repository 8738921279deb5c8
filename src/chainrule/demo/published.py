"""What the post printed."""

from __future__ import annotations

from typing import NamedTuple


class Published(NamedTuple):
    """One line of the post's output: the reward J in nats, the rate as a share."""

    epoch: int
    J: float
    rate: float


# The post, "Coding example": the output of its last loop, which prints when epoch % 10000 == 0.
TABLE = (
    Published(0, -2346.15122738, 0.333333333333),
    Published(10_000, -1057.57105891, 0.893333333333),
    Published(20_000, -1029.81577579, 0.92),
    Published(30_000, -1017.17586451, 0.920666666667),
    Published(40_000, -1009.43889392, 0.927333333333),
    Published(50_000, -1004.05504914, 0.928666666667),
    Published(60_000, -1000.0247314, 0.933333333333),
    Published(70_000, -996.862602647, 0.936666666667),
    Published(80_000, -994.299170911, 0.938666666667),
    Published(90_000, -992.170243232, 0.94),
)
