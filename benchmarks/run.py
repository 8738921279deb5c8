"""Ours and every peer on the same work, in one process after another, taking turns; medians over the rounds.

Run: python -m benchmarks.run [--cases post,digits32] [--peers ...] [--extras starts,...] [--rounds 2] [--out FILE]

Writes results.json (every figure seen), results.md (the tables) and results.png. A peer that is not installed is left
out and said so. Where a peer is run in several ways (threads, compiled or not), the fastest one counts, and after the
first round only those that were near it run again. Further rounds are left out where time is short.
"""

from __future__ import annotations

import argparse
import datetime
import importlib.metadata
import json
import os
import platform
import statistics
import subprocess
import sys
import time
from pathlib import Path

from benchmarks import cases, floor, report
from benchmarks.worker import PEERS

EXTRAS = ("starts", "growth", "predict", "memory", "startup")
MOST_SECONDS = 120  # of one process
NEAR = 1.3  # times the fastest way of its family: a way slower than this does not run again


def main() -> None:
    """Parse, run, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", default=",".join(cases.CASES))
    parser.add_argument("--peers", default=",".join(PEERS))
    parser.add_argument("--extras", default=",".join(EXTRAS), help="of " + ", ".join(EXTRAS))
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--minutes", type=float, default=8, help="after which no case is begun a second time")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--add", action="store_true", help="keep what the file has of cases that are not run now")
    parser.add_argument("--out", type=Path, default=Path("benchmarks/results"))
    options = parser.parse_args()
    names, peers, extras = (listed.split(",") if listed else [] for listed in
                            (options.cases, options.peers, options.extras))  # fmt: skip
    peaks = {dtype: floor.measured(dtype) for dtype in ("float64", "float32")}
    found = {
        "machine": machine(),
        "peaks": {dtype: vars(peak) for dtype, peak in peaks.items()},
        "cases": {},
        "extras": {},
    }
    if options.add and options.out.with_suffix(".json").exists():
        before = json.loads(options.out.with_suffix(".json").read_text(encoding="utf-8"))
        found |= {part: before[part] for part in ("cases", "extras")}
    began = time.monotonic()
    for at, name in enumerate(names, start=1):
        deadline = began + 48 * options.minutes * at / len(names)  # four fifths for the cases
        found["cases"][name] = run_case(name, peers, options.rounds, options.repeats, peaks, deadline)
    for name in extras:
        print(f"{name} ...", flush=True)
        result = answer(["-m", f"benchmarks.{name}"])
        if "failed" in result:
            print(f"{name} left out: {result['failed']}", flush=True)
        else:
            found["extras"][name] = result
    write(found, options.out)


def write(found: dict, out: Path) -> None:
    """The three files."""
    out.parent.mkdir(parents=True, exist_ok=True)
    out.with_suffix(".json").write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    out.with_suffix(".md").write_text(report.text(found), encoding="utf-8")
    report.picture(found, out.with_suffix(".png"))
    print(report.text(found))


def run_case(
    name: str, peers: list[str], rounds: int, repeats: int, peaks: dict[str, floor.Peak], deadline: float
) -> dict:
    """Every peer in turn, round by round."""
    case = cases.CASES[name]
    seen: dict[str, dict] = {}
    for turn in range(rounds):
        if turn and time.monotonic() > deadline:
            print(f"{name}: round {turn + 1} left out, the time is up", flush=True)
            break
        for peer in peers:
            if seen.get(peer, {}).get("failed") or (turn and not is_near(peer, seen)):
                continue
            result = answer(["-m", "benchmarks.worker", name, peer, str(repeats)])
            if "failed" in result:
                if not result["failed"].startswith("NotImplementedError"):
                    print(f"{name}: {peer} left out: {result['failed']}", flush=True)
                seen[peer] = result
                continue
            entry = seen.setdefault(peer, {"seconds": [], "warm_up": [], "J": result["J"]})
            entry["seconds"] += result["seconds"]
            entry["warm_up"].append(result["warm_up"])
            entry["median"] = statistics.median(entry["seconds"])
            microseconds = statistics.median(result["seconds"]) * 1e6
            print(f"{name:>10} {turn + 1}/{rounds} {peer:<24}{microseconds:>14,.1f} us an epoch", flush=True)
    peak = peaks[case.dtype]
    return {"peers": seen, "floor": peak.seconds(case), "multiply_adds": case.multiply_adds}


def is_near(peer: str, seen: dict[str, dict]) -> bool:
    """Whether this way of a peer may still turn out to be its fastest."""
    family = next((members for members in report.FAMILIES.values() if peer in members), (peer,))
    medians = [seen[member]["median"] for member in family if "median" in seen.get(member, {})]
    return seen[peer]["median"] <= NEAR * min(medians)


def answer(arguments: list[str]) -> dict:
    """The JSON that a process prints last, or why there is none."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith("OPENBLAS_")}
    command = [sys.executable, *arguments]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=MOST_SECONDS, env=environment)
    except subprocess.TimeoutExpired:
        return {"failed": f"it takes longer than {MOST_SECONDS} seconds"}
    if done.returncode:
        return {"failed": (done.stderr.strip().splitlines() or ["no message"])[-1]}
    return json.loads(done.stdout.strip().splitlines()[-1])


def machine() -> dict:
    """What the figures were seen on."""
    versions = {}
    for package in ("numpy", "scipy", "llvmlite", "scikit-learn", "torch", "jax"):
        try:
            versions[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            versions[package] = None
    model = platform.processor() or platform.machine()
    for line in Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else ():
        if line.startswith("model name"):
            model = line.split(":", 1)[1].strip()
            break
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True)
    return {
        "processor": model,
        "cores": os.cpu_count(),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "versions": versions,
        "commit": commit.stdout.strip(),
        "date": datetime.date.today().isoformat(),
    }


if __name__ == "__main__":
    main()
