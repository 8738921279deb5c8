"""docs/bad-inputs.md from the table: ``python -m fault_table.page`` in the folder tests writes it."""

from __future__ import annotations

from pathlib import Path

import bad_inputs
from fault_table import ENTRIES, SECTIONS

PAGE = Path(__file__).parents[2] / "docs" / "bad-inputs.md"

HEAD = """# Bad inputs and faults

<!-- Made from tests/fault_table by `make bad-inputs`; a test keeps the two equal. -->

What people hand to such a tool, and what they get. Each line is checked by the tests.

- **accepts**: the same answer as for the plain form, bit for bit.
- **adapts**: it works, and what was done is said once.
- **refuses**: an error, before the training wherever it can be known then, of at most four lines: what is wrong, where,
  what is allowed, one thing to do. On the command line the exit status is 2, and nothing is written.
- **keeps**: the failure leaves intact what was there before.

`MLPClassifier` and `MLPRegressor` follow scikit-learn's own checks where these ask for something else.
"""
WORD = {"accept": "accepts", "adapt": "adapts", "refuse": "refuses", "keep": "keeps"}


def tried(id: str) -> list[str]:
    """The cases of the command line for an id, in words, each once."""
    return list(dict.fromkeys(case.what for case in (*bad_inputs.TRAIN, *bad_inputs.FILES) if case.id == id))


def page() -> str:
    """The page."""
    parts = [HEAD]
    for title, entries in SECTIONS.items():
        parts.append(f"\n## {title}\n\n| | handed in | you get |\n|---|---|---|\n")
        for one in entries:
            policy = ", ".join(f"**{WORD[word]}**" for word in one.policy)
            cases = tried(one.id)
            more = f"<br>Tried on the command line: {'; '.join(cases)}." if cases else ""
            cells = (one.id, one.what, f"{policy}: {one.gets}{more}")
            parts.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |\n")
    options = list(dict.fromkeys(case.what for case in bad_inputs.TRAIN if case.id == "option"))
    parts.append(f"\n## Options\n\nRefused in words, with the nearest that would do: {'; '.join(options)}.\n")
    return "".join(parts)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
    print(f"{PAGE}: {len(ENTRIES)} entries")
