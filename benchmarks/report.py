"""What was measured, as tables and as a picture."""

from __future__ import annotations

from pathlib import Path

from benchmarks import cases

FAMILIES = {
    "the post": ("post",),
    "scikit-learn": ("scikit-learn",),
    "PyTorch": ("PyTorch 1 thread", "PyTorch 2 threads", "torch.compile", "torch.compile 2 threads"),
    "JAX": ("JAX",),
}
AIMED_AT = {
    "post": {"the post": 20, "JAX": 6, "PyTorch": 30, "scikit-learn": 30},
    "digits32": {"scikit-learn": 20, "PyTorch": 20, "JAX": 2},
    "digits200": {"scikit-learn": 8, "PyTorch": 8, "JAX": 2.5},
    "wide64": {"scikit-learn": 6, "PyTorch": 6, "JAX": 2},
    "wide256": {"PyTorch": 1.5, "JAX": 1.2},
    "images": {"PyTorch": 2.5, "JAX": 1.4},
}
COLOURS = dict(zip(FAMILIES, ("#999999", "#E69F00", "#D55E00", "#0072B2"), strict=True))


def text(found: dict) -> str:
    """All tables in Markdown."""
    machine = found["machine"]
    versions = ", ".join(f"{k} {v}" for k, v in machine["versions"].items() if v)
    rates = "; ".join(
        f"{dtype} {2e-9 * peak['multiply_adds']:.0f} GFLOP/s in matrix products, "
        f"{1e-9 * peak['exponentials']:.2f} thousand million exponentials a second"
        for dtype, peak in found["peaks"].items()
    )
    lines = [
        f"{machine['processor']}, {machine['cores']} cores, {machine['system']}, Python {machine['python']}; "
        f"{versions}; commit {machine['commit']}, {machine['date']}. One core's peak: {rates}.",
        "",
        *_training(found),
        "",
        *_extras(found["extras"]),
    ]
    return "\n".join(lines).rstrip() + "\n"


def _training(found: dict) -> list[str]:
    lines = [
        "Time of an update (median of whole trainings), and how many times longer each peer takes; in brackets what "
        "was aimed at. The floor is what the exponentials and multiply-adds alone take on one core at its peak rates.",
        "",
        "| case | chainrule, µs an update | times the floor | GFLOP/s | " + " | ".join(FAMILIES) + " |",
        "|---|---|---|---|" + "---|" * len(FAMILIES),
    ]
    for name, entry in found["cases"].items():
        case, ours = cases.CASES[name], entry["peers"].get("chainrule", {}).get("median")
        if ours is None:
            continue
        cells = []
        for family in FAMILIES:
            theirs, aim = family_medians(entry).get(family), AIMED_AT[name].get(family)
            cells.append("" if theirs is None else f"{theirs / ours:.1f} x" + (f" ({aim:g})" if aim else ""))
        lines.append(
            f"| {case.title}: {case.notation}, {case.dtype} | {ours / case.updates * 1e6:.1f} | "
            f"{ours / entry['floor']:.2f} | {2e-9 * entry['multiply_adds'] / ours:.0f} | " + " | ".join(cells) + " |"
        )
    return lines


def family_medians(entry: dict) -> dict[str, float]:
    """Seconds an epoch of each peer, the fastest of its ways."""
    found = {}
    for family, members in FAMILIES.items():
        medians = [m for member in members if (m := entry["peers"].get(member, {}).get("median")) is not None]
        if medians:
            found[family] = min(medians)
    return found


