"""Ours and every peer on the same work, in one process after another, taking turns; medians over the rounds.

Run: python -m benchmarks.run [--cases post,digits32] [--peers ...] [--rounds 3] [--repeats 5] [--out benchmarks/results]

Writes results.json (every figure seen), results.md (the table) and results.png. A peer that is not installed is left out
and said so. Where a peer is run in several ways (threads, compiled or not), the fastest one counts.
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
from pathlib import Path

from benchmarks import cases, floor
from benchmarks.worker import PEERS

FAMILIES = {
    "post": ("post",),
    "scikit-learn": ("scikit-learn",),
    "PyTorch": ("PyTorch 1 thread", "PyTorch 2 threads", "torch.compile", "torch.compile 2 threads"),
    "JAX": ("JAX",),
}
PACKAGES = {"scikit-learn": "scikit-learn", "PyTorch": "torch", "JAX": "jax"}
WANTED = {
    "post": {"post": 20, "JAX": 6, "PyTorch": 30, "scikit-learn": 30},
    "digits32": {"scikit-learn": 20, "PyTorch": 20, "JAX": 2},
    "digits200": {"scikit-learn": 8, "PyTorch": 8, "JAX": 2.5},
    "wide64": {"scikit-learn": 6, "PyTorch": 6, "JAX": 2},
    "wide256": {"PyTorch": 1.5, "JAX": 1.2},
    "images": {"PyTorch": 2.5, "JAX": 1.4},
}


def main() -> None:
    """Parse, run, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", default=",".join(cases.CASES))
    parser.add_argument("--peers", default=",".join(PEERS))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--out", type=Path, default=Path("benchmarks/results"))
    options = parser.parse_args()
    names, peers = options.cases.split(","), options.peers.split(",")
    peaks = {dtype: floor.measured(dtype) for dtype in ("float64", "float32")}
    found = {"machine": machine(), "cases": {}}
    for name in names:
        case = cases.CASES[name]
        seen: dict[str, dict] = {}
        for turn in range(options.rounds):
            for peer in peers:
                if seen.get(peer, {}).get("failed"):
                    continue
                result = run_one(name, peer, options.repeats)
                if "failed" in result:
                    if not result["failed"].startswith("NotImplementedError"):
                        print(f"{name}: {peer} left out: {result['failed']}", flush=True)
                    seen[peer] = result
                    continue
                entry = seen.setdefault(peer, {"seconds": [], "warm_up": [], "J": result["J"]})
                entry["seconds"] += result["seconds"]
                entry["warm_up"].append(result["warm_up"])
                microseconds = statistics.median(result["seconds"]) * 1e6
                print(f"{name:>10} {turn + 1}/{options.rounds} {peer:<24}{microseconds:>14,.1f} us an epoch", flush=True)
        for entry in seen.values():
            if "failed" not in entry:
                entry["median"] = statistics.median(entry["seconds"])
        peak = peaks[case.dtype]
        found["cases"][name] = {
            "peers": seen,
            "floor": peak.seconds(case),
            "multiply_adds": case.multiply_adds,
            "peak_multiply_adds": peak.multiply_adds,
            "peak_exponentials": peak.exponentials,
        }
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.with_suffix(".json").write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    options.out.with_suffix(".md").write_text(table(found), encoding="utf-8")
    picture(found, options.out.with_suffix(".png"))
    print(table(found))


def run_one(name: str, peer: str, repeats: int) -> dict:
    """The worker's answer, or why there is none."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith("OPENBLAS_")}
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.worker", name, peer, str(repeats)],
        capture_output=True, text=True, timeout=1800, env=environment,
    )  # fmt: skip
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


def family_medians(entry: dict) -> dict[str, float]:
    """Seconds an epoch of each peer, the fastest of its ways."""
    found = {}
    for family, members in FAMILIES.items():
        medians = [m for member in members if (m := entry["peers"].get(member, {}).get("median")) is not None]
        if medians:
            found[family] = min(medians)
    return found


def table(found: dict) -> str:
    """The table in Markdown."""
    versions = ", ".join(f"{k} {v}" for k, v in found["machine"]["versions"].items() if v)
    lines = [
        f"{found['machine']['processor']}, {found['machine']['cores']} cores, Python {found['machine']['python']}; "
        f"{versions}; commit {found['machine']['commit']}, {found['machine']['date']}.",
        "",
        "Microseconds an update (median), and how many times longer each peer takes; in brackets what was aimed at.",
        "",
        "| case | updates an epoch | chainrule | times the floor | " + " | ".join(FAMILIES) + " |",
        "|---|---|---|---|" + "---|" * len(FAMILIES),
    ]
    for name, entry in found["cases"].items():
        case = cases.CASES[name]
        ours = entry["peers"].get("chainrule", {}).get("median")
        if ours is None:
            continue
        cells = []
        for family in FAMILIES:
            theirs = family_medians(entry).get(family)
            wanted = WANTED[name].get(family)
            cells.append("" if theirs is None else f"{theirs / ours:.1f} x" + (f" ({wanted:g})" if wanted else ""))
        lines.append(
            f"| {case.title}: {case.notation} {case.dtype} | {case.updates} | {ours / case.updates * 1e6:.1f} | "
            f"{ours / entry['floor']:.2f} | " + " | ".join(cells) + " |"
        )
    return "\n".join(lines) + "\n"


def picture(found: dict, path: Path) -> None:
    """How many times longer each peer takes, a bar each."""
    from matplotlib.figure import Figure

    names = [name for name, entry in found["cases"].items() if "median" in entry["peers"].get("chainrule", {})]
    figure = Figure(figsize=(9, 1.1 + 0.9 * len(names)), layout="constrained")
    axes = figure.add_subplot()
    colours = dict(zip(FAMILIES, ("#999999", "#E69F00", "#D55E00", "#0072B2"), strict=True))
    height = 0.2
    for row, name in enumerate(names):
        entry = found["cases"][name]
        ours = entry["peers"]["chainrule"]["median"]
        for at, (family, theirs) in enumerate(family_medians(entry).items()):
            y = row + (at - 1.5) * height
            axes.barh(y, theirs / ours, height, color=colours[family], label=family if row == 0 else None)
            axes.annotate(f"{theirs / ours:.1f}", (theirs / ours, y), (3, 0), textcoords="offset points", va="center",
                          fontsize=8)  # fmt: skip
    axes.set_xscale("log")
    axes.axvline(1, color="black", linewidth=1)
    axes.set_yticks(range(len(names)), [cases.CASES[name].title for name in names])
    axes.invert_yaxis()
    axes.set_xlabel("time of a peer / time of chainrule (1 = as fast)")
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False, loc="lower right")
    figure.savefig(path, dpi=120)


if __name__ == "__main__":
    main()
