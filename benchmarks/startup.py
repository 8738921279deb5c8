"""What it costs to begin: imports, ``--help``, the demo after its first run. Medians.

Run: python -m benchmarks.startup
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import time

REPEATS = 7
COMMANDS = {
    "python": ["-c", "pass"],
    "import numpy": ["-c", "import numpy"],
    "import chainrule": ["-c", "import numpy, chainrule"],
    "chainrule --help": ["-m", "chainrule", "--help"],
}


def main() -> None:
    """All commands, taking turns."""
    seconds: dict[str, list[float]] = {name: [] for name in COMMANDS}
    for turn in range(REPEATS + 1):
        for name, command in COMMANDS.items():
            took = timed(command)
            if turn:
                seconds[name].append(took)
    found = {name: statistics.median(each) for name, each in seconds.items()}
    with tempfile.TemporaryDirectory() as folder:
        demo = ["-m", "chainrule", "demo", "--out", folder]
        first = timed(demo)
        found["chainrule demo, first"], found["chainrule demo"] = (
            first,
            statistics.median(timed(demo) for _ in range(2)),
        )
    print(json.dumps(found))


def timed(arguments: list[str]) -> float:
    """Seconds of one process."""
    began = time.perf_counter()
    subprocess.run([sys.executable, *arguments], check=True, capture_output=True)
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