def _extras(extras: dict) -> list[str]:
    lines = ["| what | chainrule | peer or aim |", "|---|---|---|"]
    if starts := extras.get("starts"):
        theirs = starts["median_seconds"]["scikit-learn lbfgs"]
        for solver in ("newton", "lbfgs"):
            ours, J = starts["median_seconds"][solver], starts["median_J"]
            lines.append(
                f"| the post's data, {starts['starts']} starts, until scikit-learn's own J (median "
                f"{J['scikit-learn lbfgs']:.1f}), {solver} | {ours * 1e3:.0f} ms, reached from "
                f"{starts['reached'][solver]:.0f} | scikit-learn's lbfgs {theirs * 1e3:.0f} ms: "
                f"{theirs / ours:.1f} x (10) |"
            )
    for title, seconds in extras.get("predict", {}).items():
        theirs, aim = seconds["scikit-learn"], 5 if title == "one row" else 3
        for name, ours in seconds.items():
            if name != "scikit-learn":
                lines.append(
                    f"| predict_proba, {title}, 28-64-64-2, {name} | {_time(ours)} | scikit-learn {_time(theirs)}: "
                    f"{theirs / ours:.1f} x ({aim}) |"
                )
    if memory := extras.get("memory"):
        lines.append(
            f"| peak memory of a fit on 1,000,000 x 28 float32, beyond the data | {memory['beyond'] / 1e6:.0f} MB | "
            "at most 100 MB |"
        )
    if startup := extras.get("startup"):
        beyond = startup["import chainrule"] - startup["import numpy"]
        lines.append(f"| import chainrule, beyond import numpy | {beyond:.2f} s | at most 0.1 s |")
        beyond = startup["chainrule --help"] - startup["python"]
        lines.append(f"| chainrule --help, beyond bare Python | {beyond:.2f} s | at most 0.4 s |")
        lines.append(f"| chainrule demo, after the first run | {startup['chainrule demo']:.1f} s | under 8 s |")
    if growth := extras.get("growth"):
        rows = ", ".join(f"{n:,}: {s * 1e9:.0f}" for n, s in growth["rows"])
        weights = ", ".join(f"{n:,}: {s / n * 1e9:.2f}" for n, s in growth["weights"])
        lines.append(f"| ns a row of {growth['network']}, by rows | {rows} | level |")
        lines.append(f"| ns a row and weight, by weights | {weights} | level or falling |")
    return lines if len(lines) > 2 else []


def _time(seconds: float) -> str:
    return f"{seconds * 1e6:.0f} µs" if seconds < 1e-3 else f"{seconds * 1e3:.0f} ms"


def picture(found: dict, path: Path) -> None:
    """How many times longer each peer takes, a bar each; beside it how the time grows."""
    from matplotlib.figure import Figure

    names = [name for name, entry in found["cases"].items() if "median" in entry["peers"].get("chainrule", {})]
    growth = found["extras"].get("growth")
    figure = Figure(figsize=(13 if growth else 8, 1.6 + 0.9 * max(len(names), 4)), layout="constrained")
    grid = figure.add_gridspec(2, 2 if growth else 1, width_ratios=[2, 1] if growth else [1])
    _bars(figure.add_subplot(grid[:, 0]), found, names)
    if growth:
        rows, weights = figure.add_subplot(grid[0, 1]), figure.add_subplot(grid[1, 1])
        _line(rows, growth["rows"], "rows", f"ns a row\n({growth['network']})", lambda n: 1)
        _line(weights, growth["weights"], "weights", "ns a row and weight", lambda n: n)
    figure.savefig(path, dpi=120)


def _bars(axes, found: dict, names: list[str]) -> None:
    height = 0.2
    for row, name in enumerate(names):
        entry = found["cases"][name]
        ours = entry["peers"]["chainrule"]["median"]
        for at, (family, theirs) in enumerate(family_medians(entry).items()):
            y = row + (at - 1.5) * height
            axes.barh(y, theirs / ours, height, color=COLOURS[family])
            axes.annotate(f"{theirs / ours:.1f}", (theirs / ours, y), (3, 0), textcoords="offset points", va="center",
                          fontsize=8)  # fmt: skip
    for family, colour in COLOURS.items():
        axes.barh(0, 0, height, color=colour, label=family)
    axes.set_xscale("log")
    axes.set_xlim(left=0.5)
    axes.axvline(1, color="black", linewidth=1)
    axes.set_yticks(
        range(len(names)), [f"{cases.CASES[n].title}\n{'-'.join(map(str, cases.CASES[n].sizes))}" for n in names]
    )
    axes.invert_yaxis()
    axes.set_xlabel("time of a peer / time of chainrule (1 = as fast)")
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False, loc="lower right")


def _line(axes, points: list, what: str, label: str, divisor) -> None:
    axes.plot([n for n, _ in points], [s / divisor(n) * 1e9 for n, s in points], "o-", color="#009E73")
    axes.set_xscale("log")
    if what == "weights":
        axes.set_yscale("log")
    else:
        axes.set_ylim(bottom=0, top=1.1 * axes.get_ylim()[1])
    axes.set_xlabel(what)
    axes.set_ylabel(label)
    axes.spines[["top", "right"]].set_visible(False)
